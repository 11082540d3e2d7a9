import Glibc
import Model
import Testing

@testable import Telemetry

/// A folder that goes with the test.
private final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/pillion-test-XXXXXX".utf8CString)
        _ = unsafe mkdtemp(&template)
        path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    deinit {
        for name in ["a.log", "b.log", "old.log", "fifo"] { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    func makeFIFO() -> Bool { unsafe mkfifo(path + "/fifo", 0o600) == 0 }

    /// Opens the FIFO as a reader that does not read.
    func openFIFO() -> Int32 { unsafe open(path + "/fifo", O_RDONLY | O_NONBLOCK) }

    func rename(_ name: String, to other: String) -> Bool {
        unsafe Glibc.rename("\(path)/\(name)", "\(path)/\(other)") == 0
    }

    func makeFolder(_ name: String) -> Bool { unsafe mkdir("\(path)/\(name)", 0o700) == 0 }

    func removeFolder(_ name: String) -> Bool { unsafe rmdir("\(path)/\(name)") == 0 }

    func read(_ name: String) -> String? {
        let descriptor = unsafe open("\(path)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        var chunk: [UInt8] = Array(repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@Suite(.timeLimit(.minutes(1))) struct AccessLogWriterTests {
    private func lines(_ text: String, _ count: Int) -> [UInt8] {
        Array(String(repeating: text + "\n", count: count).utf8)
    }

    @Test func linesOfSeveralWorkersArriveWholeAndInOrder() async throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let sink = try writer.open(.file(path: folder.path + "/a.log"))
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for number in 0..<500 {
                        let line = Array("\(worker) \(number)\n".utf8)
                        writer.submit(sink: sink, bytes: line, lineCount: 1)
                    }
                }
            }
        }
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        let seen = try #require(folder.read("a.log")).split(separator: "\n")
        #expect(seen.count == 2000)
        for worker in 0..<4 {
            let own = seen.filter { $0.hasPrefix("\(worker) ") }
            #expect(own.map { String($0.dropFirst(2)) } == (0..<500).map(String.init))
        }
        #expect(writer.linesWritten == 2000)
        #expect(writer.linesDropped == 0)
        #expect(writer.backlogBytes == 0)
    }

    @Test func aFileThatIsThereIsContinued() throws {
        let folder = Folder()
        for round in 1...2 {
            let writer = AccessLogWriter()
            let sink = try writer.open(.file(path: folder.path + "/a.log"))
            writer.submit(sink: sink, bytes: lines("round \(round)", 1), lineCount: 1)
            #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        }
        #expect(folder.read("a.log") == "round 1\nround 2\n")
    }

    @Test func oneFileIsOpenedOnce() throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let first = try writer.open(.file(path: folder.path + "/a.log"))
        #expect(try writer.open(.file(path: folder.path + "/a.log")) == first)
        #expect(try writer.open(.file(path: folder.path + "/b.log")) != first)
        writer.flushAndClose(deadlineMilliseconds: 30_000)
    }

    @Test(arguments: [
        ("/no-such-folder/a.log", ENOENT, "No such file or directory"),
        ("/tmp", EISDIR, "directory"),
        ("", ENOENT, ""),
    ])
    func aSinkThatCannotBeOpenedSaysWhy(path: String, code: Int32, text: String) {
        let writer = AccessLogWriter()
        let failure = #expect(throws: AccessLogOpenFailure.self) {
            try writer.open(.file(path: path))
        }
        #expect(failure?.code == code)
        #expect(failure?.description.contains(path) == true)
        #expect(failure?.description.contains(text) == true)
        writer.flushAndClose(deadlineMilliseconds: 30_000)
    }

    @Test func aFIFOThatNobodyReadsDoesNotHangTheStart() {
        let folder = Folder()
        #expect(folder.makeFIFO())
        let writer = AccessLogWriter()
        let failure = #expect(throws: AccessLogOpenFailure.self) {
            try writer.open(.file(path: folder.path + "/fifo"))
        }
        #expect(failure?.code == ENXIO)
        writer.flushAndClose(deadlineMilliseconds: 30_000)
    }

    @Test func aFullDiskDropsAndCountsEveryLine() throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let full = try writer.open(.file(path: "/dev/full"))
        let good = try writer.open(.file(path: folder.path + "/a.log"))
        for _ in 0..<10 {
            writer.submit(sink: full, bytes: lines("lost", 7), lineCount: 7)
            writer.submit(sink: good, bytes: lines("kept", 3), lineCount: 3)
        }
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(writer.linesDropped == 70)
        #expect(writer.linesWritten == 30)
        #expect(writer.failedWrites > 0)
        #expect(folder.read("a.log")?.split(separator: "\n").count == 30)
    }

    @Test func anOverflowDropsNewLinesAndCountsThemExactly() throws {
        let folder = Folder()
        #expect(folder.makeFIFO())
        // A reader that does not read yet: the pipe fills, and then the backlog.
        let reader = folder.openFIFO()
        let writer = AccessLogWriter(backlogBytesMax: 100_000)
        let sink = try writer.open(.file(path: folder.path + "/fifo"))
        var taken = 0
        var refused = 0
        for _ in 0..<100 {
            let isTaken = writer.submit(
                sink: sink,
                bytes: lines("123456789", 1000),
                lineCount: 1000
            )
            if isTaken { taken += 1 } else { refused += 1 }
        }
        #expect(taken >= 10)
        #expect(refused > 0)
        #expect(writer.linesDropped == UInt64(refused * 1000))
        #expect(writer.backlogBytes <= 100_000)
        // Nobody reads any more: the rest fails and is counted, too.
        _ = close(reader)
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(writer.linesWritten + writer.linesDropped == 100_000)
    }

    @Test func aDeadlineEndsTheWaitForASinkThatBlocks() throws {
        let folder = Folder()
        #expect(folder.makeFIFO())
        let reader = folder.openFIFO()
        let writer = AccessLogWriter()
        let sink = try writer.open(.file(path: folder.path + "/fifo"))
        for _ in 0..<3 {
            writer.submit(sink: sink, bytes: lines("123456789", 20_000), lineCount: 20_000)
        }
        #expect(!writer.flushAndClose(deadlineMilliseconds: 50))
        #expect(!writer.submit(sink: sink, bytes: lines("late", 1), lineCount: 1))
        _ = close(reader)
    }

    @Test func reopeningFollowsARenamedFile() throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let path = folder.path + "/a.log"
        let sink = try writer.open(.file(path: path))
        writer.submit(sink: sink, bytes: lines("before", 1), lineCount: 1)
        while writer.linesWritten < 1 { _ = sched_yield() }
        #expect(folder.rename("a.log", to: "old.log"))
        writer.submit(sink: sink, bytes: lines("between", 1), lineCount: 1)
        writer.reopen()
        while writer.reopenCount < 1 { _ = sched_yield() }
        writer.submit(sink: sink, bytes: lines("after", 1), lineCount: 1)
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(folder.read("old.log") == "before\nbetween\n")
        #expect(folder.read("a.log") == "after\n")
    }

    @Test func aFailedReopenKeepsTheOldFile() throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let path = folder.path + "/a.log"
        let sink = try writer.open(.file(path: path))
        #expect(folder.rename("a.log", to: "old.log"))
        #expect(folder.makeFolder("a.log"))
        writer.reopen()
        while writer.reopenCount < 1 { _ = sched_yield() }
        writer.submit(sink: sink, bytes: lines("kept", 1), lineCount: 1)
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(folder.read("old.log") == "kept\n")
        #expect(folder.removeFolder("a.log"))
    }

    @Test func aChannelHandsOverFullChunksAndTheRestAtTheTick() throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let sink = try writer.open(.file(path: folder.path + "/a.log"))
        let format = try AccessLogFormat(text: "%BYTES_SENT%\n")
        let channel = AccessLogChannel(
            format: format,
            sink: sink,
            writer: writer,
            chunkBytes: 100
        )
        var record = ExchangeRecord()
        for number in 0..<1000 {
            record.bytesSent = UInt64(number)
            channel.log(record)
        }
        #expect(channel.hasLines)
        channel.flush()
        #expect(!channel.hasLines)
        channel.flush()
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(folder.read("a.log") == (0..<1000).map { "\($0)\n" }.joined())
        #expect(writer.linesWritten == 1000)
    }

    @Test func aClosedWriterDropsAndSaysSoTwice() throws {
        let folder = Folder()
        let writer = AccessLogWriter()
        let sink = try writer.open(.file(path: folder.path + "/a.log"))
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(!writer.submit(sink: sink, bytes: lines("late", 2), lineCount: 2))
        #expect(writer.linesDropped == 2)
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
    }

    @Test func theStatsOfTheProcessShowTheWriter() throws {
        let folder = Folder()
        let registry = StatsRegistry()
        let writer = AccessLogWriter()
        writer.register(in: registry)
        let sink = try writer.open(.file(path: folder.path + "/a.log"))
        writer.submit(sink: sink, bytes: lines("x", 4), lineCount: 4)
        #expect(writer.flushAndClose(deadlineMilliseconds: 30_000))
        #expect(registry.text().contains("access_log.lines_total: 4\n"))
        #expect(registry.text().contains("access_log.bytes_total: 8\n"))
        #expect(registry.prometheus().contains("\nenvoy_access_log_lines_dropped 0\n"))
    }
}

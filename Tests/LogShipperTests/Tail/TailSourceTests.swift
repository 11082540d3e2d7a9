import CompanionKit
import Glibc
import Testing

@testable import LogShipper

@Suite struct TailSourceTests {
    let folder = TemporaryFolder()
    var log: String { folder.path + "/app.log" }

    @Test func aRenamedFileIsReadToItsEndAndTheNewOneFromItsBegin() throws {
        try append(numbers(1, 3), to: log)
        let bench = try TailBench(folder)
        try bench.play([
            .init(act: {}) { bench.messages().count == 3 },
            .init(
                act: {
                    try append(numbers(4, 5), to: log)
                    _ = unsafe rename(log, folder.path + "/away")
                    try append(numbers(7, 8), to: log)
                    // Whoever wrote to it does so a little longer.
                    try append(numbers(6, 6), to: folder.path + "/away")
                },
                isDone: { bench.messages().count == 8 && bench.source.files.count == 1 }
            ),
        ])
        #expect(bench.messages().sorted() == lines(numbers(1, 8)))
        #expect(bench.source.byStream.count == 1, "of what is delivered and gone nothing is kept")
    }

    @Test func aTruncatedFileBeginsAnewAsAnotherStream() throws {
        try append(numbers(1, 3), to: log)
        let bench = try TailBench(folder)
        try bench.play([
            .init(act: {}) { bench.messages().count == 3 },
            .init(
                act: {
                    _ = unsafe truncate(log, 0)
                    try append(numbers(4, 5), to: log)
                },
                isDone: { bench.messages().count == 5 }
            ),
        ])
        #expect(bench.messages() == lines(numbers(1, 5)))
        #expect(Set(bench.keepers[0].identities).count == 2)
    }

    @Test func aCopyIsReadOnWhereItsTruncatedOriginalStood() throws {
        try append(numbers(1, 3), to: log)
        let bench = try TailBench(folder, paths: ["app.log*"])
        try bench.play([
            .init(act: {}) { bench.messages().count == 3 },
            .init(
                act: {
                    try append(numbers(4, 5), to: log)
                    let bytes = try #require(try AtomicFile.read(log, bytesMax: 1 << 20))
                    try AtomicFile.write(bytes.span, to: log + ".1")
                    _ = unsafe truncate(log, 0)
                    try append(numbers(6, 6), to: log)
                },
                isDone: { bench.messages().count >= 6 && bench.source.files.count == 2 }
            ),
        ])
        #expect(bench.messages().sorted() == lines(numbers(1, 6)))
    }

    /// The end comes before anybody looks at the file again, which is longer than it was by then.
    @Test func theNextRunKnowsTheCopyOfWhatWasTruncatedJustBeforeTheEnd() throws {
        try append(numbers(1, 3), to: log)
        let first = try TailBench(folder, paths: ["app.log*"])
        try first.play([
            .init(act: {}) { first.messages().count == 3 },
            .init(
                act: {
                    try append(numbers(4, 4), to: log)
                    let bytes = try #require(try AtomicFile.read(log, bytesMax: 1 << 20))
                    try AtomicFile.write(bytes.span, to: log + ".1")
                    _ = unsafe truncate(log, 0)
                    try append(numbers(11, 30), to: log)
                },
                isDone: { true }
            ),
        ])
        #expect(first.messages() == lines(numbers(1, 3)))
        let second = try TailBench(folder, paths: ["app.log*"])
        try second.play([.init(act: {}) { second.messages().count >= 21 }])
        #expect(second.messages().sorted() == lines(numbers(11, 30) + numbers(4, 4)))
        #expect(second.keepers[0].identities.contains(first.keepers[0].identities[0]))
    }

    /// Otherwise a file that gets its node after a crash would get its identity too.
    @Test func whatAFileBeginsWithIsOnTheDiskBeforeItsFirstRecordGoesOut() throws {
        try append("", to: log)
        let first = try TailBench(folder)
        try first.play([.init(act: {}) { first.source.files.count == 1 }])
        try append(numbers(1, 30), to: log)
        let second = try TailBench(folder)
        second.silent = [0]
        var found: [CheckpointEntry] = []
        try second.play([
            .init(
                act: {},
                isDone: {
                    guard !second.messages().isEmpty else { return false }
                    let state = folder.path + "/state"
                    for name in folder.names(in: state) where name.hasSuffix(".checkpoint") {
                        let bytes = try? AtomicFile.read(state + "/" + name, bytesMax: 1 << 20)
                        found += (try? Checkpoint.decode(bytes ?? [])) ?? []
                    }
                    return true
                }
            )
        ])
        #expect(found.map(\.identity) == Array(second.keepers[0].identities.prefix(1)))
        #expect(found.first?.fingerprint.length == Fingerprint.bytesMax)
    }

    @Test func aBlockedSinkStaysBehindAloneAndCatchesUp() throws {
        let bench = try TailBench(folder, sinks: 2, memoryMax: 200)
        bench.silent = [1]
        var cursors = 0
        try append(numbers(1, 50), to: log)
        try bench.play([
            .init(act: {}) { bench.messages(0).count == 50 },
            .init(
                act: {
                    cursors = bench.source.files.values.first?.cursors.count ?? 0
                    bench.silent = []
                },
                isDone: { bench.messages(1).count == 50 }
            ),
            .init(act: { try append(numbers(51, 51), to: log) }) { bench.messages(1).count == 51 },
        ])
        #expect(cursors == 2)
        #expect(bench.source.byStream.values.first?.cursors.count == 1, "they merge again")
        #expect(bench.messages(0) == lines(numbers(1, 51)))
        #expect(bench.messages(1) == lines(numbers(1, 51)))
    }

    @Test func theNextRunGoesOnWhereTheOneBeforeEnded() throws {
        try append(numbers(1, 3), to: log)
        let first = try TailBench(folder)
        try first.play([.init(act: {}) { first.messages().count == 3 }])
        try append(numbers(4, 5), to: log)
        _ = unsafe rename(log, folder.path + "/renamed-meanwhile")
        try append(numbers(6, 7), to: log)
        // Not even a source that reads from the end leaves out what came while nobody looked.
        let second = try TailBench(folder) { $0.readsFromHead = false }
        try second.play([.init(act: {}) { second.messages().count >= 4 }])
        #expect(second.messages().sorted() == lines(numbers(4, 7)))
        #expect(second.keepers[0].identities.contains(first.keepers[0].identities[0]))
    }

    @Test func positionsOutliveAChangeOfThePaths() throws {
        try append(numbers(1, 3), to: log)
        let first = try TailBench(folder)
        try first.play([.init(act: {}) { first.messages().count == 3 }])
        try append(numbers(4, 5), to: log)
        let second = try TailBench(folder, paths: ["*.log", "*.txt"])
        try second.play([.init(act: {}) { second.messages().count >= 2 }])
        #expect(second.messages() == lines(numbers(4, 5)))
    }

    /// The node of a file that was empty when it was seen last is another file's by now.
    @Test func anEmptyFilesNodeDoesNotClaimTheCopyOfAnother() throws {
        try append(numbers(1, 5), to: log + ".1")
        try append("", to: log)
        let text = Array(numbers(1, 5).utf8)
        var facts = stat()
        _ = unsafe stat(log + ".1", &facts)
        let sent = StreamIdentity.random()
        let checkpoint = [
            CheckpointEntry(
                identity: sent,
                node: FileNode(device: 1, inode: 1),
                path: log,
                fingerprint: Fingerprint(text.span),
                offset: 0,
                marker: Marker()
            ),
            CheckpointEntry(
                identity: .random(),
                node: FileNode(facts),
                path: log,
                fingerprint: Fingerprint(length: 0, sum: 0),
                offset: 0,
                marker: Marker()
            ),
        ]
        let bench = try TailBench(folder, paths: ["app.log*"])
        let bytes = Checkpoint.encode(checkpoint)
        try AtomicFile.write(bytes.span, to: bench.source.checkpoint.path)
        try bench.play([.init(act: {}) { bench.messages().count == 5 }])
        #expect(Set(bench.keepers[0].identities) == [sent])
    }

    @Test func whatFluentdHadReadIsNotReadAgain() throws {
        try append(numbers(1, 3), to: log)
        var facts = stat()
        _ = unsafe stat(log, &facts)
        let digits = { (value: UInt64) in
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        let offset = UInt64(numbers(1, 2).utf8.count)
        try append(
            "\(log)\t\(digits(offset))\t\(digits(UInt64(facts.st_ino)))\n",
            to: folder.path + "/positions"
        )
        let bench = try TailBench(folder) {
            $0.readsFromHead = false
            $0.importedPositions = ImportedPositions(
                path: folder.path + "/positions",
                form: .fluentdPosFile
            )
        }
        try bench.play([.init(act: {}) { !bench.messages().isEmpty }])
        #expect(bench.messages() == lines(numbers(3, 3)))
    }

    @Test func aLimitOfBytesHoldsForSmallNumbersToo() throws {
        try append(numbers(1, 400), to: log)
        let bench = try TailBench(folder) { $0.bytesPerSecond = 500 }
        var most = 0
        let began = EngineLoop.now
        try bench.play([
            .init(act: {}) {
                most = max(most, bench.messages().count)
                return EngineLoop.now - began > 1200
            }
        ])
        // Three seconds are touched at most, and a line more in each.
        let bytes = lines(numbers(1, 400)).prefix(most).reduce(0) { $0 + $1.utf8.count + 1 }
        #expect(most > 0 && bytes <= 3 * (500 + 40))
    }

    // MARK: - What is no log file

    @Test func whatIsNoFileIsLeftAloneAndSaid() throws {
        _ = unsafe mkfifo(folder.path + "/fifo.log", 0o600)
        _ = unsafe mkdir(folder.path + "/folder.log", 0o700)
        _ = unsafe symlink("/dev/zero", folder.path + "/device.log")
        _ = unsafe symlink("loop.log", folder.path + "/loop.log")
        try append(numbers(1, 2), to: log)
        let bench = try TailBench(folder)
        var troubles: [String] = []
        try bench.play([
            .init(act: {}) { bench.messages().count == 2 },
            .init(
                act: {
                    // What was a file becomes a folder, and a file again.
                    _ = unsafe unlink(log)
                    _ = unsafe mkdir(log, 0o700)
                },
                isDone: { bench.source.files.isEmpty }
            ),
            .init(
                act: {
                    troubles = bench.source.lag().troubles
                    _ = unsafe rmdir(log)
                    try append(numbers(3, 3), to: log)
                },
                isDone: { bench.messages().count == 3 }
            ),
        ])
        for name in ["fifo.log", "device.log", "loop.log", "app.log"] {
            #expect(troubles.contains { $0.contains("/" + name) }, "\(name) in \(troubles)")
        }
    }

    @Test func aLinkOutOfTheAllowedFoldersIsNotFollowed() throws {
        let other = TemporaryFolder()
        try append("secret\n", to: other.path + "/x")
        _ = unsafe symlink(other.path + "/x", folder.path + "/link.log")
        try append(numbers(1, 1), to: log)
        let bench = try TailBench(folder) { [path = folder.path] in $0.allowedRoots = [path] }
        var troubles: [String] = []
        try bench.play([
            .init(act: {}) {
                troubles = bench.source.lag().troubles
                return bench.messages().count == 1
            }
        ])
        #expect(bench.messages() == lines(numbers(1, 1)))
        #expect(troubles.contains { $0.contains("outside the allowed folders") })
    }

    @Test func bytesThatAreNoTextArriveAsText() throws {
        let bytes: [UInt8] = [0x61, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x0a, 0x62, 0x0a]
        try AtomicFile.write(bytes.span, to: log)
        let bench = try TailBench(folder)
        try bench.play([.init(act: {}) { bench.messages().count == 2 }])
        #expect(bench.messages()[1] == "b")
        #expect(bench.messages()[0].hasPrefix("a\u{fffd}"))
    }

    @Test func aLineLongerThanTheLimitComesInPieces() throws {
        try append(String(repeating: "x", count: 250) + "\nshort\n", to: log)
        let bench = try TailBench(folder) { $0.lineBytesMax = 100 }
        try bench.play([.init(act: {}) { bench.keepers[0].lines.count == 4 }])
        let marks = bench.keepers[0].lines.map { line in
            line.contains("\"log_partial\":\"more\"")
                ? "more" : line.contains("\"log_partial\":\"last\"") ? "last" : "whole"
        }
        #expect(marks == ["more", "more", "last", "whole"])
    }

    @Test func manyNewFilesAreLookedThroughInShortTime() throws {
        for number in 1...3000 {
            try append("line \(number)\n", to: folder.path + "/a.\(number).log")
        }
        let bench = try TailBench(folder)
        try bench.play([.init(act: {}) { bench.messages().count == 3000 }])
        #expect(Set(bench.messages()).count == 3000)
        let again = try TailBench(folder)
        try append(numbers(1, 1), to: folder.path + "/a.77.log")
        try again.play([.init(act: {}) { !again.messages().isEmpty }])
        #expect(again.messages() == lines(numbers(1, 1)))
    }
}

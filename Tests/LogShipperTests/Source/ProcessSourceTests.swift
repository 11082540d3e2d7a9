import CompanionKit
import Glibc
import Synchronization
import Testing

@testable import LogShipper

@Suite struct ProcessSourceTests {
    private let place = ConfigurationPlace(file: "test", line: 1)

    private func shipper(
        _ kind: SourceConfiguration.Kind,
        _ folder: TemporaryFolder
    ) throws -> LogShipper {
        var configuration = LogConfiguration()
        configuration.sources = [SourceConfiguration(kind: kind, tag: "app", place: place)]
        var sink = SinkConfiguration(name: "nothing", kind: .null, place: place)
        sink.buffer.diskMax = 0
        configuration.sinks = [sink]
        configuration.pipelines[0].steps = [
            Pipeline.Step(tags: .all, action: .output([.sink(0)], isFinal: true), place: place)
        ]
        return try LogShipper(
            configuration,
            options: LogShipper.Options(stateDirectory: folder.path, hostname: "box")
        )
    }

    /// The exit code that the shipper asks for, once it does.
    private func code(of options: ProcessOptions) throws -> Int32 {
        let folder = TemporaryFolder()
        let shipper = try shipper(.process(options), folder)
        var ends: [Int32] = [-1, -1]
        try #require(unsafe pipe(&ends) == 0)
        let writing = ends[1]
        shipper.whenEndIsAsked { code in
            var code = code
            _ = unsafe write(writing, &code, 4)
        }
        shipper.start()
        var code: Int32 = -1
        let count = unsafe read(ends[0], &code, 4)
        shipper.stop(deadline: 3000)
        for end in ends { _ = close(end) }
        #expect(count == 4)
        return code
    }

    @Test func theEndOfAProcessThatTheShipperLivesForIsItsOwn() throws {
        for (script, expected) in [("exit 0", 0), ("exit 9", 9), ("kill -TERM $$", 143)] {
            var options = ProcessOptions(command: ["/bin/sh", "-c", script])
            options.endsShipper = true
            let code = try code(of: options)
            #expect(code == Int32(expected), "\(script)")
        }
    }

    @Test func aProgramThatIsNotThereIsSaidWithACodeAsShellsHaveIt() throws {
        for (program, expected) in [("/no/such/program", 127), ("/etc/passwd", 126)] {
            var options = ProcessOptions(command: [program])
            options.endsShipper = true
            let code = try code(of: options)
            #expect(code == Int32(expected), "\(program)")
        }
    }

    @Test func theExitCodeIsKeptBackWhereThatIsWanted() throws {
        var options = ProcessOptions(command: ["/bin/sh", "-c", "exit 9"])
        options.endsShipper = true
        options.passesExitCode = false
        let code = try code(of: options)
        #expect(code == 0)
    }

    @Test func aProcessThatEndsIsStartedAgain() throws {
        let folder = TemporaryFolder()
        let path = folder.path + "/fifo"
        try #require(unsafe mkfifo(path, 0o600) == 0)
        // Open for both, it never comes to an end.
        let fifo = unsafe open(path, O_RDWR | O_CLOEXEC)
        try #require(fifo >= 0)
        let options = ProcessOptions(
            command: ["/bin/sh", "-c", "echo one; echo two >&2; printf x > \(path); exit 1"],
            restartAfter: 1
        )
        let shipper = try shipper(.process(options), folder)
        shipper.start()
        var byte: UInt8 = 0
        for _ in 0..<4 {
            let count = unsafe read(fifo, &byte, 1)
            #expect(count == 1)
        }
        shipper.stop(deadline: 3000)
        _ = close(fifo)
        #expect(shipper.sourceCounters[0].troubles.load(ordering: .relaxed) >= 3)
        // Both outputs of the runs that were over; the last may have been cut short.
        #expect(shipper.sourceCounters[0].lines.load(ordering: .relaxed) >= 6)
    }

    @Test func aCommandIsRequired() throws {
        let folder = TemporaryFolder()
        for command in [[], [""], ["a", "b\0c"]] {
            #expect(throws: LogConfigurationFailure.self) {
                _ = try shipper(.process(ProcessOptions(command: command)), folder)
            }
        }
    }
}

import CompanionKit
import Glibc
import Testing

@testable import LogShipper

/// A tail source with an engine, and sinks that keep what they get: played step by step on the engine's
/// own loop, in the test's thread.
final class TailBench {
    /// Writes the line alone, and remembers it with its stream.
    final class Keeper: RecordEncoder {
        var limits = ChunkLimits()
        var lines: [String] = []
        var identities: [StreamIdentity] = []

        func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

        func encode(
            _ record: borrowing LogRecord,
            of stream: StreamIdentity,
            into bytes: inout [UInt8],
            reason: inout String
        ) -> Bool {
            let object = JSONWriter.object(record)
            lines.append(String(decoding: object, as: UTF8.self))
            identities.append(stream)
            bytes += object
            return true
        }
    }

    let source: TailSource
    let engine: LogEngine
    let keepers: [Keeper]
    private let loop = EngineLoop()
    private let disk = DiskThread()
    /// Sinks that acknowledge nothing.
    var silent: Set<Int> = []

    /// - Parameter folder: holds the logs, the checkpoint in `state`, and more.
    init(
        _ folder: TemporaryFolder,
        paths: [String] = ["*.log"],
        sinks: Int = 1,
        memoryMax: Int = 1 << 20,
        _ change: (inout TailOptions) -> Void = { _ in }
    ) throws {
        let place = ConfigurationPlace(file: "test", line: 1)
        var options = TailOptions(paths: paths.map { folder.path + "/" + $0 })
        options.readsFromHead = true
        options.rotateWait = 50
        change(&options)
        var configuration = LogConfiguration()
        configuration.sources = [
            SourceConfiguration(kind: .tail(options), tag: "t", place: place)
        ]
        configuration.sinks = (0..<sinks).map {
            var sink = SinkConfiguration(name: "s\($0)", kind: .null, place: place)
            sink.buffer.memoryMax = memoryMax
            return sink
        }
        configuration.pipelines[0].steps = [
            Pipeline.Step(
                tags: .all,
                action: .output((0..<sinks).map { .sink($0) }, isFinal: true),
                place: place
            )
        ]
        let keepers = (0..<sinks).map { _ in Keeper() }
        self.keepers = keepers
        let counters = SourceCounters()
        engine = try LogEngine(
            configuration,
            buffers: configuration.sinks.enumerated().map { number, sink in
                SinkBuffer(
                    number: number,
                    configuration: sink,
                    encoder: keepers[number],
                    queue: ChunkQueue(spool: nil),
                    counters: SinkCounters()
                )
            },
            counters: [counters],
            names: StreamNames(),
            unmatchedLetters: DeadLetterFile(path: folder.path + "/letters"),
            hostname: "h"
        )
        try AtomicFile.makeDirectories(folder.path + "/state")
        let names = CheckpointNames.names(of: configuration.sources)
        source = try TailSource(
            number: 0,
            configuration: configuration.sources[0],
            options: options,
            engine: engine,
            loop: loop,
            counters: counters,
            checkpoint: CheckpointFile(
                path: folder.path + "/state/" + names[0],
                namesInUse: Set(names),
                loop: loop,
                disk: disk
            ),
            sinkKeys: configuration.sinks.map(\.name)
        )
        engine.sources = [source]
    }

    /// The values of `message` that a sink got, in their order.
    func messages(_ sink: Int = 0) -> [String] {
        keepers[sink].lines.map { line in
            let value = line.split(separator: ":", maxSplits: 1).last ?? ""
            return String(value.dropFirst().dropLast(2))
        }
    }

    /// One thing to do, and what must be true before the next.
    struct Step {
        var act: () throws -> Void
        var isDone: () -> Bool
    }

    private var problem: (any Error)?
    private var waitsSince: Int64 = 0

    /// Starts the source, plays the steps, and stops it with its checkpoint written.
    func play(_ steps: [Step]) throws {
        disk.start()
        source.start()
        tick()
        next(steps[...])
        loop.run()
        disk.finish()
        if let problem { throw problem }
    }

    /// Acknowledges what there is, again and again.
    private func tick() {
        engine.beginRound()
        acknowledge()
        engine.refreshBlocked()
        loop.schedule(after: 2) { [self] in tick() }
    }

    private func acknowledge() {
        for buffer in engine.buffers where !silent.contains(buffer.number) {
            buffer.sealAll()
            while let chunk = buffer.queue.dropOldest() {
                engine.finished(chunk.number, chunk.streams, sink: buffer.number)
            }
        }
    }

    private struct Stuck: Error { var step: Int }

    private func next(_ steps: ArraySlice<Step>) {
        guard let step = steps.first else { return end() }
        do { try step.act() } catch {
            problem = error
            return end()
        }
        waitsSince = EngineLoop.now
        awaitEnd(of: step, steps.dropFirst())
    }

    private func awaitEnd(of step: Step, _ rest: ArraySlice<Step>) {
        if step.isDone() { return next(rest) }
        guard EngineLoop.now - waitsSince < 20_000 else {
            problem = Stuck(step: rest.startIndex)
            return end()
        }
        loop.schedule(after: 2) { [self] in awaitEnd(of: step, rest) }
    }

    private func end() {
        source.stop()
        acknowledge()
        engine.settle()
        source.save()
        loop.end()
    }
}

/// Adds to a file, which is made where it is not there.
func append(_ text: String, to path: String) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT, 0o600)
    try #require(descriptor >= 0)
    defer { _ = close(descriptor) }
    let bytes = Array(text.utf8)
    try AtomicFile.writeAll(bytes.span, to: descriptor, path: path)
}

/// `first` to `last`, one a line.
func numbers(
    _ first: Int,
    _ last: Int,
    filler: String = "a line that is not short, number"
) -> String {
    (first...last).map { "\(filler) \($0)\n" }.joined()
}

func lines(_ text: String) -> [String] {
    text.split(separator: "\n").map(String.init)
}

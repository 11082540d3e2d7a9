internal import CLinux
internal import CompanionKit
import Glibc
import Model
import Synchronization
import Telemetry

/// The log shipper: sources, pipelines and sinks of one configuration, running.
///
/// One thread reads and encodes (`logs`), each sink sends on threads of its own (`log-sink-N`), and one
/// waits for the disk (`logs-disk`).
package final class LogShipper: Sendable {
    /// Where and how it runs.
    package struct Options: Sendable {
        /// Checkpoints, spools and dead letters.
        package var stateDirectory: String
        package var hostname: String

        package init(stateDirectory: String, hostname: String) {
            self.stateDirectory = stateDirectory
            self.hostname = hostname
        }
    }

    package let configuration: LogConfiguration
    package let sinkCounters: [SinkCounters]
    package let sourceCounters: [SourceCounters]
    private let options: Options
    private let loop: EngineLoop
    private let disk: DiskThread
    private let core: Core
    private let senders: [SinkSender]
    private let cancellation: Cancellation
    private let running = Atomic(0)
    private let waitingLines = Mutex<[WaitingLines.Entry]>([])
    /// Milliseconds that sources get for an orderly stop.
    private static let sourcesStopMax: Int64 = 6000
    private let endAsked = Mutex<(@Sendable (Int32) -> Void)?>(nil)

    // Safe to share: made before the engine's thread begins, and touched by it alone from then on.
    private final class Core: @unchecked Sendable {
        let engine: LogEngine
        var isStopping = false
        /// Sinks whose spools the disk refused, and when it is asked again.
        var syncAfter: [Int: Int64] = [:]
        var waiting = WaitingLines()
        var flushTimer: EngineLoop.Timer?
        init(_ engine: LogEngine) { self.engine = engine }
    }

    /// Tells the engine's thread what sinks' threads have done.
    private struct Completion: ChunkCompletion {
        let loop: EngineLoop
        let names: StreamNames
        let target: Target

        final class Target: Sendable {
            let core = Mutex<Core?>(nil)
        }

        func finished(chunk: UInt64, streams: Set<UInt32>, sink: Int) {
            loop.post { [target] in
                guard let core = target.core.withLock({ $0 }) else { return }
                core.engine.finished(chunk, streams, sink: sink)
            }
        }

        func name(ofStream stream: UInt32) -> String { names[stream] }
    }

    /// Makes everything ready; nothing is read or sent before ``start()``.
    ///
    /// - Throws: what is wrong with the configuration, with its place.
    package init(
        _ configuration: LogConfiguration,
        options: Options
    ) throws(LogConfigurationFailure) {
        self.configuration = configuration
        self.options = options
        LeftSpools.arrange(configuration.sinks, stateDirectory: options.stateDirectory)
        let loop = EngineLoop()
        let disk = DiskThread()
        let names = StreamNames()
        let target = Completion.Target()
        let completion = Completion(loop: loop, names: names, target: target)
        let cancellation = Cancellation()
        sourceCounters = configuration.sources.map { _ in SourceCounters() }
        var buffers: [SinkBuffer] = []
        var senders: [SinkSender] = []
        for (number, sink) in configuration.sinks.enumerated() {
            let made = try Self.makeSink(number, sink, options, completion, cancellation)
            buffers.append(made.buffer)
            senders += made.senders
        }
        sinkCounters = buffers.map(\.counters)
        let engine = try LogEngine(
            configuration,
            buffers: buffers,
            counters: sourceCounters,
            names: names,
            unmatchedLetters: DeadLetterFile(
                path: options.stateDirectory + "/unusable-lines.jsonl"
            ),
            hostname: options.hostname
        )
        let core = Core(engine)
        engine.sources = try LogSources.make(
            configuration,
            engine: engine,
            loop: loop,
            disk: disk,
            counters: sourceCounters,
            stateDirectory: options.stateDirectory
        )
        target.core.withLock { $0 = core }
        self.loop = loop
        self.disk = disk
        self.core = core
        self.senders = senders
        self.cancellation = cancellation
    }

    private static func makeSink(
        _ number: Int,
        _ configuration: SinkConfiguration,
        _ options: Options,
        _ completion: Completion,
        _ cancellation: Cancellation
    ) throws(LogConfigurationFailure) -> (buffer: SinkBuffer, senders: [SinkSender]) {
        let place = configuration.place
        let sink: Sink
        do throws(SinkFailure) {
            sink = try LogSinks.make(configuration, hostname: options.hostname)
        } catch {
            throw LogConfigurationFailure(place: place, what: error.what, hint: error.hint)
        }
        var spool: Spool?
        if configuration.buffer.diskMax > 0 {
            let directory =
                configuration.buffer.directory
                ?? "\(options.stateDirectory)/spool/\(configuration.name)"
            do throws(FileFailure) {
                spool = try Spool(directory: directory, bytesMax: configuration.buffer.diskMax)
            } catch {
                throw LogConfigurationFailure(
                    place: place,
                    what: "the spool of sink \(configuration.name) can't be opened: \(error)",
                    hint: "name another folder, or leave the spool out with a disk limit of 0"
                )
            }
        }
        if let found = spool?.found, found.chunks > 0 || found.tornBytes > 0 {
            Log.shared.log(
                found.rotten == 0 ? .info : .warning,
                "the spool of log sink \(configuration.name) goes on",
                [
                    "chunks": "\(found.chunks)", "bytes": "\(found.bytes)",
                    "unreadable": "\(found.rotten)", "torn_bytes": "\(found.tornBytes)",
                ]
            )
        }
        let counters = SinkCounters()
        let queue = ChunkQueue(spool: spool)
        let letters = DeadLetterFile(
            path: configuration.deadLetters
                ?? "\(options.stateDirectory)/dead-letters-\(configuration.name).jsonl"
        )
        let buffer = SinkBuffer(
            number: number,
            configuration: configuration,
            encoder: sink.encoder,
            queue: queue,
            counters: counters
        )
        let senders = (0..<max(configuration.buffer.flushThreads, 1)).map { _ in
            SinkSender(
                number: number,
                configuration: configuration,
                makeSender: sink.makeSender,
                queue: queue,
                counters: counters,
                deadLetters: letters,
                completion: completion,
                cancellation: cancellation
            )
        }
        return (buffer, senders)
    }

    /// What waits of which files while sinks are in trouble, the most first; at most a second old.
    package var waiting: [WaitingLines.Entry] { waitingLines.withLock { $0 } }

    // MARK: - Start and stop

    /// Calls back on any thread when a source that the shipper lives for has ended (standard input
    /// that is the only source, a process that it wraps); set before ``start()``.
    package func whenEndIsAsked(_ body: @escaping @Sendable (_ exitCode: Int32) -> Void) {
        endAsked.withLock { $0 = body }
    }

    /// Begins to read and to send; called once.
    package func start() {
        disk.start()
        running.add(senders.count + 1)
        for (number, sender) in senders.enumerated() {
            BackgroundThread.start { [self] in
                unsafe pillion_name_thread("log-sink-\(number)")
                sender.run()
                running.add(-1)
            }
        }
        BackgroundThread.start { [self] in
            unsafe pillion_name_thread("logs")
            core.engine.askForEnd = { [self] code in endAsked.withLock { $0 }?(code) }
            for source in core.engine.sources { source.start() }
            tick()
            loop.run()
            // What the sources hold open goes now, not with the last who knows of the shipper.
            core.engine.sources = []
            running.add(-1)
        }
    }

    /// Seals what is old, brings spools to the disk, and asks sinks whether they take records again.
    private func tick() {
        let engine = core.engine
        engine.beginRound()
        for buffer in engine.buffers {
            buffer.sealOld(now: engine.now)
            buffer.lookAtSpool(now: engine.now)
            if engine.hasFleeting {
                buffer.keepWaiting(butOf: engine.repeatable, now: engine.now)
            }
        }
        engine.settle()
        syncSpools()
        engine.refreshBlocked()
        if let found = core.waiting.look(engine, configuration.sinks) {
            waitingLines.withLock { $0 = found }
        }
        loop.schedule(after: 100) { [self] in tick() }
    }

    private func syncSpools() {
        for buffer in core.engine.buffers {
            let number = buffer.number
            if !core.isStopping, let after = core.syncAfter[number], EngineLoop.now < after {
                continue
            }
            let chunks = buffer.takeUnsynced()
            guard !chunks.isEmpty, let spool = buffer.queue.spool else {
                if !core.isStopping { core.syncAfter[number] = nil }
                continue
            }
            disk.post { [self] in
                do throws(FileFailure) {
                    try spool.sync()
                } catch {
                    loop.post { [self] in syncFailed(number, chunks, error) }
                    return
                }
                loop.post { [self] in
                    for chunk in chunks {
                        core.engine.finished(chunk.number, chunk.streams, sink: number)
                    }
                }
            }
        }
    }

    /// The chunks count as waiting still, and the disk is asked again after a while.
    private func syncFailed(_ sink: Int, _ chunks: [SinkBuffer.DoneChunk], _ failure: FileFailure) {
        core.engine.buffers[sink].returnUnsynced(chunks)
        if core.syncAfter[sink] == nil {
            let name = configuration.sinks[sink].name
            Log.shared.log(
                .error,
                "the spool of log sink \(name) does not reach the disk: \(failure); it is tried again"
            )
        }
        core.syncAfter[sink] = EngineLoop.now + 5000
    }

    /// Reads no more, sends what it can within each sink's drain time, spills the rest, and returns.
    ///
    /// - Parameter deadline: milliseconds in which all of it must be done.
    package func stop(deadline: Int64) {
        let stopped = Mutex(false)
        let last = EngineLoop.now + max(deadline - 1000, 0)
        let sourcesLast = EngineLoop.now + min(Self.sourcesStopMax, max(deadline - 1000, 0) / 2)
        loop.post { [self] in
            core.isStopping = true
            for source in core.engine.sources { source.stop() }
            finishSources(until: sourcesLast) { stopped.withLock { $0 = true } }
        }
        let pause = Cancellation()
        while EngineLoop.now < last, !stopped.withLock({ $0 }) { _ = pause.sleep(milliseconds: 5) }
        let drain = configuration.sinks.map(\.buffer.drainTime).max() ?? 0
        let end = min(last, EngineLoop.now + drain)
        while EngineLoop.now < end {
            let isStopped = stopped.withLock { $0 }
            if isStopped, running.value <= 1 { break }
            _ = pause.sleep(milliseconds: 10)
        }
        cancellation.cancel()
        let sendersLast = EngineLoop.now + 2000
        while running.value > 1, EngineLoop.now < sendersLast { _ = pause.sleep(milliseconds: 5) }
        loop.post { [self] in
            for buffer in core.engine.buffers { buffer.spillRest() }
            syncSpools()
            disk.post { [self] in
                loop.post { [self] in
                    core.engine.settle()
                    for source in core.engine.sources { source.save() }
                    loop.end()
                }
            }
        }
        while running.value > 0, EngineLoop.now < sendersLast + 5000 {
            _ = pause.sleep(milliseconds: 5)
        }
        disk.finish()
    }

    /// On the engine's thread: waits until no source brings more, and sends on what is there.
    private func finishSources(until last: Int64, _ done: @escaping () -> Void) {
        let sources = core.engine.sources
        guard sources.allSatisfy(\.isAtRest) || EngineLoop.now >= last else {
            loop.schedule(after: 5) { [self] in finishSources(until: last, done) }
            return
        }
        core.engine.beginRound()
        for source in sources where !source.isAtRest { source.abandon() }
        for buffer in core.engine.buffers {
            buffer.sealAll()
            buffer.queue.end()
        }
        done()
    }
}

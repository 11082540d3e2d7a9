import CompanionKit
import Glibc
import Model
import Synchronization
import Telemetry

/// Reads, parses, shapes, routes and encodes: all that happens on the log shipper's own thread.
final class LogEngine: RecordIntake {
    /// One entry of the table of streams.
    private final class StreamState {
        let stream: LogStream
        let name: [UInt8]
        /// By the number of the sink; empty where the stream is not durable.
        var ledgers: [StreamLedger]
        var isClosed = false

        init(_ stream: LogStream, sinks: Int) {
            self.stream = stream
            name = Array(stream.name.utf8)
            ledgers =
                stream.isDurable
                ? Array(repeating: StreamLedger(watermark: 0), count: sinks) : []
        }
    }

    private let configuration: LogConfiguration
    private let router: Router
    private let parsers: [any RecordParser]
    let buffers: [SinkBuffer]
    private var done: [DoneChunks]
    private let counters: [SourceCounters]
    private var streams: [UInt32: StreamState] = [:]
    private var nextStream: UInt32 = 1
    private let names: StreamNames
    private let unmatchedLetters: DeadLetterFile
    private let hostname: [UInt8]
    private let everySink: SinkSet
    /// Lines that could not be kept since that was said last, and when that was.
    private var lostLetters = 0
    private var saidLost: Int64?
    /// Records that sinks could not take, while a record is on its way; with the reasons.
    private var refused: [(record: LogRecord, why: String)] = []
    /// By the number of the source: names of fields that each record gets.
    private let addedNames: [AddedNames]
    /// Used again for each line.
    private var record = LogRecord()
    /// Streams that can be read once more, and whether there ever was another one.
    private(set) var repeatable: Set<UInt32> = []
    private(set) var hasFleeting = false
    /// Streams with records that some sink did not get in this round.
    private var passed: Set<UInt32> = []
    /// Set by whoever runs the loop, before each round: nanoseconds since 1970, and milliseconds on
    /// the monotonic clock.
    private(set) var time: Int64 = 0
    private(set) var now: Int64 = 0
    private(set) var blocked: SinkSet = []
    /// Sources, to be told of what is delivered; set once they are made.
    var sources: [any LogSource] = []
    /// Asks for the end of the shipper, with an exit code: a source that it lives for has ended.
    var askForEnd: (Int32) -> Void = { _ in }

    init(
        _ configuration: LogConfiguration,
        buffers: [SinkBuffer],
        counters: [SourceCounters],
        names: StreamNames,
        unmatchedLetters: DeadLetterFile,
        hostname: String
    ) throws(LogConfigurationFailure) {
        self.configuration = configuration
        router = try Router(configuration)
        var parsers: [any RecordParser] = []
        for source in configuration.sources {
            parsers.append(try RecordParsers.make(source.parser, place: source.place))
        }
        self.parsers = parsers
        addedNames = configuration.sources.map { AddedNames($0) }
        self.buffers = buffers
        self.counters = counters
        self.names = names
        self.unmatchedLetters = unmatchedLetters
        self.hostname = Array(hostname.utf8)
        done = Array(repeating: DoneChunks(), count: buffers.count)
        var every: SinkSet = []
        for buffer in buffers { every.formUnion(SinkSet(sink: buffer.number)) }
        everySink = every
        beginRound()
    }

    /// The sinks that a source's records may reach.
    func sinks(ofSource source: Int) -> SinkSet {
        router.reachable(from: configuration.sources[source].pipeline)
    }

    /// Reads the clocks; before each round of work.
    func beginRound() {
        var clock = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &clock)
        time = Int64(clock.tv_sec) * 1_000_000_000 + Int64(clock.tv_nsec)
        now = EngineLoop.now
    }

    // MARK: - Streams

    func open(_ stream: LogStream) -> UInt32 {
        let number = nextStream
        nextStream &+= 1
        streams[number] = StreamState(stream, sinks: buffers.count)
        if stream.isRepeatable { repeatable.insert(number) } else { hasFleeting = true }
        names.set(number, stream.name)
        counters[stream.source].streams.add(1)
        return number
    }

    func close(_ number: UInt32) {
        guard let state = streams[number] else { return }
        state.isClosed = true
        forgetIfDone(number, state)
    }

    /// Where a durable stream is read from for a sink: what is before it counts as delivered.
    func begin(_ number: UInt32, sink: Int, at offset: UInt64) {
        guard let state = streams[number], state.ledgers.indices.contains(sink) else { return }
        state.ledgers[sink] = StreamLedger(watermark: offset)
    }

    private func forgetIfDone(_ number: UInt32, _ state: StreamState) {
        guard state.isClosed, state.ledgers.allSatisfy({ $0.runCount == 0 }) else { return }
        streams[number] = nil
        repeatable.remove(number)
        names.remove(number)
        counters[state.stream.source].streams.add(-1)
    }

    // MARK: - Records

    func take(_ line: Span<UInt8>, origin: RecordOrigin, mark: LineMark, sinks: SinkSet) {
        take(line, origin: origin, mark: mark, sinks: sinks) { _, _, _ in }
    }

    /// One line, of which the source knows more than the parser.
    ///
    /// - Parameter adjust: changes the record once it is parsed; gets the line, and whether it was what
    ///   the parser expects.
    func take(
        _ line: Span<UInt8>,
        origin: RecordOrigin,
        mark: LineMark,
        sinks: SinkSet,
        adjust: (inout LogRecord, Span<UInt8>, Bool) -> Void
    ) {
        guard let state = streams[origin.stream] else { return }
        let counters = counters[state.stream.source]
        counters.lines.add(1)
        counters.bytes.add(line.count)
        record.removeAll()
        record.time = time
        record.tag = state.stream.tag
        record.origin = origin
        var isMatched = true
        if case .unmatched(let why) = parsers[state.stream.source].parse(line, into: &record) {
            counters.unmatched.add(1)
            guard configuration.sources[state.stream.source].emitsUnmatched else {
                bury(line, state, origin, "the line could not be parsed: \(why)")
                pass(origin, state, sinks)
                return
            }
            isMatched = false
            record.removeAll()
            record.time = time
            let key = Array(
                configuration.sources[state.stream.source].parser.messageKey.utf8
            )
            record.append(name: key.span, value: line, kind: .text)
        }
        if !mark.isEmpty { add(mark) }
        adjust(&record, line, isMatched)
        decorate(state)
        deliver(state, sinks)
    }

    func pass(_ origin: RecordOrigin, sinks: SinkSet) {
        guard let state = streams[origin.stream] else { return }
        pass(origin, state, sinks)
    }

    func take(_ given: inout LogRecord, sinks: SinkSet) {
        guard let state = streams[given.origin.stream] else { return }
        counters[state.stream.source].lines.add(1)
        swap(&record, &given)
        decorate(state)
        deliver(state, sinks)
        swap(&record, &given)
    }

    private func add(_ mark: LineMark) {
        let yes = Array("true".utf8)
        if mark.contains(.truncated) {
            let name = Array("log_truncated".utf8)
            record.set(name: name.span, value: yes.span, kind: .json)
        }
        if mark.contains(.piece) {
            let name = Array("log_partial".utf8)
            let part = Array(mark.contains(.lastPiece) ? "\"last\"".utf8 : "\"more\"".utf8)
            record.set(name: name.span, value: part.span, kind: .json)
        }
    }

    private func decorate(_ state: StreamState) {
        for (name, value) in state.stream.fields {
            record.set(name: name.span, value: value.span, kind: .text)
        }
        let names = addedNames[state.stream.source]
        if let name = names.path {
            let value = state.name
            record.set(name: name.span, value: value.span, kind: .text)
        }
        if let name = names.tag {
            let value = record.tag.bytes
            record.set(name: name.span, value: value.span, kind: .text)
        }
        if let name = names.hostname {
            let value = hostname
            record.set(name: name.span, value: value.span, kind: .text)
        }
    }

    /// Names of fields as bytes, made once.
    private struct AddedNames {
        var path: [UInt8]?
        var tag: [UInt8]?
        var hostname: [UInt8]?

        init(_ source: SourceConfiguration) {
            path = source.pathKey.map { Array($0.utf8) }
            tag = source.tagKey.map { Array($0.utf8) }
            hostname = source.hostnameKey.map { Array($0.utf8) }
        }
    }

    private func deliver(_ state: StreamState, _ sinks: SinkSet) {
        let origin = record.origin
        let number = state.stream.source
        let pipeline = configuration.sources[number].pipeline
        let result = router.route(&record, pipeline: pipeline, sinks: sinks) { record, sink in
            give(record, to: sink, state)
        }
        var reached = result.reached
        if let why = result.refusal {
            counters[number].refused.add(1)
            reached.formUnion(failed(&record, why, state, sinks))
        } else if result.isFiltered {
            counters[number].filtered.add(1)
        } else if result.reached.isEmpty, refused.isEmpty {
            counters[number].unrouted.add(1)
        }
        while let (left, why) = refused.popLast() {
            var left = left
            reached.formUnion(failed(&left, why, state, sinks))
        }
        pass(origin, state, sinks.subtracting(reached))
    }

    /// A record that could not be worked on: it goes to the label `@ERROR` as it is, where there is
    /// one, and to the dead letters where there is none or it fails there too.
    private func failed(
        _ record: inout LogRecord,
        _ why: String,
        _ state: StreamState,
        _ sinks: SinkSet
    ) -> SinkSet {
        guard let pipeline = router.errorPipeline else {
            let object = JSONWriter.object(record)
            bury(object.span, state, record.origin, why)
            return []
        }
        let result = router.route(&record, pipeline: pipeline, sinks: sinks) { record, sink in
            give(record, to: sink, state, isLast: true)
        }
        if let again = result.refusal {
            let object = JSONWriter.object(record)
            bury(object.span, state, record.origin, "\(why); and in @ERROR: \(again)")
        }
        return result.reached
    }

    private func give(
        _ record: borrowing LogRecord,
        to sink: Int,
        _ state: StreamState,
        isLast: Bool = false
    ) {
        let buffer = buffers[sink]
        let end = record.origin.end
        switch buffer.add(record, of: state.stream.identity, now: now) {
        case .added(let chunk):
            if !state.ledgers.isEmpty { state.ledgers[sink].add(end: end, chunk: chunk) }
        case .dropped:
            if !state.ledgers.isEmpty { state.ledgers[sink].pass(end: end) }
        case .refused(let why):
            buffer.counters.rejected.add(1)
            let reason = "sink \(buffer.configuration.name): \(why)"
            if isLast || router.errorPipeline == nil {
                let object = JSONWriter.object(record)
                bury(object.span, state, record.origin, reason)
            } else {
                refused.append((copy record, reason))
            }
            if !state.ledgers.isEmpty { state.ledgers[sink].pass(end: end) }
        }
        if buffer.blocks { blocked.formUnion(SinkSet(sink: sink)) }
    }

    /// A record that goes to none of these sinks: their watermarks may move over it.
    private func pass(_ origin: RecordOrigin, _ state: StreamState, _ sinks: SinkSet) {
        guard !state.ledgers.isEmpty, !sinks.isEmpty else { return }
        passed.insert(origin.stream)
        var left = sinks.intersection(everySink)
        while let sink = left.first {
            left.remove(SinkSet(sink: sink))
            state.ledgers[sink].pass(end: origin.end)
        }
    }

    private func bury(
        _ bytes: Span<UInt8>,
        _ state: StreamState,
        _ origin: RecordOrigin,
        _ reason: String
    ) {
        let entry = DeadLetterFile.Entry(
            time: time,
            sink: "",
            reason: reason,
            source: state.stream.name,
            offset: origin.start
        )
        do throws(FileFailure) {
            _ = try unmatchedLetters.write(entry, record: bytes)
        } catch {
            lostLetters += 1
            // A flood of such lines on a full disk is one message in a while.
            if let saidLost, now - saidLost < Self.lostInterval { return }
            saidLost = now
            Log.shared.log(
                .error,
                "\(lostLetters) lines that can't be used can't be kept either: \(error)"
            )
            lostLetters = 0
        }
    }

    /// Milliseconds between two messages about lines that could not be kept.
    private static let lostInterval: Int64 = 10_000

    /// Records of durable streams that wait, by stream and sink; only sinks that are asked for.
    func waitingRecords(of sinks: SinkSet) -> [(stream: LogStream, sink: Int, records: Int)] {
        var found: [(stream: LogStream, sink: Int, records: Int)] = []
        for state in streams.values where !state.ledgers.isEmpty {
            var left = sinks
            while let sink = left.first {
                left.remove(SinkSet(sink: sink))
                guard state.ledgers.indices.contains(sink) else { continue }
                let records = state.ledgers[sink].waitingRecords
                if records > 0 { found.append((state.stream, sink, records)) }
            }
        }
        return found
    }

    // MARK: - Acknowledgements

    /// A chunk is done: the watermarks of its streams move.
    func finished(_ chunk: UInt64, _ touched: Set<UInt32>, sink: Int) {
        done[sink].insert(chunk)
        for number in touched {
            guard let state = streams[number], !state.ledgers.isEmpty else { continue }
            advance(number, state, sink)
        }
        refreshBlocked()
    }

    private func advance(_ number: UInt32, _ state: StreamState, _ sink: Int) {
        let done = done[sink]
        guard state.ledgers[sink].advance(isDone: done.contains) else { return }
        sources[state.stream.source].delivered(
            stream: number,
            sink: sink,
            upTo: state.ledgers[sink].watermark
        )
        forgetIfDone(number, state)
    }

    /// After a round: what was passed over moves watermarks too.
    func settle() {
        for number in passed {
            guard let state = streams[number] else { continue }
            for sink in state.ledgers.indices { advance(number, state, sink) }
        }
        passed.removeAll(keepingCapacity: true)
        for buffer in buffers {
            for chunk in buffer.takeDropped() {
                finished(chunk.number, chunk.streams, sink: buffer.number)
            }
        }
    }

    /// Asks the sinks again whether they take records; true where one does that did not.
    @discardableResult
    func refreshBlocked() -> Bool {
        let before = blocked
        var still: SinkSet = []
        for buffer in buffers {
            buffer.updateGauges()
            let blocks = buffer.blocks
            buffer.counters.isBlocked.store(blocks ? 1 : 0, ordering: .relaxed)
            if blocks { still.formUnion(SinkSet(sink: buffer.number)) }
        }
        blocked = still
        guard !before.subtracting(still).isEmpty else { return false }
        for source in sources { source.resume() }
        return true
    }
}

/// The names of streams, for threads that have only their numbers.
final class StreamNames: Sendable {
    private let names = Mutex<[UInt32: String]>([:])

    func set(_ number: UInt32, _ name: String) { names.withLock { $0[number] = name } }
    func remove(_ number: UInt32) { names.withLock { $0[number] = nil } }
    subscript(_ number: UInt32) -> String { names.withLock { $0[number] } ?? "" }
}

import CompanionKit
import Model

/// Logs by OpenTelemetry's protocol: HTTP and gRPC at one port, told apart by the first bytes.
///
/// A request is answered once its records are in the buffers of all sinks that they are for. While one
/// of those takes nothing, requests are sent away with a time to come again: programs that speak the
/// protocol keep their records meanwhile. Belongs to the engine's thread.
final class OTLPSource: LogSource {
    /// How a body is written.
    enum Form { case protobuf, json }

    let options: ListenOptions
    private let number: Int
    private let configuration: SourceConfiguration
    private let engine: LogEngine
    private let counters: SourceCounters
    private let listener: StreamListener
    private let sinks: SinkSet
    private var stream: UInt32 = 0
    private var nextRecord: UInt64 = 0
    private var heldBytes = 0
    private var isStopped = false

    /// What the records of one request may come to, beside the body's own size.
    private static let expandedBytesMax = 64 << 20

    init(
        number: Int,
        configuration: SourceConfiguration,
        options: ListenOptions,
        engine: LogEngine,
        loop: EngineLoop,
        counters: SourceCounters
    ) throws(LogConfigurationFailure) {
        self.number = number
        self.configuration = configuration
        self.options = options
        self.engine = engine
        self.counters = counters
        sinks = engine.sinks(ofSource: number)
        listener = try StreamListener(
            options,
            source: "otlp \(PeerAddress(host: options.host, port: options.port))",
            alpn: ["h2", "http/1.1"],
            place: configuration.place,
            loop: loop,
            counters: counters
        )
    }

    // MARK: - LogSource

    func start() {
        stream = engine.open(
            LogStream(
                identity: .random(),
                source: number,
                name: "otlp \(listener.address)",
                tag: ByteString(ProcessSource.tag(configuration, "otlp")),
                isDurable: false
            )
        )
        listener.start { [unowned self] in OTLPConnection($0, source: self) }
    }

    func resume() {}

    func stop() {
        isStopped = true
        listener.stop()
        // Requests that are not whole are not answered: their senders try again elsewhere or later.
        listener.closeConnections()
    }

    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) {}
    func save() {}

    func lag() -> SourceLag {
        var lag = SourceLag()
        lag.openFiles = listener.connections.count
        return lag
    }

    // MARK: - Requests

    /// Why no request is taken at the moment, or nil.
    var busy: OTLPOutcome? {
        if isStopped { return .busy("the log shipper is stopping") }
        guard !engine.blocked.isDisjoint(with: sinks) else { return nil }
        return .busy("a sink takes no records at the moment, and its buffer is full")
    }

    /// Counts bytes of bodies that are held; false where that would be too much.
    func hold(_ count: Int) -> Bool {
        guard heldBytes + count <= max(4 * options.messageBytesMax, 64 << 20) else { return false }
        heldBytes += count
        return true
    }

    /// Bytes of a body that is gone.
    func release(_ count: Int) { heldBytes -= count }

    /// Says what is wrong with a peer, and not a thousand times.
    func complain(_ what: String, _ detail: String) { listener.complaints.say(what, detail) }

    /// Reads a request and takes its records, all that can be used or none.
    func take(_ body: [UInt8], _ form: Form, isCompressed: Bool) -> OTLPOutcome {
        if let busy { return busy }
        guard isCompressed else { return take(body, form) }
        switch inflate(body) {
        case .success(let plain): return take(plain, form)
        case .failure(let failure): return failure.outcome
        }
    }

    private func take(_ body: [UInt8], _ form: Form) -> OTLPOutcome {
        engine.beginRound()
        let bytesMax = max(Self.expandedBytesMax, 8 * body.count)
        let trial = OTLPRecordBuilder(now: engine.time, bytesMax: bytesMax, take: nil)
        do throws(OTLPReadingFailure) {
            try Self.read(body, form, trial)
        } catch {
            return .unreadable(error.words)
        }
        let builder = OTLPRecordBuilder(now: engine.time, bytesMax: bytesMax) { [self] record in
            record.origin = RecordOrigin(
                stream: stream,
                start: nextRecord,
                end: nextRecord &+ 1
            )
            nextRecord &+= 1
            record.tag = ByteString(tag)
            engine.take(&record, sinks: sinks)
        }
        do throws(OTLPReadingFailure) {
            try Self.read(body, form, builder)
        } catch {
            return .unreadable(error.words)
        }
        counters.bytes.add(body.count)
        if builder.rejected > 0 {
            counters.refused.add(builder.rejected)
            complain("records of a request can't be used", builder.reason)
        }
        return .taken(rejected: builder.rejected, reason: builder.reason)
    }

    private lazy var tag = ProcessSource.tag(configuration, "otlp")

    private static func read(
        _ body: [UInt8],
        _ form: Form,
        _ builder: OTLPRecordBuilder
    ) throws(OTLPReadingFailure) {
        switch form {
        case .protobuf:
            var reader = OTLPProtobufReader(builder)
            try reader.read(body.span)
        case .json: try OTLPJSONReader(builder).read(body.span)
        }
    }

    private struct Refusal: Error { var outcome: OTLPOutcome }

    /// Decompresses, a little at a time: a small body may hold a thousand times as much.
    private func inflate(_ body: [UInt8]) -> Result<[UInt8], Refusal> {
        let inflater = Inflater()
        var plain: [UInt8] = []
        var index = 0
        while index < body.count {
            let end = min(index + 1024, body.count)
            guard inflater.inflate(body.span.extracting(index..<end), into: &plain) else {
                return .failure(Refusal(outcome: .unreadable("the body is no gzip")))
            }
            guard plain.count <= options.messageBytesMax else {
                let words =
                    "the body is larger than max (\(options.messageBytesMax) bytes) inflated"
                return .failure(Refusal(outcome: .tooLarge(words)))
            }
            index = end
        }
        guard !body.isEmpty, !inflater.isWithinMember else {
            return .failure(Refusal(outcome: .unreadable("the body's gzip is cut off")))
        }
        return .success(plain)
    }
}

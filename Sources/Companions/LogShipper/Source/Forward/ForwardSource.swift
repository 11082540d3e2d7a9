import CompanionKit
import Glibc
import Model
import Telemetry

/// Records from fluentd, fluent-bit and loggers that speak the forward protocol, version 1.
///
/// A message that wants an acknowledgement gets it once its records are delivered to every sink that
/// they are for, or durable in its spool. While one of them takes nothing, connections are not read.
/// Belongs to the engine's thread.
final class ForwardSource: LogSource {
    let number: Int
    let options: ListenOptions
    let security: ForwardSecurityOptions?
    let engine: LogEngine
    let counters: SourceCounters
    let sinks: SinkSet
    let sinkNumbers: [Int]
    /// Used again for each entry.
    var record = LogRecord()
    var reader = MessagePackRecord()
    var byStream: [UInt32: ForwardConnection] = [:]
    /// Records of one connection before the others have their turn.
    static let turnRecords = 10_000
    /// Bytes of messages that are not whole, of all connections.
    var heldBytes = 0
    static let heldBytesMax = 512 << 20
    /// Bytes of the messages that are being taken, of all connections; inflated ones are a thousand
    /// times what a peer had to send.
    var entryBytes = 0
    private static let entryBytesMax = 256 << 20
    /// Heartbeats that are answered in a second.
    private static let heartbeatsMax = 200

    private let configuration: SourceConfiguration
    private let loop: EngineLoop
    private let listener: StreamListener
    private let heartbeats: DatagramSocket?
    private var heartbeatSecond: Int64 = 0
    private var heartbeatCount = 0
    private var held: [ObjectIdentifier: ForwardConnection] = [:]
    private var isTurnSet = false
    private var isStopped = false
    private let tag: ByteString
    private let prefix: [UInt8]
    private let addressKeys: [[UInt8]]

    init(
        number: Int,
        configuration: SourceConfiguration,
        options: ListenOptions,
        sharedKey: String?,
        engine: LogEngine,
        loop: EngineLoop,
        counters: SourceCounters
    ) throws(LogConfigurationFailure) {
        self.number = number
        self.configuration = configuration
        self.options = options
        self.engine = engine
        self.loop = loop
        self.counters = counters
        let network = configuration.network
        security = sharedKey.map {
            ForwardSecurityOptions(
                sharedKey: $0,
                hostname: network.hostname ?? Self.hostname(),
                users: network.users
            )
        }
        sinks = engine.sinks(ofSource: number)
        var numbers: [Int] = []
        var left = sinks
        while let sink = left.first {
            left.remove(SinkSet(sink: sink))
            numbers.append(sink)
        }
        sinkNumbers = numbers
        tag = ByteString(configuration.tag)
        prefix = Array((network.tagPrefix ?? "").utf8)
        addressKeys = network.addressKeys.map { Array($0.utf8) }
        listener = try StreamListener(
            options,
            source: configuration.nameInWords,
            place: configuration.place,
            loop: loop,
            counters: counters
        )
        // Old peers ask by datagrams whether somebody is there. That the port is taken is no reason
        // to receive nothing.
        heartbeats =
            options.tls == nil && listener.address.port > 0
            ? try? DatagramSocket(
                host: options.host,
                port: listener.address.port,
                bytesMax: 128,
                place: configuration.place,
                loop: loop
            ) : nil
    }

    private static func hostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let letters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: letters, as: UTF8.self)
    }

    var complaints: Complaints { listener.complaints }

    /// Whether all sinks take records at the moment.
    var takes: Bool { engine.blocked.isDisjoint(with: sinks) }

    /// The tag of a message's records: the source's own where it has one.
    func tag(of given: ByteString) -> ByteString {
        if !configuration.tag.isEmpty { return tag }
        return prefix.isEmpty ? given : ByteString(prefix + given.bytes)
    }

    /// Adds the peer's address to the record, where it is wanted.
    func addAddress(of peer: PeerAddress) {
        guard !addressKeys.isEmpty else { return }
        let value = Array(peer.host.utf8)
        for name in addressKeys { record.set(name: name.span, value: value.span, kind: .text) }
    }

    // MARK: - LogSource

    func start() {
        listener.start { [unowned self] in ForwardConnection($0, source: self) }
        heartbeats?.start { [unowned self] _, peer, _ in answer(peer) }
    }

    /// Says that somebody is there.
    ///
    /// A sender's address may be forged: an answer to another server's port is answered there in turn,
    /// and so on for ever, if nothing ends it.
    private func answer(_ peer: DatagramSocket.Sender) {
        guard peer.address.port != listener.address.port else { return }
        let second = EngineLoop.now / 1000
        if second != heartbeatSecond {
            heartbeatSecond = second
            heartbeatCount = 0
        }
        heartbeatCount += 1
        if heartbeatCount <= Self.heartbeatsMax { heartbeats?.send([0], to: peer) }
    }

    func resume() { if !held.isEmpty { setTurn() } }

    func stop() {
        isStopped = true
        listener.stop()
        heartbeats?.stop()
    }

    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) {
        byStream[stream]?.delivered(sink: sink, upTo: offset)
    }

    /// What is acknowledged by now was said; peers send the rest again.
    func save() { listener.closeConnections() }

    func lag() -> SourceLag { SourceLag() }

    // MARK: - Connections

    /// Lets a connection go on soon, after the others.
    func goOn(_ connection: ForwardConnection) {
        hold(connection)
        setTurn()
    }

    /// Not at once: whoever calls may be in the middle of a round.
    private func setTurn() {
        guard !isTurnSet else { return }
        isTurnSet = true
        loop.schedule(after: 0) { [weak self] in
            guard let self else { return }
            isTurnSet = false
            guard !isStopped else { return }
            let waiting = held
            held = [:]
            for connection in waiting.values { connection.work() }
        }
    }

    /// Waits until sinks take records again.
    func hold(_ connection: ForwardConnection) {
        held[ObjectIdentifier(connection)] = connection
    }

    /// Whether one more message may be taken apart.
    var hasRoomForEntries: Bool { entryBytes < Self.entryBytesMax }

    /// A message is taken: those that had no room go on.
    func releaseEntries(_ count: Int) {
        let hadRoom = hasRoomForEntries
        entryBytes -= count
        if !hadRoom, hasRoomForEntries, !held.isEmpty { setTurn() }
    }

    func forget(_ connection: ForwardConnection, stream: UInt32?) {
        held[ObjectIdentifier(connection)] = nil
        guard let stream else { return }
        byStream[stream] = nil
        engine.close(stream)
    }
}

import CompanionKit
import Model
import Telemetry

/// Messages of syslog, from datagrams or streams; each is taken apart by the source's parser.
///
/// A stream is not read while a sink takes nothing. Datagrams then go to the sinks that take them, and
/// what the others miss is counted; where none takes any they wait in the kernel. Belongs to the
/// engine's thread.
final class SyslogSource: LogSource {
    let number: Int
    let options: ListenOptions
    let engine: LogEngine
    let sinks: SinkSet
    let complaints: Complaints
    /// Bytes of messages that are not whole or that sinks don't take yet, of all connections.
    var heldBytes = 0
    /// Beyond it, connections that hold more than ``smallBytes`` are closed.
    static let heldBytesMax = 256 << 20
    static let smallBytes = 256 << 10
    private let configuration: SourceConfiguration
    private let loop: EngineLoop
    private let counters: SourceCounters
    private let listener: StreamListener?
    private let datagrams: DatagramSocket?
    private let name: String
    private var held: [ObjectIdentifier: SyslogConnection] = [:]
    private var isTurnSet = false
    private var isStopped = false
    private var stream: UInt32 = 0
    private var nextRecord: UInt64 = 0
    private var lostBefore = 0
    private var timer: EngineLoop.Timer?
    /// By priority: the tag with the words of facility and severity.
    private var tags: [ByteString]
    private let unmatchedTag: ByteString
    private let addressKeys: [[UInt8]]
    private let rawKey: [UInt8]?
    private let facilityKey: [UInt8]?
    private let severityKey: [UInt8]?

    init(
        number: Int,
        configuration: SourceConfiguration,
        options: ListenOptions,
        transport: SourceConfiguration.SyslogTransport,
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
        sinks = engine.sinks(ofSource: number)
        name = configuration.nameInWords
        switch transport {
        case .tcp:
            let made = try StreamListener(
                options,
                source: name,
                place: configuration.place,
                loop: loop,
                counters: counters
            )
            listener = made
            datagrams = nil
            complaints = made.complaints
        case .udp:
            listener = nil
            let made = try DatagramSocket(
                host: options.host,
                port: options.port,
                bytesMax: options.messageBytesMax,
                place: configuration.place,
                loop: loop
            )
            datagrams = made
            complaints = Complaints(source: name, counters: counters)
            counters.addAddress("\(made.address)")
        }
        let network = configuration.network
        tags =
            network.priority.isInTag
            ? (0..<192).map {
                SyslogSource.tag(configuration.tag, facility: $0 / 8, severity: $0 % 8)
            } : []
        unmatchedTag = ByteString(configuration.tag + ".unmatched")
        addressKeys = network.addressKeys.map { Array($0.utf8) }
        rawKey = network.rawKey.map { Array($0.utf8) }
        facilityKey = network.priority.facilityKey.map { Array($0.utf8) }
        severityKey = network.priority.severityKey.map { Array($0.utf8) }
    }

    private static func tag(_ tag: String, facility: Int, severity: Int) -> ByteString {
        // fluentd calls the second clock `at`.
        let word = facility == 15 ? Array("at".utf8) : SyslogWords.facilities[facility]
        let dot: [UInt8] = [UInt8(ascii: ".")]
        return ByteString(Array(tag.utf8) + dot + word + dot + SyslogWords.severities[severity])
    }

    /// Whether all sinks take records at the moment.
    var takes: Bool { engine.blocked.isDisjoint(with: sinks) }

    // MARK: - LogSource

    func start() {
        listener?.start { [unowned self] in SyslogConnection($0, source: self) }
        guard let datagrams else { return }
        stream = openStream("\(datagrams.address)")
        datagrams.start { [unowned self] in received($0, $1, $2) }
        Log.shared.log(
            .info,
            "a log source listens",
            ["source": name, "address": "\(datagrams.address)"]
        )
        countLost()
    }

    func resume() {
        datagrams?.resume()
        guard !held.isEmpty, !isTurnSet else { return }
        // Not at once: whoever calls may be in the middle of a round.
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

    func stop() {
        timer?.cancel()
        // Nobody sends again what has come already.
        listener?.readRest()
        datagrams?.stop()
        isStopped = true
        listener?.stop()
        listener?.closeConnections()
    }

    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) {}
    func save() {}
    func lag() -> SourceLag { SourceLag() }

    func hold(_ connection: SyslogConnection) {
        held[ObjectIdentifier(connection)] = connection
    }

    /// Whether more connections wait for sinks than may be open: some of them are closed already.
    var isCrowded: Bool { held.count >= options.connectionsMax }

    func openStream(_ name: String) -> UInt32 {
        engine.open(
            LogStream(
                identity: .random(),
                source: number,
                name: name,
                tag: ByteString(configuration.tag),
                isDurable: false
            )
        )
    }

    // MARK: - Datagrams

    private func received(_ bytes: Span<UInt8>, _ sender: DatagramSocket.Sender, _ isCut: Bool) {
        let blocked = engine.blocked.intersection(sinks)
        if !sinks.isEmpty, blocked == sinks {
            // This one is lost for them; the next wait where they are.
            datagrams?.pause()
        }
        var left = blocked
        while let sink = left.first {
            left.remove(SinkSet(sink: sink))
            engine.buffers[sink].counters.droppedNewest.add(1)
        }
        let range = SyslogFraming.trimmed(bytes, 0..<bytes.count)
        guard !range.isEmpty else { return }
        engine.beginRound()
        let origin = RecordOrigin(stream: stream, start: nextRecord, end: nextRecord + 1)
        nextRecord += 1
        give(bytes.extracting(range), origin, isCut: isCut, sinks: sinks.subtracting(blocked)) {
            sender.address
        }
    }

    /// Says what the kernel dropped; every second.
    private func countLost() {
        timer = loop.schedule(after: 1000) { [weak self] in
            guard let self, let datagrams, !isStopped else { return }
            if datagrams.lost > lostBefore {
                complaints.say(
                    "datagrams were lost, for they came faster than they were read",
                    "\(datagrams.lost - lostBefore)"
                )
                lostBefore = datagrams.lost
            }
            countLost()
        }
    }

    // MARK: - Messages

    /// Hands a message to the engine.
    func give(
        _ message: Span<UInt8>,
        _ origin: RecordOrigin,
        isCut: Bool,
        sinks: SinkSet,
        peer: () -> PeerAddress
    ) {
        if isCut { counters.truncated.add(1) }
        let priority = MessagePriority(message)
        let start = configuration.network.priority.isStripped ? priority?.end ?? 0 : 0
        engine.take(
            message.extracting(start...),
            origin: origin,
            mark: isCut ? .truncated : [],
            sinks: sinks
        ) { record, line, isMatched in
            adjust(&record, line, isMatched, priority?.value)
            guard !addressKeys.isEmpty else { return }
            let address = Array(peer().host.utf8)
            for key in addressKeys {
                record.set(name: key.span, value: address.span, kind: .text)
            }
        }
    }

    private func adjust(
        _ record: inout LogRecord,
        _ line: Span<UInt8>,
        _ isMatched: Bool,
        _ priority: Int?
    ) {
        let options = configuration.network.priority
        if options.isInTag {
            if !isMatched {
                record.tag = unmatchedTag
            } else if let priority {
                record.tag = tags[priority]
            }
        }
        if !options.keepsFields, isMatched {
            record.removeFields { record, index in
                let name = record.name(of: record.fields[index])
                for known in Self.parserNames where name.equals(known.span) { return true }
                return false
            }
        }
        if let priority {
            if let facilityKey {
                let word = SyslogWords.facilities[priority / 8]
                record.set(name: facilityKey.span, value: word.span, kind: .text)
            }
            if let severityKey {
                let word = SyslogWords.severities[priority % 8]
                record.set(name: severityKey.span, value: word.span, kind: .text)
            }
        }
        if let rawKey { record.set(name: rawKey.span, value: line, kind: .text) }
    }

    private static let parserNames = ["pri", "facility", "severity"].map { Array($0.utf8) }
}

/// The number in angle brackets that a message begins with.
struct MessagePriority {
    /// 0…191.
    var value: Int
    /// After the bracket.
    var end: Int

    init?(_ message: Span<UInt8>) {
        guard message.count > 2, message[0] == UInt8(ascii: "<") else { return nil }
        var index = 1
        var value = 0
        while index < min(message.count, 4), message[index].isASCIIDigit {
            value = value * 10 + Int(message[index] - 0x30)
            index += 1
        }
        guard index > 1, index < message.count, message[index] == UInt8(ascii: ">"), value <= 191
        else { return nil }
        self.value = value
        end = index + 1
    }
}

import Model

/// One peer of a syslog source that speaks TCP or TLS.
final class SyslogConnection: ConnectionHandler {
    private let connection: ServerConnection
    private unowned let source: SyslogSource
    private var framing: SyslogFraming
    private var buffer: [UInt8] = []
    private var stream: UInt32?
    private var nextRecord: UInt64 = 0
    private var hasPeerEnded = false
    private var isOver = false

    init(_ connection: ServerConnection, source: SyslogSource) {
        self.connection = connection
        self.source = source
        framing = SyslogFraming(bytesMax: source.options.messageBytesMax)
    }

    // MARK: - ConnectionHandler

    func received(_ bytes: Span<UInt8>) {
        guard !isOver else { return }
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
        source.heldBytes += bytes.count
        work()
        guard !isOver, source.heldBytes > SyslogSource.heldBytesMax,
            buffer.count > SyslogSource.smallBytes
        else { return }
        source.complaints.say(
            "a connection was closed, for all together hold too much of messages that are not whole",
            "\(connection.peer)"
        )
        finish()
    }

    func ended(_ end: ConnectionEnd) {
        hasPeerEnded = true
        if case .failed(let why) = end {
            source.complaints.say("a connection failed", "\(connection.peer): \(why)")
        }
        work()
    }

    /// Goes on with what is there, until it is used up or a sink takes nothing.
    func work() {
        guard !isOver else { return }
        source.engine.beginRound()
        let isDone = takeMessages()
        source.engine.settle()
        if !isDone {
            if connection.isClosed, source.isCrowded {
                source.complaints.say(
                    "what a connection that failed had sent was left out, for too many others wait",
                    "\(connection.peer)"
                )
                finish()
                return
            }
            connection.pause()
            source.hold(self)
            return
        }
        if hasPeerEnded { finish() } else { connection.resume() }
    }

    /// False where a sink takes nothing.
    private func takeMessages() -> Bool {
        let bytes = buffer
        while true {
            guard source.takes else {
                trim()
                return false
            }
            switch framing.next(bytes.span) {
            case .message(let range, let isCut):
                give(bytes.span.extracting(range), isCut)
            case .absurd(let count):
                source.complaints.say(
                    "a connection was closed",
                    "\(connection.peer) announces a message of \(count) bytes"
                )
                source.heldBytes -= buffer.count
                buffer = []
                framing.trimmed()
                hasPeerEnded = true
                return true
            case .needsMore:
                if hasPeerEnded, let rest = framing.rest(bytes.span) {
                    give(bytes.span.extracting(rest.range), rest.isCut)
                }
                trim()
                return true
            }
        }
    }

    private func trim() {
        buffer.removeFirst(framing.position)
        source.heldBytes -= framing.position
        framing.trimmed()
    }

    private func give(_ message: Span<UInt8>, _ isCut: Bool) {
        guard message.count > 0 else { return }
        let stream = openStream()
        let origin = RecordOrigin(stream: stream, start: nextRecord, end: nextRecord + 1)
        nextRecord += 1
        source.give(message, origin, isCut: isCut, sinks: source.sinks) { connection.peer }
    }

    private func openStream() -> UInt32 {
        if let stream { return stream }
        let made = source.openStream("\(connection.peer)")
        stream = made
        return made
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        source.heldBytes -= buffer.count
        buffer = []
        connection.close()
        if let stream { source.engine.close(stream) }
    }
}

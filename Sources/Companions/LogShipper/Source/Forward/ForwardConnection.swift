import Model

/// One peer of a forward source: its handshake, its messages, and what it waits to hear of them.
final class ForwardConnection: ConnectionHandler {
    /// Messages that a peer may have under way before its next ones are read.
    private static let acknowledgementsMax = 1000
    /// Milliseconds for which nothing may come in the middle of a message.
    private static let messageIdle: Int64 = 60_000
    /// Bytes of a message of a peer that has not said who it is.
    private static let greetingBytesMax = 64 << 10

    private struct Acknowledgement {
        /// The number after the message's last record.
        var end: UInt64
        var chunk: [UInt8]
    }

    let connection: ServerConnection
    private unowned let source: ForwardSource
    private var framing: MessagePackFraming
    private var buffer: [UInt8] = []
    private var start = 0
    private var handshake: PeerHandshake?
    private var entries: ReceivedEntries?
    private var stream: UInt32?
    private var nextRecord: UInt64 = 0
    private var delivered: [Int: UInt64] = [:]
    private var waiting: [Acknowledgement] = []
    private var hasPeerEnded = false
    private var isOver = false

    init(_ connection: ServerConnection, source: ForwardSource) {
        self.connection = connection
        self.source = source
        let bytesMax = source.options.messageBytesMax
        framing = MessagePackFraming(
            bytesMax: source.security == nil ? bytesMax : min(bytesMax, Self.greetingBytesMax)
        )
        handshake = source.security.map { PeerHandshake($0) }
        for sink in source.sinkNumbers { delivered[sink] = 0 }
        // A peer that must say who it is does so at once.
        if handshake != nil { connection.idleTimeout = ServerConnection.handshakeTimeout }
    }

    // MARK: - ConnectionHandler

    func opened() {
        if let handshake { connection.send(handshake.helo) }
    }

    func received(_ bytes: Span<UInt8>) {
        guard source.heldBytes + bytes.count <= ForwardSource.heldBytesMax else {
            refuse("all peers together have sent too much of messages that are not whole")
            return
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
        source.heldBytes += bytes.count
        work()
    }

    func ended(_ end: ConnectionEnd) {
        switch end {
        case .peerEnded:
            hasPeerEnded = true
            work()
        case .failed(let why):
            source.complaints.say("a connection failed", "\(connection.peer): \(why)")
            finish()
        case .idle:
            source.complaints.say(
                "a connection was closed, for nothing came",
                "\(connection.peer) "
                    + (handshake == nil
                        ? "sent nothing in the middle of a message"
                        : "did not say who it is in time")
            )
            finish()
        }
    }

    // MARK: - Messages

    /// Goes on with what is there, until it is used up or a sink takes nothing.
    func work() {
        guard !isOver else { return }
        source.engine.beginRound()
        var turn = ForwardSource.turnRecords
        while !isOver {
            if entries != nil {
                guard takeEntries(&turn) else { break }
                continue
            }
            guard mayTakeMessage, takeMessage() else { break }
        }
        source.engine.settle()
        guard !isOver else { return }
        if entries != nil || !mayTakeMessage {
            connection.pause()
            if turn <= 0 { source.goOn(self) } else { source.hold(self) }
            return
        }
        if start > 0 {
            buffer.removeFirst(start)
            source.heldBytes -= start
            start = 0
        }
        if handshake == nil {
            connection.idleTimeout = buffer.isEmpty ? nil : Self.messageIdle
        }
        connection.resume()
        if hasPeerEnded { endIfIdle() }
    }

    private var mayTakeMessage: Bool {
        waiting.count < Self.acknowledgementsMax && source.hasRoomForEntries
    }

    /// Takes the next message out of the buffer; false where none is whole.
    private func takeMessage() -> Bool {
        let bytes = buffer
        let rest = bytes.span.extracting(start...)
        guard rest.count > 0 else { return false }
        switch framing.find(rest) {
        case .needsMore: return false
        case .tooLarge:
            refuse(
                "a message is larger than \(framing.bytesMax) bytes, the limit of this source"
            )
            return false
        case .broken:
            refuse("what it sends is not MessagePack")
            return false
        case .whole(let end):
            start += end
            take(rest.extracting(0..<end))
            return true
        }
    }

    private func take(_ message: Span<UInt8>) {
        if let handshake {
            let (verdict, answer) = handshake.check(message)
            connection.send(answer)
            switch verdict {
            case .accepted:
                self.handshake = nil
                framing = MessagePackFraming(bytesMax: source.options.messageBytesMax)
            case .refused(let why): refuse(why)
            }
            return
        }
        do throws(ReceivedMessage.Fault) {
            guard
                let found = try ReceivedMessage.read(
                    message,
                    bytesMax: source.options.messageBytesMax
                )
            else { return }
            if found.isForeign {
                source.complaints.say("metrics or traces were left out", "\(connection.peer)")
                acknowledge(found.chunk)
            } else {
                source.counters.bytes.add(message.count)
                source.entryBytes += found.entries.count
                entries = ReceivedEntries(found)
            }
        } catch {
            switch error {
            case .malformed(let why): refuse(why)
            case .tooLarge:
                refuse(
                    "a message inflates to more than \(source.options.messageBytesMax) bytes, the "
                        + "limit of this source"
                )
            }
        }
    }

    /// Takes the entries of a message; false where it has to stop before the last.
    private func takeEntries(_ turn: inout Int) -> Bool {
        let tag = source.tag(of: entries?.message.tag ?? "")
        while true {
            guard source.takes, turn > 0 else { return false }
            turn -= 1
            source.record.removeAll()
            let step =
                entries?.next(
                    into: &source.record,
                    reader: &source.reader,
                    now: source.engine.time
                ) ?? .end
            switch step {
            case .record: give(tag)
            case .mark: break
            case .skipped(let why):
                source.counters.refused.add(1)
                source.complaints.say("an entry was left out", "\(connection.peer): \(why)")
            case .broken:
                source.counters.refused.add(1)
                source.complaints.say(
                    "the end of a message was left out, for it is not MessagePack",
                    "\(connection.peer)"
                )
            case .end:
                acknowledge(entries?.message.chunk)
                dropEntries()
                return true
            }
        }
    }

    private func dropEntries() {
        guard let entries else { return }
        self.entries = nil
        source.releaseEntries(entries.message.entries.count)
    }

    private func give(_ tag: ByteString) {
        let stream = openStream()
        source.record.tag = tag
        source.record.origin = RecordOrigin(stream: stream, start: nextRecord, end: nextRecord + 1)
        nextRecord += 1
        source.addAddress(of: connection.peer)
        source.engine.take(&source.record, sinks: source.sinks)
    }

    private func openStream() -> UInt32 {
        if let stream { return stream }
        let made = source.engine.open(
            LogStream(
                identity: .random(),
                source: source.number,
                name: "\(connection.peer)",
                tag: "",
                isDurable: true,
                isRepeatable: false
            )
        )
        stream = made
        source.byStream[made] = self
        return made
    }

    // MARK: - Acknowledgements

    private func acknowledge(_ chunk: [UInt8]?) {
        guard let chunk else { return }
        waiting.append(Acknowledgement(end: nextRecord, chunk: chunk))
        sendAcknowledgements()
    }

    func delivered(sink: Int, upTo offset: UInt64) {
        guard let known = delivered[sink], known < offset else { return }
        delivered[sink] = offset
        let wasFull = waiting.count >= Self.acknowledgementsMax
        sendAcknowledgements()
        if wasFull || hasPeerEnded { source.goOn(self) }
    }

    private func sendAcknowledgements() {
        let everywhere = delivered.values.min() ?? nextRecord
        var count = 0
        var out: [UInt8] = []
        while count < waiting.count, waiting[count].end <= everywhere {
            MessagePackBytes.appendMap(1, &out)
            MessagePackBytes.append("ack", &out)
            MessagePackBytes.appendText(waiting[count].chunk, &out)
            count += 1
        }
        guard count > 0 else { return }
        waiting.removeFirst(count)
        connection.send(out)
    }

    // MARK: - The end

    private func refuse(_ why: String) {
        // The peer has a part in some of the words.
        source.complaints.say("a connection was closed", "\(connection.peer): \(why)")
        connection.close()
        finish()
    }

    private func endIfIdle() {
        guard !isOver, waiting.isEmpty else { return }
        if start < buffer.count {
            source.complaints.say(
                "a connection ended in the middle of a message",
                "\(connection.peer)"
            )
        }
        connection.close()
        finish()
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        source.heldBytes -= buffer.count
        buffer = []
        dropEntries()
        source.forget(self, stream: stream)
    }
}

import Model
import Wire

/// A connection to one of the process's own pages.
final class LocalConnection: StreamConnection {
    private enum Phase { case head, body(remaining: UInt64), chunked, responding, closing }

    private let server: LocalServer
    private let peer: SocketAddress
    private let head = Head()
    private let responseHead = Head(byteCapacity: 512, fieldCapacity: 8)
    private var phase: Phase = .head
    private var decoder = ChunkedDecoder()
    private var boundary = HeadBoundary()
    private var keepsAlive = true
    private var body: [UInt8] = []
    private var bodyCount: UInt64 = 0
    private var pending: LocalResponse?
    private var generatedLeft: UInt64 = 0
    private var pieces: [[UInt8]] = []
    private var pieceMilliseconds: Int64 = 0
    private var timer = TimerHandle.none
    private var idleTimer = TimerHandle.none
    private var lastActivity: Int64
    /// When the head began that is not complete; nil between two requests.
    private var headBeganAt: Int64?
    /// Since when it waits for its client, among the server's connections.
    private var waitingSince: UInt64
    private var isGenerationPaused = false

    private static let bodyKeptMax = 1 << 20
    private static let sendTimer: UInt8 = 0
    private static let pieceTimer: UInt8 = 1
    private static let idleTimerKind: UInt8 = 2
    private static let generationTimer: UInt8 = 3
    private static let pattern: [UInt8] = Array(
        String(
            repeating: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-\n",
            count: 512
        )
        .utf8
    )

    init(descriptor: Int32, peer: SocketAddress, server: LocalServer) {
        self.server = server
        self.peer = peer
        lastActivity = server.loop.nowMilliseconds
        waitingSince = server.nextWait()
        super.init(descriptor: descriptor, loop: server.loop)
        beginHead()
    }

    // MARK: - The request

    override func received(_ bytes: Span<UInt8>) -> Int {
        lastActivity = loop.nowMilliseconds
        var offset = 0
        while offset < bytes.count, isOpen {
            switch phase {
            case .head:
                if isReadingPaused { return offset }
                if headBeganAt == nil { beginHead() }
                let rest = bytes.extracting(offset..<bytes.count)
                if !input.isEmpty, offset == 0, !boundary.isComplete(rest) { return offset }
                do {
                    guard
                        let parsed = try RequestParser.parse(
                            rest,
                            into: head,
                            limits: HeadLimits()
                        )
                    else { return offset }
                    boundary.reset()
                    offset += parsed.consumed
                    begin(parsed)
                } catch {
                    keepsAlive = false
                    headBeganAt = nil
                    phase = .responding
                    respond(LocalResponse(error.status, "\(error.explanation)\n"))
                    return bytes.count
                }
            case .body(let remaining):
                let count = Int(min(remaining, UInt64(bytes.count - offset)))
                keep(bytes.extracting(offset..<offset + count))
                offset += count
                let left = remaining - UInt64(count)
                phase = .body(remaining: left)
                if left == 0 { requestComplete() }
            case .chunked:
                do {
                    switch try decoder.next(in: bytes, from: offset) {
                    case .data(let range):
                        keep(bytes.extracting(range))
                        offset = range.upperBound
                    case .more(let at): offset = at
                    case .end(let at):
                        offset = at
                        requestComplete()
                    }
                } catch {
                    closeConnection()
                    return bytes.count
                }
            case .responding, .closing:
                isReadingPaused = true
                return offset
            }
        }
        return offset
    }

    /// From here on the head has its time, however often a byte of it comes.
    private func beginHead() {
        let now = loop.nowMilliseconds
        headBeganAt = now
        armIdleTimer(at: now + server.limits.headMilliseconds)
    }

    private func begin(_ parsed: ParsedRequest) {
        headBeganAt = nil
        keepsAlive = parsed.keepsAlive
        body.removeAll(keepingCapacity: false)
        bodyCount = 0
        if parsed.expectsContinue { write("HTTP/1.1 100 Continue\r\n\r\n") }
        switch parsed.framing {
        case .none, .untilClose, .length(0): requestComplete()
        case .length(let count): phase = .body(remaining: count)
        case .chunked:
            decoder = ChunkedDecoder()
            phase = .chunked
        }
    }

    private func keep(_ bytes: Span<UInt8>) {
        bodyCount &+= UInt64(bytes.count)
        let room = Self.bodyKeptMax - body.count
        for index in 0..<min(room, bytes.count) { body.append(bytes[index]) }
    }

    private func requestComplete() {
        phase = .responding
        isReadingPaused = true
        respond(server.handler(request()))
    }

    private func request() -> LocalRequest {
        let target = text(head.path)
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var headers: [(name: String, value: String)] = []
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            headers.append((text(field.name), text(field.value)))
        }
        return LocalRequest(
            method: text(head.methodSlice),
            path: String(parts.first ?? "/"),
            query: parts.count > 1 ? Self.query(parts[1]) : [],
            headers: headers,
            body: body,
            bodyCount: bodyCount,
            peer: peer,
            minorVersion: head.minorVersion
        )
    }

    private func text(_ slice: Head.Slice) -> String {
        let head = self.head
        let bytes = ByteString(copying: head.span(slice)).bytes
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func query(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(sides[0]), sides.count > 1 ? decoded(sides[1]) : "")
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: - The response

    private func respond(_ response: LocalResponse) {
        if response.delayMilliseconds > 0 {
            pending = response
            loop.timers.arm(
                &timer,
                at: loop.nowMilliseconds + response.delayMilliseconds,
                target: self,
                kind: Self.sendTimer
            )
        } else {
            send(response)
        }
    }

    private func send(_ response: LocalResponse) {
        if response.resets {
            close(abruptly: true)
            return
        }
        if response.closes || server.isDraining { keepsAlive = false }
        responseHead.reset()
        responseHead.status = response.status
        if !response.contentType.isEmpty {
            add("content-type", response.contentType)
        }
        for (name, value) in response.headers { add(name, value) }
        let hasNoBody = head.method == .head || response.status == 204 || response.status == 304
        switch response.body {
        case .bytes(let bytes):
            writeHead(hasNoBody ? .none : .length(UInt64(bytes.count)), count: UInt64(bytes.count))
            if !hasNoBody { write(bytes.span) }
            finish()
        case .generated(let count):
            writeHead(hasNoBody ? .none : .length(count), count: count)
            generatedLeft = hasNoBody ? 0 : count
            generate()
        case .paced(_, _) where hasNoBody:
            writeHead(.none, count: nil)
            finish()
        case .paced(let all, let milliseconds):
            writeHead(head.minorVersion == 0 ? .untilClose : .chunked, count: nil)
            pieces = hasNoBody ? [] : all.reversed()
            pieceMilliseconds = milliseconds
            if head.minorVersion == 0 { keepsAlive = false }
            writePiece()
        }
    }

    private func add(_ name: String, _ value: String) {
        let nameBytes = Array(name.utf8)
        let valueBytes = Array(value.utf8.map { $0 < 0x20 ? 0x20 : $0 })
        responseHead.addLine(
            name: responseHead.append(nameBytes.span),
            value: responseHead.append(valueBytes.span)
        )
    }

    private func writeHead(_ framing: BodyFraming, count: UInt64?) {
        // No length with 204 (RFC 9110 section 8.6); with HEAD and 304, what GET would have.
        if framing == .none, responseHead.status != 204, let count {
            add("content-length", "\(count)")
        }
        let size = HeadWriter.byteCount(response: responseHead, framing: framing)
        unsafe write(upTo: size) {
            unsafe HeadWriter.write(
                response: responseHead,
                framing: framing,
                keepsAlive: keepsAlive,
                clientMinorVersion: head.minorVersion,
                into: $0
            )
        }
    }

    private func generate() {
        let pattern = Self.pattern
        // A client that reads as fast as this is written must not keep the loop from the others.
        var budget = server.limits.generatedBytes
        while generatedLeft > 0 {
            if !isWritable { return }
            if budget <= 0 {
                isGenerationPaused = true
                loop.timers.arm(
                    &timer,
                    at: loop.nowMilliseconds + 1,
                    target: self,
                    kind: Self.generationTimer
                )
                return
            }
            let count = Int(min(generatedLeft, UInt64(pattern.count)))
            generatedLeft -= UInt64(count)
            budget -= count
            write(pattern.span.extracting(0..<count))
        }
        finish()
    }

    private func writePiece() {
        guard let piece = pieces.popLast() else {
            if keepsAlive || head.minorVersion == 1 { write("0\r\n\r\n") }
            finish()
            return
        }
        if head.minorVersion == 1 {
            write(Array("\(String(piece.count, radix: 16))\r\n".utf8).span)
            write(piece.span)
            write("\r\n")
        } else {
            write(piece.span)
        }
        loop.timers.arm(
            &timer,
            at: loop.nowMilliseconds + pieceMilliseconds,
            target: self,
            kind: Self.pieceTimer
        )
    }

    private func finish() {
        lastActivity = loop.nowMilliseconds
        waitingSince = server.nextWait()
        if keepsAlive {
            phase = .head
            boundary.reset()
            if !isWritable, !output.isEmpty {
                // No further answers for a client that does not read the ones it has.
                isReadingPaused = true
            } else if isReadable || !input.isEmpty {
                resumeReadingLater()
            } else {
                isReadingPaused = false
            }
        } else {
            phase = .closing
            if output.isEmpty { closeConnection() }
        }
    }

    override func drained() {
        if generatedLeft > 0 {
            if !isGenerationPaused { generate() }
        } else if case .closing = phase {
            closeConnection()
        } else if case .head = phase, isReadingPaused {
            resumeReadingLater()
        }
    }

    override func timerFired(kind: UInt8) {
        switch kind {
        case Self.sendTimer:
            timer = .none
            if let response = pending {
                pending = nil
                send(response)
            }
        case Self.pieceTimer:
            timer = .none
            writePiece()
        case Self.generationTimer:
            timer = .none
            isGenerationPaused = false
            generate()
        default:
            idleTimer = .none
            checkIdle()
        }
    }

    private func checkIdle() {
        let now = loop.nowMilliseconds
        if case .responding = phase {
            lastActivity = now
        } else if now >= due {
            closeConnection()
            return
        }
        armIdleTimer(at: due)
    }

    /// When the client must have gone on.
    private var due: Int64 {
        if let headBeganAt { return headBeganAt + server.limits.headMilliseconds }
        return lastActivity + server.limits.idleMilliseconds
    }

    private func armIdleTimer(at deadline: Int64) {
        loop.timers.arm(&idleTimer, at: deadline, target: self, kind: Self.idleTimerKind)
    }

    /// Since when it waits for its client; nil while the client waits for it.
    var wait: UInt64? {
        if case .responding = phase { return nil }
        return waitingSince
    }

    // MARK: - The end

    /// Another client needs the place.
    func giveWay() { close(abruptly: true) }

    func closeIfIdle() {
        if case .head = phase, input.isEmpty, !isReadable { closeConnection() }
    }

    override func receivedEnd() {
        if case .head = phase, !output.isEmpty {
            // The client has finished sending and is still reading the last response.
            phase = .closing
            isReadingPaused = true
        } else {
            closeConnection()
        }
    }
    override func lost(_ code: Int32) { closeConnection() }
    private func closeConnection() { close(abruptly: false) }

    private func close(abruptly: Bool) {
        guard isOpen else { return }
        loop.timers.cancel(&timer)
        loop.timers.cancel(&idleTimer)
        closeNow(abruptly: abruptly)
        server.closed(self)
    }
}

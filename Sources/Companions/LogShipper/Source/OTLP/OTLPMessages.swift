import Model
import Wire

/// OTLP/HTTP over HTTP/1: one request after the other.
final class OTLPMessages: OTLPConnection.Speaker {
    private enum State {
        case head
        case body(left: UInt64)
        case chunks(ChunkedDecoder)
        case over
    }

    private static let limits = HeadLimits(headBytesMax: 16 << 10, headerCountMax: 64)
    /// Bytes of a body that are read although it is refused, so that the peer reads the answer.
    private static let passedOverMax = 1 << 20

    private let connection: ServerConnection
    private let source: OTLPSource
    private let head = Head()
    private var boundary = HeadBoundary(headBytesMax: OTLPMessages.limits.headBytesMax)
    private var state = State.head
    private var pending: [UInt8] = []
    private var request: OTLPRequestHead?
    private var refusal: OTLPOutcome?
    private var keepsAlive = true
    private var body: [UInt8] = []
    private var held = 0
    private var passedOver = 0
    private var began: Int64 = 0

    init(_ connection: ServerConnection, source: OTLPSource) {
        self.connection = connection
        self.source = source
    }

    deinit { source.release(held) }

    func ended() {
        state = .over
        release()
    }

    private func release() {
        source.release(held)
        held = 0
        body = []
    }

    func received(_ bytes: Span<UInt8>) {
        if began == 0 { began = EngineLoop.now }
        JSONWriter.append(bytes, &pending)
        while step() {}
        let isBetween = if case .head = state { pending.isEmpty } else { false }
        connection.idleTimeout =
            isBetween ? OTLPConnection.connectionIdle : OTLPConnection.requestIdle
        if isBetween {
            began = 0
        } else if EngineLoop.now - began > OTLPConnection.requestTime {
            answer(.busy("the request took too long"), closes: true)
        }
    }

    /// Goes on with what is there; false where more must come.
    private func step() -> Bool {
        switch state {
        case .head: return takeHead()
        case .body(let left):
            let count = Int(min(UInt64(pending.count), left))
            takeBody(0..<count)
            guard case .body = state else { return false }
            pending.removeFirst(count)
            state = .body(left: left - UInt64(count))
            if left > UInt64(count) { return false }
            finish()
            return true
        case .chunks(let decoder): return takeChunks(decoder)
        case .over: return false
        }
    }

    // MARK: - The head

    private func takeHead() -> Bool {
        let bytes = pending
        guard !bytes.isEmpty, boundary.isComplete(bytes.span) else { return false }
        let parsed: ParsedRequest
        do throws(HeadFailure) {
            guard let found = try RequestParser.parse(bytes.span, into: head, limits: Self.limits)
            else { return false }
            parsed = found
        } catch {
            send(
                status: error.status,
                type: "text/plain",
                body: Array("\(error.explanation)\n".utf8),
                closes: true
            )
            return false
        }
        boundary.reset()
        pending.removeFirst(parsed.consumed)
        let request = OTLPRequestHead(head)
        self.request = request
        keepsAlive = parsed.keepsAlive
        passedOver = 0
        refusal = request.refusal ?? source.busy
        switch parsed.framing {
        case .none: state = .body(left: 0)
        case .length(let count):
            if count > UInt64(source.options.messageBytesMax), refusal == nil {
                refusal = tooLarge
            }
            state = .body(left: count)
            if refusal != nil, count > UInt64(Self.passedOverMax) || parsed.expectsContinue {
                answer(refusal ?? tooLarge, closes: true)
                return false
            }
        case .chunked, .untilClose: state = .chunks(ChunkedDecoder())
        }
        if parsed.expectsContinue {
            if let refusal {
                answer(refusal, closes: true)
                return false
            }
            connection.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        }
        return true
    }

    private var tooLarge: OTLPOutcome {
        .tooLarge("the body is larger than max (\(source.options.messageBytesMax) bytes)")
    }

    // MARK: - The body

    private func takeChunks(_ given: ChunkedDecoder) -> Bool {
        var decoder = given
        let bytes = pending
        var offset = 0
        do throws(HeadFailure) {
            while true {
                switch try decoder.next(in: bytes.span, from: offset) {
                case .data(let range):
                    takeBody(range)
                    guard case .chunks = state else { return false }
                    offset = range.upperBound
                case .more(let at):
                    pending.removeFirst(at)
                    state = .chunks(decoder)
                    return false
                case .end(let at):
                    pending.removeFirst(at)
                    finish()
                    return true
                }
            }
        } catch {
            answer(.unreadable("\(error.explanation)"), closes: true)
            return false
        }
    }

    /// Keeps a part of `pending` as body, or passes over it.
    private func takeBody(_ range: Range<Int>) {
        if refusal == nil {
            if body.count + range.count > source.options.messageBytesMax {
                refusal = tooLarge
            } else if source.hold(range.count) {
                held += range.count
                body += pending[range]
                return
            } else {
                refusal = .busy("too many requests are on their way at once")
            }
            release()
        }
        passedOver += range.count
        if passedOver > Self.passedOverMax, let refusal { answer(refusal, closes: true) }
    }

    private func finish() {
        state = .head
        let outcome: OTLPOutcome
        if let refusal {
            outcome = refusal
        } else if let request, let form = request.form {
            outcome = source.take(body, form, isCompressed: request.isCompressed)
        } else {
            outcome = .unreadable("the request has no head")
        }
        release()
        began = pending.isEmpty ? 0 : EngineLoop.now
        answer(outcome, closes: !keepsAlive)
    }

    // MARK: - The answer

    private func answer(_ outcome: OTLPOutcome, closes: Bool) {
        var status = outcome.status
        var extra = ""
        switch outcome {
        case .busy: extra = "Retry-After: \(OTLPOutcome.retrySeconds)\r\n"
        case .unknown where request?.path == "/v1/logs":
            status = 405
            extra = "Allow: POST\r\n"
        case .unreadable, .tooLarge, .unsupported, .unknown:
            source.complain("a request was refused", "\(connection.peer): \(outcome.words)")
        case .taken: break
        }
        let isJSON = request?.form != .protobuf
        send(
            status: status,
            type: isJSON ? "application/json" : "application/x-protobuf",
            extra: extra,
            body: isJSON ? outcome.json() : outcome.protobuf(),
            closes: closes
        )
    }

    private func send(
        status: UInt16,
        type: String,
        extra: String = "",
        body: [UInt8],
        closes: Bool
    ) {
        let reason = "\(ReasonPhrase.of(status))"
        var out = Array(
            "HTTP/1.1 \(status) \(reason)\r\nContent-Type: \(type)\r\n\(extra)".utf8
        )
        if closes { out += Array("Connection: close\r\n".utf8) }
        out += Array("Content-Length: \(body.count)\r\n\r\n".utf8)
        out += body
        connection.send(out)
        guard closes else { return }
        state = .over
        pending = []
        release()
        connection.close()
    }
}

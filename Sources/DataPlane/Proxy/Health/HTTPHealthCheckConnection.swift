import Model
import Policy
import Wire

/// A check by an HTTP/1.1 request.
///
/// The response is read by the same strict parser as those to requests; of its head only the
/// judgement is kept, of its body nothing.
final class HTTPHealthCheckConnection: HealthCheckConnection {
    private enum Phase {
        /// No question is open.
        case idle
        case head
        case body(remaining: UInt64)
        case chunked
        case untilClose
    }

    private let http: HealthCheckConfiguration.HTTP
    private var phase: Phase = .idle
    private var boundary = HeadBoundary()
    private var hasPartialHead = false
    private var decoder = ChunkedDecoder()
    private var judgement: HealthCheckJudgement?
    private var search: PayloadSearch
    private var keepsAlive = true
    private var receivedCount = 0
    private var bodyCount = 0
    private var interimCount = 0

    /// A server that only ever says 1xx never answers.
    private static let interimMax = 16

    init(
        _ session: HealthCheckSession,
        _ http: HealthCheckConfiguration.HTTP
    ) throws(SystemCallError) {
        self.http = http
        search = PayloadSearch(session.plan.expected)
        try super.init(session)
    }

    override var isSilent: Bool { receivedCount == 0 }

    override func ask() {
        guard let session else { return }
        phase = .head
        hasPartialHead = false
        judgement = nil
        search = PayloadSearch(session.plan.expected)
        keepsAlive = true
        receivedCount = 0
        bodyCount = 0
        interimCount = 0
        writeRequest(http, session)
    }

    // MARK: - The response

    override func received(_ bytes: Span<UInt8>) -> Int {
        var offset = 0
        receivedCount = min(receivedCount, Int.max - bytes.count) + bytes.count
        while offset < bytes.count, isOpen {
            switch phase {
            case .idle:
                // Bytes that nobody asked for: the connection cannot be trusted any more.
                giveUp()
            case .head:
                guard let next = receivedHead(bytes.extracting(offset..<bytes.count)) else {
                    return offset
                }
                offset += next
                if case .idle = phase { finish(hasLeftover: offset < bytes.count) }
            case .body(let remaining):
                let count = Int(min(remaining, UInt64(bytes.count - offset)))
                let left = remaining - UInt64(count)
                phase = left == 0 ? .idle : .body(remaining: left)
                receivedBody(bytes.extracting(offset..<offset + count))
                offset += count
                if left == 0, isOpen { finish(hasLeftover: offset < bytes.count) }
            case .untilClose:
                receivedBody(bytes.extracting(offset..<bytes.count))
                offset = bytes.count
            case .chunked:
                guard let next = receivedChunk(bytes, from: offset) else { return bytes.count }
                offset = next
                if case .idle = phase, isOpen { finish(hasLeftover: offset < bytes.count) }
            }
        }
        return bytes.count
    }

    /// Returns how many bytes the head has, nil where it is not complete.
    private func receivedHead(_ bytes: Span<UInt8>) -> Int? {
        guard let session else { return bytes.count }
        let configuration = session.cluster.configuration
        let limits = HeadLimits(
            headBytesMax: configuration.responseHeadBytesMax,
            headerCountMax: configuration.responseHeaderCountMax
        )
        if hasPartialHead, !boundary.isComplete(bytes) { return nil }
        let head = session.cluster.owner.responseHead
        do throws(HeadFailure) {
            guard
                let parsed = try ResponseParser.parse(
                    bytes,
                    into: head,
                    requestMethod: http.method,
                    limits: limits
                )
            else {
                if !hasPartialHead {
                    hasPartialHead = true
                    boundary = HeadBoundary(headBytesMax: limits.headBytesMax)
                    _ = boundary.isComplete(bytes)
                }
                return nil
            }
            hasPartialHead = false
            if parsed.isInterim {
                interimCount += 1
                if interimCount > Self.interimMax { giveUp() }
                return parsed.consumed
            }
            judgement = HealthCheckJudgement(head, http)
            keepsAlive = parsed.keepsAlive
            begin(parsed.framing)
            return parsed.consumed
        } catch {
            giveUp()
            return bytes.count
        }
    }

    private func begin(_ framing: BodyFraming) {
        switch framing {
        case .none: phase = .idle
        case .length(let count): phase = count == 0 ? .idle : .body(remaining: count)
        case .chunked:
            decoder = ChunkedDecoder()
            phase = .chunked
        case .untilClose: phase = .untilClose
        }
    }

    /// Returns where to go on, nil where everything was taken.
    private func receivedChunk(_ bytes: Span<UInt8>, from offset: Int) -> Int? {
        do throws(HeadFailure) {
            switch try decoder.next(in: bytes, from: offset) {
            case .data(let range):
                receivedBody(bytes.extracting(range))
                return range.upperBound
            case .more: return nil
            case .end(let at):
                phase = .idle
                return at
            }
        } catch {
            giveUp()
            return nil
        }
    }

    private func receivedBody(_ bytes: Span<UInt8>) {
        // `response_buffer_size` is what is searched; 0 searches all.
        let limit = http.responseBufferBytes == 0 ? Self.answerBytesMax : http.responseBufferBytes
        let searched = min(bytes.count, max(0, limit - bodyCount))
        search.feed(bytes.extracting(0..<searched))
        bodyCount += bytes.count
        if bodyCount > Self.answerBytesMax { giveUp() }
    }

    override func receivedEnd() {
        if case .untilClose = phase {
            phase = .idle
            keepsAlive = false
            finish(hasLeftover: false)
            if isOpen { closeNow() }
            return
        }
        giveUp()
    }

    private func finish(hasLeftover: Bool) {
        guard isOpen, let judgement else { return }
        session?.answered(
            judgement,
            hasExpectedBody: search.isComplete,
            keeps: keepsAlive && !hasLeftover && output.isEmpty && !sawReadHangup && !sawHangup
        )
    }
}

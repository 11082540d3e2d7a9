import Model
import Policy
import Telemetry
import Wire

/// A check over HTTP/2: a request, or a call of `grpc.health.v1.Health/Check`.
///
/// One stream for each check. What is not an answer ends the connection, so that the next check
/// begins with another.
final class HTTP2HealthCheckConnection: HealthCheckConnection {
    enum Question {
        case http(HealthCheckConfiguration.HTTP)
        case grpc(service: [UInt8])
    }

    let question: Question
    private(set) lazy var http2 = HTTP2Session(
        socket: self,
        owner: self,
        isServer: false,
        options: options,
        stats: stats,
        headBytesMax: headBytesMax
    )
    private let options: HTTP2Options
    private let stats: HTTP2Stats
    private let headBytesMax: Int
    private var stream: HealthCheckStream?
    private var hasBegun = false
    /// The endpoint has said that this connection takes no further request.
    private var isGoingAway = false
    private var receivedCount = 0
    private var interimCount = 0

    // What the answer to the current question says so far.
    private var judgement: HealthCheckJudgement?
    private var search: PayloadSearch
    private var bodyCount = 0
    private var call = GRPCHealthCheckAnswer()

    private static let interimMax = 16
    /// Then another connection: numbers of streams are finite.
    private static let streamIDMax: UInt32 = 1 << 30

    init(_ session: HealthCheckSession, _ question: Question) throws(SystemCallError) {
        self.question = question
        let configuration = session.cluster.configuration
        options = configuration.http2
        stats = session.cluster.http2Stats
        headBytesMax = configuration.responseHeadBytesMax
        search = PayloadSearch(session.plan.expected)
        try super.init(session)
    }

    override var isSilent: Bool { receivedCount == 0 }
    override var offeredProtocols: [[UInt8]] { [[0x68, 0x32]] }

    // MARK: - The question

    override func ask() {
        guard let session else { return }
        if !hasBegun {
            hasBegun = true
            http2.start(headBytesMax: headBytesMax)
        }
        receivedCount = 0
        interimCount = 0
        judgement = nil
        search = PayloadSearch(session.plan.expected)
        bodyCount = 0
        call = GRPCHealthCheckAnswer()
        let asked = HealthCheckStream(connection: self)
        let id = http2.lastOwnStreamID == 0 ? 1 : http2.lastOwnStreamID + 2
        http2.lastOwnStreamID = id
        asked.open(id)
        http2.add(asked)
        stream = asked
        let head = session.cluster.owner.requestHead
        let body = fill(head, session)
        head.isTLS = session.transport?.context != nil
        http2.writeRequest(asked, head, endStream: body.isEmpty)
        if body.isEmpty {
            asked.hasSentEnd = true
        } else {
            asked.sendRemaining = UInt64(body.count)
            asked.send(body.span)
        }
    }

    /// Puts the question together; returns its body.
    private func fill(_ head: Head, _ session: HealthCheckSession) -> [UInt8] {
        switch question {
        case .http(let http):
            session.fill(head, http)
            if !http.sentBody.isEmpty {
                head.set(.contentLength, head.append(decimal: UInt64(http.sentBody.count)))
            }
            return http.sentBody
        case .grpc(let service):
            session.fillCall(head)
            return GRPCHealthMessages.request(service: service.span)
        }
    }

    // MARK: - The answer

    override func received(_ bytes: Span<UInt8>) -> Int {
        receivedCount = min(receivedCount, Int.max - bytes.count) + bytes.count
        return http2.receive(bytes)
    }

    override func drained() { http2.pump() }

    private func receivedHead(_ head: Head, of asked: HealthCheckStream) {
        switch question {
        case .http(let http): judgement = HealthCheckJudgement(head, http)
        case .grpc: call.read(head: head)
        }
        if asked.hasReceivedEnd { finished(asked) } else { settleEarly(asked) }
    }

    func receivedBody(_ bytes: Span<UInt8>, of asked: HealthCheckStream) {
        guard asked === stream else { return }
        switch question {
        case .http(let http):
            let limit =
                http.responseBufferBytes == 0 ? Self.answerBytesMax : http.responseBufferBytes
            search.feed(bytes.extracting(0..<min(bytes.count, max(0, limit - bodyCount))))
            bodyCount += bytes.count
            if bodyCount > Self.answerBytesMax { giveUp() }
        case .grpc:
            call.read(body: bytes)
            settleEarly(asked)
        }
    }

    /// A call that has failed already is not read to its end, as in Envoy.
    private func settleEarly(_ asked: HealthCheckStream) {
        guard case .grpc = question, call.hasFailed, asked === stream else { return }
        stream = nil
        if !asked.isReset { asked.reset(.cancel) }
        session?.answered(isServing: false, keeps: isReusable)
    }

    /// The whole answer is there.
    func finished(_ asked: HealthCheckStream) {
        guard asked === stream else { return }
        stream = nil
        switch question {
        case .http:
            guard let judgement else {
                giveUp()
                return
            }
            session?.answered(
                judgement,
                hasExpectedBody: search.isComplete,
                keeps: isReusable
            )
        case .grpc: session?.answered(isServing: call.isServing, keeps: isReusable)
        }
    }

    /// The endpoint does not answer this question, or not by the rules.
    func wasReset(_ asked: HealthCheckStream) {
        guard asked === stream else { return }
        giveUp()
    }

    private var isReusable: Bool {
        !isGoingAway && !http2.hasFailed && !sawReadHangup && !sawHangup
            && http2.lastOwnStreamID < Self.streamIDMax
    }
}

extension HTTP2HealthCheckConnection: HTTP2SessionOwner {
    func received(_ frame: HTTP2HeadersFrame, block: Span<UInt8>) throws(HTTP2Violation) {
        let id = frame.streamID
        guard let asked = http2.streams[id] as? HealthCheckStream, asked === stream, let session,
            !asked.hasReceivedEnd
        else {
            try http2.skip(block, as: .trailers, id)
            try http2.receivedOnClosed(id)
            return
        }
        let head = session.cluster.owner.responseHead
        head.reset()
        let isTrailers = asked.hasHead
        let info = try http2.decoder.decode(
            block,
            into: head,
            as: isTrailers ? .trailers : .response,
            limits: HeadLimits(
                headBytesMax: headBytesMax,
                headerCountMax: session.cluster.configuration.responseHeaderCountMax
            ),
            streamID: id
        )
        if isTrailers {
            guard frame.endStream else {
                throw HTTP2Violation(.trailersWithoutEnd, streamID: id)
            }
            if case .grpc = question { call.read(trailers: head) }
            http2.ended(asked, hasTrailers: true)
            return
        }
        if info.isInterim {
            interimCount += 1
            if interimCount > Self.interimMax || frame.endStream { giveUp() }
            return
        }
        asked.hasHead = true
        asked.hasReceivedEnd = frame.endStream
        receivedHead(head, of: asked)
        if frame.endStream, isOpen, asked.isClosed, !asked.isReset { http2.close(asked) }
    }

    func goAwayReceived(lastStreamID: UInt32, code: HTTP2ErrorCode) {
        isGoingAway = true
        // An answer that is still due may come, unless the endpoint says that it does not.
        if let stream, code == .noError, stream.id <= lastStreamID { return }
        giveUp()
    }

    func settingsChanged() {}
    func streamClosed(_ stream: HTTP2Stream) {}
    func pingAnswered(_ opaque: UInt64) {}

    func sessionFailed(_ violation: HTTP2Violation) {
        flush()
        giveUp()
    }
}

import Model
import Policy
import Telemetry
import Wire

/// Local replies: what the sidecar itself answers, with the reason in words.
extension Exchange {
    /// Answers instead of the upstream.
    ///
    /// `words` say which route, cluster, limit or timeout decided; they come from the
    /// configuration, never from the request.
    func reply(
        _ status: UInt16,
        _ flag: ResponseFlags,
        _ details: StaticString,
        _ words: String
    ) {
        guard stage != .done else { return }
        if role != .primary {
            secondaryFailed(.localReset, status, flag, details, words)
            return
        }
        flags.insert(flag)
        self.details = details
        reason = words
        let explains = hcm?.explainsLocalReplies ?? true
        start(status)
        if explains {
            // A header is one line; the words may quote a name from the configuration.
            let line = words.utf8.map { $0 < 0x20 || $0 > 0x7e ? UInt8(ascii: "?") : $0 }
            response.set(.xPillionReason, response.append(line.span))
        }
        if isOverloaded, setsEnvoyHeaders {
            response.set(.xEnvoyOverloaded, response.append("true"))
        }
        let isOfRoute = isReplyOfRoute
        if isOfRoute {
            // The cookie of a hash policy belongs to an endpoint, and none answers.
            extras?.hashCookies.removeAll()
            changeResponseHeaders()
        } else if let operations = hcm?.routes.responseHeaders, !operations.isEmpty,
            !flags.contains(.downstreamProtocolError)
        {
            operations.apply(to: response) { describe() }
        }
        send(
            explains ? .words(words) : .bytes(Array(Self.terse(status).utf8)),
            countsAttempts: isOfRoute
        )
    }

    func redirect(to location: Span<UInt8>, status: UInt16, _ details: StaticString) {
        self.details = details
        start(status)
        response.set(.location, response.append(location))
        changeResponseHeaders()
        send(.bytes([]), countsAttempts: false)
    }

    func replyDirectly(_ action: DirectResponseAction) {
        details = "direct_response"
        start(action.status)
        var body = action.body
        if let format = action.format {
            // As in Envoy, the status is not known to the route's own format.
            body = format.format.body(of: describe(status: 0, body: body))
        }
        changeResponseHeaders()
        if let type = action.format?.contentType {
            let bytes = type.bytes
            response.set(.contentType, response.append(bytes.span))
        }
        send(.bytes(body), countsAttempts: false)
    }

    /// The route was found and the failure is one of its own: its headers are on the reply.
    ///
    /// What the connection manager decides (the times of a whole request) has none, nor does a
    /// request that the router does not take.
    private var isReplyOfRoute: Bool {
        guard forward != nil, !flags.contains(.invalidHeaders) else { return false }
        return !details.equals("stream_idle_timeout")
            && !details.equals("request_overall_timeout")
            && !details.equals("max_duration_timeout")
    }

    private func start(_ status: UInt16) {
        abandonUpstream()
        releaseRetry()
        isLocalReply = true
        response.reset()
        response.status = status
        attemptStartedAt = attemptStartedAt == 0 ? startedAt : attemptStartedAt
    }

    private func send(_ text: LocalText, countsAttempts: Bool) {
        guard let downstream else { return }
        // A status of 400 says that the messages of this connection cannot be relied on.
        if response.status == 400 { downstream.closesUnfinished() }
        var body = finishedBody(text)
        if let extras, extras.grpc != nil || extras.web != nil {
            body = adaptGRPCReply(body, extras)
        }
        let hasNoBody = response.status == 204 || response.status == 304
        if hasNoBody {
            body = []
            response.remove(.contentType)
        }
        decorate(service: nil)
        if !countsAttempts || attemptCount == 0 { response.remove(.xEnvoyAttemptCount) }
        if !hasNoBody {
            response.set(.contentLength, response.append(decimal: UInt64(body.count)))
        }
        firstResponseByteAt = loop.nowMicroseconds
        hasResponseStarted = true
        if !isRequestComplete {
            if asksToSwitch { countUnfinishedUpgrade() }
            chain?.stats.increment(.downstreamRqResponseBeforeRqComplete)
            downstream.prepareToDiscard(requestFraming)
        }
        let sendsBody = !hasNoBody && request.method != .head
        downstream.respondHead(
            response,
            framing: sendsBody ? .length(UInt64(body.count)) : .none
        )
        if sendsBody {
            downstream.respondBody(body.span)
            bodyBytesSent = UInt64(body.count)
        }
        chain?.stats.countResponse(status: response.status)
        finish()
        downstream.respondEnd(trailers: nil)
        downstream.exchangeFinished(self)
    }

    /// Envoy's texts, for those who switch explanations off.
    private static func terse(_ status: UInt16) -> String {
        switch status {
        case 503: "upstream connect error or disconnect/reset before headers"
        case 504: "upstream request timeout"
        case 408: "request timeout"
        default: ""
        }
    }
}

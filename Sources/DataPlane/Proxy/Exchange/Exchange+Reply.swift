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
        let text = explains ? words + "\n" : Self.terse(status)
        start(status)
        response.set(.contentType, response.append("text/plain"))
        if explains {
            // A header is one line; the words may quote a name from the configuration.
            let line = words.utf8.map { $0 < 0x20 || $0 > 0x7e ? UInt8(ascii: "?") : $0 }
            response.set(.xPillionReason, response.append(line.span))
        }
        if isOverloaded { response.set(.xEnvoyOverloaded, response.append("true")) }
        send(Array(text.utf8))
    }

    func redirect(to location: Span<UInt8>, status: UInt16, _ details: StaticString) {
        self.details = details
        start(status)
        response.set(.location, response.append(location))
        changeResponseHeaders()
        send([])
    }

    func replyDirectly(_ action: DirectResponseAction) {
        details = "direct_response"
        start(action.status)
        if !action.body.isEmpty { response.set(.contentType, response.append("text/plain")) }
        changeResponseHeaders()
        send(action.body)
    }

    private func start(_ status: UInt16) {
        abandonUpstream()
        releaseRetry()
        isLocalReply = true
        response.reset()
        response.status = status
        attemptStartedAt = attemptStartedAt == 0 ? startedAt : attemptStartedAt
    }

    private func send(_ text: [UInt8]) {
        guard let downstream else { return }
        let hasNoBody = response.status == 204 || response.status == 304
        decorate(service: nil)
        if !hasNoBody {
            response.set(.contentLength, response.append(decimal: UInt64(text.count)))
        }
        firstResponseByteAt = loop.nowMicroseconds
        hasResponseStarted = true
        if !isRequestComplete { downstream.prepareToDiscard(requestFraming) }
        let sendsBody = !hasNoBody && request.method != .head
        downstream.respondHead(
            response,
            framing: sendsBody ? .length(UInt64(text.count)) : .none
        )
        if sendsBody {
            downstream.respondBody(text.span)
            bodyBytesSent = UInt64(text.count)
        }
        listener?.stats.countResponse(status: response.status)
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

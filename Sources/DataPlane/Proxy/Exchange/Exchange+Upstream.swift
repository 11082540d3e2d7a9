import Glibc
import Model
import Policy
import Synchronization
import Telemetry
import Wire

/// The upstream's side: attempts, and what a connection tells.
extension Exchange {
    // MARK: - Attempts

    /// Chooses an endpoint and asks it for a connection.
    func attempt(fresh: Bool) {
        guard let cluster else { return }
        attemptCount += 1
        attemptStartedAt = 0
        bodySentCount = 0
        isRequestFinishedUpstream = false
        perTryDeadline = .max
        guard let endpoint = cluster.pick() else {
            cluster.stats.increment(.upstreamCxNoneHealthy)
            reply(
                503,
                .noHealthyUpstream,
                "no_healthy_upstream",
                "no healthy upstream: cluster \(cluster.configuration.name) has no endpoint"
            )
            return
        }
        self.endpoint = endpoint
        if virtualHost?.includesAttemptCountInRequest == true {
            request.set(.xEnvoyAttemptCount, request.append(decimal: UInt64(attemptCount)))
        }
        if let forward, case .endpoint = forward.hostRewrite {
            let name = Array(endpoint.hostname.utf8)
            HostRewrite.apply(forward, endpointHostname: name.span, to: request)
        }
        stage = .waiting
        switch endpoint.acquire(for: self, priority: priority, fresh: fresh) {
        case .connection(let connection): attached(to: connection)
        case .waiting: startPerTryTimeout()
        case .overflow(let resource): overflowed(resource)
        case .failed(let error): connectFailed(.connectFailure, code: error.code)
        }
    }

    /// A connection is ours: send what there is of the request.
    func attached(to connection: UpstreamConnection) {
        guard let cluster, let endpoint else { return }
        upstream = connection
        stage = .sending
        holdsAttempt = true
        attemptStartedAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        connection.attach(self)
        endpoint.activeRequests += 1
        endpoint.shared.requestsActive.add(1, ordering: .relaxed)
        endpoint.shared.requestsTotal.add(1, ordering: .relaxed)
        cluster.stats.increment(.upstreamRqTotal)
        cluster.stats.increment(.upstreamRqActive)
        let size = HeadWriter.byteCount(request: request, framing: requestFraming)
        unsafe connection.write(upTo: size) { buffer in
            unsafe HeadWriter.write(request: request, framing: requestFraming, into: buffer)
        }
        sendBody()
        startPerTryTimeout()
        if perTryDeadline != .max || timeouts?.perTryIdleMilliseconds != nil { armTimer() }
        resumeRequestIfPossible()
    }

    /// Gives the upstream what it has not been given of the body, and the end.
    func sendBody() {
        guard let upstream, stage == .sending, !isRequestFinishedUpstream else { return }
        if body.count > bodySentCount {
            writeBody(from: bodySentCount, to: upstream)
            if keepsBody {
                bodySentCount = body.count
            } else {
                body.removeAll()
                bodySentCount = 0
            }
        }
        guard isRequestComplete else { return }
        isRequestFinishedUpstream = true
        requestSentAt = loop.nowMicroseconds
        if requestFraming == .chunked {
            let trailers = requestTrailers
            unsafe upstream.write(upTo: ChunkedEncoder.byteCount(trailers: trailers)) {
                unsafe ChunkedEncoder.writeEnd(trailers: trailers, into: $0)
            }
        }
    }

    private func writeBody(from start: Int, to upstream: UpstreamConnection) {
        let count = body.count - start
        if requestFraming == .chunked {
            unsafe upstream.write(upTo: ChunkedEncoder.headerBytesMax) {
                unsafe ChunkedEncoder.writeHeader(size: count, into: $0)
            }
        }
        body.write(from: start, to: upstream)
        if requestFraming == .chunked { upstream.write("\r\n") }
    }

    func write(_ bytes: Span<UInt8>, to upstream: UpstreamConnection) {
        if requestFraming == .chunked, !bytes.isEmpty {
            unsafe upstream.write(upTo: ChunkedEncoder.headerBytesMax) {
                unsafe ChunkedEncoder.writeHeader(size: bytes.count, into: $0)
            }
            upstream.write(bytes)
            upstream.write("\r\n")
        } else {
            upstream.write(bytes)
        }
    }

    var hasStoppedSending: Bool { isRequestFinishedUpstream && stage == .sending }

    // MARK: - What comes back

    /// An informational response: passed on, but for 100, which the sidecar has sent itself.
    ///
    /// False where there have been too many and the exchange is over.
    func upstreamInterim() -> Bool {
        interimCount += 1
        lastActivity = loop.nowMilliseconds
        if interimCount > Self.interimCountMax {
            cluster?.stats.increment(.upstreamCxProtocolError)
            dropUpstream()
            fail(
                .protocolError,
                502,
                .upstreamProtocolError,
                "too_many_1xx_responses",
                "the upstream sent more than \(Self.interimCountMax) informational responses"
            )
            return false
        }
        if response.status == 101 {
            cluster?.stats.increment(.upstreamCxProtocolError)
            dropUpstream()
            fail(
                .protocolError,
                502,
                .upstreamProtocolError,
                "unexpected_101",
                "the upstream switched protocols, which nobody asked for"
            )
            return false
        }
        if response.status != 100, !hasResponseStarted, request.minorVersion == 1 {
            HopByHop.strip(response)
            downstream?.respondInterim(response)
        }
        return true
    }

    /// The head of the final response is in `response`.
    func upstreamHead(framing: BodyFraming) {
        guard let cluster, let endpoint, stage == .sending else { return }
        firstResponseByteAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        let status = response.status
        cluster.stats.countResponse(status: status)
        if status == 101 {
            dropUpstream()
            fail(
                .protocolError,
                502,
                .upstreamProtocolError,
                "unexpected_101",
                "the upstream switched protocols, which nobody asked for"
            )
            return
        }
        if let retry {
            switch retry.decide(onStatus: status, response: response) {
            case .yes:
                if retryLater(cluster) {
                    endpoint.shared.requestsFailed.add(1, ordering: .relaxed)
                    return
                }
            case .limitExceeded:
                cluster.stats.increment(.upstreamRqRetryLimitExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
            case .no:
                if isRetrying, status < 500 { cluster.stats.increment(.upstreamRqRetrySuccess) }
            }
        }
        if status < 500 {
            endpoint.shared.requestsSucceeded.add(1, ordering: .relaxed)
        } else {
            endpoint.shared.requestsFailed.add(1, ordering: .relaxed)
        }
        releaseRetry()
        perTryDeadline = .max
        keepsBody = false
        details = "via_upstream"
        HopByHop.strip(response)
        decorate(service: firstResponseByteAt)
        responseFraming = framing
        hasResponseStarted = true
        downstream?.respondHead(response, framing: framing)
    }

    /// Adds what every response to the client carries.
    func decorate(service firstByteAt: Int64?) {
        guard let listener else { return }
        let http = listener.configuration.http
        if let firstByteAt, !http.suppressesEnvoyHeaders {
            let milliseconds = UInt64(max(0, firstByteAt - attemptStartedAt) / 1000)
            response.set(
                .xEnvoyUpstreamServiceTime,
                response.append(decimal: milliseconds)
            )
        }
        if virtualHost?.includesAttemptCountInResponse == true {
            response.set(.xEnvoyAttemptCount, response.append(decimal: UInt64(attemptCount)))
        }
        if http.setsRequestIDInResponse, let id = request.first(.xRequestID) {
            response.set(.xRequestID, response.append(copyOf: request, id))
        }
        switch http.serverHeader {
        case .overwrite:
            let name = http.serverName.bytes
            response.set(.server, response.append(name.span))
        case .appendIfAbsent:
            if !response.has(.server) {
                let name = http.serverName.bytes
                response.set(.server, response.append(name.span))
            }
        case .passThrough: break
        }
        if !response.has(.date) {
            response.set(.date, worker.date.append(to: response, unix: loop.unixMicroseconds))
        }
    }

    func upstreamBody(_ bytes: Span<UInt8>) {
        guard hasResponseStarted, let downstream else { return }
        lastActivity = loop.nowMilliseconds
        bodyBytesSent &+= UInt64(bytes.count)
        downstream.respondBody(bytes)
        if downstream.hasBacklog, let upstream, !upstream.isReadingPaused {
            upstream.isReadingPaused = true
            cluster?.stats.increment(.upstreamFlowControlPausedReadingTotal)
        }
    }

    /// The response is complete.
    func upstreamEnd(trailers: Head?) {
        guard hasResponseStarted, stage == .sending, let cluster else { return }
        cluster.stats.record(
            .upstreamRqTime,
            milliseconds: UInt64(max(0, loop.nowMicroseconds - attemptStartedAt) / 1000)
        )
        if isRequestFinishedUpstream {
            releaseUpstream()
        } else {
            // The upstream has answered before it had the whole request: nothing can follow on
            // this connection, nor on the client's.
            listener?.stats.increment(.downstreamRqResponseBeforeRqComplete)
            downstream?.closesUnfinished()
            dropUpstream()
        }
        finish()
        let downstream = self.downstream
        downstream?.respondEnd(trailers: trailers)
        downstream?.exchangeFinished(self)
    }

    /// The upstream took what waited.
    func upstreamDrained() { resumeRequestIfPossible() }

    /// The client took what waited.
    func downstreamDrained() {
        guard let upstream, upstream.isReadingPaused else { return }
        cluster?.stats.increment(.upstreamFlowControlResumedReadingTotal)
        upstream.resumeReadingLater()
    }

    // MARK: - What goes wrong

    func connectFailed(_ reason: ResetReason, code: Int32) {
        transportFailure = SystemCallError.text(code)
        endpoint?.shared.requestsFailed.add(1, ordering: .relaxed)
        let words = reason == .connectTimeout ? "connection timeout" : transportFailure
        fail(
            reason,
            503,
            .upstreamConnectionFailure,
            "upstream_reset_before_response_started{connection_failure}",
            "upstream connect error: endpoint \(endpoint?.text ?? "-") of cluster \(cluster?.configuration.name ?? "-"): \(words)"
        )
    }

    func overflowed(_ resource: ResourceLimits.Resource) {
        guard let cluster else { return }
        cluster.stats.increment(.upstreamRqPendingOverflow)
        let limit = cluster.limits(priority).limit(of: resource)
        let what =
            switch resource {
            case .connections: "max_connections"
            case .pendingRequests: "max_pending_requests"
            case .requests: "max_requests"
            case .retries: "max_retries"
            }
        isOverloaded = true
        fail(
            .overflow,
            503,
            .upstreamOverflow,
            "upstream_reset_before_response_started{overflow}",
            "upstream overflow: the circuit breaker of cluster \(cluster.configuration.name) allows \(what) \(limit)"
        )
    }

    /// The connection broke under the exchange.
    func upstreamFailed(
        _ reason: ResetReason,
        wasStale: Bool = false,
        explanation: StaticString? = nil
    ) {
        releaseAttempt()
        upstream = nil
        endpoint?.shared.requestsFailed.add(1, ordering: .relaxed)
        if wasStale, !hasRetriedStale, !hasResponseStarted, request.method.isIdempotent,
            requestFraming == .none || keepsBody
        {
            // The endpoint closed an idle connection just as it was used again. The request may be
            // sent twice (RFC 9110 section 9.2.2), so it goes to a connection that is fresh.
            hasRetriedStale = true
            cluster?.stats.increment(.upstreamRqStaleConnectionRetry)
            attempt(fresh: true)
            return
        }
        let name = cluster?.configuration.name ?? "-"
        let at = endpoint?.text ?? "-"
        switch reason {
        case .protocolError:
            fail(
                reason,
                502,
                .upstreamProtocolError,
                "upstream_reset_before_response_started{protocol_error}",
                "endpoint \(at) of cluster \(name) sent a malformed response: \(explanation.map { "\($0)" } ?? "")"
            )
        case .remoteReset:
            fail(
                reason,
                503,
                [.upstreamConnectionTermination],
                "upstream_reset_before_response_started{connection_termination}",
                "upstream reset before response: endpoint \(at) of cluster \(name) reset the connection"
            )
        default:
            fail(
                reason,
                503,
                .upstreamConnectionTermination,
                "upstream_reset_before_response_started{connection_termination}",
                "upstream closed before response: endpoint \(at) of cluster \(name) closed the connection"
            )
        }
    }

    /// An attempt is over without a response: another one, or a reply.
    func fail(
        _ reason: ResetReason,
        _ status: UInt16,
        _ flag: ResponseFlags,
        _ details: StaticString,
        _ words: @autoclosure () -> String
    ) {
        if stage == .waiting, let endpoint { endpoint.stopWaiting(self, priority: priority) }
        if hasResponseStarted {
            flags.insert(flag)
            self.details =
                reason == .protocolError
                ? "upstream_reset_after_response_started{protocol_error}"
                : "upstream_reset_after_response_started{connection_termination}"
            listener?.stats.increment(.rqResetAfterDownstreamResponseStarted)
            finish()
            downstream?.abortResponse()
            return
        }
        if let retry, let cluster {
            let verdict = retry.decide(
                onReset: reason,
                responseStarted: false,
                requestStarted: attemptStartedAt != 0
            )
            switch verdict {
            case .yes: if retryLater(cluster) { return }
            case .limitExceeded:
                cluster.stats.increment(.upstreamRqRetryLimitExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
            case .no: break
            }
        }
        cluster?.stats.countResponse(status: status)
        reply(status, flag, details, words())
    }

    // MARK: - Retries

    /// Plans another attempt; false where limits or the body do not allow it.
    private func retryLater(_ cluster: ClusterState) -> Bool {
        guard requestFraming == .none || keepsBody else {
            listener?.stats.increment(.rqRetrySkippedRequestNotComplete)
            return false
        }
        retry?.consume()
        if !isRetrying {
            guard cluster.limits(priority).tryAcquire(.retries) else {
                cluster.stats.increment(.upstreamRqRetryOverflow)
                flags.insert(.upstreamOverflow)
                return false
            }
            isRetrying = true
        }
        cluster.stats.increment(.upstreamRqRetry)
        cluster.stats.increment(.upstreamRqRetryBackoffExponential)
        dropUpstream()
        response.reset()
        stage = .backingOff
        perTryDeadline = .max
        let delay =
            retry?.backOffMilliseconds(
                attempt: retry?.retryCount ?? 1,
                random: worker.random.next()
            ) ?? 0
        loop.timers.arm(
            &backOffTimer,
            at: loop.nowMilliseconds + delay,
            target: self,
            kind: Self.backOffTimerKind
        )
        return true
    }

    /// Gives back the place among the cluster's retries.
    func releaseRetry() {
        guard isRetrying, let cluster else { return }
        isRetrying = false
        cluster.limits(priority).release(.retries)
    }

    // MARK: - Letting go

    /// The attempt is over: its place among the requests is free.
    private func releaseAttempt() {
        guard holdsAttempt, let endpoint, let cluster else { return }
        holdsAttempt = false
        endpoint.activeRequests -= 1
        endpoint.shared.requestsActive.subtract(1, ordering: .relaxed)
        cluster.stats.decrement(.upstreamRqActive)
        cluster.limits(priority).release(.requests)
    }

    /// The connection goes back to its pool.
    private func releaseUpstream() {
        releaseAttempt()
        let connection = upstream
        upstream = nil
        connection?.release()
    }

    /// The connection is closed: what it still carries is of no use.
    func dropUpstream() {
        releaseAttempt()
        let connection = upstream
        upstream = nil
        connection?.reset()
    }

    /// Takes the exchange off whatever it waits for.
    func abandonUpstream() {
        switch stage {
        case .waiting: endpoint?.stopWaiting(self, priority: priority)
        case .sending: dropUpstream()
        case .backingOff: loop.timers.cancel(&backOffTimer)
        case .idle, .done: break
        }
    }
}

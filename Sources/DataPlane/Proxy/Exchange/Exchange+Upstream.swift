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
        guard let cluster = currentCluster() else { return }
        attemptCount += 1
        attemptStartedAt = 0
        bodySentCount = 0
        isRequestFinishedUpstream = false
        perTryDeadline = .max
        let endpoint: EndpointState
        switch choose(in: cluster) {
        case .endpoint(let chosen, let chosenPriority):
            endpoint = chosen
            if forward?.retryPolicy?.previousPrioritiesFrequency != nil {
                remember(priority: chosenPriority)
            }
        case .none:
            cluster.stats.increment(.upstreamCxNoneHealthy)
            let name = cluster.configuration.name
            let what =
                cluster.destinations?.refusal
                ?? (cluster.endpoints.isEmpty
                    ? "has no endpoint"
                    : metadataMatch.isEmpty
                        ? "has \(cluster.endpoints.count) endpoints, and none of them may be used"
                        : "has no endpoint that fits the route's metadata_match")
            countUpstream(status: 503)
            reply(
                503,
                .noHealthyUpstream,
                "no_healthy_upstream",
                "no healthy upstream: cluster \(name) \(what)"
            )
            return
        case .dropped:
            countUpstream(status: 503)
            dropped(by: cluster)
            return
        }
        self.endpoint = endpoint
        if virtualHost?.includesAttemptCountInRequest == true {
            request.set(.xEnvoyAttemptCount, request.append(decimal: UInt64(attemptCount)))
        }
        if let forward, case .endpoint = forward.hostRewrite {
            let name = Array(endpoint.hostname.utf8)
            HostRewrite.apply(
                forward,
                endpointHostname: name.span,
                to: request,
                setsOriginalHost: setsEnvoyHeaders,
                isFirstAttempt: attemptCount == 1
            )
        }
        stage = .waiting
        switch endpoint.acquire(for: self, priority: priority, fresh: fresh) {
        case .connection(let connection): attached(to: connection)
        case .waiting: startPerTryTimeout()
        case .overflow(let resource): overflowed(resource)
        case .failed(let error):
            connectFailed(ConnectFailure(reason: .connectFailure, code: error.code))
        }
        if cluster.configuration.preconnect.predictiveRatio > 1 {
            cluster.peek()?.preconnectFirst(priority: priority)
        }
    }

    /// The cluster, or the one that has taken its place while this exchange waited.
    private func currentCluster() -> ClusterState? {
        guard let known = cluster else { return nil }
        guard known.isRetired, let next = worker.cluster(named: known.configuration.name),
            next !== known
        else { return known }
        if isRetrying {
            known.limits(priority).release(.retries)
            next.limits(priority).acquire(.retries)
        }
        cluster = next
        return next
    }

    private func choose(in cluster: ClusterState) -> ClusterState.Choice {
        if let destinations = cluster.destinations { return chooseDestination(destinations) }
        let request = BalancingRequest(
            hash: hash,
            metadataMatch: metadataMatch,
            priorities: extras?.priorities,
            isRetry: attemptCount > 1
        )
        guard attemptCount > 1, let policy = forward?.retryPolicy, !policy.hostPredicates.isEmpty
        else { return cluster.pick(request) }
        if let endpoint { madeExtras.tried.append(endpoint) }
        let tried = (role == .hedge ? original?.extras?.tried : extras?.tried) ?? []
        return cluster.pick(
            request,
            accepts: { candidate in
                policy.hostPredicates.allSatisfy { $0.accepts(candidate, tried: tried) }
            },
            attempts: policy.hostSelectionAttemptsMax
        )
    }

    private func remember(priority: Int) {
        guard let frequency = forward?.retryPolicy?.previousPrioritiesFrequency else { return }
        let extras = madeExtras
        var known = extras.priorities ?? PriorityOverride(frequency: frequency)
        known.recordAttempt(priority: priority)
        extras.priorities = known
    }

    /// Tells outlier detection how an attempt went.
    func report(_ result: OutlierResult) {
        guard let endpoint, let counts = endpoint.shared.outlier else { return }
        guard let failure = counts.record(result), let cluster else { return }
        cluster.shared.onConsecutiveFailure.withLock { $0 }?(endpoint.shared, failure)
    }

    /// A connection is ours: send what there is of the request.
    func attached(to connection: any UpstreamStream) {
        guard let cluster, let endpoint else { return }
        upstream = connection
        upstreamTLS = connection.tlsFacts
        upstreamConnectionID = connection.connectionID
        upstreamMajorVersion = connection.majorVersion
        stage = .sending
        holdsAttempt = true
        attemptStartedAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        upstreamAddress = connection.address
        upstreamLocalAddress = connection.localAddress
        report(.connected)
        virtualCluster?.increment(.upstreamRqTotal)
        routeStats?.increment(.upstreamRqTotal)
        connection.attach(self)
        if let longest = timeouts?.upstreamStreamMilliseconds {
            upstreamStreamDeadline = loop.nowMilliseconds + longest
            armTimer()
        }
        endpoint.activeRequests += 1
        endpoint.shared.requestsActive.add(1, ordering: .relaxed)
        endpoint.shared.requestsTotal.add(1, ordering: .relaxed)
        cluster.stats.increment(.upstreamRqTotal)
        cluster.stats.increment(.upstreamRqActive)
        if attemptCount > 1, role == .primary, isRequestComplete, setsEnvoyHeaders {
            timeouts?.setExpectedHeader(
                in: request,
                elapsedMilliseconds: (loop.nowMicroseconds - requestCompleteAt) / 1000
            )
        }
        connection.sendHead(request, framing: requestFraming)
        if stage != .sending { return }
        sendBody()
        startPerTryTimeout()
        if perTryDeadline != .max || timeouts?.perTryIdleMilliseconds != nil { armTimer() }
        resumeRequestIfPossible()
    }

    /// Gives the upstream what it has not been given of the body, and the end.
    func sendBody() {
        guard let upstream, stage == .sending, !isRequestFinishedUpstream, !isAwaitingSwitch,
            !isSwitchRefused
        else { return }
        if role == .hedge {
            sendBodyOfOriginal(to: upstream)
            return
        }
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
        finishRequest(to: upstream)
    }

    /// A hedged attempt sends what the first one keeps.
    private func sendBodyOfOriginal(to upstream: any UpstreamStream) {
        if let original, !original.body.isEmpty {
            original.writeBody(from: 0, to: upstream)
        }
        finishRequest(to: upstream)
    }

    private func finishRequest(to upstream: any UpstreamStream) {
        isRequestFinishedUpstream = true
        requestSentAt = loop.nowMicroseconds
        upstream.sendEnd(trailers: requestTrailers ?? original?.requestTrailers)
    }

    private func writeBody(from start: Int, to upstream: any UpstreamStream) {
        body.show(start..<body.count) { upstream.sendBody($0) }
    }

    var hasStoppedSending: Bool {
        (isRequestFinishedUpstream || isSwitchRefused) && stage == .sending
    }

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
        let isWanted = response.status != 100 || hcm?.forwardsContinue == true
        if isWanted, !hasResponseStarted, request.minorVersion == 1 {
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
        if upgrade != nil, settleSwitch() { return }
        let status = response.status
        if status == 101, !isTunnel {
            cluster.stats.increment(.upstreamCxProtocolError)
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
        switch role {
        case .primary: break
        case .mirror:
            countUnused()
            hasResponseStarted = true
            return
        case .hedge:
            if hedgeAnswered(framing: framing) { return }
            countUnused()
            endSecondary()
            return
        }
        report(.response(status: status))
        if response.saysHealthCheckFails, !cluster.configuration.healthChecks.isEmpty {
            cluster.shared.onImmediateFailure.withLock { $0 }?(endpoint.shared)
        }
        if cluster.measuresLatency {
            endpoint.measured(milliseconds: Double(loop.nowMicroseconds - attemptStartedAt) / 1000)
        }
        if status < 500 {
            endpoint.shared.requestsSucceeded.add(1, ordering: .relaxed)
        } else {
            endpoint.shared.requestsFailed.add(1, ordering: .relaxed)
        }
        if let retry, !isTunnel {
            switch retry.decide(onStatus: status, response: response) {
            case .yes:
                if extras?.hedges.isEmpty == false, leavesToHedges() { return }
                if retryLater(cluster, response: response) {
                    cluster.parts.ofRetried.countResponse(status: status)
                    return
                }
            case .limitExceeded:
                if extras?.hedges.isEmpty == false, leavesToHedges() { return }
                cluster.stats.increment(.upstreamRqRetryLimitExceeded)
                virtualCluster?.increment(.upstreamRqRetryLimitExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
            case .no:
                // While hedged attempts are out, this is the first one's answer and no retry's.
                if isRetrying, status < 500, extras?.hedges.isEmpty != false {
                    cluster.stats.increment(.upstreamRqRetrySuccess)
                    virtualCluster?.increment(.upstreamRqRetrySuccess)
                }
            }
        }
        if holdsHead(framing: framing) { return }
        deliverHead(framing: framing)
    }

    /// The response goes to the client: nothing that follows makes another attempt.
    func deliverHead(framing: BodyFraming) {
        countUpstream(status: response.status)
        if forward?.internalRedirects != nil, !isTunnel, followRedirect() { return }
        if extras != nil { abandonHedges() }
        releaseRetry()
        if !isRequestComplete, upgrade == nil {
            chain?.stats.increment(.downstreamRqResponseBeforeRqComplete)
        }
        perTryDeadline = .max
        keepsBody = false
        details = "via_upstream"
        HopByHop.strip(response)
        addRouterHeaders(service: firstResponseByteAt)
        changeResponseHeaders()
        addManagerHeaders()
        // What follows a switch has no frames of HTTP/1.1.
        var framing = isTunnel ? .none : framing
        hasResponseStarted = true
        if let extras, extras.grpc != nil || extras.web != nil {
            guard let adapted = adaptGRPCHead(framing, extras) else { return }
            framing = adapted
        }
        responseFraming = framing
        downstream?.respondHead(response, framing: framing)
        if isTunnel { enterTunnel() }
    }

    /// Adds what every response to the client carries.
    func decorate(service firstByteAt: Int64?) {
        addRouterHeaders(service: firstByteAt)
        addManagerHeaders()
    }

    /// What the router says of an attempt; routes may change it.
    private func addRouterHeaders(service firstByteAt: Int64?) {
        guard let chain else { return }
        let http = chain.http
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
    }

    /// What the connection manager says; no route changes it.
    private func addManagerHeaders() {
        guard let chain else { return }
        let http = chain.http
        if http.setsRequestIDInResponse || returnsRequestID, let id = request.first(.xRequestID) {
            response.set(.xRequestID, response.append(copyOf: request, id))
        }
        if dropsUnconditionally {
            let name = response.append("x-envoy-unconditional-drop-overload")
            response.addLine(name: name, value: response.append("true"))
        }
        if !http.via.isEmpty { ForwardedHeaders.appendVia(http.via, to: response) }
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
        if role == .mirror { lastActivity = loop.nowMilliseconds }
        if let framing = heldFraming {
            heldFraming = nil
            deliverHead(framing: framing)
        }
        guard hasResponseStarted, downstream != nil else { return }
        lastActivity = loop.nowMilliseconds
        if let extras, extras.grpc != nil || extras.web != nil {
            passGRPCBody(bytes, extras)
        } else {
            passBody(bytes)
        }
    }

    /// Bytes of the response's body, as the client gets them.
    func passBody(_ bytes: Span<UInt8>) {
        guard let downstream else { return }
        bodyBytesSent &+= UInt64(bytes.count)
        downstream.respondBody(bytes)
        if downstream.hasBacklog, let upstream, !upstream.isReadingPaused {
            upstream.pauseReading()
            cluster?.stats.increment(.upstreamFlowControlPausedReadingTotal)
        }
    }

    /// The response is complete.
    func upstreamEnd(trailers: Head?) {
        if heldFraming != nil, settleHeldHead(trailers: trailers) { return }
        guard hasResponseStarted, stage == .sending else { return }
        if isTunnel, isRequestComplete, request.majorVersion == 1 {
            clientLeftTunnel()
            return
        }
        responseTrailers = trailers
        var trailers = trailers
        if let extras, extras.grpc != nil || extras.web != nil {
            trailers = endGRPC(trailers, extras)
        }
        if role == .primary {
            recordTime(
                milliseconds: UInt64(max(0, loop.nowMicroseconds - attemptStartedAt) / 1000)
            )
        }
        if role != .primary {
            if isRequestFinishedUpstream { releaseUpstream() } else { dropUpstream() }
            endSecondary()
            return
        }
        if isRequestFinishedUpstream {
            // What has switched is never complete, whatever its client says.
            if isTunnel { chain?.stats.increment(.downstreamRqResponseBeforeRqComplete) }
            releaseUpstream()
        } else {
            // The upstream has answered before it had the whole request: nothing can follow on
            // this connection, nor on the client's.
            if upgrade != nil { chain?.stats.increment(.downstreamRqResponseBeforeRqComplete) }
            if upgrade != nil { countUnfinishedUpgrade() }
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
        upstream.resumeReading()
    }

    // MARK: - Letting go

    /// The attempt is over: its place among the requests is free.
    func releaseAttempt() {
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
        case .waiting: pool?.stopWaiting(self, priority: priority)
        case .sending: dropUpstream()
        case .backingOff: loop.timers.cancel(&backOffTimer)
        case .idle, .done: break
        }
    }
}

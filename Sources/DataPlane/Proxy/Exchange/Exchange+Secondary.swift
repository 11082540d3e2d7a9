import Model
import Policy
import Synchronization
import Telemetry
import Wire

/// Copies of an exchange that have no client: mirrored requests, and hedged attempts.
extension Exchange {
    enum Role {
        case primary
        /// Its response is thrown away (`request_mirror_policies`).
        case mirror
        /// Its response may become the primary's (`hedge_policy`).
        case hedge
    }

    var madeExtras: ExchangeExtras {
        if let extras { return extras }
        let made = ExchangeExtras()
        extras = made
        return made
    }

    // MARK: - Mirrors

    /// Sends copies of the request to where the route says.
    func startMirrors() {
        guard let forward, !forward.mirrors.isEmpty, role == .primary else { return }
        for policy in forward.mirrors {
            if let share = policy.fraction,
                worker.random.next() % UInt64(max(share.denominator, 1)) >= UInt64(share.numerator)
            {
                continue
            }
            startMirror(policy)
        }
    }

    private func startMirror(_ policy: MirrorPolicy) {
        let name: String
        switch policy.destination {
        case .literal(let text): name = text
        case .header(let header):
            let bytes = header.bytes
            let head = request
            guard let value = head.first(named: bytes.span) else { return }
            name = ByteString(copying: head.span(value)).description
        }
        guard let target = worker.cluster(named: name) else { return }
        let mirror = worker.takeExchange()
        mirror.becomeSecondary(of: self, role: .mirror, cluster: target)
        mirror.changeAuthority(policy)
        mirror.request.set(.xEnvoyInternal, mirror.request.append("true"))
        policy.requestHeaders.apply(to: mirror.request) { mirror.describe() }
        if isRequestComplete { mirror.startMirrorDeadline() }
        mirror.armTimer()
        madeExtras.mirrors.append(mirror)
        mirror.attempt(fresh: false)
    }

    private func changeAuthority(_ policy: MirrorPolicy) {
        if let literal = policy.hostRewriteLiteral {
            // What is given in full gets no suffix.
            let bytes = literal.bytes
            request.authority = request.append(bytes.span)
            return
        }
        guard policy.appendsShadow else { return }
        let head = request
        let whole = head.authority
        let text = head.span(whole)
        var end = text.count
        while end > 0, text[end - 1] != 0x3a { end -= 1 }
        // The port, if there is one, stays behind the name.
        let hasPort = end > 0 && text.extracting(end...).decimal(limit: 65_535) != nil
        let start = request.byteCount
        let nameCount = hasPort ? end - 1 : text.count
        request.append(Head.Slice(Int(whole.start), Int(whole.start) + nameCount))
        request.append("-shadow")
        request.append(
            Head.Slice(Int(whole.start) + nameCount, Int(whole.start) + Int(whole.count))
        )
        request.authority = Head.Slice(start, request.byteCount)
    }

    private func startMirrorDeadline() {
        if let global = timeouts?.globalMilliseconds {
            routeDeadline = loop.nowMilliseconds + global
        }
    }

    /// Passes a piece of the request's body on to the mirrors; one that cannot take it is given up.
    func mirrorBody(_ bytes: Span<UInt8>) {
        guard let extras, !extras.mirrors.isEmpty else { return }
        for mirror in extras.mirrors {
            let waiting = mirror.body.count + (mirror.upstream?.backlogCount ?? 0)
            if waiting + bytes.count > bufferLimit {
                cluster?.stats.increment(.retryOrShadowAbandoned)
                mirror.endSecondary()
            } else {
                mirror.requestBody(bytes)
            }
        }
    }

    func mirrorEnd() {
        guard let extras, !extras.mirrors.isEmpty else { return }
        let mirrors = extras.mirrors
        extras.mirrors = []
        for mirror in mirrors {
            mirror.original = nil
            mirror.startMirrorDeadline()
            mirror.requestEnd(hasTrailers: false)
        }
    }

    /// The client is gone or was refused before its request was whole: so is the copy's use.
    func abandonMirrors() {
        guard let extras, !extras.mirrors.isEmpty else { return }
        let mirrors = extras.mirrors
        extras.mirrors = []
        for mirror in mirrors {
            mirror.original = nil
            // A copy of a whole request goes its way; half of one never becomes whole.
            if !mirror.isRequestComplete { mirror.endSecondary() }
        }
    }

    // MARK: - Hedges

    /// The time of an attempt is over: another one starts beside it.
    ///
    /// False where policy, limits or the body do not allow it.
    func startHedge() -> Bool {
        guard let cluster, let retry, retry.remaining > 0,
            requestFraming == .none || keepsBody
        else { return false }
        if !isRetrying {
            guard cluster.limits(priority).tryAcquire(.retries) else {
                cluster.stats.increment(.upstreamRqRetryOverflow)
                return false
            }
            isRetrying = true
        }
        self.retry?.consume()
        cluster.stats.increment(.upstreamRqRetry)
        attemptCount += 1
        let hedge = worker.takeExchange()
        hedge.becomeSecondary(of: self, role: .hedge, cluster: cluster)
        hedge.attemptCount = attemptCount - 1
        hedge.hash = hash
        hedge.virtualHost = virtualHost
        hedge.keepsBody = true
        if virtualHost?.includesIsTimeoutRetry == true {
            hedge.request.setIsTimeoutRetry(true)
        }
        madeExtras.hedges.append(hedge)
        if let endpoint { madeExtras.tried.append(endpoint) }
        hedge.attempt(fresh: false)
        if extras?.hedges.isEmpty == false { startPerTryTimeout() }
        return true
    }

    /// A hedged attempt has the head of a response: it becomes the exchange's own.
    private func adopt(_ hedge: Exchange, framing: BodyFraming) {
        guard let extras, let connection = hedge.upstream else { return }
        extras.hedges.removeAll { $0 === hedge }
        let others = extras.hedges
        extras.hedges = []
        extras.awaitsHedges = false
        abandonUpstream()
        for other in others { other.endSecondary() }
        moveTo(hedge.cluster)
        response.copy(from: hedge.response)
        upstream = connection
        upstreamAddress = hedge.upstreamAddress
        upstreamLocalAddress = hedge.upstreamLocalAddress
        upstreamTLS = hedge.upstreamTLS
        upstreamConnectionID = hedge.upstreamConnectionID
        endpoint = hedge.endpoint
        holdsAttempt = hedge.holdsAttempt
        attemptStartedAt = hedge.attemptStartedAt
        isRequestFinishedUpstream = hedge.isRequestFinishedUpstream
        sentMethod = hedge.sentMethod
        interimCount = hedge.interimCount
        hedge.upstream = nil
        hedge.holdsAttempt = false
        connection.hand(to: self)
        stage = .sending
        perTryDeadline = .max
        hedge.endSecondary()
        upstreamHead(framing: framing)
    }

    /// The cluster has been configured anew while hedged attempts were on their way.
    private func moveTo(_ next: ClusterState?) {
        guard let next, let known = cluster, next !== known else { return }
        if isRetrying {
            known.limits(priority).release(.retries)
            next.limits(priority).acquire(.retries)
        }
        cluster = next
    }

    /// Whether this connection came from a hedged attempt a moment ago.
    func hasAdopted(_ connection: any UpstreamStream) -> Bool { upstream === connection }

    /// A hedge has a response: true where it was taken over or left to the others.
    func hedgeAnswered(framing: BodyFraming) -> Bool {
        guard role == .hedge, let original, original.stage != .done else { return false }
        if let retry = original.retry, original.hasOtherAttempts(than: self) {
            // Others may still give a better answer.
            if case .yes = retry.decide(onStatus: response.status, response: response) {
                countUnused()
                endSecondary()
                return true
            }
        }
        original.adopt(self, framing: framing)
        return true
    }

    /// The response is nobody's: it is counted here, since the primary never sees it.
    func countUnused() {
        guard let cluster, let endpoint else { return }
        let status = response.status
        cluster.stats.countResponse(status: status)
        report(.response(status: status))
        if status < 500 {
            endpoint.shared.requestsSucceeded.add(1, ordering: .relaxed)
        } else {
            endpoint.shared.requestsFailed.add(1, ordering: .relaxed)
        }
    }

    private func hasOtherAttempts(than hedge: Exchange) -> Bool {
        let own = stage == .sending || stage == .waiting
        return own || extras?.hedges.contains { $0 !== hedge } == true
    }

    /// The exchange's own attempt failed; true where hedged ones go on.
    func leavesToHedges() -> Bool {
        guard role == .primary, let extras, !extras.hedges.isEmpty else { return false }
        dropUpstream()
        extras.awaitsHedges = true
        stage = .backingOff
        return true
    }

    func abandonHedges() {
        guard let extras, !extras.hedges.isEmpty else { return }
        let hedges = extras.hedges
        extras.hedges = []
        for hedge in hedges { hedge.endSecondary() }
    }

    // MARK: - Both

    private func becomeSecondary(of primary: Exchange, role: Role, cluster: ClusterState) {
        self.role = role
        original = primary
        request.copy(from: primary.request)
        requestFraming = primary.requestFraming
        isRequestComplete = primary.isRequestComplete
        sentMethod = primary.sentMethod
        forward = primary.forward
        route = primary.route
        priority = primary.priority
        timeouts = role == .mirror ? primary.timeouts : nil
        metadataMatch = role == .hedge ? primary.metadataMatch : [:]
        startedAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        streamIdleTimeout = role == .mirror ? primary.streamIdleTimeout : .max
        self.cluster = cluster
    }

    /// A copy has failed: nobody is told but the exchange that waits for a hedge.
    func secondaryFailed(
        _ reason: ResetReason,
        _ status: UInt16,
        _ flag: ResponseFlags,
        _ details: StaticString,
        _ words: @autoclosure () -> String
    ) {
        let original = self.original
        let isHedge = role == .hedge
        let text = isHedge ? words() : ""
        if !isHedge { cluster?.stats.countResponse(status: status) }
        endSecondary()
        guard isHedge, let original, let extras = original.extras, extras.awaitsHedges,
            extras.hedges.isEmpty
        else { return }
        extras.awaitsHedges = false
        original.fail(reason, status, flag, details, text)
    }

    /// A copy is over, well or not, and goes back.
    func endSecondary() {
        guard stage != .done, role != .primary else { return }
        abandonUpstream()
        loop.timers.cancel(&timer)
        loop.timers.cancel(&backOffTimer)
        stage = .done
        if let extras = original?.extras {
            extras.mirrors.removeAll { $0 === self }
            extras.hedges.removeAll { $0 === self }
        }
        original = nil
        worker.giveBack(self)
    }
}

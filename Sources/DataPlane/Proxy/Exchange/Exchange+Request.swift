import Model
import Policy
import Telemetry
import Wire

/// The request's side: what the downstream codec tells.
extension Exchange {
    /// The head of a request has been parsed into `request`.
    func begin(
        _ chain: HTTPChain,
        _ downstream: any DownstreamStream,
        _ parsed: ParsedRequest
    ) {
        self.chain = chain
        self.downstream = downstream
        startedAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        requestFraming = parsed.framing
        if parsed.framing == .none || parsed.framing == .length(0) {
            isRequestComplete = true
            requestCompleteAt = startedAt
        }
        let http = chain.http
        streamIdleTimeout = http.streamIdleTimeoutMilliseconds ?? .max
        chain.stats.increment(.downstreamRqTotal)
        chain.stats.increment(.downstreamRqActive)
        chain.stats.increment(
            request.majorVersion == 1 ? .downstreamRqHttp1Total : .downstreamRqHttp2Total
        )

        if request.authority.isEmpty, request.minorVersion == 0 || request.majorVersion == 2 {
            guard request.majorVersion == 1, let host = http.defaultHostForHTTP10 else {
                reply(
                    400,
                    [],
                    "missing_host_header",
                    request.majorVersion == 1
                        ? "the request has no host, and default_host_for_http_10 names none"
                        : "the request has neither :authority nor host"
                )
                return
            }
            let bytes = host.bytes
            request.authority = request.append(bytes.span)
        }
        switch PathNormalizer.normalize(
            request,
            normalizesPath: http.normalizesPath,
            mergesSlashes: http.mergesSlashes,
            escapedSlashes: http.escapedSlashes
        )
        {
        case .unchanged, .changed: break
        case .rejected:
            chain.stats.increment(.downstreamRqFailedPathNormalization)
            reply(
                400,
                [],
                "path_normalization_failed",
                "the path cannot be normalized: it has an invalid or forbidden escape"
            )
            return
        case .redirect:
            chain.stats.increment(.downstreamRqRedirectedWithNormalizedPath)
            let head = request
            let location = ByteString(copying: head.span(head.path)).bytes
            redirect(to: location.span, status: 307, "path_normalized")
            return
        }
        if parsed.requestsUpgrade, !request.requestsOnlyH2CUpgrade,
            let named = request.first(.upgrade)
        {
            request.upgradeProtocol = named
        }
        guard applyNameRules(http) else { return }
        HopByHop.strip(request)
        // Routes and logs may ask for it; the codecs write it from `upgradeProtocol` alone.
        if !request.upgradeProtocol.isEmpty { request.set(.upgrade, request.upgradeProtocol) }
        let peer = downstream.peer
        let remote = peer.remoteText
        let certificate = forwardedCertificate(http.clientCertificates, peer)
        let origin = ForwardedHeaders.apply(
            to: request,
            manager: http,
            remoteText: remote.span,
            isTLS: peer.isTLS,
            connection: .init(
                remote: peer.remoteAddress,
                local: http.appendsForwardedPort ? downstream.localAddress : nil,
                ownAddress: http.usesRemoteAddress ? SystemCall.ownAddress : "",
                nodeName: http.addsUserAgent == nil
                    ? "" : ByteString(worker.snapshot?.nodeID ?? "")
            ),
            random: &worker.random
        )
        if let certificate { request.set(.xForwardedClientCert, certificate) }
        if let status = origin.rejection {
            chain.stats.increment(.downstreamRqRejectedViaIpDetection)
            reply(
                status,
                [],
                "original_ip_detection_failed",
                "the client's address is not known: no original_ip_detection_extension found it"
            )
            return
        }
        client = origin.client
        clientAddress = origin.address
        isInternal = origin.isInternal
        returnsRequestID = origin.returnsRequestID
        if let longest = http.streamDurationMaxMilliseconds {
            streamDeadline = loop.nowMilliseconds + longest
        }
        chooseRoute(http, expectsContinue: parsed.expectsContinue)
    }

    /// Names of headers and of the host, before anything depends on them; false where the request
    /// has been refused.
    private func applyNameRules(_ http: HTTPConnectionManager) -> Bool {
        switch UnderscoredNames.apply(http.underscoredHeaders, to: request) {
        case .kept: break
        case .dropped(let count):
            if request.majorVersion == 2 {
                worker.http2Stats.add(.droppedHeadersWithUnderscores, UInt64(count))
            }
        case .rejected:
            let isHTTP2 = request.majorVersion == 2
            if isHTTP2 {
                worker.http2Stats.increment(.requestsRejectedWithUnderscoresInHeaders)
            }
            downstream?.closesAfterResponse()
            reply(
                400,
                .downstreamProtocolError,
                isHTTP2 ? "http2.unexpected_underscore" : "http1.unexpected_underscore",
                "a header's name has an underscore, which headers_with_underscores_action refuses"
            )
            return false
        }
        guard http.stripsTrailingDot || http.stripsPort != .none else { return true }
        AuthorityStripping.apply(
            to: request,
            manager: http,
            listenerPort: http.stripsPort == .matching ? downstream?.localAddress.port : nil
        )
        return true
    }

    /// A request that the codec refused: only so much of it is known as the reply needs.
    func beginRefused(_ chain: HTTPChain, _ downstream: any DownstreamStream) {
        self.chain = chain
        self.downstream = downstream
        startedAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        streamIdleTimeout = chain.http.streamIdleTimeoutMilliseconds ?? .max
        isRequestComplete = true
        chain.stats.increment(.downstreamRqTotal)
        chain.stats.increment(.downstreamRqActive)
        chain.stats.increment(
            request.majorVersion == 1 ? .downstreamRqHttp1Total : .downstreamRqHttp2Total
        )
    }

    private func chooseRoute(_ http: HTTPConnectionManager, expectsContinue: Bool) {
        let random = worker.random.next()
        let lookup = http.routes.route(for: request, random: random)
        if asksToSwitch, !allowUpgrade(lookup, http, random: random) { return }
        chain?.stats.increment(.rqTotal)
        // Routes see the request as it came.
        if http.bridgesGRPCWeb { bridgeGRPCWeb() }
        switch lookup {
        case .noVirtualHost:
            chain?.stats.increment(.noRoute)
            reply(
                404,
                .noRouteFound,
                "route_not_found",
                "no virtual host of route configuration \(http.routes.name) serves this host"
            )
        case .noRoute(let host):
            virtualHost = host
            chain?.stats.increment(.noRoute)
            reply(
                404,
                .noRouteFound,
                "route_not_found",
                "no route of virtual host \(host.name) matches this request"
            )
        case .route(let route, let host):
            take(route, host, random: random, expectsContinue: expectsContinue)
        }
    }

    /// Does what the route says.
    func take(_ route: Route, _ host: VirtualHost, random: UInt64, expectsContinue: Bool) {
        self.route = route
        virtualHost = host
        if let position = host.virtualCluster(for: request) {
            let name = host.virtualClusterName(at: position)
            virtualCluster = worker.routeStatistics.virtualCluster(of: host, name)
            // Counted as "other", a request is still of no virtual cluster.
            if position < host.virtualClusters.count { virtualClusterName = name }
        }
        if let prefix = route.statPrefix {
            routeStats = worker.routeStatistics.route(of: host, prefix: prefix)
        }
        if host.redirectsToTLS(request) {
            chain?.stats.increment(.rqDirectResponse)
            let location = Redirect.tlsLocation(request)
            redirect(to: location.span, status: 301, "direct_response")
            return
        }
        switch route.action {
        case .redirect(let action):
            // Envoy counts its redirects so, too.
            chain?.stats.increment(.rqDirectResponse)
            let location = Redirect.location(
                action,
                match: route.match,
                head: request,
                isTLS: downstream?.peer.isTLS ?? false
            )
            redirect(to: location.span, status: action.status, "direct_response")
        case .directResponse(let action):
            chain?.stats.increment(.rqDirectResponse)
            replyDirectly(action)
        case .forward(let action):
            begin(forwarding: action, random: random, expectsContinue: expectsContinue)
        }
    }

    private func begin(forwarding action: ForwardAction, random: UInt64, expectsContinue: Bool) {
        forward = action
        priority = action.priority
        guard let found = chooseCluster(action, random: random) else {
            chain?.stats.increment(.noCluster)
            let name = action.choose(for: request, random: random).name
            reply(
                action.clusterNotFoundStatus,
                .noClusterFound,
                "cluster_not_found",
                "\(route?.explanation ?? "the route") sends to cluster \(Self.visible(name)), which does not exist"
            )
            return
        }
        cluster = found
        if let counted = hcm?.grpcStatistics { countGRPC(in: found, counted) }
        if extras?.web != nil { countGRPCWeb(in: found) }
        if let http = hcm, !http.strictlyCheckedHeaders.isEmpty,
            let wrong = StrictHeaders.firstInvalid(request, http.strictlyCheckedHeaders)
        {
            reply(
                400,
                .invalidHeaders,
                StrictHeaders.details(wrong),
                "the header \(wrong.name) has no valid value, and strict_check_headers wants one"
            )
            return
        }
        if let policy = action.retryPolicy {
            retry = RetryState(policy: policy, head: request)
        } else if request.has(.xEnvoyRetryOn) || request.has(.xEnvoyRetryGrpcOn) {
            retry = RetryState(policy: nil, head: request)
        }
        let timeouts = RouteTimeouts(
            action: action,
            head: request,
            surroundings: .init(
                respectsExpectedTimeout: hcm?.respectsExpectedTimeout ?? false,
                streamMilliseconds: hcm?.streamDurationMaxMilliseconds,
                upstreamStreamMilliseconds: found.configuration.streamDurationMaxMilliseconds
            )
        )
        self.timeouts = timeouts
        alternativeStatName = request.takeAlternativeStatName()
        if let idle = action.idleTimeoutMilliseconds { streamIdleTimeout = idle > 0 ? idle : .max }
        streamDeadline =
            timeouts.streamMilliseconds.map { loop.nowMilliseconds + $0 } ?? .max
        if hcm?.suppressesEnvoyHeaders == false { timeouts.setExpectedHeader(in: request) }
        changeRequestHeaders()
        // The host's expression sees the path that arrived, so the host comes first.
        HostRewrite.apply(action, to: request, setsOriginalHost: setsEnvoyHeaders)
        applyWeightedEntry()
        if let match = route?.match,
            !PathRewrite.apply(
                action,
                match: match,
                to: request,
                setsOriginalPath: setsEnvoyHeaders
            )
        {
            chain?.stats.increment(.downstreamRqFailedPathNormalization)
            reply(
                400,
                [],
                "path_rewrite_failed",
                "the rewrite of \(route?.explanation ?? "the route") makes a dot segment of this path"
            )
            return
        }
        let forwardsContinue = expectsContinue && hcm?.forwardsContinue == true
        if !forwardsContinue { request.remove(.expect) }
        sentMethod = request.method
        if upgrade != nil { awaitSwitch() }
        keepsBody =
            requestFraming != .none
            && (retry?.mayRetry == true || request.method.isIdempotent
                || action.internalRedirects != nil)
        if isRequestComplete || isAwaitingSwitch {
            if let global = timeouts.globalMilliseconds {
                routeDeadline = loop.nowMilliseconds + global
            }
            armTimer()
        } else {
            if let limit = hcm?.requestTimeoutMilliseconds {
                requestDeadline = loop.nowMilliseconds + limit
            }
            // A stream of messages may rest for as long as its idle timeout allows.
            if !request.isGRPC {
                bodyRateDeadline = loop.nowMilliseconds + Self.bodyRateGraceMilliseconds
            }
            if expectsContinue, !forwardsContinue { downstream?.writeContinue() }
            armTimer()
        }
        if !action.mirrors.isEmpty, upgrade == nil { startMirrors() }
        attempt(fresh: false)
    }

    /// The cluster that the route draws for this request; nil where there is none of that name.
    func chooseCluster(_ action: ForwardAction, random: UInt64) -> ClusterState? {
        // Most requests take the same route as the one before.
        if let known = worker.lastCluster(for: action) {
            if known.usesHash { hashRequest(action) }
            return known
        }
        if case .weighted(let clusters) = action.destination, clusters.usesHash {
            hashRequest(action)
        }
        let choice = action.choose(for: request, random: random, hash: hash)
        weightedEntry = choice.entry
        guard let found = worker.cluster(named: choice.name) else { return nil }
        if case .cluster = action.destination { worker.remember(found, for: action) }
        if found.usesHash, hash == nil { hashRequest(action) }
        return found
    }

    /// Names from requests are shown only where they are plain text.
    private static func visible(_ name: String) -> String {
        name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } && name.utf8.count <= 100
            ? name : "(a name that is none)"
    }

    private func hashRequest(_ action: ForwardAction) {
        guard !action.hashPolicies.isEmpty else { return }
        guard let downstream else { return }
        let head = request
        let peer = downstream.peer
        var address = peer.remoteText
        if let client { address = ByteString(copying: head.span(client)).bytes }
        let result = HashPolicies.hash(
            action.hashPolicies,
            head: request,
            clientAddress: address.span,
            connection: (peer.remoteAddress, downstream.localAddress)
        )
        hash = result.hash
        if !result.newCookies.isEmpty { madeExtras.hashCookies = result.newCookies }
    }

    /// Bytes of the request's body, without framing.
    func requestBody(_ bytes: Span<UInt8>) {
        bodyBytesReceived &+= UInt64(bytes.count)
        lastActivity = loop.nowMilliseconds
        if let extras, extras.grpc != nil || extras.web != nil {
            takeGRPCBody(bytes, extras)
        } else {
            takeBody(bytes)
        }
    }

    /// Bytes of the request's body, as the upstream gets them.
    func takeBody(_ bytes: Span<UInt8>) {
        if extras != nil { mirrorBody(bytes) }
        if stage == .done || isLocalReply || hasStoppedSending { return }
        if stage == .sending, !keepsBody, body.isEmpty, !isAwaitingSwitch, let upstream {
            upstream.sendBody(bytes)
        } else {
            body.append(bytes)
            if stage == .sending { sendBody() }
            limitBody()
        }
        pauseRequestIfNeeded()
    }

    /// The body is complete; trailers are in `requestTrailerHead` where there are any.
    func requestEnd(hasTrailers: Bool) {
        isRequestComplete = true
        requestCompleteAt = loop.nowMicroseconds
        lastActivity = loop.nowMilliseconds
        requestDeadline = .max
        bodyRateDeadline = .max
        if hasTrailers, requestTrailerHead.fieldCount > 0 { requestTrailers = requestTrailerHead }
        if let extras {
            if extras.web != nil, !endGRPCBody(extras) { return }
            mirrorEnd()
        }
        if stage == .done { return }
        if let global = timeouts?.globalMilliseconds {
            routeDeadline = loop.nowMilliseconds + global
        }
        if stage == .sending { sendBody() }
        startPerTryTimeout()
        armTimer()
    }

    /// The client is gone before the response was complete.
    func downstreamLost(
        _ flag: ResponseFlags = .downstreamConnectionTermination,
        _ cause: StaticString = "downstream_remote_disconnect"
    ) {
        guard stage != .done else { return }
        flags.insert(flag)
        if isTunnel || details.description.isEmpty { details = cause }
        chain?.stats.increment(.downstreamRqRxReset)
        if upgrade != nil, hasResponseStarted, !isRequestComplete {
            chain?.stats.increment(.downstreamRqResponseBeforeRqComplete)
        }
        if stage == .waiting || stage == .backingOff {
            cluster?.stats.increment(.upstreamRqCancelled)
        }
        abandonUpstream()
        finish()
    }

    /// The codec could not read on: the rest of the request is not to be understood.
    func requestMalformed(_ failure: HeadFailure) {
        guard stage != .done else { return }
        chain?.stats.increment(.downstreamCxProtocolError)
        flags.insert(.downstreamProtocolError)
        abandonUpstream()
        if hasResponseStarted {
            // Aborting gives the exchange back, so it is counted and logged before.
            finish()
            downstream?.abortResponse(.protocolError)
        } else {
            reply(
                failure.status,
                .downstreamProtocolError,
                failure.details,
                "\(failure.explanation)"
            )
        }
    }

    // MARK: - Limits

    /// No more than this waits in memory for one direction of an exchange.
    var bufferLimit: Int {
        min(
            chain?.bufferLimitBytes ?? 1 << 20,
            cluster?.configuration.bufferLimitBytes ?? .max
        )
    }
    /// Bodies are kept for another attempt up to here (Envoy's limit is the buffer's too).
    private var replayLimit: Int { forward?.bufferLimitBytes ?? bufferLimit }

    private func limitBody() {
        if keepsBody, body.count > replayLimit, stage == .sending {
            // Too much to keep: what the upstream has, it has; there will be no other attempt.
            keepsBody = false
            body.removeFirst(min(bodySentCount, body.count))
            bodySentCount = 0
            cluster?.stats.increment(.retryOrShadowAbandoned)
        }
    }

    /// Stops reading the request while its bytes have nowhere to go.
    func pauseRequestIfNeeded() {
        guard let downstream, !isRequestComplete else { return }
        let unsent = body.count - bodySentCount
        let backlog = upstream?.backlogCount ?? 0
        let isStuck = upstream?.hasBacklog ?? false
        if isStuck || backlog > bufferLimit || unsent > min(bufferLimit, 64 * 1024) {
            if !downstream.isBodyPaused {
                downstream.isBodyPaused = true
                chain?.stats.increment(.downstreamFlowControlPausedReadingTotal)
            }
        }
    }

    func resumeRequestIfPossible() {
        guard let downstream, downstream.isBodyPaused else { return }
        if let upstream, upstream.hasBacklog { return }
        if isAwaitingSwitch { return }
        if body.count - bodySentCount > min(bufferLimit, 64 * 1024), upstream == nil { return }
        downstream.isBodyPaused = false
        bodyRateDeadline =
            bodyRateDeadline == .max
            ? .max : loop.nowMilliseconds + Self.bodyRateGraceMilliseconds
        bodyRateMark = bodyBytesReceived
        chain?.stats.increment(.downstreamFlowControlResumedReadingTotal)
        if !isRequestComplete { downstream.resumeBody() }
    }
}

extension Head {
    /// `Upgrade: h2c` is an offer that a proxy may pass over (RFC 9113 section 3.1 retired it).
    fileprivate var requestsOnlyH2CUpgrade: Bool {
        guard let value = first(.upgrade) else { return true }
        let text: [UInt8] = [0x68, 0x32, 0x63]
        return span(value).equalsIgnoringCase(lowercase: text.span)
    }
}

import Glibc
import Identity
import Model
import Policy
import Synchronization
import Telemetry

/// The way to an endpoint.
extension TCPClientConnection: ConnectionReceiver {
    /// Tries endpoints until one is connected, a limit refuses, or `max_connect_attempts` is reached.
    func connect() {
        if clusterName.isEmpty { clusterName = drawCluster() }
        while phase == .connecting, attempt == nil {
            if attemptCount >= tcp.connectAttemptsMax {
                cluster?.stats.increment(.upstreamCxConnectAttemptsExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
                refuse(reason)
                return
            }
            // After a reload it may be another object than at the attempt before.
            guard let cluster = worker.cluster(named: clusterName) else {
                stats.increment(.downstreamCxNoRoute)
                flags.insert(.noClusterFound)
                refuse("there is no cluster \(clusterName)")
                return
            }
            self.cluster = cluster
            guard let endpoint = chooseEndpoint(in: cluster) else { return }
            begin(to: endpoint, cluster)
        }
    }

    private func drawCluster() -> String {
        switch tcp.destination {
        case .cluster(let name): return name
        case .weighted(let clusters):
            let total = clusters.reduce(0) { $0 + UInt64($1.weight) }
            guard total > 0 else { return clusters.first?.name ?? "" }
            var point = worker.random.next() % total
            for cluster in clusters {
                if point < UInt64(cluster.weight) { return cluster.name }
                point -= UInt64(cluster.weight)
            }
            return clusters.last?.name ?? ""
        }
    }

    /// nil where the connection has been refused.
    private func chooseEndpoint(in cluster: ClusterState) -> EndpointState? {
        let name = cluster.configuration.name
        let limits = cluster.limits(.normal)
        if limits.isOpen(.connections) {
            refuseOverflow(cluster, "max_connections \(limits.limit(of: .connections))")
            return nil
        }
        if let destinations = cluster.destinations {
            if let endpoint = destinations.endpoint(for: peer, request: nil) { return endpoint }
            cluster.stats.increment(.upstreamCxNoneHealthy)
            flags.insert(.noHealthyUpstream)
            refuse("no healthy upstream: cluster \(name) \(destinations.refusal)")
            return nil
        }
        var hash: UInt64?
        if tcp.hashesSourceAddress {
            let address = peer.remoteText
            hash = XXHash64.hash(address.span)
        }
        let request = BalancingRequest(
            hash: hash,
            metadataMatch: tcp.metadataMatch,
            isRetry: attemptCount > 0
        )
        switch cluster.pick(request) {
        case .endpoint(let endpoint, _):
            if let most = cluster.configuration.connectionsPerEndpointMax,
                endpoint.shared.connectionsActive.load(ordering: .relaxed) >= Int(most)
            {
                refuseOverflow(cluster, "\(most) connections to endpoint \(endpoint.text)")
                return nil
            }
            return endpoint
        case .none:
            cluster.stats.increment(.upstreamCxNoneHealthy)
            flags.insert(.noHealthyUpstream)
            let what =
                cluster.endpoints.isEmpty
                ? "has no endpoint"
                : tcp.metadataMatch.isEmpty
                    ? "has \(cluster.endpoints.count) endpoints, and none of them may be used"
                    : "has no endpoint that fits metadata_match"
            refuse("no healthy upstream: cluster \(name) \(what)")
            return nil
        case .dropped:
            flags.insert(.dropOverload)
            refuse("drop overload: cluster \(name) drops a share of its connections")
            return nil
        }
    }

    private func refuseOverflow(_ cluster: ClusterState, _ limit: String) {
        cluster.stats.increment(.upstreamCxOverflow)
        flags.insert(.upstreamOverflow)
        let name = cluster.configuration.name
        refuse("upstream overflow: the circuit breaker of cluster \(name) allows \(limit)")
    }

    private func begin(to endpoint: EndpointState, _ cluster: ClusterState) {
        attemptCount += 1
        let limits = cluster.limits(.normal)
        guard limits.tryAcquire(.pendingRequests) else {
            cluster.stats.increment(.upstreamRqPendingOverflow)
            reason =
                "upstream overflow: the circuit breaker of cluster \(cluster.configuration.name) allows max_pending_requests \(limits.limit(of: .pendingRequests))"
            return
        }
        self.endpoint = endpoint
        limits.acquire(.connections)
        cluster.stats.increment(.upstreamRqPendingTotal)
        cluster.stats.increment(.upstreamRqPendingActive)
        var options = ConnectOptions()
        if let version = endpoint.transport?.configuration.proxyProtocol {
            options.proxyHeader = ProxyHeader.bytes(version, peer.remoteAddress, localAddress)
        }
        options.source = peer.imitated
        do throws(SystemCallError) {
            let attempt = try TCPAttempt(to: endpoint, options, receiver: self)
            try attempt.start()
            self.attempt = attempt
        } catch {
            cluster.stats.increment(.upstreamCxConnectFail)
            failed(ConnectFailure(reason: .connectFailure, code: error.code))
        }
    }

    // MARK: - What the attempt tells

    func connected(_ socket: ConnectingSocket) {
        attempt = nil
        guard let endpoint, phase == .connecting else { return }
        let cluster = endpoint.cluster
        leaveQueue(cluster)
        let upstream = TCPUpstreamConnection(continuing: socket, client: self)
        socket.handOver(to: upstream)
        endpoint.opened(upstream)
        self.upstream = upstream
        upstreamFacts = UpstreamFacts(
            address: upstream.address,
            localAddress: upstream.localAddress,
            tls: upstream.tlsFacts,
            connectionID: upstream.connectionID,
            connectedAt: loop.nowMicroseconds
        )
        cluster.limits(.normal).acquire(.requests)
        endpoint.activeRequests += 1
        endpoint.shared.requestsActive.add(1, ordering: .relaxed)
        endpoint.shared.requestsTotal.add(1, ordering: .relaxed)
        cluster.stats.increment(.upstreamRqTotal)
        cluster.stats.increment(.upstreamRqActive)
        report(.connected)
        if cluster.configuration.outlierDetection?.splitsLocalOriginErrors == false {
            // There is no response to say that the endpoint is well.
            report(.response(status: 200))
        }
        phase = .relaying
        if tcp.logTimes.onConnected { writeLineMeanwhile() }
        lastActivity = loop.nowMilliseconds
        armTimer()
        upstream.begin()
        resumeReadingLater()
    }

    func connectFailed(_ socket: ConnectingSocket, _ failure: ConnectFailure) {
        attempt = nil
        failed(failure)
        connect()
    }

    func openedAnother(_ priority: RoutingPriority) {
        endpoint?.cluster.limits(priority).acquire(.connections)
    }

    func closedWithoutLoss(_ socket: ConnectingSocket) {
        socket.endpoint.cluster.limits(socket.priority).release(.connections)
    }

    private func failed(_ failure: ConnectFailure) {
        guard let endpoint else { return }
        let cluster = endpoint.cluster
        leaveQueue(cluster)
        cluster.stats.increment(.upstreamRqPendingFailureEject)
        cluster.limits(.normal).release(.connections)
        endpoint.shared.connectFailures.add(1, ordering: .relaxed)
        endpoint.shared.requestsFailed.add(1, ordering: .relaxed)
        report(.connectFailure)
        flags.insert(.upstreamConnectionFailure)
        let what: String
        if let tls = failure.tls {
            transportFailure = tls.envoyText
            what = "TLS handshake failed: \(tls.explanation)"
        } else if failure.reason == .connectTimeout {
            transportFailure = ""
            what = "connection timeout"
        } else {
            let text = SystemCallError.text(failure.code)
            transportFailure = "delayed connect error: \(text)"
            what = text
        }
        reason =
            "upstream connect error: endpoint \(endpoint.text) of cluster \(cluster.configuration.name): \(what)"
    }

    /// Tells outlier detection how an attempt went.
    private func report(_ result: OutlierResult) {
        guard let endpoint, let failure = endpoint.shared.outlier?.record(result) else { return }
        endpoint.cluster.shared.onConsecutiveFailure.withLock { $0 }?(endpoint.shared, failure)
    }

    private func leaveQueue(_ cluster: ClusterState) {
        cluster.limits(.normal).release(.pendingRequests)
        cluster.stats.decrement(.upstreamRqPendingActive)
    }

    // MARK: - Letting go

    /// Ends the connection before it got to an endpoint, and says why.
    func refuse(_ why: String) {
        reason = why
        worker.report(
            "connection from \(peer.remoteAddress) closed: \(why)",
            listener: chain.listenerName
        )
        finish()
    }

    /// The client does not wait any more.
    func cancelAttempt() {
        guard let attempt, let endpoint else { return }
        self.attempt = nil
        leaveQueue(endpoint.cluster)
        attempt.abandon()
    }

    func releaseUpstream(local: Bool, abruptly: Bool) {
        guard let upstream, let endpoint else { return }
        self.upstream = nil
        let cluster = endpoint.cluster
        endpoint.activeRequests -= 1
        endpoint.shared.requestsActive.subtract(1, ordering: .relaxed)
        cluster.stats.decrement(.upstreamRqActive)
        cluster.limits(.normal).release(.requests)
        upstream.close(local: local, abruptly: abruptly)
        cluster.limits(.normal).release(.connections)
    }
}

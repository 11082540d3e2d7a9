import Synchronization

/// The scopes of TLS, HTTP/2, gRPC, relayed connections and listener filters.
///
/// They are made at the first call: ask for them when the first handshake, stream or connection
/// comes, so that a cluster or listener without them costs nothing.
extension StatsRegistry {
    /// Whose scopes of a kind they are that listeners and clusters have alike.
    enum Owner: Sendable {
        case listener(String)
        case cluster(String)

        var kind: ScopeKind {
            switch self {
            case .listener: ListenerStat.scopeKind
            case .cluster: ClusterStat.scopeKind
            }
        }

        /// The name of a scope inside of the owner's.
        func name(_ inner: InnerScope) -> ScopeName {
            let name =
                switch self {
                case .listener(let address): StatName.sanitized(address)
                case .cluster(let name): StatName.sanitized(name)
                }
            return ScopeName(name, of: kind, inner: inner)
        }
    }

    /// The service under which gRPC methods beyond the limit are counted.
    static let otherService = "other"

    // MARK: - TLS

    /// The handshakes of a listener's clients at one worker: `listener.<address>.ssl.`.
    package func listenerTLSStats(address: String, worker: Int) -> TLSStats {
        tlsStats(.listener(address), worker)
    }

    /// The handshakes with a cluster's endpoints at one worker: `cluster.<name>.ssl.`.
    package func clusterTLSStats(name: String, worker: Int) -> TLSStats {
        tlsStats(.cluster(name), worker)
    }

    private func tlsStats(_ owner: Owner, _ worker: Int) -> TLSStats {
        let name = owner.name(InnerScope("ssl"))
        let counters = withState { $0.transport.tls.block(name, worker: worker) }
        return TLSStats(counters: counters, registry: self, owner: owner, worker: worker)
    }

    func choiceStats(
        _ owner: Owner,
        _ inner: InnerScope,
        worker: Int
    ) -> StatScope<TLSChoiceStat> {
        withState { $0.transport.tlsChoices.block(owner.name(inner), worker: worker) }
    }

    /// What a listener's handshakes need at one thread:
    /// `listener.<address>.server_ssl_socket_factory.`.
    package func listenerTLSContextStats(address: String, worker: Int) -> TLSContextStats {
        let name = Owner.listener(address).name(InnerScope("server_ssl_socket_factory"))
        return withState { $0.transport.tlsContexts.block(name, worker: worker) }
    }

    /// What a cluster's handshakes need at one thread: `cluster.<name>.client_ssl_socket_factory.`.
    package func clusterTLSContextStats(name: String, worker: Int) -> TLSContextStats {
        let name = Owner.cluster(name).name(InnerScope("client_ssl_socket_factory"))
        return withState { $0.transport.tlsContexts.block(name, worker: worker) }
    }

    /// Says when the certificates of a listener expire, in place of what was said before.
    ///
    /// The names are those of the secrets, or what tells one certificate from another; for the main
    /// thread only.
    ///
    /// - Parameter certificates: Each with its end, in seconds since 1970.
    package func setCertificates(
        listener address: String,
        _ certificates: [(name: String, notAfter: Int64)]
    ) {
        setCertificates(.listener(address), certificates)
    }

    /// Says when the certificates of a cluster expire, in place of what was said before.
    ///
    /// As for a listener.
    package func setCertificates(
        cluster name: String,
        _ certificates: [(name: String, notAfter: Int64)]
    ) {
        setCertificates(.cluster(name), certificates)
    }

    private func setCertificates(
        _ owner: Owner,
        _ certificates: [(name: String, notAfter: Int64)]
    ) {
        let outer = owner.name(InnerScope(""))
        withState { state in
            state.transport.certificates.remove {
                $0.kind == outer.kind && $0.name == outer.name
            }
            for certificate in certificates {
                let inner = InnerScope(
                    "ssl.certificate",
                    label: "envoy_tls_certificate",
                    value: certificate.name
                )
                state.transport.certificates.block(
                    owner.name(inner),
                    worker: Self.controlWorker - 1
                ).set(.expirationUnixTimeSeconds, UInt64(clamping: certificate.notAfter))
            }
        }
    }

    // MARK: - HTTP/2 and gRPC

    /// The HTTP/2 codec of the clients' connections at one worker: `http2.`.
    package func http2Stats(worker: Int) -> HTTP2Stats {
        withState { $0.transport.http2.block(ScopeName(""), worker: worker) }
    }

    /// The HTTP/2 codec of the connections to a cluster at one worker: `cluster.<name>.http2.`.
    package func clusterHTTP2Stats(name: String, worker: Int) -> HTTP2Stats {
        let name = Owner.cluster(name).name(InnerScope("http2"))
        return withState { $0.transport.http2.block(name, worker: worker) }
    }

    /// The calls of one gRPC method in a cluster at one worker; see `ClusterMethods`.
    ///
    /// With neither service nor method it is all calls. When the process has as many methods as are
    /// allowed, a new one is counted as the service `other`.
    package func grpcStats(
        cluster name: String,
        service: String,
        method: String,
        isWeb: Bool = false,
        worker: Int
    ) -> GRPCStats {
        let owner = Owner.cluster(name)
        let key = owner.name(InnerScope(grpcService: service, method: method, isWeb: isWeb))
        return withState { state in
            let known = state.transport.grpc.scopes
            if known[key] != nil || method.isEmpty || known.count < ClusterMethods.methodsMax {
                return state.transport.grpc.block(key, worker: worker)
            }
            let other = owner.name(
                InnerScope(grpcService: Self.otherService, method: "", isWeb: isWeb)
            )
            return state.transport.grpc.block(other, worker: worker)
        }
    }

    // MARK: - Connections

    /// A TCP proxy at one worker, by its `stat_prefix`: `tcp.<prefix>.`.
    package func tcpStats(prefix: String, worker: Int) -> TCPStats {
        let name = ScopeName(StatName.sanitized(prefix), of: TCPStat.scopeKind)
        return withState { $0.transport.tcp.block(name, worker: worker) }
    }

    /// What looks at connections before their chain is chosen, at one worker.
    package func listenerFilterStats(worker: Int) -> ListenerFilterStats {
        withState { $0.transport.listenerFilters.block(ScopeName(""), worker: worker) }
    }

    /// Forgets a TCP proxy.
    package func remove(tcpPrefix prefix: String) {
        withState { $0.transport.remove(TCPStat.scopeKind, StatName.sanitized(prefix)) }
    }

    // MARK: - Values

    /// The value of a stat of a listener's handshakes over all workers.
    package func value(listener address: String, _ stat: TLSStat) -> UInt64 {
        let name = Owner.listener(address).name(InnerScope("ssl"))
        return withState { $0.transport.tls.value(name, stat) }
    }

    /// The value of a stat of the handshakes with a cluster over all workers.
    package func value(cluster name: String, _ stat: TLSStat) -> UInt64 {
        let name = Owner.cluster(name).name(InnerScope("ssl"))
        return withState { $0.transport.tls.value(name, stat) }
    }

    /// The value of a stat of the clients' HTTP/2 codec over all workers.
    package func value(_ stat: HTTP2Stat) -> UInt64 {
        withState { $0.transport.http2.value(ScopeName(""), stat) }
    }

    /// The value of a stat of a cluster's HTTP/2 codec over all workers.
    package func value(cluster name: String, _ stat: HTTP2Stat) -> UInt64 {
        let name = Owner.cluster(name).name(InnerScope("http2"))
        return withState { $0.transport.http2.value(name, stat) }
    }

    /// The value of a TCP proxy's stat over all workers.
    package func value(tcpPrefix prefix: String, _ stat: TCPStat) -> UInt64 {
        let name = ScopeName(StatName.sanitized(prefix), of: TCPStat.scopeKind)
        return withState { $0.transport.tcp.value(name, stat) }
    }

    /// The value of a stat of the listener filters over all workers.
    package func value(_ stat: ListenerFilterStat) -> UInt64 {
        withState { $0.transport.listenerFilters.value(ScopeName(""), stat) }
    }
}

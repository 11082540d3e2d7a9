/// The scopes of one kind of stats, by their names.
struct ScopeTable<Stat: StatSet>: Sendable {
    private(set) var scopes: [ScopeName: MergedScope<Stat>] = [:]

    var all: [MergedScope<Stat>] { Array(scopes.values) }

    mutating func block(_ name: ScopeName, worker: Int) -> StatScope<Stat> {
        scopes[name, default: MergedScope(name)].block(of: worker)
    }

    func value(_ name: ScopeName, _ stat: Stat) -> UInt64 { scopes[name]?.value(stat) ?? 0 }

    mutating func remove(where isGone: (ScopeName) -> Bool) {
        if scopes.isEmpty || !scopes.keys.contains(where: isGone) { return }
        scopes = scopes.filter { !isGone($0.key) }
    }

    mutating func resetCounters() {
        for name in scopes.keys { scopes[name]?.resetCounters() }
    }

    mutating func beginInterval() {
        for name in scopes.keys { scopes[name]?.beginInterval() }
    }
}

/// The scopes of what few listeners and clusters use: TLS, HTTP/2, gRPC, relayed connections.
struct TransportScopes: Sendable {
    var tls = ScopeTable<TLSStat>()
    var tlsChoices = ScopeTable<TLSChoiceStat>()
    var tlsContexts = ScopeTable<TLSContextStat>()
    var certificates = ScopeTable<CertificateStat>()
    var http2 = ScopeTable<HTTP2Stat>()
    var grpc = ScopeTable<GRPCStat>()
    var tcp = ScopeTable<TCPStat>()
    var listenerFilters = ScopeTable<ListenerFilterStat>()

    /// Removes what belongs to a cluster, a listener or a TCP proxy.
    mutating func remove(_ kind: ScopeKind, _ name: String) {
        let isGone = { (scope: ScopeName) in scope.name == name && scope.kind == kind }
        tls.remove(where: isGone)
        tlsChoices.remove(where: isGone)
        tlsContexts.remove(where: isGone)
        certificates.remove(where: isGone)
        http2.remove(where: isGone)
        grpc.remove(where: isGone)
        tcp.remove(where: isGone)
    }

    mutating func resetCounters() {
        tls.resetCounters()
        tlsChoices.resetCounters()
        tlsContexts.resetCounters()
        http2.resetCounters()
        grpc.resetCounters()
        tcp.resetCounters()
        listenerFilters.resetCounters()
    }

    mutating func beginInterval() {
        grpc.beginInterval()
        listenerFilters.beginInterval()
    }
}

import Synchronization

/// Counters that go from one process to the next.
extension StatsRegistry {
    /// The worker number under which carried counters are kept.
    private static let carryWorker = controlWorker - 3

    /// Every counter that is not 0, as it is printed now.
    ///
    /// Gauges and histograms are never carried; nor is what counts gRPC methods and what handshakes
    /// chose, which the next process begins anew.
    package func counters() -> [CarriedCounter] {
        let state = scopes()
        var all: [CarriedCounter] = []
        for scope in state.clusters.values { append(scope, .cluster, to: &all) }
        for scope in state.clusterParts.values { append(scope, .clusterPart, to: &all) }
        for scope in state.routes.values {
            if case .virtualCluster = scope.name.shape {
                append(scope, .virtualCluster, to: &all)
            } else {
                append(scope, .route, to: &all)
            }
        }
        for scope in state.http.values { append(scope, .http, to: &all) }
        for scope in state.listeners.values { append(scope, .listener, to: &all) }
        appendTransport(state.transport, to: &all)
        for stat in ServerStat.allCases where stat.description.kind == .counter {
            let value = state.serverValue(stat)
            if value > 0 {
                all.append(
                    CarriedCounter(
                        scope: .server,
                        name: "",
                        stat: stat.description.name,
                        value: value
                    )
                )
            }
        }
        return all
    }

    private func appendTransport(_ scopes: TransportScopes, to all: inout [CarriedCounter]) {
        for scope in scopes.tcp.all { append(scope, .tcp, to: &all) }
        for scope in scopes.listenerFilters.all { append(scope, .listenerFilters, to: &all) }
        for scope in scopes.tls.all {
            let isCluster = scope.name.kind == ClusterStat.scopeKind
            append(scope, isCluster ? .clusterTLS : .listenerTLS, to: &all)
        }
        for scope in scopes.http2.all {
            let isCluster = scope.name.kind == ClusterStat.scopeKind
            append(scope, isCluster ? .clusterHTTP2 : .http2, to: &all)
        }
    }

    private func append<Stat: StatSet>(
        _ scope: MergedScope<Stat>,
        _ kind: CarriedCounter.Scope,
        to all: inout [CarriedCounter]
    ) {
        let part =
            switch scope.name.shape {
            case .plain: ""
            case .part(let part), .virtualCluster(let part), .route(let part): part
            }
        func add(_ stat: String, _ value: UInt64) {
            if value == 0 { return }
            all.append(
                CarriedCounter(
                    scope: kind,
                    name: scope.name.name,
                    part: part,
                    stat: stat,
                    value: value
                )
            )
        }
        for stat in Stat.allCases where stat.description.kind == .counter {
            add(stat.description.name, scope.value(stat))
        }
        for (offset, count) in scope.codes().enumerated() { add("=\(100 + offset)", count) }
    }

    /// Adds what another process has counted, where this one has the same scope and stat.
    ///
    /// One thread may call it.
    package func add(_ counters: [CarriedCounter]) {
        for counter in counters {
            let name = counter.name
            let state = scopes()
            let hasCluster = state.clusters[name] != nil
            let worker = Self.carryWorker
            switch counter.scope {
            case .cluster where hasCluster:
                clusterStats(name: name, worker: worker).carry(counter)
            case .clusterPart where hasCluster:
                clusterPartStats(cluster: name, part: counter.part, worker: worker).carry(counter)
            case .virtualCluster:
                virtualClusterStats(virtualHost: name, name: counter.part, worker: worker)
                    .carry(counter)
            case .route:
                routeStats(virtualHost: name, prefix: counter.part, worker: worker).carry(counter)
            case .http where state.http[name] != nil:
                httpStats(prefix: name, worker: worker).carry(counter)
            case .listener where state.listeners[name] != nil:
                listenerStats(address: name, worker: worker).carry(counter)
            case .tcp: tcpStats(prefix: name, worker: worker).carry(counter)
            case .listenerTLS where state.listeners[name] != nil:
                listenerTLSStats(address: name, worker: worker).counters.carry(counter)
            case .clusterTLS where hasCluster:
                clusterTLSStats(name: name, worker: worker).counters.carry(counter)
            case .http2: http2Stats(worker: worker).carry(counter)
            case .clusterHTTP2 where hasCluster:
                clusterHTTP2Stats(name: name, worker: worker).carry(counter)
            case .listenerFilters: listenerFilterStats(worker: worker).carry(counter)
            case .server: serverStats(worker: worker).carry(counter)
            default: break
            }
        }
    }
}

extension StatScope {
    /// Adds to the counter of that name, if there is one.
    fileprivate func carry(_ counter: CarriedCounter) {
        if let status = Self.status(counter.stat) {
            addCode(status, counter.value)
            return
        }
        for stat in Stat.allCases
        where stat.description.kind == .counter && stat.description.name == counter.stat {
            add(stat, counter.value)
            return
        }
    }

    private func addCode(_ status: Int, _ count: UInt64) {
        guard countsCodes else { return }
        let (digit, rest) = status.quotientAndRemainder(dividingBy: 100)
        let codes = unsafe LaterCells.allocateOnce(cells + (codeSlot + digit - 1), count: 100)
        unsafe LaterCells.bump(codes + rest, by: count)
    }

    /// The status of `=503`.
    private static func status(_ stat: String) -> Int? {
        guard stat.utf8.first == UInt8(ascii: "="), let status = Int(stat.dropFirst()),
            (100...599).contains(status)
        else { return nil }
        return status
    }
}

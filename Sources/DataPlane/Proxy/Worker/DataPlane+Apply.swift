import Glibc
package import Model
import Synchronization
import Telemetry

/// Taking over a new snapshot: prepared whole, then swapped in at every worker.
extension DataPlane {
    /// Takes over a snapshot.
    ///
    /// Listeners and clusters with the same fingerprint keep their connections. Sockets are kept
    /// wherever the address is still listened on, so no connection attempt is lost.
    /// - Throws: why nothing was changed: an address cannot be bound, a log cannot be opened.
    package func apply(_ snapshot: Snapshot) throws(StartFailure) {
        commit(try prepare(snapshot))
    }

    /// Does everything that may fail, without changing anything.
    package func prepare(_ snapshot: Snapshot) throws(StartFailure) -> PreparedChange {
        let known = state.withLock { $0 }
        let difference = SnapshotDiff(from: known.snapshot, to: snapshot)
        var listeners: [ListenerChange] = []
        var sockets: [SocketKey: SocketAddress] = [:]
        let clusters: ClusterTable
        let added: [ClusterShared]
        do throws(StartFailure) {
            for listener in snapshot.listeners {
                let previous = known.listeners.first { $0.configuration.name == listener.name }
                listeners.append(
                    try prepare(
                        listener,
                        previous,
                        known: known.sockets,
                        snapshot.secrets,
                        &sockets
                    )
                )
            }
            (clusters, added) = try makeClusters(
                snapshot.clusters,
                known: known.clusters,
                snapshot.secrets
            )
        } catch {
            for descriptor in listeners.flatMap({ $0.sockets.flatMap(\.descriptors) }) {
                _ = Glibc.close(descriptor)
            }
            throw error
        }
        return PreparedChange(
            snapshot: snapshot,
            difference: difference,
            clusters: clusters,
            newClusters: added,
            listeners: listeners,
            sockets: sockets
        )
    }

    /// Closes what was made for a change that is not wanted any more.
    package func discard(_ change: PreparedChange) {
        for descriptor in change.descriptors { _ = Glibc.close(descriptor) }
    }

    /// Swaps a prepared change in; cannot fail.
    package func commit(_ change: PreparedChange) {
        if hasStoppedListening {
            discard(change)
            return
        }
        let next = change.listeners.map(\.shared)
        let (before, mailboxes) = state.withLock { state in
            let before = state
            let gone = state.listeners.filter { old in
                !change.listeners.contains { $0.previous === old }
            }
            state.drainingListeners =
                state.drainingListeners.filter { $0.connectionCount > 0 } + gone
            state.snapshot = change.snapshot
            state.listeners = next
            state.sockets = change.sockets
            state.clusters = change.clusters
            return (before, state.mailboxes)
        }
        count(change, workers: mailboxes.count)
        let message = WorkerChange(
            snapshot: change.snapshot,
            clusters: change.clusters,
            listeners: change.listeners,
            drainMilliseconds: options.drainMilliseconds
        )
        post { $0.apply(message) }
        forgetStatistics(before: before)
    }

    // MARK: - Clusters

    /// Clusters with the same fingerprint are the same objects; those that changed begin with what
    /// was known of the same endpoints.
    private func makeClusters(
        _ configurations: [ClusterConfiguration],
        known: ClusterTable,
        _ secrets: StaticSecrets
    ) throws(StartFailure) -> (table: ClusterTable, added: [ClusterShared]) {
        var added: [ClusterShared] = []
        var all: [ClusterShared] = []
        all.reserveCapacity(configurations.count)
        for configuration in configurations {
            let previous = known[configuration.name]
            if let previous,
                SnapshotDiff.isSame(previous.configuration.fingerprint, configuration.fingerprint)
            {
                all.append(previous)
                continue
            }
            let cluster = ClusterShared(
                configuration: configuration,
                contexts: try contexts(of: configuration, secrets)
            )
            if configuration.discovery == .static {
                _ = cluster.update(configuration.fixedEndpoints)
            } else if let previous, previous.configuration.hasSameNames(as: configuration) {
                let set = previous.endpoints
                if set.version > 0 { _ = cluster.update(set.members.map(\.endpoint)) }
            }
            if let previous { cluster.inheritHealth(of: previous) }
            added.append(cluster)
            all.append(cluster)
        }
        return (ClusterTable(all), added)
    }

    // MARK: - Statistics

    private func count(_ change: PreparedChange, workers: Int) {
        let server = registry.serverStats(worker: Self.mainThreadNumber)
        let listeners = change.difference.listeners
        let clusters = change.difference.clusters
        server.add(.listenerManagerListenerAdded, UInt64(listeners.added.count))
        server.add(.listenerManagerListenerModified, UInt64(listeners.changed.count))
        server.add(.listenerManagerListenerRemoved, UInt64(listeners.removed.count))
        // Every change of ours is made in place: the sockets and the connections stay.
        server.add(.listenerManagerListenerInPlaceUpdated, UInt64(listeners.changed.count))
        let created = change.listeners.filter { $0.previous !== $0.shared }.count
        server.add(.listenerManagerListenerCreateSuccess, UInt64(created * workers))
        server.add(.clusterManagerClusterAdded, UInt64(clusters.added.count))
        server.add(.clusterManagerClusterModified, UInt64(clusters.changed.count))
        server.add(.clusterManagerClusterRemoved, UInt64(clusters.removed.count))
        server.add(
            .clusterManagerClusterUpdated,
            UInt64(clusters.added.count + clusters.changed.count + clusters.removed.count)
        )
        for cluster in change.newClusters where !cluster.endpoints.members.isEmpty {
            gauges.withLock { _ in
                registry.clusterStats(
                    name: cluster.configuration.statName,
                    worker: Self.mainThreadNumber
                ).increment(.membershipChange)
            }
        }
    }

    /// What may be printed alike is taken for the same: punctuation becomes underscores there.
    private func loose(_ name: String) -> [UInt8] {
        name.utf8.filter { $0 > 0x20 && $0 != 0x3a && $0 != 0x2f && $0 != 0x5f && $0 != 0x7f }
    }

    /// Statistics of what is gone are not shown any more, unless something else has the same name.
    private func forgetStatistics(before: State) {
        let now = state.withLock { $0 }
        let clusterNames = Set(now.clusters.all.map { loose($0.configuration.statName) })
        for cluster in before.clusters.all {
            let name = cluster.configuration.statName
            if !clusterNames.contains(loose(name)) { registry.remove(cluster: name) }
        }
        // Connections that drain still count: theirs go with the next change after their end.
        let alive = now.listeners + now.drainingListeners
        let prefixes = Set(alive.flatMap(\.configuration.httpPrefixes).map(loose))
        let proxies = Set(alive.flatMap(\.configuration.tcpPrefixes).map(loose))
        let addresses = Set(alive.map { loose($0.configuration.statName) })
        for listener in before.listeners + before.drainingListeners {
            for prefix in listener.configuration.httpPrefixes
            where !prefixes.contains(loose(prefix)) {
                registry.remove(httpPrefix: prefix)
            }
            for prefix in listener.configuration.tcpPrefixes
            where !proxies.contains(loose(prefix)) {
                registry.remove(tcpPrefix: prefix)
            }
            let address = listener.configuration.statName
            if !addresses.contains(loose(address)) { registry.remove(listener: address) }
        }
    }
}

extension ListenerConfiguration {
    fileprivate var httpPrefixes: [String] {
        chains.compactMap { if case .http(let http) = $0.filter { http.statPrefix } else { nil } }
    }

    fileprivate var tcpPrefixes: [String] {
        chains.compactMap { if case .tcp(let tcp) = $0.filter { tcp.statPrefix } else { nil } }
    }
}

extension ClusterConfiguration {
    /// The endpoints that need no name server.
    var fixedEndpoints: [ResolvedEndpoint] {
        endpoints.compactMap { endpoint in
            guard case .address(let address) = endpoint.location else { return nil }
            return ResolvedEndpoint(endpoint, address: address)
        }
    }

    /// A name server would answer the same for both.
    func hasSameNames(as other: ClusterConfiguration) -> Bool {
        discovery == other.discovery && dnsFamily == other.dnsFamily
            && endpoints == other.endpoints && dns == other.dns
    }
}

extension ResolvedEndpoint {
    /// An endpoint of the configuration at one of its addresses.
    init(
        _ endpoint: EndpointConfiguration,
        address: SocketAddress,
        additionalAddresses: [SocketAddress]? = nil
    ) {
        var hostname = endpoint.hostname
        if hostname.isEmpty, case .name(let name, _) = endpoint.location { hostname = name }
        self.init(
            address: address,
            additionalAddresses: additionalAddresses ?? endpoint.additionalAddresses,
            hostname: hostname,
            weight: endpoint.weight,
            locality: endpoint.locality,
            attributes: endpoint.attributes
        )
    }
}

extension ClusterShared {
    /// A cluster that changed does not begin by suspecting every endpoint: what was known of the
    /// same addresses holds until the next check says otherwise.
    func inheritHealth(of previous: ClusterShared) {
        var known: [SocketAddress: EndpointShared] = [:]
        for member in previous.endpoints.members { known[member.endpoint.address] = member }
        let isChecked = !configuration.healthChecks.isEmpty
        let wasChecked = !previous.configuration.healthChecks.isEmpty
        for member in endpoints.members {
            guard let before = known[member.endpoint.address] else { continue }
            if isChecked, wasChecked {
                let checks: HealthFlags = [
                    .failedActiveCheck, .degradedActiveCheck, .pendingActiveCheck,
                    .excludedByImmediateFailure, .activeCheckTimedOut,
                ]
                let flags = before.healthFlags.intersection(checks)
                _ = member.change(set: flags, clear: checks.subtracting(flags))
            }
            member.availableSince.store(
                before.availableSince.load(ordering: .relaxed),
                ordering: .relaxed
            )
        }
    }
}

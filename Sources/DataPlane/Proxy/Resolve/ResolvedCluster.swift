import Model
import Telemetry

/// One cluster's names and the last good answer for each; on the resolver's thread only.
final class ResolvedCluster {
    let shared: ClusterShared
    let settings: LookupSettings
    private let plane: DataPlane
    private let stats: ClusterStats
    private let server: ServerStats
    private var firstAnswer: (() -> Void)?
    private var answers: [Int: [SocketAddress]] = [:]
    private var published: [ResolvedEndpoint]?
    private var openQuestions = 0
    private var hasFailed = false
    private var shortestTTL: Int64?
    private var schedule: RefreshSchedule
    /// The cluster is gone: answers that still come are thrown away.
    private(set) var isRemoved = false
    /// Milliseconds; while questions are open it is far in the future.
    private(set) var dueAt: Int64 = 0

    /// - Parameter servers: the process's, for clusters that name none.
    init(
        _ shared: ClusterShared,
        servers: String?,
        plane: DataPlane,
        firstAnswer: @escaping () -> Void
    ) {
        self.shared = shared
        self.plane = plane
        self.firstAnswer = firstAnswer
        settings = LookupSettings(shared.configuration.dns, servers: servers)
        schedule = RefreshSchedule(shared.configuration)
        server = plane.registry.serverStats(worker: StatsRegistry.controlWorker)
        stats = plane.registry.clusterStats(
            name: shared.configuration.statName,
            worker: StatsRegistry.controlWorker
        )
    }

    func remove() {
        isRemoved = true
        endFirstAnswer()
    }

    /// There is no channel for this cluster: nothing will ever be asked.
    func giveUp(_ why: String) {
        dueAt = .max
        Log.shared.log(
            .error,
            "names cannot be looked up",
            ["cluster": shared.configuration.name, "why": why]
        )
        endFirstAnswer()
    }

    func ask(_ lookup: NameLookup) {
        let configuration = shared.configuration
        dueAt = .max
        shortestTTL = nil
        hasFailed = false
        openQuestions = configuration.endpoints.count + 1
        for (index, endpoint) in configuration.endpoints.enumerated() {
            switch endpoint.location {
            case .address(let address):
                answers[index] = [address]
                questionDone()
            case .name(let name, let port):
                stats.increment(.updateAttempt)
                lookup.ask(name, family: configuration.dnsFamily) { [self] result in
                    if !isRemoved { answered(index, name, port, result) }
                }
            }
        }
        questionDone()
    }

    private func answered(_ index: Int, _ name: String, _ port: UInt16, _ result: LookupResult) {
        server.increment(.dnsResolveTotal)
        switch result {
        case .addresses(let addresses, let ttl):
            stats.increment(.updateSuccess)
            answers[index] = addresses.map { $0.with(port: port) }
            if let ttl { shortestTTL = min(shortestTTL ?? .max, Int64(ttl) * 1000) }
        case .notFound:
            // Envoy empties the cluster here, which takes a working service down with its name
            // server's mistake; the last answer is the better guess.
            hasFailed = true
            stats.increment(.updateEmpty)
            server.increment(.dnsNotFound)
            note(name, "not found")
        case .timedOut:
            hasFailed = true
            stats.increment(.updateFailure)
            server.increment(.dnsTimeout)
            note(name, "no name server answered in time")
        case .failed(let text):
            hasFailed = true
            stats.increment(.updateFailure)
            server.increment(.dnsFailure)
            note(name, text)
        }
        questionDone()
    }

    private func note(_ name: String, _ what: String) {
        let kept = answers.values.reduce(0) { $0 + $1.count }
        Log.shared.log(
            .warning,
            "name not resolved",
            [
                "cluster": shared.configuration.name, "name": name, "why": what,
                "endpoints_kept": "\(kept)",
            ]
        )
    }

    private func questionDone() {
        openQuestions -= 1
        if openQuestions > 0 { return }
        // A cluster that took the place of another begins with its endpoints: a failure of the
        // first look-up keeps them.
        let isNothingKnown = answers.isEmpty && shared.endpoints.version > 0
        let endpoints = isNothingKnown ? nil : endpoints()
        if let endpoints, isNew(endpoints) {
            published = endpoints
            plane.publish(endpoints: endpoints, to: shared)
        } else {
            stats.increment(.updateNoRebuild)
        }
        let wait = schedule.next(afterFailure: hasFailed, shortestTTLMilliseconds: shortestTTL)
        let (due, overflow) = Resolver.now().addingReportingOverflow(wait)
        dueAt = overflow ? .max : due
        endFirstAnswer()
    }

    private func endpoints() -> [ResolvedEndpoint] {
        var seen: Set<SocketAddress> = []
        var endpoints: [ResolvedEndpoint] = []
        for (index, endpoint) in shared.configuration.endpoints.enumerated() {
            let addresses = answers[index] ?? []
            if shared.configuration.discovery == .logicalDNS {
                if let one = logical(endpoint, addresses) { endpoints.append(one) }
                continue
            }
            for address in addresses where seen.insert(address).inserted {
                endpoints.append(ResolvedEndpoint(endpoint, address: address))
            }
        }
        return endpoints
    }

    /// One endpoint, whatever the number of addresses: the others are for when the first fails.
    ///
    /// The address in use stays as long as the answer has it: many servers turn the order around
    /// with each answer, and connections would be thrown away each time.
    private func logical(
        _ endpoint: EndpointConfiguration,
        _ addresses: [SocketAddress]
    ) -> ResolvedEndpoint? {
        var addresses = addresses
        if let known = published?.first {
            let all = [known.address] + known.additionalAddresses
            if all.count == addresses.count, Set(all) == Set(addresses) {
                addresses = all
            } else if let position = addresses.firstIndex(of: known.address) {
                addresses.remove(at: position)
                addresses.insert(known.address, at: 0)
            }
        }
        let options = shared.configuration.connection
        let ordered = AddressOrder.interleaved(
            addresses,
            firstFamilyCount: options.firstFamilyCount,
            prefersIPv4: options.prefersIPv4First
        )
        guard let first = ordered.first else { return nil }
        return ResolvedEndpoint(
            endpoint,
            address: first,
            additionalAddresses: Array(ordered.dropFirst())
        )
    }

    /// The same endpoints in another order are the same: name servers turn them around.
    private func isNew(_ endpoints: [ResolvedEndpoint]) -> Bool {
        guard let published else { return true }
        return published.count != endpoints.count || Set(published) != Set(endpoints)
    }

    private func endFirstAnswer() {
        firstAnswer?()
        firstAnswer = nil
    }
}

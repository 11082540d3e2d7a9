import CLinux
import Glibc
import Model
import Synchronization
import Telemetry

/// Keeps the endpoints of STRICT_DNS and LOGICAL_DNS clusters fresh, on a thread of its own.
///
/// A failure keeps the last answer: a name server that is down takes no endpoint away. Each cluster
/// is asked for one refresh interval after its last answer, with jitter, so that names do not come
/// in step.
package final class Resolver: Sendable {
    private let plane: DataPlane
    private let servers: String?
    private let wake: Int32
    private let isStopping = Atomic<Bool>(false)
    private let thread = Mutex<WorkerThread?>(nil)
    private let firstAnswers = Mutex<Int>(0)
    private let answered = Semaphore()
    private let clusters: [ClusterShared]

    /// Starts the thread where any cluster has names to look up; nil where none has.
    package static func start(
        for plane: DataPlane,
        servers: String? = nil
    ) throws(SystemCallError) -> Resolver? {
        let clusters = plane.resolvedClusters
        if clusters.isEmpty { return nil }
        // Fails here, and not later on the thread, where the servers are not addresses.
        _ = try NameLookup(servers: servers)
        let resolver = try Resolver(plane, clusters, servers)
        let thread = try WorkerThread(name: "resolver") { resolver.run() }
        resolver.thread.withLock { $0 = thread }
        return resolver
    }

    private init(
        _ plane: DataPlane,
        _ clusters: [ClusterShared],
        _ servers: String?
    ) throws(SystemCallError) {
        self.plane = plane
        self.clusters = clusters
        self.servers = servers
        wake = pillion_eventfd()
        if wake < 0 { throw SystemCallError("eventfd") }
    }

    deinit { _ = close(wake) }

    /// Waits until every cluster has had its first answer, good or bad, at most so long: listeners
    /// should not open before their endpoints are known.
    package func waitForFirstAnswers(milliseconds: Int64) {
        for _ in clusters {
            if !answered.wait(milliseconds: milliseconds) { return }
        }
    }

    package func stop() {
        isStopping.store(true, ordering: .releasing)
        var one: UInt64 = 1
        _ = unsafe write(wake, &one, 8)
        let thread = thread.withLock { $0 }
        thread?.join()
    }

    // MARK: - On the resolver's thread only

    private func run() {
        let lookup: NameLookup
        do throws(SystemCallError) {
            lookup = try NameLookup(servers: servers)
        } catch {
            for _ in clusters { answered.signal() }
            return
        }
        let targets = clusters.map { ResolvedCluster($0, plane: plane) { self.answered.signal() } }
        while !isStopping.load(ordering: .acquiring) {
            let now = Self.now()
            var next = now + 60_000
            for target in targets {
                if target.dueAt <= now { target.ask(lookup) }
                next = min(next, target.dueAt)
            }
            lookup.process(
                orWakeBy: wake,
                milliseconds: Int32(clamping: max(1, next - Self.now()))
            )
        }
    }

    static func now() -> Int64 {
        pillion_monotonic_microseconds() / 1000
    }
}

/// One cluster's names and the last good answer for each.
private final class ResolvedCluster {
    private let shared: ClusterShared
    private let plane: DataPlane
    private let stats: ClusterStats
    private let server: ServerStats
    private var firstAnswer: (() -> Void)?
    private var answers: [Int: [SocketAddress]] = [:]
    private var published: [ResolvedEndpoint]?
    private var openQuestions = 0
    private var shortestTTL: Int64?
    /// While questions are open it is far in the future.
    private(set) var dueAt: Int64 = 0

    init(_ shared: ClusterShared, plane: DataPlane, firstAnswer: @escaping () -> Void) {
        self.shared = shared
        self.plane = plane
        self.firstAnswer = firstAnswer
        server = plane.registry.serverStats(worker: StatsRegistry.controlWorker)
        stats = plane.registry.clusterStats(
            name: shared.configuration.statName,
            worker: StatsRegistry.controlWorker
        )
    }

    func ask(_ lookup: NameLookup) {
        let configuration = shared.configuration
        dueAt = .max
        shortestTTL = nil
        openQuestions = configuration.endpoints.count + 1
        for (index, endpoint) in configuration.endpoints.enumerated() {
            switch endpoint.location {
            case .address(let address):
                answers[index] = [address]
                questionDone()
            case .name(let name, let port):
                stats.increment(.updateAttempt)
                lookup.ask(name, family: configuration.dnsFamily) { [self] result in
                    answered(index, name, port, result)
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
            let wanted =
                shared.configuration.discovery == .logicalDNS
                ? Array(addresses.prefix(1)) : addresses
            answers[index] = wanted.map { $0.with(port: port) }
            if let ttl { shortestTTL = min(shortestTTL ?? .max, Int64(ttl) * 1000) }
        case .notFound:
            // Envoy empties the cluster here, which takes a working service down with its name
            // server's mistake; the last answer is the better guess.
            stats.increment(.updateEmpty)
            server.increment(.dnsNotFound)
            note(name, "not found")
        case .timedOut:
            stats.increment(.updateFailure)
            server.increment(.dnsTimeout)
            note(name, "no name server answered in time")
        case .failed(let text):
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
        let configuration = shared.configuration
        var seen: Set<SocketAddress> = []
        var endpoints: [ResolvedEndpoint] = []
        for (index, endpoint) in configuration.endpoints.enumerated() {
            for address in answers[index] ?? [] where seen.insert(address).inserted {
                var hostname = endpoint.hostname
                if hostname.isEmpty, case .name(let name, _) = endpoint.location { hostname = name }
                endpoints.append(
                    ResolvedEndpoint(
                        address: address,
                        hostname: hostname,
                        weight: endpoint.weight,
                        locality: endpoint.locality,
                        attributes: endpoint.attributes
                    )
                )
            }
        }
        if endpoints != published {
            published = endpoints
            plane.publish(endpoints: endpoints, to: shared)
        } else {
            stats.increment(.updateNoRebuild)
        }
        var interval = configuration.dnsRefreshMilliseconds
        if configuration.respectsDNSTTL, let ttl = shortestTTL { interval = max(1_000, ttl) }
        dueAt = Resolver.now() + interval + Int64.random(in: 0...max(1, interval / 10))
        firstAnswer?()
        firstAnswer = nil
    }
}

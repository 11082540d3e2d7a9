import CLinux
import Glibc
import Model
import Synchronization
import Telemetry

/// Keeps the endpoints of STRICT_DNS and LOGICAL_DNS clusters fresh, on a thread of its own.
///
/// A failure keeps the last answer: a name server that is down takes no endpoint away. The thread is
/// made when the first cluster with names comes; clusters come and go without it ending.
package final class Resolver: Sendable {
    private struct State {
        var clusters: [ClusterShared] = []
        /// Clusters whose first question has not been answered, neither well nor badly.
        var unanswered: Set<ObjectIdentifier> = []
        var thread: WorkerThread?
    }

    private let plane: DataPlane
    private let servers: String?
    private let wake: Int32
    private let isStopping = Atomic<Bool>(false)
    private let state = Mutex(State())
    private let answered = Semaphore()

    /// - Parameter servers: `ADDRESS[:PORT],…` for clusters that name none; nil: resolv.conf's.
    /// - Throws: the servers are not addresses, or the system has no descriptor left.
    package init(plane: DataPlane, servers: String? = nil) throws(SystemCallError) {
        // Fails here, and not later on the thread, where the servers are not addresses.
        if servers != nil { _ = try NameLookup(LookupSettings(servers: servers)) }
        self.plane = plane
        self.servers = servers
        wake = pillion_eventfd()
        if wake < 0 { throw SystemCallError("eventfd") }
    }

    deinit { _ = close(wake) }

    /// Looks up the names of these clusters from now on, and of no others.
    ///
    /// Clusters that were there before are not asked for anew. From the main thread.
    /// - Throws: a thread was needed and could not be made; then nothing is looked up.
    package func apply(clusters: [ClusterShared]) throws(SystemCallError) {
        let named = clusters.filter { $0.configuration.discovery != .static }
        let needsThread = state.withLock { state in
            let known = Set(state.clusters.map(ObjectIdentifier.init))
            for cluster in named where !known.contains(ObjectIdentifier(cluster)) {
                state.unanswered.insert(ObjectIdentifier(cluster))
            }
            state.clusters = named
            return state.thread == nil && !named.isEmpty
        }
        if needsThread {
            let thread = try WorkerThread(name: "resolver") { [self] in run() }
            state.withLock { $0.thread = thread }
        } else {
            wakeUp()
        }
    }

    /// Waits until each of these clusters has had its first answer, good or bad, at most so long.
    ///
    /// Those that are not looked up count as answered. From any thread but the resolver's.
    /// - Returns: false where the time ran out.
    @discardableResult
    package func waitForFirstAnswers(
        of clusters: [ClusterShared],
        milliseconds: Int64
    ) -> Bool {
        let wanted = Set(clusters.map(ObjectIdentifier.init))
        let end = Self.now() + milliseconds
        while state.withLock({ !$0.unanswered.isDisjoint(with: wanted) }) {
            let rest = end - Self.now()
            guard rest > 0, answered.wait(milliseconds: rest) else { return false }
        }
        return true
    }

    package func stop() {
        isStopping.store(true, ordering: .releasing)
        wakeUp()
        let thread = state.withLock { state in
            defer { state.thread = nil }
            return state.thread
        }
        thread?.join()
    }

    private func wakeUp() {
        var one: UInt64 = 1
        _ = unsafe write(wake, &one, 8)
    }

    private func firstAnswer(of cluster: ClusterShared) {
        _ = state.withLock { $0.unanswered.remove(ObjectIdentifier(cluster)) }
        answered.signal()
    }

    // MARK: - On the resolver's thread only

    private func run() {
        var targets: [ObjectIdentifier: ResolvedCluster] = [:]
        var lookups: [LookupSettings: NameLookup] = [:]
        while !isStopping.load(ordering: .acquiring) {
            takeOver(state.withLock { $0.clusters }, &targets, &lookups)
            let now = Self.now()
            var next = now + 60_000
            for target in targets.values {
                if target.dueAt <= now { ask(target, &lookups) }
                next = min(next, target.dueAt)
            }
            NameLookup.process(
                Array(lookups.values),
                orWakeBy: wake,
                milliseconds: Int32(clamping: max(1, next - Self.now()))
            )
        }
        // The channels end with their questions open; nobody wants to hear of that.
        for target in targets.values { target.remove() }
    }

    private func takeOver(
        _ clusters: [ClusterShared],
        _ targets: inout [ObjectIdentifier: ResolvedCluster],
        _ lookups: inout [LookupSettings: NameLookup]
    ) {
        let isSame =
            clusters.count == targets.count
            && clusters.allSatisfy { targets[ObjectIdentifier($0)] != nil }
        if isSame { return }
        var kept: [ObjectIdentifier: ResolvedCluster] = [:]
        for cluster in clusters {
            let identity = ObjectIdentifier(cluster)
            kept[identity] =
                targets.removeValue(forKey: identity)
                ?? ResolvedCluster(cluster, servers: servers, plane: plane) { [self] in
                    firstAnswer(of: cluster)
                }
        }
        for gone in targets.values { gone.remove() }
        targets = kept
        // Channels that nobody uses close their sockets; questions still open end as cancelled.
        let used = Set(kept.values.map(\.settings))
        lookups = lookups.filter { used.contains($0.key) }
    }

    private func ask(_ target: ResolvedCluster, _ lookups: inout [LookupSettings: NameLookup]) {
        do throws(SystemCallError) {
            if let lookup = lookups[target.settings] {
                target.ask(lookup)
                return
            }
            let lookup = try NameLookup(target.settings)
            lookups[target.settings] = lookup
            target.ask(lookup)
        } catch {
            target.giveUp("\(target.settings.servers ?? "resolv.conf"): \(error)")
        }
    }

    static func now() -> Int64 {
        pillion_monotonic_microseconds() / 1000
    }
}

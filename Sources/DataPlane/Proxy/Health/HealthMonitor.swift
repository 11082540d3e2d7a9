import Glibc
import Model
import Policy
import Synchronization
import Telemetry

/// Checks the endpoints of clusters and ejects those that are outliers, on a thread of its own.
///
/// One thread, `health`, with an event loop, whatever the number of clusters; it exists from the
/// moment that a cluster has health checks or outlier detection. What it finds is set as flags of
/// the endpoints, and the workers are told once for all changes of one turn of the loop.
package final class HealthMonitor: Sendable {
    private struct State {
        var clusters: [ClusterShared] = []
        var isStarted = false
        var mailbox: EventLoop.Mailbox?
        var thread: WorkerThread?
    }

    private let plane: DataPlane
    private let state = Mutex(State())

    /// The number under which the thread counts: its cells have no other writer.
    static let statsWorker = StatsRegistry.controlWorker - 2

    package init(plane: DataPlane) { self.plane = plane }

    /// Begins to check what `apply` was given, or will be given.
    package func start() throws(SystemCallError) {
        let clusters = state.withLock { state in
            state.isStarted = true
            return state.clusters
        }
        if clusters.contains(where: \.needsMonitor) { try startThread() }
        post(clusters)
    }

    /// Takes over the whole list of clusters.
    ///
    /// Those that are the same objects as before keep their checks and ejections, those that are
    /// gone end. From the main thread, at the start and after each reload.
    package func apply(clusters: [ClusterShared]) {
        let isMissing = state.withLock { state in
            state.clusters = clusters
            return state.isStarted && state.mailbox == nil
        }
        if isMissing, clusters.contains(where: \.needsMonitor) {
            do throws(SystemCallError) {
                try startThread()
            } catch {
                Log.shared.log(
                    .error,
                    "health checks not started: endpoints stay as they are",
                    ["error": error.description]
                )
            }
        }
        post(clusters)
    }

    /// A cluster has another set of endpoints.
    ///
    /// From any thread.
    package func endpointsChanged(of cluster: ClusterShared) {
        guard cluster.needsMonitor else { return }
        mailbox?.post { loop in (loop.owner as? HealthLoop)?.endpointsChanged(of: cluster) }
    }

    /// Waits until every endpoint that is checked has had its first result, at most so long.
    ///
    /// From the main thread, after `start` and `apply`.
    package func waitForFirstChecks(milliseconds: Int64) {
        guard let mailbox else { return }
        let finished = Semaphore()
        mailbox.post { loop in
            guard let owner = loop.owner as? HealthLoop else { return finished.signal() }
            owner.tellAfterFirstChecks { finished.signal() }
        }
        _ = finished.wait(milliseconds: milliseconds)
    }

    /// Ends the thread; the flags stay as they are.
    package func stop() {
        let (mailbox, thread, clusters) = state.withLock { state in
            defer {
                state.isStarted = false
                state.mailbox = nil
                state.thread = nil
            }
            return (state.mailbox, state.thread, state.clusters)
        }
        for cluster in clusters {
            cluster.onConsecutiveFailure.withLock { $0 = nil }
            cluster.onImmediateFailure.withLock { $0 = nil }
        }
        mailbox?.post { $0.stop() }
        thread?.join()
    }

    // MARK: - The thread

    private var mailbox: EventLoop.Mailbox? { state.withLock { $0.mailbox } }

    private func post(_ clusters: [ClusterShared]) {
        guard let mailbox else { return }
        mailbox.post { loop in (loop.owner as? HealthLoop)?.apply(clusters) }
    }

    private func startThread() throws(SystemCallError) {
        if mailbox != nil { return }
        let cell = HealthStart(plane: plane)
        let thread = try WorkerThread(name: "health") { cell.run() }
        let mailbox: EventLoop.Mailbox
        do throws(SystemCallError) {
            mailbox = try cell.waitForMailbox()
        } catch {
            thread.join()
            throw error
        }
        state.withLock { state in
            state.thread = thread
            state.mailbox = mailbox
        }
    }
}

extension ClusterShared {
    /// There is something for the health thread to do.
    var needsMonitor: Bool {
        !configuration.healthChecks.isEmpty || configuration.outlierDetection != nil
    }
}

/// Makes the loop on its own thread and hands out its mailbox.
private final class HealthStart: Sendable {
    private let plane: DataPlane
    private let result = Mutex<Result<EventLoop.Mailbox, SystemCallError>?>(nil)
    private let isKnown = Semaphore()

    init(plane: DataPlane) { self.plane = plane }

    func run() {
        let owner: HealthLoop
        do throws(SystemCallError) {
            owner = try HealthLoop(plane: plane)
        } catch {
            result.withLock { $0 = .failure(error) }
            isKnown.signal()
            return
        }
        let mailbox = owner.loop.mailbox
        owner.loop.owner = owner
        result.withLock { $0 = .success(mailbox) }
        isKnown.signal()
        owner.loop.run()
        owner.end()
        owner.loop.owner = nil
    }

    func waitForMailbox() throws(SystemCallError) -> EventLoop.Mailbox {
        isKnown.wait()
        switch result.withLock({ $0 }) {
        case .success(let mailbox): return mailbox
        case .failure(let error): throw error
        case nil: throw SystemCallError("pthread_create", code: 0)
        }
    }
}

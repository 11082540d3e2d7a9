package import Model
import Synchronization
import Telemetry

/// Starting: everything or nothing.
extension DataPlane {
    /// Binds every listener, then starts the workers.
    ///
    /// All or nothing.
    ///
    /// - Parameter beforeAccepting: called when the ports are bound and the clusters known, before
    ///   the first connection is taken: for what requests need, such as names to be looked up.
    ///   Connections that come meanwhile wait in the kernel.
    package func start(
        _ snapshot: Snapshot,
        beforeAccepting: () throws(SystemCallError) -> Void = {}
    ) throws(StartFailure) {
        let prepared = try prepare(snapshot)
        do throws(SystemCallError) {
            try startWorkers()
            state.withLock { $0.clusters = prepared.clusters }
            try beforeAccepting()
            try options.inherited?.listen()
        } catch {
            discard(prepared)
            stop()
            throw .system(error)
        }
        commit(prepared)
        runOnWorkers { _ in }
    }

    /// The clusters whose names a resolver must look up.
    package var resolvedClusters: [ClusterShared] {
        clusters.filter { $0.configuration.discovery != .static }
    }

    /// Where one thread fails, those that run already are ended by `stop`.
    private func startWorkers() throws(SystemCallError) {
        for index in 0..<options.workerCount {
            let cell = WorkerStart(
                index: index,
                registry: registry,
                accessLog: accessLog,
                report: report
            )
            let thread = try WorkerThread(name: "worker-\(index)") { cell.run() }
            let mailbox: EventLoop.Mailbox
            do throws(SystemCallError) {
                mailbox = try cell.waitForMailbox()
            } catch {
                thread.join()
                throw error
            }
            state.withLock { state in
                state.threads.append(thread)
                state.mailboxes.append(mailbox)
            }
        }
    }
}

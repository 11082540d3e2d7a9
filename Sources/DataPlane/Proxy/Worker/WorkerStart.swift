import Synchronization
import Telemetry

/// Makes a worker on its own thread and hands out its mailbox.
final class WorkerStart: Sendable {
    private let index: Int
    private let registry: StatsRegistry
    private let accessLog: AccessLogWriter
    private let report: @Sendable (WorkerEvent) -> Void
    private let result = Mutex<Result<EventLoop.Mailbox, SystemCallError>?>(nil)
    private let isKnown = Semaphore()

    init(
        index: Int,
        registry: StatsRegistry,
        accessLog: AccessLogWriter,
        report: @escaping @Sendable (WorkerEvent) -> Void
    ) {
        self.index = index
        self.registry = registry
        self.accessLog = accessLog
        self.report = report
    }

    /// The body of the worker's thread: returns when the loop has stopped.
    func run() {
        let worker: Worker
        do {
            worker = try Worker(
                index: index,
                registry: registry,
                accessLog: accessLog,
                events: report
            )
        } catch {
            result.withLock { $0 = .failure(error) }
            isKnown.signal()
            return
        }
        worker.loop.owner = worker
        let mailbox = worker.loop.mailbox
        result.withLock { $0 = .success(mailbox) }
        isKnown.signal()
        worker.loop.run()
        worker.loop.owner = nil
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

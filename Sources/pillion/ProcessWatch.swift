import Glibc
import Proxy
import Telemetry

/// Ends this process when the application's is gone: how the sidecar of a job ends.
///
/// The processes of the other containers are seen where the pod shares its process namespace.
final class ProcessWatch {
    private let loop: EventLoop
    private let watched: WatchedProcess
    private let gone: () -> Void
    private var end: ProcessEnd?
    private var timer: ClosureTimer?
    private var hasBeenSeen = false
    private var isStopped = false

    /// The application may start after the sidecar: between two looks.
    private static let lookMilliseconds: Int64 = 200

    /// - Parameter gone: called once on the loop, when the process has been seen and has ended.
    init(loop: EventLoop, _ watched: WatchedProcess, gone: @escaping () -> Void) {
        self.loop = loop
        self.watched = watched
        self.gone = gone
        timer = ClosureTimer(loop: loop) { [unowned self] in look() }
    }

    func start() {
        look()
        if !hasBeenSeen, !isStopped {
            Log.shared.log(
                .info,
                "waiting for the process to start",
                ["process": watched.description]
            )
        }
    }

    func stop() {
        isStopped = true
        timer?.cancel()
        end?.cancel()
    }

    private func look() {
        if isStopped { return }
        switch watched {
        case .number(let number):
            if !follow(number) { timer?.schedule(afterMilliseconds: Self.lookMilliseconds) }
        case .name(let name):
            // One may have ended since the list was made.
            for number in ProcessTable.processes(named: name) where follow(number) { return }
            if hasBeenSeen {
                finish()
            } else {
                timer?.schedule(afterMilliseconds: Self.lookMilliseconds)
            }
        }
    }

    /// Waits for the end of this process; false where there is none.
    private func follow(_ number: Int32) -> Bool {
        do throws(SystemCallError) {
            end = try ProcessEnd(loop: loop, process: number) { [unowned self] in ended() }
        } catch {
            if error.code == ESRCH { return false }
            Log.shared.log(
                .error,
                "the process cannot be watched",
                ["process": "\(number)", "error": error.description]
            )
            isStopped = true
            return true
        }
        if !hasBeenSeen {
            hasBeenSeen = true
            Log.shared.log(
                .info,
                "ending with the process",
                ["process": "\(number)", "watched": watched.description]
            )
        }
        return true
    }

    private func ended() {
        end = nil
        // Another of the same name may be left: a server with workers.
        if case .name = watched { look() } else { finish() }
    }

    private func finish() {
        isStopped = true
        gone()
    }
}

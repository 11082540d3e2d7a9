internal import CLinux
import Glibc
import Synchronization
import Telemetry

/// Finds the addresses of a name, and waits no longer than the caller may.
///
/// `getaddrinfo` can't be interrupted: it runs on a thread of its own, whose result nobody hears of
/// where it comes too late. So few of them run at a time that names whose servers are silent can't
/// fill the process with threads.
enum NameLookup {
    /// Lookups that may run at a time, those that nobody waits for any more included.
    static let limit = 16

    private static let running = Mutex(0)

    /// One lookup, shared by the thread that waits and the one that looks up.
    private final class Lookup: Sendable {
        let outcome = Mutex<Result<[NetAddress], StreamFailure>?>(nil)
        /// Readable once there is an outcome.
        let event = pillion_eventfd()

        deinit { _ = close(event) }

        func finish(_ result: Result<[NetAddress], StreamFailure>) {
            outcome.withLock { $0 = result }
            var count: UInt64 = 1
            _ = unsafe write(event, &count, 8)
        }
    }

    /// The addresses of a name, or of an address written as text; at least one.
    static func addresses(
        of host: String,
        port: Int,
        deadline: Deadline,
        cancellation: Cancellation,
        find: @escaping @Sendable (String, Int) -> Result<[NetAddress], StreamFailure> = {
            NetAddress.find($0, $1, isNumeric: false)
        }
    ) throws(StreamFailure) -> [NetAddress] {
        if case .success(let found) = NetAddress.find(host, port, isNumeric: true), !found.isEmpty {
            return found
        }
        try takePlace(host, deadline, cancellation)
        let lookup = Lookup()
        guard lookup.event >= 0 else {
            running.withLock { $0 -= 1 }
            throw .resolve(host: host, why: "the process has no file descriptor left")
        }
        BackgroundThread.start {
            lookup.finish(find(host, port))
            running.withLock { $0 -= 1 }
        }
        while true {
            if let result = lookup.outcome.withLock({ $0 }) {
                let found = try result.get()
                guard !found.isEmpty else { throw .resolve(host: host, why: "it has no address") }
                return found
            }
            if cancellation.isCancelled { throw .cancelled }
            let left = deadline.left
            if left == 0 { throw .timedOut("looking up \(host)") }
            var entries = [
                pollfd(fd: lookup.event, events: Int16(POLLIN), revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&entries, 2, Int32(clamping: left))
        }
    }

    private static func takePlace(
        _ host: String,
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(StreamFailure) {
        while true {
            let isTaken = running.withLock { count in
                guard count < limit else { return false }
                count += 1
                return true
            }
            if isTaken { return }
            if deadline.isOver {
                throw .timedOut("looking up \(host), behind \(limit) other lookups without answer,")
            }
            guard cancellation.sleep(milliseconds: 20) else { throw .cancelled }
        }
    }
}

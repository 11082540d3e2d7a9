internal import CLinux
import Glibc
import Synchronization
import Telemetry

/// A thread for what waits for the disk: checkpoints and the syncing of spools, one after the other.
final class DiskThread: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var isEnding = false
    }

    private let state = Mutex(State())
    private let wake: Int32
    private let ended: Int32

    init() {
        wake = pillion_eventfd()
        ended = pillion_eventfd()
        precondition(wake >= 0 && ended >= 0, "the process has no file descriptor left")
    }

    deinit {
        _ = close(wake)
        _ = close(ended)
    }

    func start() {
        BackgroundThread.start { [self] in
            unsafe pillion_name_thread("logs-disk")
            while true {
                let work = state.withLock { state in
                    defer { state.work = [] }
                    return state.work
                }
                for body in work { body() }
                if work.isEmpty {
                    if state.withLock({ $0.isEnding && $0.work.isEmpty }) { break }
                    Self.wait(wake)
                }
            }
            var count: UInt64 = 1
            _ = unsafe write(ended, &count, 8)
        }
    }

    /// Runs it after what was posted before.
    func post(_ body: @escaping @Sendable () -> Void) {
        state.withLock { $0.work.append(body) }
        signal()
    }

    /// Does what is left, and returns once that is done.
    func finish() {
        state.withLock { $0.isEnding = true }
        signal()
        Self.wait(ended)
    }

    private func signal() {
        var count: UInt64 = 1
        _ = unsafe write(wake, &count, 8)
    }

    private static func wait(_ descriptor: Int32) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, -1)
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, 8)
    }
}

internal import CLinux
import Glibc
import Synchronization

/// Tells a thread that may be blocked in a call that it should stop.
///
/// A call that waits for a descriptor waits for ``descriptor`` too: it becomes readable when
/// ``cancel()`` is called, and stays so.
package final class Cancellation: Sendable {
    private let flag = Atomic(false)
    /// Readable once it is cancelled; owned by this object.
    package let descriptor: Int32

    package init() {
        descriptor = pillion_eventfd()
        precondition(descriptor >= 0, "the process has no file descriptor left")
    }

    deinit { _ = Glibc.close(descriptor) }

    package var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// May be called by any thread, and more than once.
    package func cancel() {
        guard !flag.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var count: UInt64 = 1
        _ = unsafe write(descriptor, &count, 8)
    }

    /// Waits; false where it was cancelled before the time was over.
    package func sleep(milliseconds: Int64) -> Bool {
        let end = ContinuousClock.now.advanced(by: .milliseconds(milliseconds))
        while !isCancelled {
            let left = ContinuousClock.now.duration(to: end)
            if left <= .zero { return true }
            let parts = left.components
            let wait = parts.seconds * 1000 + parts.attoseconds / 1_000_000_000_000_000 + 1
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, Int32(clamping: wait))
        }
        return false
    }
}

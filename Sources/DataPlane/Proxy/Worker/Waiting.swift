import CLinux
import Glibc
import Synchronization

/// Counts down over threads and calls a closure at the end, once.
final class Countdown: Sendable {
    private let rest: Atomic<Int>
    private let done: @Sendable () -> Void

    init(_ count: Int, _ done: @escaping @Sendable () -> Void) {
        rest = Atomic(count)
        self.done = done
    }

    func step() {
        if rest.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { done() }
    }
}

/// A sum over threads.
final class Counter: Sendable {
    private let sum = Atomic<Int>(0)
    func add(_ amount: Int) { sum.add(amount, ordering: .relaxed) }
    var value: Int { sum.load(ordering: .acquiring) }
}

/// A counting semaphore of the C library, for the main thread to wait for workers.
@safe
final class Semaphore: @unchecked Sendable {
    // Protected by the C library: sem_t is made to be used by several threads.
    private let handle: UnsafeMutablePointer<sem_t>

    init() {
        unsafe handle = .allocate(capacity: 1)
        _ = unsafe sem_init(handle, 0, 0)
    }

    deinit {
        _ = unsafe sem_destroy(handle)
        unsafe handle.deallocate()
    }

    func signal() { _ = unsafe sem_post(handle) }
    /// Waits at most so long; false where the time ran out.
    func wait(milliseconds: Int64) -> Bool { unsafe pillion_sem_wait(handle, milliseconds) == 0 }
    func wait() { while unsafe sem_wait(handle) != 0, errno == EINTR {} }
}

internal import CLinux
import Glibc
import Synchronization

/// The one thread of the log shipper that reads, parses, shapes and encodes.
///
/// It waits for descriptors (level-triggered), for times, and for closures that other threads post.
final class EngineLoop: Sendable {
    /// What the loop's own thread may touch.
    private struct Inner {
        var handlers: [UInt64: Handler] = [:]
        var nextKey: UInt64 = 1
        var timers: [Timer] = []
        var isEnding = false
    }

    private final class Handler {
        let descriptor: Int32
        let body: (Readiness) -> Void
        /// PILLION_IN and PILLION_OUT; 0: epoll does not know the descriptor.
        var events = Int32(PILLION_IN)
        init(_ descriptor: Int32, _ body: @escaping (Readiness) -> Void) {
            self.descriptor = descriptor
            self.body = body
        }
    }

    /// What a descriptor is ready for; one that has failed is ready for both.
    struct Readiness {
        var isReadable: Bool
        var isWritable: Bool
    }

    /// Something that is due at a time.
    final class Timer {
        fileprivate(set) var due: Int64
        fileprivate let body: () -> Void
        fileprivate var isCancelled = false

        fileprivate init(due: Int64, body: @escaping () -> Void) {
            self.due = due
            self.body = body
        }

        func cancel() { isCancelled = true }
    }

    // Safe to share: only the loop's thread touches it once `run` began.
    private final class Box: @unchecked Sendable {
        var inner = Inner()
    }

    private let box = Box()
    private let mailbox = Mutex<[@Sendable () -> Void]>([])
    private let epoll: Int32
    private let wake: Int32

    init() {
        epoll = pillion_epoll_create()
        wake = pillion_eventfd()
        precondition(epoll >= 0 && wake >= 0, "the process has no file descriptor left")
        _ = pillion_epoll_add(epoll, wake, 0, 0)
    }

    deinit {
        _ = close(epoll)
        _ = close(wake)
    }

    /// Milliseconds on the monotonic clock.
    static var now: Int64 { pillion_monotonic_microseconds() / 1000 }

    // MARK: - From any thread

    /// Runs a closure on the loop's thread, soon.
    func post(_ body: @escaping @Sendable () -> Void) {
        mailbox.withLock { $0.append(body) }
        var count: UInt64 = 1
        _ = unsafe write(wake, &count, 8)
    }

    // MARK: - On the loop's thread

    /// Calls back while the descriptor is readable; returns the key to stop that with.
    func watch(_ descriptor: Int32, _ body: @escaping () -> Void) -> UInt64? {
        watch(descriptor, ready: { _ in body() })
    }

    /// Calls back while the descriptor is ready for what is wanted: reading, until ``want`` says
    /// otherwise.
    func watch(_ descriptor: Int32, ready body: @escaping (Readiness) -> Void) -> UInt64? {
        let key = box.inner.nextKey
        guard pillion_epoll_add(epoll, descriptor, key, 0) == 0 else { return nil }
        box.inner.nextKey += 1
        box.inner.handlers[key] = Handler(descriptor, body)
        return key
    }

    /// What the owner of a descriptor waits for from now on.
    func want(_ key: UInt64, reading: Bool, writing: Bool) {
        guard let handler = box.inner.handlers[key] else { return }
        let events =
            (reading ? Int32(PILLION_IN) : 0) | (writing ? Int32(PILLION_OUT) : 0)
        guard events != handler.events else { return }
        if events == 0 {
            // Known to epoll, it would report a hangup again and again.
            _ = pillion_epoll_remove(epoll, handler.descriptor)
        } else {
            if handler.events == 0 { _ = pillion_epoll_add(epoll, handler.descriptor, key, 0) }
            _ = pillion_epoll_modify(epoll, handler.descriptor, key, events)
        }
        handler.events = events
    }

    /// Lets a descriptor rest, and wakes it again.
    func pause(_ key: UInt64, _ isPaused: Bool) { want(key, reading: !isPaused, writing: false) }

    /// Stops the calls; before the descriptor is closed.
    func unwatch(_ key: UInt64) {
        guard let handler = box.inner.handlers.removeValue(forKey: key) else { return }
        // A copy of the descriptor may live on, and epoll would go on with it.
        if handler.events != 0 { _ = pillion_epoll_remove(epoll, handler.descriptor) }
    }

    /// Calls back once, after so many milliseconds.
    @discardableResult
    func schedule(after milliseconds: Int64, _ body: @escaping () -> Void) -> Timer {
        let timer = Timer(due: Self.now + max(milliseconds, 0), body: body)
        let timers = box.inner.timers
        var low = 0
        var high = timers.count
        // Latest first, so that the next one is the last.
        while low < high {
            let middle = (low + high) / 2
            if timers[middle].due > timer.due { low = middle + 1 } else { high = middle }
        }
        box.inner.timers.insert(timer, at: low)
        return timer
    }

    /// Makes ``run()`` return after this turn.
    func end() { box.inner.isEnding = true }

    /// Runs until ``end()``.
    func run() {
        var events = [pillion_event](repeating: pillion_event(), count: 64)
        while !box.inner.isEnding {
            let wait = box.inner.timers.last.map { max($0.due - Self.now, 0) } ?? 60_000
            let count = unsafe pillion_epoll_wait(epoll, &events, 64, Int32(clamping: wait))
            for index in 0..<max(Int(count), 0) {
                let key = events[index].key
                if key == 0 {
                    var signals: UInt64 = 0
                    _ = unsafe read(wake, &signals, 8)
                } else if let handler = box.inner.handlers[key] {
                    let found = events[index].events
                    let hasFailed =
                        found & UInt32(PILLION_ERROR | PILLION_HANGUP) != 0
                    handler.body(
                        Readiness(
                            isReadable: hasFailed || found & UInt32(PILLION_IN) != 0,
                            isWritable: hasFailed || found & UInt32(PILLION_OUT) != 0
                        )
                    )
                }
            }
            let posted = mailbox.withLock { bodies in
                defer { bodies = [] }
                return bodies
            }
            for body in posted { body() }
            runTimers()
        }
        // Timers and handlers know their owners, who know the loop: nobody would ever go.
        box.inner = Inner()
        mailbox.withLock { $0 = [] }
    }

    private func runTimers() {
        let now = Self.now
        while let timer = box.inner.timers.last, timer.due <= now {
            box.inner.timers.removeLast()
            if !timer.isCancelled { timer.body() }
        }
    }
}

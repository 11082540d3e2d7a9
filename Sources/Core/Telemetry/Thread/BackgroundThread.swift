import Glibc

/// A thread for work that must not stand in a worker's way.
package enum BackgroundThread {
    /// Runs `body` once on a new thread, which takes no signals.
    ///
    /// Signals stay with the threads that handle them; a pipe that nobody reads fails its write
    /// with EPIPE here, without SIGPIPE.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(ThreadBody(body))
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        // It calls nothing deep; the default of 8 MiB would only be address space, but counts
        // where memory is locked.
        unsafe pthread_attr_setstacksize(&attributes, 256 << 10)
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        // The new thread inherits the mask: it never runs with another.
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            },
            box.toOpaque()
        )
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        unsafe pthread_attr_destroy(&attributes)
        precondition(code == 0, "the system has no room for another thread")
    }
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

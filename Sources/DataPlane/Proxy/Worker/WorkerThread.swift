import CLinux
import Glibc

/// A thread of the C library that runs one closure: no Foundation, a name for `top` and debuggers.
package final class WorkerThread: Sendable {
    private let handle: pthread_t

    @safe
    private final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Parameter name: at most 15 bytes are shown.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
        let start = Start(name: String(name.utf8.prefix(15)) ?? "pillion", body: body)
        let argument = unsafe Unmanaged.passRetained(start)
        var handle = pthread_t()
        let result = unsafe pthread_create(
            &handle,
            nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                let start = unsafe Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
                unsafe pillion_name_thread(start.name)
                start.body()
                return nil
            },
            argument.toOpaque()
        )
        if result != 0 {
            unsafe argument.release()
            throw SystemCallError("pthread_create", code: result)
        }
        self.handle = handle
    }

    /// Waits until the closure has returned.
    package func join() { _ = pthread_join(handle, nil) }
}

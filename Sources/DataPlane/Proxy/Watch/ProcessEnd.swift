import CLinux
import Glibc

/// Tells when a process has ended, on a loop.
package final class ProcessEnd: Pollable {
    private let loop: EventLoop
    private let body: () -> Void

    /// - Parameter ended: called once, also where the process is gone already.
    /// - Throws: ESRCH where there is no such process, ENOSYS before Linux 5.3.
    package init(
        loop: EventLoop,
        process: Int32,
        ended: @escaping () -> Void
    ) throws(SystemCallError) {
        self.loop = loop
        body = ended
        let descriptor = pillion_open_process(process)
        if descriptor < 0 { throw SystemCallError("pidfd_open") }
        super.init(descriptor: descriptor)
        do throws(SystemCallError) {
            try loop.add(self, interest: .level)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    package func cancel() { loop.close(self) }

    override package func ready(events: UInt32) {
        loop.close(self)
        body()
    }
}

import Glibc

/// A folder that one process at a time may work in: a lock on the file `lock` there.
///
/// The system gives it back when the process ends, however it ends. Children don't inherit it.
package final class FolderLock: Sendable {
    package let directory: String
    private let descriptor: Int32

    private init(_ directory: String, _ descriptor: Int32) {
        self.directory = directory
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }

    /// Takes the lock; nil where another process, or another part of this one, has it.
    ///
    /// - Throws: why the file can't be made or locked.
    package static func take(_ directory: String) throws(FileFailure) -> FolderLock? {
        let path = directory + "/lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure(path: path, call: "open") }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            _ = close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw FileFailure(path: path, call: "lock", code: code)
        }
        return FolderLock(directory, descriptor)
    }
}

import Glibc

/// A system call on a file that failed, in words.
package struct FileFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var path: String
    /// What was tried: `open`, `write`, `rename`.
    package var call: String
    package var code: Int32

    package init(path: String, call: String, code: Int32 = errno) {
        self.path = path
        self.call = call
        self.code = code
    }

    /// True where the disk, or the user's share of it, is full.
    package var isFull: Bool { code == ENOSPC || code == EDQUOT }

    /// `/var/x: write: No space left on device`.
    package var description: String { "\(path): \(call): \(reason)" }

    /// `No space left on device`.
    package var reason: String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        let letters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: letters, as: UTF8.self)
    }
}

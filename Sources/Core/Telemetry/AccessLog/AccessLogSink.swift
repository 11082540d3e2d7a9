import Glibc
import Model

/// Why a sink could not be opened.
package struct AccessLogOpenFailure: Error, Equatable, CustomStringConvertible {
    package let path: String
    /// `errno`.
    package let code: Int32

    package init(path: String, code: Int32) {
        self.path = path
        self.code = code
    }

    package var description: String {
        "access log \(path): cannot be opened: \(SystemError.text(code))"
    }
}

/// Which sink of the process a chunk goes to.
package struct SinkID: Sendable, Hashable {
    let index: Int
}

/// The text of an `errno`.
enum SystemError {
    static func text(_ code: Int32) -> String {
        var buffer: [CChar] = Array(repeating: 0, count: 128)
        guard unsafe strerror_r(code, &buffer, buffer.count) == 0 else {
            return "errno \(code)"
        }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(String(decoding: bytes, as: UTF8.self)) (errno \(code))"
    }
}

/// An open file, or one of the standard streams.
struct AccessLogSink: Sendable {
    let configuration: AccessLogConfiguration.Sink
    var descriptor: Int32
    /// The last write failed: warned once, until one succeeds.
    var isFailing = false
    /// The last write ended in the middle of a line: the next begins with a newline.
    var isMidLine = false

    init(_ configuration: AccessLogConfiguration.Sink) throws(AccessLogOpenFailure) {
        self.configuration = configuration
        descriptor = try Self.open(configuration)
    }

    /// What messages call it.
    var path: String {
        switch configuration {
        case .file(let path): path
        case .standardOutput: "standard output"
        case .standardError: "standard error"
        }
    }

    /// The standard stream that a path means, where it does: opening `/dev/stdout` again fails
    /// where it is a socket, as under a service manager.
    static func standardStream(_ configuration: AccessLogConfiguration.Sink) -> Int32? {
        switch configuration {
        case .standardOutput, .file(path: "/dev/stdout"): STDOUT_FILENO
        case .standardError, .file(path: "/dev/stderr"): STDERR_FILENO
        case .file: nil
        }
    }

    static func open(
        _ configuration: AccessLogConfiguration.Sink
    ) throws(AccessLogOpenFailure) -> Int32 {
        if let stream = standardStream(configuration) { return stream }
        guard case .file(let path) = configuration else { return STDERR_FILENO }
        // Without O_NONBLOCK the open of a FIFO that nobody reads would wait for ever.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        while true {
            let descriptor = unsafe Glibc.open(path, flags, 0o644)
            if descriptor >= 0 { return descriptor }
            let code = errno
            if code != EINTR { throw AccessLogOpenFailure(path: path, code: code) }
        }
    }

    func close() {
        if Self.standardStream(configuration) == nil { _ = Glibc.close(descriptor) }
    }

    /// Opens the file again, after it was renamed; the old one stays where that fails.
    mutating func reopen() throws(AccessLogOpenFailure) {
        if Self.standardStream(configuration) != nil { return }
        let fresh = try Self.open(configuration)
        close()
        descriptor = fresh
        isFailing = false
        isMidLine = false
    }
}

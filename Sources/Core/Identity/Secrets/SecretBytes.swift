import Glibc
import Model

/// Reads what a `DataSource` points to.
enum SecretBytes {
    /// A bundle of all public authorities has a fifth of a MiB; lists of revoked ones are larger.
    static let byteCountMax = 32 * 1024 * 1024

    static func read(
        _ source: DataSource,
        part: TLSContextFailure.Part
    ) throws(TLSContextFailure) -> [UInt8] {
        switch source {
        case .inline(let bytes): return bytes
        case .file(let path): return try read(path: path, part: part)
        }
    }

    private static func read(
        path: String,
        part: TLSContextFailure.Part
    ) throws(TLSContextFailure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path, part, errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while true {
            let start = bytes.count
            guard start <= byteCountMax else {
                throw TLSContextFailure(
                    part: part,
                    source: path,
                    reason: "the file has more than \(byteCountMax >> 20) MiB",
                    hint: "is it the right file?"
                )
            }
            bytes.append(contentsOf: repeatElement(0, count: 16 * 1024))
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe Glibc.read(descriptor, base + start, buffer.count - start)
            }
            let problem = errno
            bytes.removeLast(bytes.count - start - max(count, 0))
            if count == 0 { return bytes }
            if count < 0, problem != EINTR { throw failure(path, part, problem) }
        }
    }

    private static func failure(
        _ path: String,
        _ part: TLSContextFailure.Part,
        _ problem: Int32
    ) -> TLSContextFailure {
        let hint =
            switch problem {
            case ENOENT: "is it mounted, and is the path spelled as it is in the container?"
            case EACCES: "the file must be readable by the user that runs the proxy"
            case EISDIR: "the path names a directory"
            default: ""
            }
        let words = unsafe String(cString: strerror(problem))
        return TLSContextFailure(
            part: part,
            source: path,
            reason: "cannot read: \(words)",
            hint: hint
        )
    }
}

extension DataSource {
    /// For messages: the file's path, or that the bytes stand in the configuration.
    var place: String {
        switch self {
        case .file(let path): path
        case .inline: "the configuration"
        }
    }

    var path: String? {
        if case .file(let path) = self { return path }
        return nil
    }
}

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Reads whole files, up to a limit, without Foundation.
package enum FileContents {
    /// The bytes of the file at `path`; pipes such as `/dev/stdin` work too.
    /// - Throws: why the file can't be read, or that it is larger than the limit. A file that is
    ///   too large is not read beyond the limit.
    package static func read(
        _ path: String,
        limits: DocumentLimits = .standard
    ) throws(DocumentFailure) -> [UInt8] {
        // Not to wait here for somebody who would write into a pipe.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw DocumentFailure(what: "the file can't be opened", hint: reason(errno))
        }
        defer { close(descriptor) }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR {
                throw DocumentFailure(
                    what: "it is a directory",
                    hint: "name the files in it, one by one"
                )
            }
            // Without this a file of many gigabytes would be read up to the limit first.
            guard status.st_size <= limits.bytesMax else { throw DocumentReader.tooLarge(limits) }
        }
        return try readAll(descriptor, limits)
    }

    private static func readAll(
        _ descriptor: Int32,
        _ limits: DocumentLimits
    ) throws(DocumentFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe systemRead(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN {
                    try waitForBytes(descriptor)
                    continue
                }
                throw DocumentFailure(what: "the file can't be read", hint: reason(errno))
            }
            if count == 0 { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= limits.bytesMax else { throw DocumentReader.tooLarge(limits) }
        }
    }

    /// Milliseconds that a pipe may be silent; whoever waits for the file waits so long, too.
    private static let silenceMilliseconds: Int32 = 10_000

    private static func waitForBytes(_ descriptor: Int32) throws(DocumentFailure) {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let count = unsafe poll(&waiting, 1, silenceMilliseconds)
            if count > 0 { return }
            if count < 0, errno == EINTR { continue }
            throw DocumentFailure(
                what: "it is a pipe, and nothing came from it in 10 s",
                hint: "name a file, or write into the pipe"
            )
        }
    }

    /// `read(2)`, which a member of this type would hide.
    private static func systemRead(
        _ descriptor: Int32,
        _ buffer: UnsafeMutableRawPointer?,
        _ count: Int
    ) -> Int {
        #if canImport(Glibc)
        unsafe Glibc.read(descriptor, buffer, count)
        #elseif canImport(Musl)
        unsafe Musl.read(descriptor, buffer, count)
        #else
        unsafe Darwin.read(descriptor, buffer, count)
        #endif
    }

    /// What the system says of an error, in its words but in lower case: `permission denied`.
    package static func reason(_ code: Int32) -> String {
        let words = unsafe String(cString: strerror(code))
        return words.prefix(1).lowercased() + words.dropFirst()
    }
}

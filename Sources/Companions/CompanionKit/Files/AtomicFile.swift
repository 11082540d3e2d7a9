package import Glibc

/// Replaces a file whole: a reader, and a start after a crash, sees the old content or the new one.
package enum AtomicFile {
    /// Writes beside the file, brings it to the disk, and renames it over the old one.
    ///
    /// - Parameter mode: permission bits of the new file.
    /// - Throws: what the system said; the old content is then still there.
    package static func write(
        _ bytes: Span<UInt8>,
        to path: String,
        mode: mode_t = 0o600
    ) throws(FileFailure) {
        let beside = path + ".new"
        let descriptor = unsafe open(
            beside,
            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
            mode
        )
        guard descriptor >= 0 else { throw FileFailure(path: beside, call: "open") }
        do throws(FileFailure) {
            defer { _ = close(descriptor) }
            try writeAll(bytes, to: descriptor, path: beside)
            guard fsync(descriptor) == 0 else { throw FileFailure(path: beside, call: "fsync") }
        } catch {
            _ = unsafe unlink(beside)
            throw error
        }
        guard unsafe rename(beside, path) == 0 else {
            throw FileFailure(path: path, call: "rename")
        }
        try syncDirectory(of: path)
    }

    /// True where something has this name, and may be seen.
    package static func exists(_ path: String) -> Bool {
        var facts = stat()
        return unsafe stat(path, &facts) == 0
    }

    /// Gives a file another name; what was there goes, and a failure is no matter.
    package static func move(_ path: String, to other: String) { _ = unsafe rename(path, other) }

    /// Writes all bytes to a descriptor, as often as it takes.
    package static func writeAll(
        _ bytes: Span<UInt8>,
        to descriptor: Int32,
        path: String
    ) throws(FileFailure) {
        var offset = 0
        while offset < bytes.count {
            let written = unsafe bytes.extracting(offset...).withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress, buffer.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw FileFailure(path: path, call: "write")
            }
            offset += written
        }
    }

    /// Brings the directory's entries to the disk, so that a new name survives a crash.
    package static func syncDirectory(of path: String) throws(FileFailure) {
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let directory = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileFailure(path: directory, call: "open") }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileFailure(path: directory, call: "fsync") }
    }

    /// Reads a whole file of at most so many bytes; nil where there is none.
    package static func read(_ path: String, bytesMax: Int) throws(FileFailure) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw FileFailure(path: path, call: "open")
        }
        defer { _ = close(descriptor) }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else {
            throw FileFailure(path: path, call: "stat")
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw FileFailure(path: path, call: "open", code: EISDIR)
        }
        guard facts.st_size <= bytesMax else {
            throw FileFailure(path: path, call: "read", code: EFBIG)
        }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= bytesMax {
            let count = unsafe Glibc.read(descriptor, &part, part.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileFailure(path: path, call: "read")
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: part[..<count])
        }
        throw FileFailure(path: path, call: "read", code: EFBIG)
    }

    /// Makes a directory and those above it, for this user alone.
    package static func makeDirectories(_ path: String) throws(FileFailure) {
        var facts = stat()
        if unsafe stat(path, &facts) == 0 {
            guard facts.st_mode & S_IFMT == S_IFDIR else {
                throw FileFailure(path: path, call: "mkdir", code: ENOTDIR)
            }
            return
        }
        if let end = path.utf8.lastIndex(of: UInt8(ascii: "/")), end != path.startIndex {
            try makeDirectories(String(path[..<end]))
        }
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw FileFailure(path: path, call: "mkdir")
        }
    }
}

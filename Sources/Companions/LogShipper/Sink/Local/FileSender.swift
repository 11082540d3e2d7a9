internal import CompanionKit
import Glibc

/// Appends chunks to the files that their keys name.
///
/// A file that was renamed or deleted meanwhile is made anew. What could not be written whole is taken
/// back, so that it stands there once when it is tried again.
final class FileSender: ChunkSender {
    private struct Opened {
        var path: [UInt8]
        var descriptor: Int32
        var device: dev_t
        var inode: ino_t
    }

    private let mode: mode_t
    private let deflater: Deflater?
    /// The last used is last.
    private var opened: [Opened] = []
    private static let openedMax = 16

    init(_ options: FileOptions) {
        mode = mode_t(options.mode & 0o777)
        deflater = options.compression ? Deflater(level: 6) : nil
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let bytes: [UInt8]
        if let deflater {
            let plain = chunk.bytes
            guard let packed = deflater.gzip(plain.span) else {
                return .again(why: "there is no memory to compress", after: nil)
            }
            bytes = packed
        } else {
            bytes = chunk.bytes
        }
        let path = String(decoding: chunk.key, as: UTF8.self)
        do throws(FileFailure) {
            let output = bytes
            let descriptor = try descriptor(chunk.key, path)
            let before = lseek(descriptor, 0, SEEK_END)
            do throws(FileFailure) {
                try AtomicFile.writeAll(output.span, to: descriptor, path: path)
            } catch {
                if before >= 0 { _ = ftruncate(descriptor, before) }
                throw error
            }
            return .delivered(duplicates: 0)
        } catch {
            return .again(why: error.description, after: nil)
        }
    }

    // MARK: - Files

    private func descriptor(_ key: [UInt8], _ path: String) throws(FileFailure) -> Int32 {
        if let index = opened.firstIndex(where: { $0.path == key }) {
            let found = opened.remove(at: index)
            var facts = stat()
            if unsafe stat(path, &facts) == 0, facts.st_ino == found.inode,
                facts.st_dev == found.device
            {
                opened.append(found)
                return found.descriptor
            }
            _ = Glibc.close(found.descriptor)
        }
        if let end = path.utf8.lastIndex(of: UInt8(ascii: "/")), end != path.startIndex {
            try makeDirectories(String(path[..<end]))
        }
        // A FIFO that nobody reads must not hold the thread.
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let descriptor = unsafe open(path, flags, mode)
        guard descriptor >= 0 else { throw FileFailure(path: path, call: "open") }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else {
            let failure = FileFailure(path: path, call: "stat")
            _ = Glibc.close(descriptor)
            throw failure
        }
        let kind = facts.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFCHR else {
            _ = Glibc.close(descriptor)
            throw FileFailure(path: path, call: "open", code: EINVAL)
        }
        if opened.count >= Self.openedMax { _ = Glibc.close(opened.removeFirst().descriptor) }
        opened.append(
            Opened(path: key, descriptor: descriptor, device: facts.st_dev, inode: facts.st_ino)
        )
        return descriptor
    }

    /// Makes the folder and those above it, readable as other programs' are.
    private func makeDirectories(_ path: String) throws(FileFailure) {
        if AtomicFile.exists(path) { return }
        if let end = path.utf8.lastIndex(of: UInt8(ascii: "/")), end != path.startIndex {
            try makeDirectories(String(path[..<end]))
        }
        guard unsafe mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw FileFailure(path: path, call: "mkdir")
        }
    }

    func close() {
        for file in opened { _ = Glibc.close(file.descriptor) }
        opened = []
    }

    deinit { close() }
}

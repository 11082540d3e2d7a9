internal import CompanionKit
import Glibc

/// What the system calls a file, whatever its names are.
struct FileNode: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64

    init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }

    init(_ facts: stat) {
        device = UInt64(facts.st_dev)
        inode = UInt64(facts.st_ino)
    }
}

/// The begin of a file's content, which grows with it up to a limit: tells a file from another one that
/// has got its inode, and finds a copy.
struct Fingerprint: Hashable, Sendable {
    /// Bytes that are looked at.
    static let bytesMax = 1024

    var length: Int
    var sum: UInt32

    init(length: Int, sum: UInt32) {
        self.length = length
        self.sum = sum
    }

    /// That of the first bytes of a file.
    init(_ bytes: Span<UInt8>) {
        length = min(bytes.count, Self.bytesMax)
        sum = Checksum.crc32(bytes.extracting(..<length))
    }

    /// True where a file that begins with these bytes can be the same, grown or not.
    func matches(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= length && Checksum.crc32(bytes.extracting(..<length)) == sum
    }
}

/// The last bytes before an offset: tells that what was read before it is still what is there.
struct Marker: Hashable, Sendable {
    static let bytesMax = 32

    var length: Int
    var sum: UInt32

    init(length: Int = 0, sum: UInt32 = 0) {
        self.length = length
        self.sum = sum
    }

    init(_ bytes: Span<UInt8>) {
        length = bytes.count
        sum = Checksum.crc32(bytes)
    }
}

/// Reads from a file without moving its position.
enum FileBytes {
    /// Up to so many bytes from an offset, fewer at the end; nil where the system refuses.
    static func read(_ descriptor: Int32, at offset: UInt64, max count: Int) -> [UInt8]? {
        guard count > 0 else { return [] }
        guard let start = off_t(exactly: offset) else { return nil }
        var isRefused = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count {
                let got = unsafe pread(
                    descriptor,
                    buffer.baseAddress.map { unsafe $0 + done },
                    count - done,
                    start + off_t(done)
                )
                if got < 0, errno == EINTR { continue }
                isRefused = got < 0
                if got <= 0 { break }
                done += got
            }
        }
        return isRefused ? nil : bytes
    }

    /// The marker before an offset.
    static func marker(_ descriptor: Int32, before offset: UInt64) -> Marker? {
        let length = Int(min(offset, UInt64(Marker.bytesMax)))
        guard let bytes = read(descriptor, at: offset - UInt64(length), max: length),
            bytes.count == length
        else { return nil }
        return Marker(bytes.span)
    }

    /// The begin of the file.
    static func fingerprint(_ descriptor: Int32) -> Fingerprint? {
        read(descriptor, at: 0, max: Fingerprint.bytesMax).map { Fingerprint($0.span) }
    }
}

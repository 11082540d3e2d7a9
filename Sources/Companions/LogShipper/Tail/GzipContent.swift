internal import CompanionKit
import Glibc

/// A file that was compressed with gzip when it was finished: read from begin to end, once.
///
/// An offset counts decompressed bytes. Reading backwards begins anew, which only a cursor that stayed
/// behind asks for. Memory is bounded whatever the file decompresses to: little is taken in at a time,
/// and what was read is dropped. It closes its descriptor when it goes.
final class GzipContent: FileContent {
    private let descriptor: Int32
    private var inflater: Inflater?
    private var compressedOffset: off_t = 0
    /// Decompressed bytes from `windowStart`, which a cursor may ask for again.
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0
    private var isOver = false
    private var isDamaged = false
    private(set) var trouble: String?
    private static let windowBytes = 512 << 10
    /// Bytes before an offset that stay, for the markers.
    private static let keptBytes: UInt64 = 4096
    /// Bytes that are decompressed at a time: a thousand times as many may come out.
    private static let inputBytes = 8 << 10

    var isCompressed: Bool { true }
    /// Decompressed bytes that were seen.
    var size: UInt64? { windowStart + UInt64(window.count) }

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        DescriptorBudget.opened()
    }

    deinit {
        _ = close(descriptor)
        DescriptorBudget.closed()
    }

    func read(at offset: UInt64, max count: Int) -> [UInt8]? {
        if offset < windowStart { begin() }
        let (end, isTooFar) = offset.addingReportingOverflow(UInt64(count))
        guard !isTooFar else { return nil }
        if isOver, !isDamaged, hasGrown {
            isOver = false
            trouble = nil
        }
        while end > windowStart + UInt64(window.count), !isOver {
            dropBefore(offset)
            guard more() else { return nil }
        }
        guard let found = peek(at: offset, max: count) else { return [] }
        if isOver, offset + UInt64(found.count) == size { settle() }
        return found
    }

    func peek(at offset: UInt64, max count: Int) -> [UInt8]? {
        guard offset >= windowStart, offset <= windowStart + UInt64(window.count) else {
            return nil
        }
        let start = Int(offset - windowStart)
        return Array(window[start..<min(start + count, window.count)])
    }

    /// What is before the offset is not needed, but for the markers' few bytes.
    private func dropBefore(_ offset: UInt64) {
        let keptFrom = offset > Self.keptBytes ? offset - Self.keptBytes : 0
        guard window.count > Self.windowBytes, keptFrom > windowStart else { return }
        let dropped = min(Int(keptFrom - windowStart), window.count)
        window.removeFirst(dropped)
        windowStart += UInt64(dropped)
    }

    /// All was read: a file that stays known takes hardly any memory.
    private func settle() {
        // More of it may come, where it is still being written.
        if inflater?.isWithinMember != true { inflater = nil }
        let kept = Int(min(UInt64(window.count), Self.keptBytes))
        guard window.count > kept * 2 || window.capacity > 64 << 10 else { return }
        windowStart += UInt64(window.count - kept)
        window = Array(window.suffix(kept))
    }

    private func begin() {
        inflater = nil
        compressedOffset = 0
        window = []
        windowStart = 0
        isOver = false
        isDamaged = false
        trouble = nil
    }

    private var hasGrown: Bool {
        var facts = stat()
        return unsafe fstat(descriptor, &facts) == 0 && facts.st_size > compressedOffset
    }

    /// Decompresses some more; false where that fails.
    private func more() -> Bool {
        let inflater = self.inflater ?? Inflater()
        self.inflater = inflater
        guard
            let input = FileBytes.read(
                descriptor,
                at: UInt64(compressedOffset),
                max: Self.inputBytes
            )
        else { return false }
        if input.isEmpty {
            isOver = true
            if inflater.isWithinMember {
                trouble = "its gzip data ends before its end; what is there was read"
            }
            return true
        }
        compressedOffset += off_t(input.count)
        guard inflater.inflate(input.span, into: &window) else {
            // What came out before is read; there is nothing to go on with.
            isOver = true
            isDamaged = true
            trouble = "it is no gzip data, or is damaged; what came before was read"
            return true
        }
        return true
    }
}

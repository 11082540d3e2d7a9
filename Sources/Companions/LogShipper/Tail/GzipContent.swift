internal import CompanionKit
import Glibc

/// A file that was compressed with gzip when it was finished: read from begin to end, once.
///
/// An offset counts decompressed bytes. Reading backwards begins anew, which only a cursor that stayed
/// behind asks for. It closes its descriptor when it goes.
final class GzipContent: FileContent {
    private let descriptor: Int32
    private var inflater: Inflater?
    private var compressedOffset: off_t = 0
    /// Decompressed bytes from `windowStart`, which a cursor may ask for again.
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0
    private var isOver = false
    private static let windowBytes = 512 << 10

    var isCompressed: Bool { true }
    /// Decompressed bytes that were seen.
    var size: UInt64? { windowStart + UInt64(window.count) }

    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { _ = close(descriptor) }

    func read(at offset: UInt64, max count: Int) -> [UInt8]? {
        if offset < windowStart { begin() }
        while offset + UInt64(count) > windowStart + UInt64(window.count), !isOver {
            guard more() else { return nil }
            // What is before the offset is not needed, but for the markers' few bytes.
            let keptFrom = offset > 4096 ? offset - 4096 : 0
            if window.count > Self.windowBytes, keptFrom > windowStart {
                let dropped = min(Int(keptFrom - windowStart), window.count)
                window.removeFirst(dropped)
                windowStart += UInt64(dropped)
            }
        }
        guard offset >= windowStart, offset <= windowStart + UInt64(window.count) else { return [] }
        let start = Int(offset - windowStart)
        return Array(window[start..<min(start + count, window.count)])
    }

    private func begin() {
        inflater = nil
        compressedOffset = 0
        window = []
        windowStart = 0
        isOver = false
    }

    /// Decompresses some more; false where that fails.
    private func more() -> Bool {
        let inflater = self.inflater ?? Inflater()
        self.inflater = inflater
        guard
            let input = FileBytes.read(descriptor, at: UInt64(compressedOffset), max: 64 << 10)
        else { return false }
        if input.isEmpty {
            isOver = true
            return true
        }
        compressedOffset += off_t(input.count)
        return inflater.inflate(input.span, into: &window)
    }
}

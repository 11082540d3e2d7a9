internal import CZlib

/// Compresses to gzip, one member for each call, or to zlib's own format.
///
/// Used by one thread; it keeps its memory from one call to the next.
@safe package final class Deflater {
    private var stream = unsafe z_stream()
    private var isReady = false
    private let level: Int32
    private let windowBits: Int32

    /// What stands around the compressed bytes.
    package enum Format: Sendable {
        /// A head and a CRC-32 (RFC 1952).
        case gzip
        /// Two bytes and an Adler-32 (RFC 1950).
        case zlib
    }

    /// - Parameter level: 1 for the fastest, 9 for the smallest.
    package init(level: Int = 4, format: Format = .gzip) {
        self.level = Int32(clamping: min(max(level, 1), 9))
        // 15 bits of window; 16 more ask for a gzip head.
        windowBits = format == .gzip ? 15 + 16 : 15
    }

    deinit { if isReady { unsafe deflateEnd(&stream) } }

    /// Appends one gzip member with all of the input; false where zlib has no memory.
    package func gzip(_ input: Span<UInt8>, into out: inout [UInt8]) -> Bool {
        compress(input, into: &out)
    }

    /// Appends all of the input, compressed in the format that was asked for; false where zlib has no
    /// memory.
    package func compress(_ input: Span<UInt8>, into out: inout [UInt8]) -> Bool {
        guard makeReady() else { return false }
        let start = out.count
        // Most of what is compressed here is text, and grows to a fifth at most.
        out.reserveCapacity(start + input.count / 4 + 1024)
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let ok = unsafe input.withUnsafeBufferPointer { bytes -> Bool in
            var offset = 0
            repeat {
                // zlib counts in 32 bits.
                let part = min(bytes.count - offset, 1 << 30)
                unsafe stream.next_in = UnsafeMutablePointer(
                    mutating: bytes.baseAddress.map { unsafe $0 + offset }
                )
                unsafe stream.avail_in = UInt32(part)
                offset += part
                let flush = offset == bytes.count ? Z_FINISH : Z_NO_FLUSH
                guard drain(flush, &buffer, &out) else { return false }
            } while offset < bytes.count
            return true
        }
        if !ok { out.removeLast(out.count - start) }
        return ok
    }

    /// One member as an array; nil where zlib has no memory.
    package func gzip(_ input: Span<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        return gzip(input, into: &out) ? out : nil
    }

    private func makeReady() -> Bool {
        if isReady { return unsafe deflateReset(&stream) == Z_OK }
        let code = unsafe deflateInit2_(
            &stream,
            level,
            Z_DEFLATED,
            windowBits,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        isReady = code == Z_OK
        return isReady
    }

    private func drain(_ flush: Int32, _ buffer: inout [UInt8], _ out: inout [UInt8]) -> Bool {
        while true {
            let size = buffer.count
            let (code, made) = unsafe buffer.withUnsafeMutableBufferPointer { target in
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(size)
                let code = unsafe deflate(&stream, flush)
                return (code, size - Int(unsafe stream.avail_out))
            }
            out.append(contentsOf: buffer[..<made])
            switch code {
            case Z_STREAM_END: return true
            case Z_OK, Z_BUF_ERROR:
                if unsafe stream.avail_out > 0, flush == Z_NO_FLUSH { return true }
                if code == Z_BUF_ERROR, made == 0 { return flush == Z_NO_FLUSH }
            default: return false
            }
        }
    }
}

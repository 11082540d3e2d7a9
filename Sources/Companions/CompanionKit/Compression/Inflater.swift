internal import CZlib

/// Decompresses gzip, one member after the other.
///
/// Used by one thread.
@safe package final class Inflater {
    private var stream = unsafe z_stream()
    private var isReady = false
    private var isOver = false
    private var hasFailed = false

    package init() {}

    /// True where a member has begun and not ended.
    package var isWithinMember: Bool { isReady && !isOver }

    deinit { if isReady { unsafe inflateEnd(&stream) } }

    /// Appends what the input decompresses to; false where it is not gzip, or broken.
    ///
    /// What comes after the last member and is none is ignored, as gzip does. The output of one call
    /// is bounded by the input: at most about a thousand times as long.
    package func inflate(_ input: Span<UInt8>, into out: inout [UInt8]) -> Bool {
        guard !hasFailed else { return false }
        if isOver { return true }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let ok = unsafe input.withUnsafeBufferPointer { bytes -> Bool in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            unsafe stream.avail_in = UInt32(bytes.count)
            while unsafe stream.avail_in > 0 {
                if !isReady {
                    // 15 bits of window, and a gzip head.
                    let code = unsafe inflateInit2_(
                        &stream,
                        15 + 16,
                        ZLIB_VERSION,
                        Int32(MemoryLayout<z_stream>.size)
                    )
                    guard code == Z_OK else { return false }
                    isReady = true
                }
                let code = step(&buffer, &out)
                if code == Z_STREAM_END {
                    unsafe inflateEnd(&stream)
                    isReady = false
                } else if code == Z_DATA_ERROR, out.isEmpty == false, !hasBegunMember {
                    isOver = true
                    return true
                } else if code != Z_OK, code != Z_BUF_ERROR {
                    return false
                }
            }
            return true
        }
        hasFailed = !ok
        return ok
    }

    private var hasBegunMember: Bool { unsafe stream.total_out > 0 }

    private func step(_ buffer: inout [UInt8], _ out: inout [UInt8]) -> Int32 {
        while true {
            let size = buffer.count
            let (code, made) = unsafe buffer.withUnsafeMutableBufferPointer { target in
                unsafe stream.next_out = target.baseAddress
                unsafe stream.avail_out = UInt32(size)
                let code = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
                return (code, size - Int(unsafe stream.avail_out))
            }
            out.append(contentsOf: buffer[..<made])
            let isFull = unsafe stream.avail_out == 0
            if code != Z_OK || !isFull { return code }
        }
    }
}

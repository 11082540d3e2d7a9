package import Model

/// Writes the framing of a chunked body (RFC 9112 section 7.1).
///
/// A chunk is its header, the data, and CR LF; the body ends with `writeEnd`.
package enum ChunkedEncoder {
    /// The most bytes that `writeHeader` writes.
    package static let headerBytesMax = 18

    /// Writes the size of a chunk in hexadecimal and CR LF.
    ///
    /// - Parameters:
    ///   - size: the bytes of data in the chunk, at least one: a size of zero would end the body.
    ///   - buffer: at least `headerBytesMax` bytes.
    /// - Returns: the number of bytes written.
    package static func writeHeader(
        size: Int,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(size > 0 && buffer.count >= headerBytesMax, "no chunk, or no room for it")
        let digits = (64 - size.leadingZeroBitCount + 3) / 4
        var rest = size
        for index in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            unsafe buffer[index] = digit < 10 ? 0x30 &+ digit : 0x57 &+ digit
            rest >>= 4
        }
        unsafe buffer[digits] = 0x0d
        unsafe buffer[digits + 1] = 0x0a
        return digits + 2
    }

    /// An upper bound for what `writeEnd` writes.
    package static func byteCount(trailers: Head?) -> Int {
        5 + (trailers.map(HeadWriter.fieldBytes) ?? 0)
    }

    /// Writes the last chunk, the trailer lines that are not removed and may be there (RFC 9110
    /// section 6.5.1), and the blank line.
    ///
    /// - Parameter buffer: at least `byteCount(trailers:)` bytes; traps where it is too small.
    /// - Returns: the number of bytes written.
    package static func writeEnd(
        trailers: Head?,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard let trailers else {
            var out = unsafe HeadOutput(buffer, source: UnsafeBufferPointer(start: nil, count: 0))
            out.write("0\r\n\r\n")
            return out.count
        }
        return unsafe trailers.bytes.withUnsafeBufferPointer { bytes in
            var out = unsafe HeadOutput(buffer, source: bytes)
            out.write("0\r\n")
            for index in 0..<trailers.fieldCount {
                let field = trailers.field(at: index)
                // Those of HTTP/2 come here without having passed the decoder's own check.
                if field.isRemoved || TrailerRules.isForbidden(trailers.span(field.name)) {
                    continue
                }
                out.writeLine(field)
            }
            out.write("\r\n")
            return out.count
        }
    }
}

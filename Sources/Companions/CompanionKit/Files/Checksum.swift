internal import CZlib

/// CRC-32 as gzip uses it: tells a torn or rotten record from a whole one.
package enum Checksum {
    /// The checksum of the bytes, continued from that of the bytes before them.
    package static func crc32(_ bytes: Span<UInt8>, after before: UInt32 = 0) -> UInt32 {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            var sum = UInt(before)
            var offset = 0
            // zlib counts in 32 bits.
            while offset < buffer.count {
                let part = min(buffer.count - offset, 1 << 30)
                sum = unsafe CZlib.crc32(
                    sum,
                    buffer.baseAddress.map { unsafe $0 + offset },
                    UInt32(part)
                )
                offset += part
            }
            return UInt32(truncatingIfNeeded: sum)
        }
    }
}

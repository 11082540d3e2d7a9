internal import CTLS

/// Digests and message authentication codes.
package enum Digest {
    /// SHA-256, 32 bytes.
    package static func sha256(_ bytes: Span<UInt8>) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        let isDone = unsafe bytes.withUnsafeBufferPointer {
            unsafe pillion_sha256($0.baseAddress, $0.count, &out)
        }
        precondition(isDone == 1, "OpenSSL has no SHA-256")
        return out
    }

    /// SHA-512, 64 bytes.
    package static func sha512(_ bytes: Span<UInt8>) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 64)
        let isDone = unsafe bytes.withUnsafeBufferPointer {
            unsafe pillion_sha512($0.baseAddress, $0.count, &out)
        }
        precondition(isDone == 1, "OpenSSL has no SHA-512")
        return out
    }

    /// HMAC with SHA-256, 32 bytes.
    package static func hmacSHA256(key: [UInt8], _ bytes: Span<UInt8>) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        let isDone = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pillion_hmac_sha256(
                key,
                key.count,
                buffer.baseAddress,
                buffer.count,
                &out
            )
        }
        precondition(isDone == 1, "OpenSSL has no HMAC")
        return out
    }

    /// Bytes as hexadecimal digits in lower case.
    package static func hexadecimal(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                text.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

import Model

/// The version in a start line (RFC 9112 section 2.3): 1.0 and 1.1, nothing else.
enum HTTPVersion {
    /// `HTTP/1.1` as a little-endian word.
    private static var http11: UInt64 { @inline(__always) get { 0x312e_312f_5054_5448 } }
    private static var http10: UInt64 { @inline(__always) get { 0x302e_312f_5054_5448 } }

    /// Reads eight bytes; returns the offset after them, nil where they have not come.
    @inline(__always)
    static func parse(
        _ bytes: Span<UInt8>,
        from start: Int,
        to end: Int,
        minor: inout UInt8
    ) throws(HeadFailure) -> Int? {
        guard start &+ 8 <= end else {
            // Refuses at the first wrong byte: a short line must not wait for the next one.
            try refusePrefix(bytes, from: start, to: end)
            return nil
        }
        let word = bytes.word(at: start)
        if word == http11 {
            minor = 1
        } else if word == http10 {
            minor = 0
        } else {
            try refusePrefix(bytes, from: start, to: end)
            throw .invalidVersion
        }
        return start &+ 8
    }

    /// Throws where the bytes can't be the beginning of `HTTP/1.0` or `HTTP/1.1`.
    @inline(never)
    private static func refusePrefix(
        _ bytes: Span<UInt8>,
        from start: Int,
        to end: Int
    ) throws(HeadFailure) {
        let count = min(8, end - start)
        let word: [8 of UInt8] = [0x48, 0x54, 0x54, 0x50, 0x2f, 0x31, 0x2e, 0x31]
        for offset in 0..<count {
            let byte = bytes[start + offset]
            if byte == word[offset] { continue }
            switch offset {
            case 5 where byte.isASCIIDigit:
                // The whole of another version is needed to tell it from garbage.
                if count < 8 { return }
                let isVersion = bytes[start + 6] == 0x2e && bytes[start + 7].isASCIIDigit
                throw isVersion ? .unsupportedVersion : .invalidVersion
            case 7 where byte == 0x30: return
            default: throw .invalidVersion
            }
        }
    }
}

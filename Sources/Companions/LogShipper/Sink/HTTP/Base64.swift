/// Base64 of RFC 4648 section 4.
enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    static func encode(_ bytes: [UInt8]) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let first = bytes[index]
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            out.append(digits[Int(first >> 2)])
            out.append(digits[Int((first & 3) << 4 | second >> 4)])
            out.append(
                index + 1 < bytes.count ? digits[Int((second & 15) << 2 | third >> 6)] : 0x3d
            )
            out.append(index + 2 < bytes.count ? digits[Int(third & 63)] : 0x3d)
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// nil for what is none; the padding may be missing.
    static func decode(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            if byte == 0x3d { break }
            guard let value = digits.firstIndex(of: byte) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return out
    }
}

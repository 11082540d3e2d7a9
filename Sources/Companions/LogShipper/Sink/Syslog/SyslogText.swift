/// Writes the parts of syslog messages that may not have any byte.
enum SyslogText {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Nov  1 16:20:00`, in UTC (RFC 3164 section 4.1.2).
    static func append3164Time(_ time: Int64, _ out: inout [UInt8]) {
        let parts = LogTime.civil(time)
        JSONWriter.append(months[(parts.month + 11) % 12], &out)
        out.append(0x20)
        if parts.day < 10 { out.append(0x20) }
        LogTime.appendNumber(parts.day, width: 1, &out)
        out.append(0x20)
        LogTime.appendNumber(parts.hour, width: 2, &out)
        out.append(UInt8(ascii: ":"))
        LogTime.appendNumber(parts.minute, width: 2, &out)
        out.append(UInt8(ascii: ":"))
        LogTime.appendNumber(parts.second, width: 2, &out)
    }

    /// Appends printable ASCII, other bytes as `_`, cut at a length; `-` where nothing is there.
    static func appendName(_ text: [UInt8], max: Int, _ out: inout [UInt8]) {
        guard !text.isEmpty else {
            out.append(UInt8(ascii: "-"))
            return
        }
        for byte in text.prefix(max) {
            out.append(byte > 0x20 && byte < 0x7f ? byte : UInt8(ascii: "_"))
        }
    }

    /// Appends a tag of RFC 3164, which ends before `[` and `:`.
    static func appendTag(_ text: [UInt8], max: Int, _ out: inout [UInt8]) {
        for byte in text.prefix(max) {
            let isPlain =
                byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "[")
                && byte != UInt8(ascii: "]") && byte != UInt8(ascii: ":")
            out.append(isPlain ? byte : UInt8(ascii: "_"))
        }
    }

    /// Appends a name of structured data: 32 printable characters without `=`, space, `]` and `"`.
    static func appendStructuredName(_ text: some Sequence<UInt8>, _ out: inout [UInt8]) {
        var count = 0
        for byte in text.prefix(32) {
            count += 1
            let isPlain =
                byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "=")
                && byte != UInt8(ascii: "]") && byte != 0x22
            out.append(isPlain ? byte : UInt8(ascii: "_"))
        }
        if count == 0 { out.append(UInt8(ascii: "_")) }
    }

    /// Appends a value of structured data: UTF-8 with `"`, `\` and `]` escaped (RFC 5424 section
    /// 6.3.3).
    static func appendStructuredValue(_ text: [UInt8], _ out: inout [UInt8]) {
        let valid = Array(String(decoding: text, as: UTF8.self).utf8)
        for byte in valid {
            if byte == 0x22 || byte == 0x5c || byte == UInt8(ascii: "]") { out.append(0x5c) }
            out.append(byte)
        }
    }

    /// Cuts what was appended since `start` to a length, not inside of a UTF-8 character; true where
    /// something had to go.
    static func cut(_ out: inout [UInt8], from start: Int, max: Int) -> Bool {
        guard out.count - start > max else { return false }
        var end = start + max
        // At most three bytes of a character can stand before the cut.
        var back = 0
        while back < 3, end > start, out[end] & 0xc0 == 0x80 {
            end -= 1
            back += 1
        }
        // Three steps without a begin: these are no characters, and any place is as good.
        if out[end] & 0xc0 == 0x80 { end = start + max }
        out.removeLast(out.count - end)
        return true
    }
}

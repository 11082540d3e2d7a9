import Proxy

/// A request as a JSON object, member by member.
struct EchoText {
    private var bytes: [UInt8] = Array("{".utf8)
    private var isFirst = true
    private var indentation = 1

    mutating func add(_ name: String, _ value: String) {
        begin(name)
        quote(value)
    }

    mutating func add(_ name: String, _ value: UInt64) {
        begin(name)
        bytes += "\(value)".utf8
    }

    mutating func add(_ name: String, _ members: [(name: String, value: String)]) {
        begin(name)
        bytes.append(0x7b)
        isFirst = true
        indentation += 1
        for member in members { add(member.name, member.value) }
        indentation -= 1
        if !members.isEmpty { newLine() }
        bytes.append(0x7d)
        isFirst = false
    }

    /// The whole text, closed and with a line feed at its end.
    func finished() -> [UInt8] { bytes + Array("\n}\n".utf8) }

    private mutating func begin(_ name: String) {
        if !isFirst { bytes.append(0x2c) }
        isFirst = false
        newLine()
        quote(name)
        bytes += ": ".utf8
    }

    private mutating func newLine() {
        bytes.append(0x0a)
        for _ in 0..<indentation { bytes += "  ".utf8 }
    }

    /// RFC 8259 section 7.
    private mutating func quote(_ text: String) {
        bytes.append(0x22)
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5c: bytes += [0x5c, byte]
            case 0x0a: bytes += "\\n".utf8
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += (digits.utf8.count == 1 ? "\\u000\(digits)" : "\\u00\(digits)").utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(0x22)
    }
}

import Model

/// One line of JSON that is put together member by member.
///
/// Names are the caller's own; texts may hold anything.
struct EventLine {
    private var bytes: [UInt8] = [0x7b]
    private var isFirst = true

    /// The line with its end.
    var finished: [UInt8] { bytes + [0x7d, 0x0a] }

    private mutating func name(_ name: StaticString) {
        if !isFirst { bytes.append(0x2c) }
        isFirst = false
        bytes += "\"\(name)\":".utf8
    }

    mutating func open(_ member: StaticString) {
        name(member)
        bytes.append(0x7b)
        isFirst = true
    }

    mutating func close() {
        bytes.append(0x7d)
        isFirst = false
    }

    mutating func addEmpty(_ member: StaticString) {
        open(member)
        close()
    }

    mutating func add(_ member: StaticString, _ word: StaticString) {
        name(member)
        bytes += "\"\(word)\"".utf8
    }

    mutating func add(_ member: StaticString, _ value: Bool) {
        name(member)
        bytes += (value ? "true" : "false").utf8
    }

    mutating func add(_ member: StaticString, number: Int64) {
        name(member)
        bytes += "\(number)".utf8
    }

    mutating func add(_ member: StaticString, text: String) {
        name(member)
        bytes.append(0x22)
        for byte in text.utf8 { append(escaped: byte) }
        bytes.append(0x22)
    }

    /// RFC 8259 section 7.
    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case 0x22, 0x5c: bytes += [0x5c, byte]
        case 0..<0x20:
            bytes += "\\u00".utf8
            bytes.append(byte < 0x10 ? 0x30 : 0x31)
            bytes.append(Array("0123456789abcdef".utf8)[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }

    /// `envoy.config.core.v3.Address`.
    mutating func add(_ member: StaticString, _ address: SocketAddress) {
        open(member)
        if let port = address.port {
            open("socket_address")
            add("protocol", "TCP")
            add("address", text: address.host)
            add("port_value", number: Int64(port))
        } else {
            open("pipe")
            add("path", text: address.host)
        }
        close()
        close()
    }

    /// RFC 3339 with milliseconds.
    mutating func add(_ member: StaticString, unixMicroseconds: Int64) {
        name(member)
        let (year, month, day) = Self.date(unixMicroseconds / 86_400_000_000)
        let second = unixMicroseconds / 1_000_000 % 86_400
        func digits(_ value: Int64, _ count: Int) -> String {
            let text = "\(value)"
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let date = digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day, 2)
        let time =
            digits(second / 3600, 2) + ":" + digits(second / 60 % 60, 2) + ":"
            + digits(second % 60, 2) + "." + digits(unixMicroseconds / 1000 % 1000, 3)
        bytes += "\"\(date)T\(time)Z\"".utf8
    }

    /// The date of a day since 1970, by eras of 400 years that begin in March.
    private static func date(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + shifted / 146_097 * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}

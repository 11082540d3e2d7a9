import Model

/// The argument of `%START_TIME(…)%`: a subset of `strftime`, in UTC and English, with fractions.
///
/// `%Y %y %m %d %e %j %H %I %M %S %p %a %A %b %h %B %F %T %D %R %Z %z %s %%`, `%3f` (digits of the
/// fraction, 1 to 9), `%f` (nine of them), `%3s %6s %9s` (milli-, micro- and nanoseconds since
/// 1970), `%E3S` (seconds with a fraction).
struct TimeFormat: Sendable {
    enum Part: Sendable {
        case literal([UInt8])
        case field(UInt8)
        case fraction(digits: Int)
        case epoch(digits: Int)
        case secondsWithFraction(digits: Int)
    }

    let parts: [Part]

    /// nil, with the part that is not understood, where the text is none of the above.
    init(_ text: [UInt8]) throws(AccessLogFormatFailure) {
        var parts: [Part] = []
        var literal: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            guard byte == 0x25 else {
                literal.append(byte)
                continue
            }
            let start = index - 1
            guard let part = Self.part(text, &index) else {
                let shown = String(
                    decoding: text[start..<min(start + 3, text.count)],
                    as: UTF8.self
                )
                throw AccessLogFormatFailure(
                    position: start,
                    member: "",
                    message: "unknown time field \(shown)",
                    hint: "%Y-%m-%dT%H:%M:%S.%3fZ is the default; docs/reference/access-log.md"
                )
            }
            if case .literal(let bytes) = part {
                literal += bytes
                continue
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = []
            parts.append(part)
        }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        self.parts = parts
    }

    private static func part(_ text: [UInt8], _ index: inout Int) -> Part? {
        guard index < text.count else { return nil }
        let byte = text[index]
        index += 1
        switch byte {
        case 0x25: return .literal([0x25])
        case 0x66: return .fraction(digits: 9)
        case 0x73: return .epoch(digits: 0)
        case 0x31...0x39:
            let digits = Int(byte - 0x30)
            guard index < text.count else { return nil }
            index += 1
            if text[index - 1] == 0x66 { return .fraction(digits: digits) }
            guard text[index - 1] == 0x73, digits % 3 == 0 else { return nil }
            return .epoch(digits: digits)
        case 0x45:
            guard index + 1 < text.count, text[index].isASCIIDigit, text[index + 1] == 0x53
            else { return nil }
            let digits = Int(text[index] - 0x30)
            index += 2
            return .secondsWithFraction(digits: digits)
        case 0x7a: return .literal(Array("+0000".utf8))
        case 0x5a: return .literal(Array("UTC".utf8))
        default:
            return Array("YymdejHIMSpaAbhBFTDR".utf8).contains(byte) ? .field(byte) : nil
        }
    }

    func render(_ unixMicroseconds: Int64, into line: LineBuffer) {
        let time = CivilTime(unixMicroseconds: unixMicroseconds)
        for part in parts {
            switch part {
            case .literal(let bytes): line.append(bytes.span)
            case .field(let field): Self.append(field, time, line)
            case .fraction(let digits): Self.appendFraction(time.microsecond, digits, line)
            case .epoch(let digits):
                line.append(decimal: time.epochSeconds)
                if digits > 0 { Self.appendFraction(time.microsecond, digits, line) }
            case .secondsWithFraction(let digits):
                line.append(decimal: time.second, width: 2)
                if digits == 0 { continue }
                line.append(byte: 0x2e)
                Self.appendFraction(time.microsecond, digits, line)
            }
        }
    }

    private static func appendFraction(_ microsecond: Int, _ digits: Int, _ line: LineBuffer) {
        var value = microsecond
        for _ in 0..<max(0, 6 - digits) { value /= 10 }
        line.append(decimal: value, width: min(digits, 6))
        // The clock has microseconds; finer digits are zeros.
        for _ in 0..<max(0, digits - 6) { line.append(byte: 0x30) }
    }

    private static let months: [StaticString] = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays: [StaticString] = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private static func append(_ field: UInt8, _ time: CivilTime, _ line: LineBuffer) {
        switch field {
        case 0x59: line.append(decimal: time.year, width: 4)
        case 0x79: line.append(decimal: time.year % 100, width: 2)
        case 0x6d: line.append(decimal: time.month, width: 2)
        case 0x64: line.append(decimal: time.day, width: 2)
        case 0x65:
            if time.day < 10 { line.append(byte: 0x20) }
            line.append(decimal: UInt64(time.day))
        case 0x6a: line.append(decimal: time.dayOfYear, width: 3)
        case 0x48: line.append(decimal: time.hour, width: 2)
        case 0x49: line.append(decimal: (time.hour + 11) % 12 + 1, width: 2)
        case 0x4d: line.append(decimal: time.minute, width: 2)
        case 0x53: line.append(decimal: time.second, width: 2)
        case 0x70: line.append(time.hour < 12 ? "AM" : "PM")
        case 0x61: append(weekdays[time.weekday], letters: 3, line)
        case 0x41: line.append(weekdays[time.weekday])
        case 0x62, 0x68: append(months[time.month - 1], letters: 3, line)
        case 0x42: line.append(months[time.month - 1])
        default: appendCompound(field, time, line)
        }
    }

    private static func append(_ name: StaticString, letters: Int, _ line: LineBuffer) {
        let start = line.count
        line.append(name)
        line.truncate(to: start + letters)
    }

    private static func appendCompound(_ field: UInt8, _ time: CivilTime, _ line: LineBuffer) {
        let fields: (StaticString, UInt8)
        switch field {
        case 0x46: fields = ("Ymd", 0x2d)
        case 0x54: fields = ("HMS", 0x3a)
        case 0x44: fields = ("mdy", 0x2f)
        default: fields = ("HM", 0x3a)
        }
        for (offset, each) in "\(fields.0)".utf8.enumerated() {
            if offset > 0 { line.append(byte: fields.1) }
            append(each, time, line)
        }
    }
}

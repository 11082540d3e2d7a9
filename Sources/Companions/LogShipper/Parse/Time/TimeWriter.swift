import Model

/// A format of strftime, taken apart once: what Ruby's `Time#strftime` writes with it, in UTC.
struct TimeWriter {
    private struct Item {
        var directive: UInt8
        var width: Int?
        /// `-` none, `_` spaces, `0` zeros; nil for the directive's own.
        var padding: UInt8?
        var isUpper = false
        var colons = 0
        var literal: [UInt8] = []
    }

    private var items: [Item] = []
    /// Whether it changes within a second.
    private(set) var hasFraction = false

    /// What is no directive stays as it is, as in Ruby.
    init(_ format: String) { add(Array(format.utf8)) }

    private mutating func add(_ bytes: [UInt8]) {
        var literal: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                literal.append(bytes[index])
                index += 1
                continue
            }
            var item = Item(directive: 0)
            var end = index + 1
            flags: while end < bytes.count {
                switch bytes[end] {
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "0"):
                    item.padding = bytes[end]
                case UInt8(ascii: "^"), UInt8(ascii: "#"): item.isUpper = true
                case UInt8(ascii: ":"): item.colons += 1
                default: break flags
                }
                end += 1
            }
            while end < bytes.count, bytes[end].isASCIIDigit {
                item.width = min(64, (item.width ?? 0) * 10 + Int(bytes[end] - 0x30))
                end += 1
            }
            guard end < bytes.count, let expansion = Self.expansion(of: bytes[end]) else {
                literal += bytes[index..<min(end + 1, bytes.count)]
                index = end + 1
                continue
            }
            if !literal.isEmpty { items.append(Item(directive: 0, literal: literal)) }
            literal = []
            if expansion.isEmpty {
                item.directive = bytes[end]
                if "LN".utf8.contains(bytes[end]) { hasFraction = true }
                items.append(item)
            } else {
                add(Array(expansion.utf8))
            }
            index = end + 1
        }
        if !literal.isEmpty { items.append(Item(directive: 0, literal: literal)) }
    }

    /// What a directive stands for; empty for one that is written itself, nil for an unknown one.
    private static func expansion(of directive: UInt8) -> String? {
        switch Character(Unicode.Scalar(directive)) {
        case "T", "X": "%H:%M:%S"
        case "F": "%Y-%m-%d"
        case "D", "x": "%m/%d/%y"
        case "R": "%H:%M"
        case "r": "%I:%M:%S %p"
        case "c": "%a %b %e %H:%M:%S %Y"
        case "Y", "C", "y", "m", "d", "e", "H", "k", "I", "l", "M", "S", "L", "N", "z", "Z", "A",
            "a", "B", "b", "h", "p", "P", "j", "u", "w", "s", "n", "t", "%", "G", "g", "V":
            ""
        default: nil
        }
    }

    /// Appends a time.
    func append(_ nanoseconds: Int64, _ out: inout [UInt8]) {
        let time = LogTime.civil(nanoseconds)
        for item in items { append(item, time, nanoseconds, &out) }
    }

    private func append(
        _ item: Item,
        _ time: LogTime.Civil,
        _ nanoseconds: Int64,
        _ out: inout [UInt8]
    ) {
        switch Character(Unicode.Scalar(item.directive)) {
        case "\0": out += item.literal
        case "Y": number(time.year, 4, item, &out)
        case "C": number(time.year / 100, 2, item, &out)
        case "y": number(time.year % 100, 2, item, &out)
        case "m": number(time.month, 2, item, &out)
        case "d": number(time.day, 2, item, &out)
        case "e": number(time.day, 2, item, space: true, &out)
        case "H": number(time.hour, 2, item, &out)
        case "k": number(time.hour, 2, item, space: true, &out)
        case "I": number((time.hour + 11) % 12 + 1, 2, item, &out)
        case "l": number((time.hour + 11) % 12 + 1, 2, item, space: true, &out)
        case "M": number(time.minute, 2, item, &out)
        case "S": number(time.second, 2, item, &out)
        case "L": fraction(time.nanosecond, item.width ?? 3, &out)
        case "N": fraction(time.nanosecond, item.width ?? 9, &out)
        case "j": number(time.dayOfYear, 3, item, &out)
        case "u": number((time.weekday + 6) % 7 + 1, 1, item, &out)
        case "w": number(time.weekday, 1, item, &out)
        case "G": number(week(time).year, 4, item, &out)
        case "g": number(week(time).year % 100, 2, item, &out)
        case "V": number(week(time).week, 2, item, &out)
        case "s":
            let second: Int64 = 1_000_000_000
            let rest = (nanoseconds % second + second) % second
            number(Int((nanoseconds - rest) / second), 1, item, &out)
        case "z": JSONWriter.append(item.colons == 0 ? "+0000" : "+00:00", &out)
        case "Z": JSONWriter.append("UTC", &out)
        case "A": name(TimeNames.weekdays[time.weekday], item, &out)
        case "a": name(Array(TimeNames.weekdays[time.weekday].prefix(3)), item, &out)
        case "B": name(TimeNames.months[time.month - 1], item, &out)
        case "b", "h": name(Array(TimeNames.months[time.month - 1].prefix(3)), item, &out)
        case "p": JSONWriter.append(time.hour < 12 ? "AM" : "PM", &out)
        case "P": JSONWriter.append(time.hour < 12 ? "am" : "pm", &out)
        case "n": out.append(0x0a)
        case "t": out.append(0x09)
        default: out.append(UInt8(ascii: "%"))
        }
    }

    /// ISO 8601's week, and the year that it belongs to.
    private func week(_ time: LogTime.Civil) -> (year: Int, week: Int) {
        let thursday = time.dayOfYear - (time.weekday + 6) % 7 + 3
        func length(_ year: Int) -> Int {
            LogTime.days(year: year + 1, month: 1, day: 1)
                - LogTime.days(year: year, month: 1, day: 1)
        }
        if thursday < 1 {
            return (time.year - 1, (thursday + length(time.year - 1) - 1) / 7 + 1)
        }
        if thursday > length(time.year) {
            return (time.year + 1, (thursday - length(time.year) - 1) / 7 + 1)
        }
        return (time.year, (thursday - 1) / 7 + 1)
    }

    private func number(
        _ value: Int,
        _ width: Int,
        _ item: Item,
        space: Bool = false,
        _ out: inout [UInt8]
    ) {
        var width = item.width ?? width
        let padding = item.padding ?? UInt8(ascii: space ? "_" : "0")
        if padding == UInt8(ascii: "-") { width = 0 }
        if padding == UInt8(ascii: "_") {
            var left = 1
            var rest = value.magnitude / 10
            while rest > 0 {
                rest /= 10
                left += 1
            }
            while left < width {
                out.append(0x20)
                left += 1
            }
            width = 0
        }
        LogTime.appendNumber(value, width: width, &out)
    }

    private func fraction(_ nanosecond: Int, _ digits: Int, _ out: inout [UInt8]) {
        var value = nanosecond
        var left = 9
        while left > max(1, min(digits, 9)) {
            value /= 10
            left -= 1
        }
        LogTime.appendNumber(value, width: left, &out)
    }

    private func name(_ name: [UInt8], _ item: Item, _ out: inout [UInt8]) {
        for byte in name { out.append(item.isUpper && byte >= 0x61 ? byte - 0x20 : byte) }
    }
}

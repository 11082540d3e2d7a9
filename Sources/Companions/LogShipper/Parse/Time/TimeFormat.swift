import Model

/// A format of strptime, taken apart once: what Ruby's `Time.strptime` reads with it.
///
/// What comes after the format's end in a text is left out, as Ruby does.
struct TimeFormat {
    private enum Item: Equatable {
        case literal(UInt8)
        /// White space, any amount of it.
        case space
        case year, shortYear, month, day, hour, hour12, minute, second, dayOfYear
        /// Digits at most; nil: all that there are.
        case fraction(most: Int?)
        case offset
        case monthName, weekdayName, afternoon
        case epoch, epochMilliseconds
    }

    private var items: [Item] = []

    /// Fails with the directive that is not known.
    init(_ format: String, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        try add(Array(format.utf8), format, place)
        for index in items.indices.dropLast() {
            // Digits that follow each other at once: each takes what it has a right to.
            if case .fraction(most: nil) = items[index], Self.isNumeric(items[index + 1]) {
                items[index] = .fraction(most: 9)
            }
        }
    }

    private static func isNumeric(_ item: Item) -> Bool {
        switch item {
        case .literal(let byte): byte.isASCIIDigit
        case .space, .offset, .monthName, .weekdayName, .afternoon: false
        default: true
        }
    }

    private mutating func add(
        _ bytes: [UInt8],
        _ format: String,
        _ place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            guard byte == UInt8(ascii: "%"), index < bytes.count else {
                items.append(byte == 0x20 || byte == 0x09 ? .space : .literal(byte))
                continue
            }
            // Flags change what is written, not what is read.
            while index + 1 < bytes.count, "-_0^#:".utf8.contains(bytes[index]) { index += 1 }
            var width: Int?
            while index + 1 < bytes.count, bytes[index].isASCIIDigit {
                width = min(99, (width ?? 0) * 10 + Int(bytes[index] - 0x30))
                index += 1
            }
            let directive = bytes[index]
            index += 1
            guard try add(directive, width, format, place) else {
                let shown = String(decoding: [directive], as: UTF8.self)
                throw LogConfigurationFailure(
                    place: place,
                    what: "%\(shown) in the time format \"\(format)\" is not known",
                    hint: "there are %Y %m %d %H %M %S %L %N %z %b and such"
                )
            }
        }
    }

    private mutating func add(
        _ directive: UInt8,
        _ width: Int?,
        _ format: String,
        _ place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> Bool {
        switch Character(Unicode.Scalar(directive)) {
        case "Y", "G": items.append(.year)
        case "y": items.append(.shortYear)
        case "m": items.append(.month)
        case "d", "e": items.append(.day)
        case "H", "k": items.append(.hour)
        case "I", "l": items.append(.hour12)
        case "M": items.append(.minute)
        case "S": items.append(.second)
        case "j": items.append(.dayOfYear)
        case "L", "N", "f": items.append(.fraction(most: width))
        case "z", "Z": items.append(.offset)
        case "b", "B", "h": items.append(.monthName)
        case "a", "A": items.append(.weekdayName)
        case "p", "P": items.append(.afternoon)
        case "s": items.append(.epoch)
        case "Q": items.append(.epochMilliseconds)
        case "n", "t": items.append(.space)
        case "%": items.append(.literal(directive))
        case "T", "X": try add(Array("%H:%M:%S".utf8), format, place)
        case "F": try add(Array("%Y-%m-%d".utf8), format, place)
        case "D", "x": try add(Array("%m/%d/%y".utf8), format, place)
        case "R": try add(Array("%H:%M".utf8), format, place)
        case "r": try add(Array("%I:%M:%S %p".utf8), format, place)
        case "c": try add(Array("%a %b %e %H:%M:%S %Y".utf8), format, place)
        case "v": try add(Array("%e-%b-%Y".utf8), format, place)
        default: return false
        }
        return true
    }

    /// Reads a text; false where it does not have this format.
    func read(_ text: Span<UInt8>, into parts: inout TimeParts) -> Bool {
        var index = 0
        var number = 0
        while number < items.count {
            guard let end = read(items[number], text, index, &parts) else { return false }
            index = end
            number += 1
        }
        return true
    }

    private func read(
        _ item: Item,
        _ text: Span<UInt8>,
        _ start: Int,
        _ parts: inout TimeParts
    ) -> Int? {
        switch item {
        case .literal(let byte):
            return start < text.count && text[start] == byte ? start + 1 : nil
        case .space: return Self.skip(text, start)
        case .year: return Self.set(&parts.year, TimeDigits.number(text, start, least: 4, most: 4))
        case .shortYear:
            guard let (value, end) = TimeDigits.number(text, start, least: 1, most: 2) else {
                return nil
            }
            parts.year = value + (value < 69 ? 2000 : 1900)
            return end
        case .month:
            parts.hasDate = true
            return Self.padded(&parts.month, text, start)
        case .day: return Self.padded(&parts.day, text, start)
        case .hour, .hour12: return Self.padded(&parts.hour, text, start)
        case .minute: return Self.padded(&parts.minute, text, start)
        case .second: return Self.padded(&parts.second, text, start)
        case .dayOfYear:
            return Self.set(&parts.dayOfYear, TimeDigits.number(text, start, least: 1, most: 3))
        case .fraction(let most):
            guard let (value, end) = TimeDigits.fraction(text, start, most: most ?? .max) else {
                return nil
            }
            parts.nanosecond = value
            return end
        case .offset: return Self.set(&parts.offset, TimeDigits.offset(text, start))
        case .monthName:
            guard let (number, end) = TimeNames.find(TimeNames.months, text, start) else {
                return nil
            }
            parts.month = number + 1
            parts.hasDate = true
            return end
        case .weekdayName: return TimeNames.find(TimeNames.weekdays, text, start)?.end
        case .afternoon:
            guard text.count - start >= 2, text[start + 1] | 0x20 == UInt8(ascii: "m") else {
                return nil
            }
            let letter = text[start] | 0x20
            guard letter == UInt8(ascii: "a") || letter == UInt8(ascii: "p") else { return nil }
            parts.isAfternoon = letter == UInt8(ascii: "p")
            return start + 2
        case .epoch, .epochMilliseconds:
            guard let (value, end) = TimeDigits.number(text, start, least: 1, most: 18) else {
                return nil
            }
            let perSecond = item == .epoch ? 1 : 1000
            parts.epoch = Int64(value / perSecond)
            if perSecond > 1 { parts.nanosecond = value % 1000 * 1_000_000 }
            return end
        }
    }

    private static func set(_ target: inout Int?, _ found: (value: Int, end: Int)?) -> Int? {
        guard let found else { return nil }
        target = found.value
        return found.end
    }

    /// One or two digits, with a space in place of a zero.
    @inline(__always)
    private static func padded(
        _ target: inout Int,
        _ text: Span<UInt8>,
        _ start: Int
    ) -> Int? {
        let start = start < text.count && text[start] == 0x20 ? start + 1 : start
        guard let found = TimeDigits.number(text, start, least: 1, most: 2) else { return nil }
        target = found.value
        return found.end
    }

    private static func skip(_ text: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.count, text[index] == 0x20 || text[index] == 0x09 { index += 1 }
        return index
    }
}

import Model

/// Reads the times of records.
///
/// Used by one thread; it remembers what the last one had in common with the next.
final class TimeReader {
    private enum Way {
        /// Units of so many nanoseconds since 1970.
        case number(unit: Int64)
        case format(TimeFormat)
        case iso8601
        case automatic([TimeFormat])
    }

    private let way: Way
    private var place: TimePlace
    // Lines of one second share all but the fraction.
    private var lastText: [UInt8] = []
    private var lastSeconds: Int64 = 0
    private var lastZone: [UInt8] = []

    init(_ options: TimeOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        self.place = try TimePlace(options.zone, place: place)
        switch options.form {
        case .float, .unix: way = .number(unit: 1_000_000_000)
        case .unixMilliseconds: way = .number(unit: 1_000_000)
        case .unixMicroseconds: way = .number(unit: 1000)
        case .unixNanoseconds: way = .number(unit: 1)
        case .format(let format):
            way = format == "%iso8601" ? .iso8601 : .format(try TimeFormat(format, place: place))
        case .iso8601: way = .iso8601
        case .automatic:
            var formats: [TimeFormat] = []
            for format in [
                "%d/%b/%Y:%H:%M:%S %z", "%Y/%m/%d %H:%M:%S.%N", "%Y/%m/%d %H:%M:%S",
                "%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S", "%a %b %d %H:%M:%S %Y",
                "%b %d %H:%M:%S.%N", "%b %d %H:%M:%S",
            ] {
                formats.append(try TimeFormat(format, place: place))
            }
            way = .automatic(formats)
        }
    }

    /// Nanoseconds since 1970, or nil where the text is no such time.
    ///
    /// - Parameter now: for times that don't say their year.
    func read(_ text: Span<UInt8>, now: Int64) -> Int64? {
        switch way {
        case .number(let unit): return TimeDigits.decimal(text, unit: unit)
        case .format(let format):
            var parts = TimeParts()
            guard format.read(text, into: &parts) else { return nil }
            return place.moment(parts, now: now)
        case .iso8601: return readISO8601(text, now)
        case .automatic(let formats): return guess(text, formats, now)
        }
    }

    private func guess(_ text: Span<UInt8>, _ formats: [TimeFormat], _ now: Int64) -> Int64? {
        if let time = readISO8601(text, now) { return time }
        var digits = 0
        let start = text.count > 0 && text[0] == 0x2d ? 1 : 0
        while start + digits < text.count, text[start + digits].isASCIIDigit { digits += 1 }
        if digits > 0 {
            // Seconds have 10 digits until 2286, and each finer unit has three more.
            let unit: Int64 =
                digits <= 11 ? 1_000_000_000 : digits <= 14 ? 1_000_000 : digits <= 17 ? 1000 : 1
            if let time = TimeDigits.decimal(text, unit: unit) { return time }
        }
        for format in formats {
            var parts = TimeParts()
            if format.read(text, into: &parts), let time = place.moment(parts, now: now) {
                return time
            }
        }
        return nil
    }

    // MARK: - ISO 8601

    private func readISO8601(_ text: Span<UInt8>, _ now: Int64) -> Int64? {
        var parts = TimeParts()
        guard let year = TimeDigits.number(text, 0, least: 4, most: 4) else { return nil }
        let isExtended = year.end < text.count && text[year.end] == 0x2d
        let step = isExtended ? 1 : 0
        guard let month = TimeDigits.number(text, year.end + step, least: 2, most: 2) else {
            return nil
        }
        if isExtended, month.end >= text.count || text[month.end] != 0x2d { return nil }
        guard let day = TimeDigits.number(text, month.end + step, least: 2, most: 2) else {
            return nil
        }
        (parts.year, parts.month, parts.day) = (year.value, month.value, day.value)
        parts.hasDate = true
        var index = day.end
        guard index < text.count else { return isExtended ? place.moment(parts, now: now) : nil }
        guard text[index] | 0x20 == UInt8(ascii: "t") || text[index] == 0x20 else { return nil }
        index += 1
        if isExtended, let seconds = lastSecond(text, index + 8) {
            return finish(text, index + 8, seconds)
        }
        guard let hour = TimeDigits.number(text, index, least: 2, most: 2) else { return nil }
        let hasColons = hour.end < text.count && text[hour.end] == UInt8(ascii: ":")
        guard
            let minute = TimeDigits.number(text, hour.end + (hasColons ? 1 : 0), least: 2, most: 2)
        else { return nil }
        (parts.hour, parts.minute) = (hour.value, minute.value)
        index = minute.end
        let hasSeconds =
            hasColons
            ? index < text.count && text[index] == UInt8(ascii: ":")
            : index < text.count && text[index].isASCIIDigit
        if hasSeconds {
            let from = index + (hasColons ? 1 : 0)
            guard let second = TimeDigits.number(text, from, least: 2, most: 2) else { return nil }
            parts.second = second.value
            index = second.end
        }
        guard let rest = rest(text, index, &parts) else { return nil }
        guard let moment = place.moment(parts, now: now) else { return nil }
        if isExtended, hasSeconds, index == day.end + 9 { remember(text, index, rest.zone, moment) }
        return moment
    }

    /// The fraction and the zone after the seconds.
    private func rest(
        _ text: Span<UInt8>,
        _ start: Int,
        _ parts: inout TimeParts
    ) -> (zone: Int, end: Int)? {
        var index = start
        if index < text.count, text[index] == UInt8(ascii: ".") || text[index] == UInt8(ascii: ",")
        {
            guard let fraction = TimeDigits.fraction(text, index + 1) else { return nil }
            parts.nanosecond = fraction.value
            index = fraction.end
        }
        let zone = index
        if index < text.count, text[index] == 0x20 { index += 1 }
        if index < text.count {
            guard let offset = TimeDigits.offset(text, index), offset.end == text.count else {
                return nil
            }
            parts.offset = offset.value
        }
        return (zone, text.count)
    }

    private func remember(_ text: Span<UInt8>, _ end: Int, _ zone: Int, _ moment: Int64) {
        lastText.removeAll(keepingCapacity: true)
        lastZone.removeAll(keepingCapacity: true)
        JSONWriter.append(text.extracting(0..<end), &lastText)
        JSONWriter.append(text.extracting(zone..<text.count), &lastZone)
        let second: Int64 = 1_000_000_000
        let fraction = (moment % second + second) % second
        lastSeconds = moment - fraction
    }

    /// The moment where the text up to `end` and its zone are those of the last one.
    private func lastSecond(_ text: Span<UInt8>, _ end: Int) -> Int64? {
        let known = lastText
        guard known.count == end, end <= text.count, text.hasPrefix(known.span) else { return nil }
        return lastSeconds
    }

    private func finish(_ text: Span<UInt8>, _ start: Int, _ seconds: Int64) -> Int64? {
        var index = start
        var nanosecond = 0
        if index < text.count, text[index] == UInt8(ascii: ".") || text[index] == UInt8(ascii: ",")
        {
            guard let fraction = TimeDigits.fraction(text, index + 1) else { return nil }
            nanosecond = fraction.value
            index = fraction.end
        }
        let zone = lastZone
        if text.extracting(index..<text.count).equals(zone.span) {
            return seconds + Int64(nanosecond)
        }
        lastText.removeAll(keepingCapacity: true)
        return readISO8601(text, 0)
    }
}

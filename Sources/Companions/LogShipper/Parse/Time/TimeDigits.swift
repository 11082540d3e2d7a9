/// Numbers and offsets in texts of times; each returns nil, or the position after what it read.
enum TimeDigits {
    /// So many digits at least and at most.
    @inline(__always)
    static func number(
        _ bytes: Span<UInt8>,
        _ start: Int,
        least: Int,
        most: Int
    ) -> (value: Int, end: Int)? {
        var value = 0
        var index = start
        while index < bytes.count, index - start < most, bytes[index] &- 0x30 < 10 {
            value = value &* 10 &+ Int(bytes[index] &- 0x30)
            index += 1
        }
        return index - start >= least ? (value, index) : nil
    }

    /// Digits of a fraction of a second, as nanoseconds; what is finer is left out.
    static func fraction(
        _ bytes: Span<UInt8>,
        _ start: Int,
        most: Int = .max
    ) -> (value: Int, end: Int)? {
        var value = 0
        var index = start
        while index < bytes.count, index - start < most, bytes[index] &- 0x30 < 10 {
            if index - start < 9 { value = value * 10 + Int(bytes[index] &- 0x30) }
            index += 1
        }
        guard index > start else { return nil }
        var count = min(index - start, 9)
        while count < 9 {
            value *= 10
            count += 1
        }
        return (value, index)
    }

    /// `Z`, `+01`, `+0100`, `+01:00`, `+01:00:00`, or an abbreviation.
    static func offset(_ bytes: Span<UInt8>, _ start: Int) -> (value: Int, end: Int)? {
        guard start < bytes.count else { return nil }
        let sign = bytes[start]
        guard sign == 0x2b || sign == 0x2d else {
            guard let (offset, end) = TimeNames.zone(bytes, start) else { return nil }
            return (offset, end)
        }
        guard let hours = number(bytes, start + 1, least: 2, most: 2), hours.value < 24 else {
            return nil
        }
        var seconds = hours.value * 3600
        var end = hours.end
        for unit in [60, 1] {
            let hasColon = end < bytes.count && bytes[end] == UInt8(ascii: ":")
            guard
                let more = number(bytes, hasColon ? end + 1 : end, least: 2, most: 2),
                more.value < 60
            else { break }
            seconds += more.value * unit
            end = more.end
        }
        return (sign == 0x2d ? -seconds : seconds, end)
    }

    /// A number with a sign and a fraction, in units of so many nanoseconds; nil where there is more.
    static func decimal(_ bytes: Span<UInt8>, unit: Int64) -> Int64? {
        var index = 0
        var isNegative = false
        if index < bytes.count, bytes[index] == 0x2d || bytes[index] == 0x2b {
            isNegative = bytes[index] == 0x2d
            index += 1
        }
        guard let whole = number(bytes, index, least: 1, most: 19) else { return nil }
        guard whole.value >= 0 else { return nil }
        index = whole.end
        let (product, isTooLarge) = Int64(whole.value).multipliedReportingOverflow(by: unit)
        guard !isTooLarge else { return nil }
        var part: Int64 = 0
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            guard let fraction = fraction(bytes, index + 1) else { return nil }
            part = Int64(fraction.value) / (1_000_000_000 / unit)
            index = fraction.end
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            return exponential(bytes, unit)
        }
        guard index == bytes.count else { return nil }
        let (sum, overflows) = product.addingReportingOverflow(part)
        return overflows ? nil : (isNegative ? -sum : sum)
    }

    /// `1.7e9`, rare enough to take its time.
    private static func exponential(_ bytes: Span<UInt8>, _ unit: Int64) -> Int64? {
        guard bytes.count <= 64 else { return nil }
        let text = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        guard let value = Double(text) else { return nil }
        let scaled = (value * Double(unit)).rounded()
        return abs(scaled) < 9.2e18 ? Int64(scaled) : nil
    }
}

internal import Document

/// Durations and sizes as people write them.
enum ShortFormUnits {
    /// The syntax of durations, which is Go's without signs and fractions of less than 1 ns.
    static let durationPattern = "^([0-9]{1,9}(\\.[0-9]{1,9})?(ns|us|ms|s|m|h|d))+$"
    static let sizePattern = "^[0-9]{1,12}(B|K|Ki|KiB|M|Mi|MiB|G|Gi|GiB)?$"
    static let percentPattern = "^[0-9]{1,3}(\\.[0-9]{1,6})?%?$"

    private static let durationUnits: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
        ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]
    private static let sizeUnits: [(name: String, bytes: Int64)] = [
        ("", 1), ("B", 1), ("K", 1_024), ("Ki", 1_024), ("KiB", 1_024), ("M", 1_048_576),
        ("Mi", 1_048_576), ("MiB", 1_048_576), ("G", 1_073_741_824), ("Gi", 1_073_741_824),
        ("GiB", 1_073_741_824),
    ]

    /// `1m30s` in nanoseconds; nil where it is no duration, or longer than 292 years.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        guard !rest.isEmpty, rest.utf8.count <= 100 else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard let unit = durationUnits.first(where: { $0.name == name }),
                let part = multiplied(number, by: unit.nanoseconds)
            else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    /// `1.5` times a unit, exactly up to nine decimals.
    private static func multiplied(_ number: Substring, by unit: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, ScalarText.isDigits(first),
            let whole = Int64(first)
        else { return nil }
        let (total, overflow) = whole.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        guard parts.count == 2 else { return total }
        let digits = parts[1]
        guard ScalarText.isDigits(digits), digits.utf8.count <= 9, var fraction = Int64(digits)
        else { return nil }
        var scale: Int64 = 1
        for _ in 0..<digits.utf8.count { scale *= 10 }
        // The unit is divided first, as far as it can be, so that nothing overflows.
        let wholePart = unit / scale
        let (product, isTooLarge) = fraction.multipliedReportingOverflow(by: wholePart)
        guard !isTooLarge else { return nil }
        fraction = fraction * (unit % scale) / scale
        let (sum, sumOverflow) = total.addingReportingOverflow(product + fraction)
        return sumOverflow ? nil : sum
    }

    /// `64KiB` in bytes; K and Ki are both 1024.
    static func bytes(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard ScalarText.isDigits(digits), digits.utf8.count <= 12, let count = Int64(digits),
            let unit = sizeUnits.first(where: { $0.name == text[digits.endIndex...] })
        else { return nil }
        let (total, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : total
    }

    /// A duration in the largest units that fit: `1m30s`.
    static func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds <= 0 { return "0s" }
        var rest = nanoseconds
        var text = ""
        for unit in durationUnits where rest >= unit.nanoseconds {
            text += "\(rest / unit.nanoseconds)\(unit.name)"
            rest %= unit.nanoseconds
        }
        return text
    }

    /// A size in the largest unit of which it is a multiple: `60KiB`.
    static func size(_ bytes: Int64) -> String {
        for (name, unit) in [("GiB", Int64(1) << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= unit && bytes % unit == 0 {
            return "\(bytes / unit)\(name)"
        }
        return "\(bytes)B"
    }
}

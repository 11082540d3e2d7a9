internal import Document

/// Times, sizes and zones as the short form writes them.
enum LogMeasures {
    static func text(ofTime milliseconds: Int64) -> String {
        for (unit, length) in [("h", Int64(3_600_000)), ("m", 60_000), ("s", 1000)]
        where milliseconds > 0 && milliseconds % length == 0 {
            return "\(milliseconds / length)\(unit)"
        }
        return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
    }

    /// `500ms`, `5s`, `1m30s`, `1.5h`; nil where it is none, or longer than can be counted.
    static func milliseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        var total: Int64 = 0
        guard !rest.isEmpty, rest.utf8.count <= 60 else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            let unit: Int64
            switch name {
            case "ms": unit = 1
            case "s": unit = 1000
            case "m": unit = 60_000
            case "h": unit = 3_600_000
            case "d": unit = 86_400_000
            default: return nil
            }
            guard let part = times(number, unit) else { return nil }
            let sum = total.addingReportingOverflow(part)
            guard !sum.overflow else { return nil }
            total = sum.partialValue
        }
        return total
    }

    /// A number with up to three decimals, times a unit.
    private static func times(_ number: Substring, _ unit: Int64) -> Int64? {
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, ScalarText.isDigits(first),
            let whole = Int64(first)
        else { return nil }
        let product = whole.multipliedReportingOverflow(by: unit)
        guard !product.overflow else { return nil }
        guard parts.count == 2 else { return product.partialValue }
        guard ScalarText.isDigits(parts[1]), parts[1].utf8.count <= 3,
            var thousandths = Int64(parts[1])
        else { return nil }
        for _ in parts[1].utf8.count..<3 { thousandths *= 10 }
        let sum = product.partialValue.addingReportingOverflow(thousandths * unit / 1000)
        return sum.overflow ? nil : sum.partialValue
    }

    static func tree(ofSize bytes: Int) -> LogTree {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        where bytes > 0 && bytes % (1 << shift) == 0 {
            return .text("\(bytes >> shift)\(unit)")
        }
        return .integer(bytes)
    }

    static func text(ofSize bytes: Int) -> String { tree(ofSize: bytes).line }

    /// `4096`, `64KiB`, `8MiB`; K, Ki and KiB are all 1024.
    static func bytes(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard ScalarText.isDigits(digits), digits.utf8.count <= 18, let count = Int(digits) else {
            return nil
        }
        let shift: Int
        switch text[digits.endIndex...] {
        case "", "B": shift = 0
        case "K", "Ki", "KiB": shift = 10
        case "M", "Mi", "MiB": shift = 20
        case "G", "Gi", "GiB": shift = 30
        default: return nil
        }
        let product = count.multipliedReportingOverflow(by: 1 << shift)
        return product.overflow ? nil : product.partialValue
    }

    /// A number as short as it can be.
    static func text(of number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// `+09:00`, `-03:30`, `+01:02:03`.
    static func text(ofZone seconds: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let size = Int(min(seconds.magnitude, 360_000))
        let text = (seconds < 0 ? "-" : "+") + two(size / 3600) + ":" + two(size / 60 % 60)
        return size % 60 == 0 ? text : text + ":" + two(size % 60)
    }

    static func zoneSeconds(_ text: String) -> Int? {
        let parts = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count) else { return nil }
        var seconds = 0
        for (index, part) in parts.enumerated() {
            guard part.utf8.count == 2, ScalarText.isDigits(part), let number = Int(part),
                number < (index == 0 ? 24 : 60)
            else { return nil }
            seconds += number * [3600, 60, 1][index]
        }
        return text.hasPrefix("-") ? -seconds : seconds
    }
}

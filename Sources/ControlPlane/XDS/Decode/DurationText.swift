internal import Document

/// Durations as protobuf writes them in JSON: seconds with up to nine decimals and an `s`.
enum DurationText {
    /// The limit of protobuf: about 10,000 years.
    private static let secondsMax: Int64 = 315_576_000_000

    enum Failure: Error {
        case form
        case range
    }

    static func parse(_ text: String) throws(Failure) -> (seconds: Int64, nanos: Int32) {
        guard text.hasSuffix("s") else { throw .form }
        var rest = text.dropLast()
        let isNegative = rest.hasPrefix("-")
        if isNegative { rest = rest.dropFirst() }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.count == 2, ScalarText.isDigits(parts[0]) else {
            throw .form
        }
        var nanos: Int32 = 0
        if parts.count == 2 {
            guard ScalarText.isDigits(parts[1]) else { throw .form }
            guard parts[1].utf8.count <= 9 else { throw .range }
            let padded = parts[1] + String(repeating: "0", count: 9 - parts[1].utf8.count)
            guard let value = Int32(padded) else { throw .form }
            nanos = value
        }
        guard let seconds = Int64(parts[0]), seconds <= secondsMax,
            seconds < secondsMax || nanos == 0
        else { throw .range }
        return isNegative ? (-seconds, -nanos) : (seconds, nanos)
    }

    /// How the duration that was probably meant is written: `250ms` is `0.25s`.
    static func suggestion(for text: String) -> String {
        let units: [(suffix: String, nanoseconds: Int64)] = [
            ("ms", 1_000_000), ("us", 1_000), ("ns", 1), ("m", 60_000_000_000),
            ("h", 3_600_000_000_000), ("d", 86_400_000_000_000), ("", 1_000_000_000),
        ]
        for unit in units where text.hasSuffix(unit.suffix) {
            let digits = text.dropLast(unit.suffix.count)
            guard ScalarText.isDigits(digits), digits.utf8.count <= 9,
                let count = Int64(digits)
            else { continue }
            let (total, overflow) = count.multipliedReportingOverflow(by: unit.nanoseconds)
            guard !overflow else { continue }
            return "write \(seconds(total))"
        }
        return "write seconds, such as 0.25s"
    }

    /// A duration of zero or more as protobuf writes it: `0.25s`.
    static func seconds(_ nanoseconds: Int64) -> String {
        let whole = nanoseconds / 1_000_000_000
        let fraction = nanoseconds % 1_000_000_000
        guard fraction > 0 else { return "\(whole)s" }
        var digits = String(fraction)
        digits = String(repeating: "0", count: 9 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(whole).\(digits)s"
    }
}

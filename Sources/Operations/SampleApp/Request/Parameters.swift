import Proxy

/// A parameter that cannot be read, with what would be right.
struct ParameterFailure: Error {
    let explanation: String
}

/// Reads what a request asks for.
enum Parameters {
    static let delayMillisecondsMax: UInt64 = 600_000

    /// Decimal digits within a range.
    static func number(
        _ text: String,
        _ name: String,
        in range: ClosedRange<UInt64>
    ) throws(ParameterFailure) -> UInt64 {
        guard let value = digits(text[...]), range.contains(value) else {
            throw ParameterFailure(
                explanation: "\(name) '\(text)' is not a number from \(range.lowerBound) to "
                    + "\(range.upperBound)."
            )
        }
        return value
    }

    /// A duration of at most 10 minutes.
    ///
    /// `100ms`, `2s`, `1m`; a number alone is milliseconds.
    static func milliseconds(_ text: String, _ name: String) throws(ParameterFailure) -> Int64 {
        let units: [(suffix: String, factor: UInt64)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("", 1),
        ]
        let unit = units.first { text.hasSuffix($0.suffix) }
        if let unit, let value = digits(text.dropLast(unit.suffix.count)),
            value <= delayMillisecondsMax / unit.factor
        {
            return Int64(value * unit.factor)
        }
        throw ParameterFailure(
            explanation: "\(name) '\(text)' is not a duration such as 100ms or 2s, at most 10m."
        )
    }

    /// A size of at most 10 GiB.
    ///
    /// `1000`, `64k`, `1m`, `2g`: bytes, in powers of 1024.
    static func byteCount(_ text: String, _ name: String) throws(ParameterFailure) -> UInt64 {
        let limit: UInt64 = 10 << 30
        let units: [(suffix: String, factor: UInt64)] = [
            ("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30), ("", 1),
        ]
        let lower = text.lowercased()
        let unit = units.first { lower.hasSuffix($0.suffix) }
        if let unit, let value = digits(lower.dropLast(unit.suffix.count)),
            value <= limit / unit.factor
        {
            return value * unit.factor
        }
        throw ParameterFailure(
            explanation: "\(name) '\(text)' is not a size such as 1000, 64k, 1m or 2g, at most 10g."
        )
    }

    /// The status of a final response; 1xx would leave the client waiting for another one.
    static func status(_ text: String) throws(ParameterFailure) -> UInt16 {
        UInt16(try number(text, "the status", in: 200...599))
    }

    /// Digits only, where Swift's `UInt64(_:)` takes a sign, too.
    private static func digits(_ text: Substring) -> UInt64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return UInt64(text)
    }
}

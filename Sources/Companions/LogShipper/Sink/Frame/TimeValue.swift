/// Writes a record's time as a JSON value, in one of the forms that a configuration may name.
struct TimeValue {
    private enum Form {
        case seconds
        case decimal
        case whole(perUnit: Int64)
        case iso8601
        case format(TimeWriter)
    }

    private let form: Form

    init(_ form: TimeOptions.Form) {
        self.form =
            switch form {
            case .float: .decimal
            case .unix: .seconds
            case .unixMilliseconds: .whole(perUnit: 1_000_000)
            case .unixMicroseconds: .whole(perUnit: 1000)
            case .unixNanoseconds: .whole(perUnit: 1)
            case .iso8601, .automatic: .iso8601
            case .format(let format): .format(TimeWriter(format))
            }
    }

    /// Appends it, with quotes where it is a text.
    func append(_ nanoseconds: Int64, _ out: inout [UInt8]) {
        switch form {
        case .seconds: Self.appendWhole(nanoseconds, perUnit: 1_000_000_000, &out)
        case .whole(let perUnit): Self.appendWhole(nanoseconds, perUnit: perUnit, &out)
        case .decimal: Self.appendDecimal(nanoseconds, digits: 9, &out)
        case .iso8601:
            out.append(0x22)
            LogTime.appendISO8601(nanoseconds, digits: 9, &out)
            out.append(0x22)
        case .format(let writer):
            var text: [UInt8] = []
            writer.append(nanoseconds, &text)
            JSONWriter.appendString(text.span, &out)
        }
    }

    /// A number of units since 1970, rounded down.
    static func appendWhole(_ nanoseconds: Int64, perUnit: Int64, _ out: inout [UInt8]) {
        var units = nanoseconds / perUnit
        if nanoseconds % perUnit < 0 { units -= 1 }
        LogTime.appendNumber(Int(units), width: 1, &out)
    }

    /// Seconds with a fraction of so many digits, 1…9.
    static func appendDecimal(_ nanoseconds: Int64, digits: Int, _ out: inout [UInt8]) {
        let perSecond: Int64 = 1_000_000_000
        if nanoseconds < 0 { out.append(UInt8(ascii: "-")) }
        let magnitude = nanoseconds.magnitude
        LogTime.appendNumber(Int(magnitude / UInt64(perSecond)), width: 1, &out)
        out.append(UInt8(ascii: "."))
        var fraction = Int(magnitude % UInt64(perSecond))
        var left = 9
        while left > digits {
            fraction /= 10
            left -= 1
        }
        LogTime.appendNumber(fraction, width: digits, &out)
    }
}

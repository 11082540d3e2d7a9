package import Model

extension ExchangeFilter {
    /// True where the condition holds for the exchange as the record has it.
    ///
    /// - Parameter random: drawn where a share is decided by chance.
    package func matches(_ record: borrowing ExchangeRecord, random: () -> UInt64) -> Bool {
        switch self {
        case .status(let comparison, let value):
            return comparison.holds(UInt64(record.responseCode), value)
        case .duration(let comparison, let value):
            let microseconds = max(0, record.durationMicroseconds ?? 0)
            return comparison.holds(UInt64(microseconds) / 1000, value)
        case .notHealthCheck:
            return true
        case .flags(let wanted):
            let set = record.flags.rawValue
            return wanted.rawValue == 0 ? set != 0 : set & wanted.rawValue != 0
        case .header(let matcher):
            guard let request = record.request else { return false }
            return matcher.matches(request)
        case .share(let numerator, let denominator, let isIndependent):
            let shared = isIndependent ? nil : record.request?.requestIDNumber
            return (shared ?? random()) % UInt64(max(denominator, 1)) < UInt64(numerator)
        case .grpcStatus(let wanted, let excludes):
            // Nothing known is Unknown, whatever was asked for.
            let status = record.grpcStatus ?? 2
            let isWanted = (0..<32).contains(status) && wanted & 1 << UInt32(status) != 0
            return isWanted != excludes
        case .all(let filters):
            for index in 0..<filters.count where !filters[index].matches(record, random: random) {
                return false
            }
            return true
        case .any(let filters):
            for index in 0..<filters.count where filters[index].matches(record, random: random) {
                return true
            }
            return false
        }
    }
}

extension ExchangeFilter.Comparison {
    fileprivate func holds(_ left: UInt64, _ right: UInt64) -> Bool {
        switch self {
        case .equal: left == right
        case .greaterOrEqual: left >= right
        case .lessOrEqual: left <= right
        case .notEqual: left != right
        }
    }
}

extension Head {
    /// The first eight hexadecimal digits of `x-request-id`: every proxy on the way decides alike.
    fileprivate var requestIDNumber: UInt64? {
        guard let slice = first(.xRequestID) else { return nil }
        let id = span(slice)
        guard id.count >= 8 else { return nil }
        var number: UInt64 = 0
        for index in 0..<8 {
            let byte = id[index]
            switch byte {
            case 0x30...0x39: number = number << 4 | UInt64(byte - 0x30)
            case 0x41...0x46: number = number << 4 | UInt64(byte - 0x37)
            case 0x61...0x66: number = number << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return number
    }
}

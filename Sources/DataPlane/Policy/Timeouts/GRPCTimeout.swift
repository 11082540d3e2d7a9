package import Model

/// `grpc-timeout` (gRPC over HTTP/2, "Requests"): up to 8 digits and a unit.
package enum GRPCTimeout {
    /// Milliseconds, rounded up; nil where there is none or it is malformed.
    package static func milliseconds(_ head: Head) -> Int64? {
        guard let slice = head.first(.grpcTimeout) else { return nil }
        let text = head.span(slice)
        guard text.count >= 2, text.count <= 9,
            let number = text.extracting(0..<text.count - 1).decimal()
        else { return nil }
        let value = Int64(number)
        switch text[text.count - 1] {
        case UInt8(ascii: "H"): return value * 3_600_000
        case UInt8(ascii: "M"): return value * 60_000
        case UInt8(ascii: "S"): return value * 1_000
        case UInt8(ascii: "m"): return value
        case UInt8(ascii: "u"): return (value + 999) / 1_000
        case UInt8(ascii: "n"): return (value + 999_999) / 1_000_000
        default: return nil
        }
    }

    /// Says so many milliseconds, in the finest unit that has no more than 8 digits.
    package static func set(_ milliseconds: Int64, in head: Head) {
        let units: [(Int64, UInt8)] = [
            (1, UInt8(ascii: "m")), (1_000, UInt8(ascii: "S")), (60_000, UInt8(ascii: "M")),
        ]
        let start = head.byteCount
        for (size, unit) in units where milliseconds / size <= 99_999_999 {
            head.append(decimal: UInt64(clamping: milliseconds / size))
            head.append(byte: unit)
            return head.set(.grpcTimeout, Head.Slice(start, head.byteCount))
        }
        head.append("99999999H")
        head.set(.grpcTimeout, Head.Slice(start, head.byteCount))
    }
}

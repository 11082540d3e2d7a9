internal import SwiftProtobuf

/// Percentages, ratios and ports of clusters.
extension Compilation {
    /// A percentage from 0 to 100; `unset` where it is not given.
    func percent(
        _ value: Envoy_Type_V3_Percent?,
        _ path: FieldPath,
        unset: Double
    ) -> Double {
        guard let value else { return unset }
        if !(0...100).contains(value.value) {
            refuse(path, "\(value.value) is no percentage", "give 0 to 100, as in {value: 50}")
            return unset
        }
        return value.value
    }

    /// A whole percentage from 0 to 100; `unset` where it is not given.
    func percent(
        _ value: Google_Protobuf_UInt32Value?,
        _ path: FieldPath,
        unset: UInt32
    ) -> UInt32 {
        guard let value else { return unset }
        if value.value > 100 {
            refuse(path, "\(value.value) is no percentage", "give 0 to 100")
            return unset
        }
        return value.value
    }

    /// A share in parts of a million.
    func perMillion(_ value: Envoy_Type_V3_FractionalPercent, _ path: FieldPath) -> UInt32 {
        let whole: UInt32 =
            switch known(value.denominator, path["denominator"]) {
            case .tenThousand: 10_000
            case .million: 1_000_000
            default: 100
            }
        if value.numerator > whole {
            refuse(
                path["numerator"],
                "\(value.numerator) of \(whole) is more than everything",
                "make it at most \(whole), or choose another denominator"
            )
            return 1_000_000
        }
        return value.numerator * (1_000_000 / whole)
    }

    /// A port to connect to, from 1 to 65535; nil, and a problem, where it is none.
    func port(_ value: UInt32, _ path: FieldPath) -> UInt16? {
        guard let port = UInt16(exactly: value), port > 0 else {
            refuse(path, "\(value) is not a port", "give 1 to 65535")
            return nil
        }
        return port
    }

    /// A duration that may be left out, and is longer than 0 s where it is given.
    func positiveIfGiven(
        _ value: Google_Protobuf_Duration?,
        _ path: FieldPath,
        _ hint: String
    ) -> Int64? {
        guard let value else { return nil }
        return positive(value, path, unset: 1, hint)
    }

    /// A duration that may be zero; `unset` where it is not given.
    func duration(
        _ value: Google_Protobuf_Duration?,
        _ path: FieldPath,
        unset: Int64
    ) -> Int64 {
        guard let value, let count = milliseconds(value, path) else { return unset }
        return count
    }
}

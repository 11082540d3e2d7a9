internal import SwiftProtobuf

/// Durations of the protos in milliseconds, with what zero means said at the call.
///
/// Anything above zero and below a millisecond becomes one: rounding it down would turn a very
/// short timeout into none.
extension Compilation {
    /// Where Envoy's own counter of nanoseconds ends, in seconds: 292 years.
    private static let secondsMax: Int64 = 9_223_372_035

    /// Ten years: a timeout that a route switches off although the connection manager has one.
    static let neverMilliseconds: Int64 = 315_360_000_000

    /// The duration in milliseconds; nil, and a problem, where it is negative or out of range.
    func milliseconds(_ value: Google_Protobuf_Duration, _ path: FieldPath) -> Int64? {
        let nanos = Int64(value.nanos)
        if value.seconds < 0 || nanos < 0 {
            refuse(path, "is negative", "a duration is at least 0s")
            return nil
        }
        if value.seconds > Self.secondsMax || nanos > 999_999_999 {
            refuse(path, "is longer than 292 years", "is the unit right? Write 0.25s, 15s or 3600s")
            return nil
        }
        return value.seconds * 1_000 + (nanos + 999_999) / 1_000_000
    }

    /// A timeout: what `unset` says where it is not given, nil (none) where it is zero.
    func timeout(
        _ value: Google_Protobuf_Duration?,
        _ path: FieldPath,
        unset: Int64?
    ) -> Int64? {
        guard let value, let count = milliseconds(value, path) else { return unset }
        return count == 0 ? nil : count
    }

    /// A duration that cannot be zero.
    func positive(
        _ value: Google_Protobuf_Duration?,
        _ path: FieldPath,
        unset: Int64,
        _ hint: String
    ) -> Int64 {
        guard let value, let count = milliseconds(value, path) else { return unset }
        if count == 0 {
            refuse(path, "must be longer than 0s", hint)
            return unset
        }
        return count
    }
}

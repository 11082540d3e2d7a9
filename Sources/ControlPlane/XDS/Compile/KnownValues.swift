internal import SwiftProtobuf

/// Values of enums that came in binary form: a file with a word that is not known is refused when
/// it is read, a number from a control plane arrives here.
extension Compilation {
    /// The value, where it is one of those that this proxy has; else the first, and a problem.
    func known<Value: Enum & CaseIterable>(_ value: Value, _ path: FieldPath) -> Value
    where Value.RawValue == Int {
        if Value.allCases.contains(value) { return value }
        refuse(
            path,
            "value \(value.rawValue) is not supported",
            "leave it out for the default"
        )
        return Value()
    }
}

/// A set of sinks, by their numbers in the configuration.
package struct SinkSet: OptionSet, Sendable, Hashable {
    /// The most sinks that one configuration may have.
    package static let countMax = 64

    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The sink with this number, `0..<countMax`.
    package init(sink number: Int) { rawValue = 1 << UInt64(number & 63) }

    /// The lowest number in the set, or nil where it is empty.
    package var first: Int? { rawValue == 0 ? nil : rawValue.trailingZeroBitCount }
}

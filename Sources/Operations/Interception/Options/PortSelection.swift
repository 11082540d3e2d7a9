import Model

/// TCP ports that follow each other: one port, or `8000-8100`.
package struct PortRange: Sendable, Hashable {
    package let first: UInt16
    package let last: UInt16

    /// nil where the first port is 0, or after the last.
    package init?(_ first: UInt16, _ last: UInt16) {
        guard first > 0, first <= last else { return nil }
        self.first = first
        self.last = last
    }

    /// Reads `80` or `8000-8100`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard let from = parts.first.flatMap({ Self.port($0) }) else { return nil }
        switch parts.count {
        case 1: self.init(from, from)
        case 2:
            guard let to = Self.port(parts[1]) else { return nil }
            self.init(from, to)
        default: return nil
        }
    }

    package func contains(_ port: UInt16) -> Bool { (first...last).contains(port) }

    /// A port from 1 to 65535 in decimal digits, without a sign; nil for anything else.
    package static func port(_ text: some StringProtocol) -> UInt16? {
        guard let value = Digits.value(text, limit: 65_535), value > 0 else { return nil }
        return UInt16(value)
    }
}

/// The inbound ports that are intercepted.
package enum PortSelection: Sendable, Hashable {
    /// `*`: all but the excluded ones.
    case all
    /// Those of the list; none where it is empty.
    case only([PortRange])

    package var isEmpty: Bool { self == .only([]) }
}

/// Decimal digits, and nothing but them.
enum Digits {
    static func value(_ text: some StringProtocol, limit: UInt64) -> UInt64? {
        let bytes = Array(text.utf8)
        return bytes.span.decimal(limit: Int(clamping: limit)).map { UInt64($0) }
    }
}

/// What names a stream for ever: a file's content from its creation, or from its last truncation.
///
/// It is drawn at random when the stream is first seen and written to the checkpoint before the first
/// record is sent, so a record that is sent again after a crash has the same identity and offset, and
/// a backend that knows documents by their id takes it once.
package struct StreamIdentity: Sendable, Hashable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Drawn from the system's generator.
    package static func random() -> StreamIdentity {
        var generator = SystemRandomNumberGenerator()
        return StreamIdentity(high: generator.next(), low: generator.next())
    }

    /// 32 hexadecimal digits.
    package var description: String {
        let digits = String(high, radix: 16), more = String(low, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
            + String(repeating: "0", count: 16 - more.count) + more
    }

    /// Reads the 32 digits; nil for anything else.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 32,
            bytes.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x66) }),
            let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.high = high
        self.low = low
    }
}

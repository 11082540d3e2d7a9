import Model

/// The elements of a comma-separated field value (RFC 9110 section 5.6.1), trimmed.
///
/// Empty elements are skipped. For lists of tokens: it knows no quoted strings.
struct ListElements: ~Escapable {
    private let value: Span<UInt8>
    private var position = 0

    @_lifetime(copy value)
    init(_ value: Span<UInt8>) { self.value = value }

    /// The range of the next element in the value, or nil.
    @_lifetime(self: copy self)
    mutating func next() -> Range<Int>? {
        while position < value.count {
            var start = position
            var end = value.firstIndex(of: 0x2c, from: start) ?? value.count
            position = end + 1
            while start < end, value[start] == 0x20 || value[start] == 0x09 { start += 1 }
            while end > start, value[end - 1] == 0x20 || value[end - 1] == 0x09 { end -= 1 }
            if start < end { return start..<end }
        }
        return nil
    }
}

/// Reads big-endian fields from bytes of which nothing is believed.
///
/// Each read answers nil where too few bytes are left, and then nothing more may be read.
struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>
    private(set) var position = 0

    @_lifetime(copy bytes)
    init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    var remaining: Int { bytes.count - position }
    var isAtEnd: Bool { position == bytes.count }

    @_lifetime(self: copy self)
    mutating func uint8() -> UInt8? {
        guard remaining >= 1 else { return nil }
        position += 1
        return bytes[position - 1]
    }

    @_lifetime(self: copy self)
    mutating func uint16() -> UInt16? {
        guard remaining >= 2 else { return nil }
        position += 2
        return UInt16(bytes[position - 2]) << 8 | UInt16(bytes[position - 1])
    }

    /// The next `count` bytes.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func take(_ count: Int) -> Span<UInt8>? {
        guard count >= 0, count <= remaining else { return nil }
        position += count
        return bytes.extracting((position - count)..<position)
    }

    /// A vector whose length is one byte.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func vector8() -> Span<UInt8>? {
        guard let count = uint8() else { return nil }
        return take(Int(count))
    }

    /// A vector whose length is two bytes.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    mutating func vector16() -> Span<UInt8>? {
        guard let count = uint16() else { return nil }
        return take(Int(count))
    }
}

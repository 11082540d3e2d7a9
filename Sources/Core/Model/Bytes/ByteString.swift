/// Bytes that are compared as bytes: names, paths, hosts and values of the data plane.
///
/// Swift's `String` equates what a policy must tell apart (canonical equivalence), so no rule of the
/// data plane is stored as one. Made once per configuration, read per request.
package struct ByteString: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }
    package init(_ text: String) { self.bytes = Array(text.utf8) }
    package init(stringLiteral value: StaticString) { self.bytes = Array("\(value)".utf8) }
    package init(copying span: Span<UInt8>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.count)
        for index in span.indices { bytes.append(span[index]) }
        self.bytes = bytes
    }

    package var count: Int { bytes.count }
    package var isEmpty: Bool { bytes.isEmpty }
    /// For messages to people only; invalid UTF-8 is replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// The same bytes with ASCII letters in lower case.
    package var lowercased: ByteString { ByteString(bytes.map(\.asciiLowercased)) }
}

extension UInt8 {
    /// The ASCII lower-case form; any other byte is itself.
    @inlinable package var asciiLowercased: UInt8 {
        self &- 0x41 < 26 ? self | 0x20 : self
    }
    @inlinable package var isASCIIDigit: Bool { self &- 0x30 < 10 }
}

extension Span<UInt8> {
    /// Byte equality.
    @inlinable package func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where unsafe self[unchecked: index] != other[unchecked: index] {
            return false
        }
        return true
    }

    /// Equality in which ASCII letters match in either case; `lowercase` must be in lower case.
    @inlinable package func equalsIgnoringCase(lowercase other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count
        where unsafe self[unchecked: index].asciiLowercased != other[unchecked: index] {
            return false
        }
        return true
    }

    @inlinable package func hasPrefix(_ other: Span<UInt8>) -> Bool {
        guard count >= other.count else { return false }
        for index in 0..<other.count
        where unsafe self[unchecked: index] != other[unchecked: index] {
            return false
        }
        return true
    }

    @inlinable package func hasPrefixIgnoringCase(lowercase other: Span<UInt8>) -> Bool {
        guard count >= other.count else { return false }
        for index in 0..<other.count
        where unsafe self[unchecked: index].asciiLowercased != other[unchecked: index] {
            return false
        }
        return true
    }

    @inlinable package func hasSuffix(_ other: Span<UInt8>) -> Bool {
        guard count >= other.count else { return false }
        let start = count - other.count
        for index in 0..<other.count
        where unsafe self[unchecked: start + index] != other[unchecked: index] {
            return false
        }
        return true
    }

    @inlinable package func hasSuffixIgnoringCase(lowercase other: Span<UInt8>) -> Bool {
        guard count >= other.count else { return false }
        let start = count - other.count
        for index in 0..<other.count
        where unsafe self[unchecked: start + index].asciiLowercased != other[unchecked: index] {
            return false
        }
        return true
    }

    /// The first position of `byte` at or after `start`, or nil.
    @inlinable package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if unsafe self[unchecked: index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// Decimal digits only (no sign, no space), nil when empty, malformed or larger than `limit`.
    @inlinable package func decimal(limit: Int = .max) -> Int? {
        guard !isEmpty, count <= 19 else { return nil }
        var value = 0
        for index in 0..<count {
            let byte = unsafe self[unchecked: index]
            guard byte.isASCIIDigit else { return nil }
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(Int(byte &- 0x30))
            guard !overflowed, !carried, sum <= limit else { return nil }
            value = sum
        }
        return value
    }
}

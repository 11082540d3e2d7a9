/// One message as it lies in a chunk: its key and headers, and then the record itself.
///
/// It says what it needs, so that what waits in a spool is understood whatever the configuration says by
/// then: a letter, the key's size, the number of headers, the key, for each header the sizes of its name
/// and value and both, and the value up to the item's end. Sizes are little-endian.
struct KafkaItem {
    struct Header {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// nil: the message has none.
    var key: Range<Int>?
    var headers: [Header] = []
    var value: Range<Int>

    private static let letter = UInt8(ascii: "K")
    private static let none = UInt32.max
    static let headersMax = 1000

    /// What stands before the value.
    static func appendBegin(
        key: [UInt8]?,
        headers: [(name: [UInt8], value: [UInt8])],
        _ out: inout [UInt8]
    ) {
        out.append(letter)
        append(key.map { UInt32(clamping: $0.count) } ?? none, count: 4, &out)
        append(UInt32(clamping: headers.count), count: 2, &out)
        if let key { out.append(contentsOf: key) }
        for header in headers {
            append(UInt32(clamping: header.name.count), count: 2, &out)
            append(UInt32(clamping: header.value.count), count: 4, &out)
            out.append(contentsOf: header.name)
            out.append(contentsOf: header.value)
        }
    }

    private static func append(_ number: UInt32, count: Int, _ out: inout [UInt8]) {
        for index in 0..<count { out.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
    }

    /// Reads an item; nil where it is none of this kind.
    init?(_ bytes: Span<UInt8>) {
        var reader = Reader(bytes)
        guard reader.number(1) == Int(Self.letter), let keyCount = reader.number(4),
            let headerCount = reader.number(2), headerCount <= Self.headersMax
        else { return nil }
        if keyCount != Int(Self.none) {
            guard let key = reader.take(keyCount) else { return nil }
            self.key = key
        }
        for _ in 0..<headerCount {
            guard let nameCount = reader.number(2), let valueCount = reader.number(4),
                let name = reader.take(nameCount), let value = reader.take(valueCount)
            else { return nil }
            headers.append(Header(name: name, value: value))
        }
        value = reader.position..<bytes.count
    }

    private struct Reader: ~Escapable {
        private let bytes: Span<UInt8>
        private(set) var position = 0

        @_lifetime(copy bytes)
        init(_ bytes: Span<UInt8>) { self.bytes = bytes }

        @_lifetime(self: copy self)
        mutating func number(_ count: Int) -> Int? {
            guard let range = take(count) else { return nil }
            var number = 0
            for index in range.reversed() { number = number << 8 | Int(bytes[index]) }
            return number
        }

        @_lifetime(self: copy self)
        mutating func take(_ count: Int) -> Range<Int>? {
            guard count <= bytes.count - position else { return nil }
            defer { position += count }
            return position..<position + count
        }
    }
}

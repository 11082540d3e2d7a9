import Model

/// Goes over the members of an object without building anything.
///
/// The object is valid JSON as a rule; of other bytes it makes nothing sensible, but it stays within
/// them and ends.
struct JSONCursor {
    struct Member {
        /// Without the quotes; escapes are still there.
        var name: Range<Int>
        var value: Range<Int>
    }

    private var index: Int

    /// Nil for what is no object.
    init?(_ bytes: Span<UInt8>) {
        let start = Self.skip(bytes, 0)
        guard start < bytes.count, bytes[start] == UInt8(ascii: "{") else { return nil }
        index = start + 1
    }

    /// The next member, or nil at the end.
    mutating func next(_ bytes: Span<UInt8>) -> Member? {
        index = Self.skip(bytes, index)
        if index < bytes.count, bytes[index] == UInt8(ascii: ",") {
            index = Self.skip(bytes, index + 1)
        }
        guard index < bytes.count, bytes[index] == 0x22 else { return nil }
        let name = index
        let nameEnd = Self.stringEnd(bytes, name)
        guard nameEnd - name >= 2 else { return nil }
        index = Self.skip(bytes, nameEnd)
        guard index < bytes.count, bytes[index] == UInt8(ascii: ":") else { return nil }
        let value = Self.skip(bytes, index + 1)
        index = Self.valueEnd(bytes, value)
        guard index > value else { return nil }
        return Member(name: name + 1..<nameEnd - 1, value: value..<index)
    }

    /// The value of the member with the name; of several the last.
    static func value(of name: Span<UInt8>, in bytes: Span<UInt8>) -> Range<Int>? {
        guard var cursor = JSONCursor(bytes) else { return nil }
        var found: Range<Int>?
        while let member = cursor.next(bytes) {
            if isName(bytes.extracting(member.name), name) { found = member.value }
        }
        return found
    }

    /// Whether the name in an object, escapes and all, is this one.
    static func isName(_ written: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        if written.count < name.count { return false }
        if written.firstIndex(of: 0x5c) == nil { return written.equals(name) }
        var plain: [UInt8] = []
        JSONText.append(unescaping: written, &plain)
        return plainEquals(plain, name)
    }

    private static func plainEquals(_ plain: [UInt8], _ name: Span<UInt8>) -> Bool {
        plain.span.equals(name)
    }

    static func skip(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] <= 0x20 { index += 1 }
        return index
    }

    /// After the string whose quote is there.
    static func stringEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x22 { return index + 1 }
            index += byte == 0x5c ? 2 : 1
        }
        return bytes.count
    }

    /// After the value that begins there.
    static func valueEnd(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        guard start < bytes.count else { return start }
        switch bytes[start] {
        case 0x22: return stringEnd(bytes, start)
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var depth = 0
            var index = start
            while index < bytes.count {
                switch bytes[index] {
                case 0x22:
                    index = stringEnd(bytes, index)
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    depth -= 1
                    if depth == 0 { return index + 1 }
                default: break
                }
                index += 1
            }
            return index
        default:
            var index = start
            while index < bytes.count, bytes[index] > 0x20, bytes[index] != UInt8(ascii: ","),
                bytes[index] != UInt8(ascii: "}"), bytes[index] != UInt8(ascii: "]")
            {
                index += 1
            }
            return index
        }
    }
}

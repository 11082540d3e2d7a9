/// Goes over JSON once and says whether it is valid, and where each thing ends (RFC 8259).
///
/// Time is linear, memory constant: what is nested deeper than ``depthMax`` is refused. Every index is
/// compared with the count before it is used; the words of eight bytes are loaded only where eight
/// bytes are left.
struct JSONScanner {
    /// Objects and arrays within each other.
    static let depthMax = 64
    /// Bytes of a number: no number needs more, and what reads it later may not take it.
    static let numberBytesMax = 512

    /// What is wrong, once a function returned -1.
    private(set) var problem: StaticString = ""
    /// Where, counted from 0.
    private(set) var place = 0
    /// The last string had a backslash.
    private(set) var hasEscapes = false
    /// There was a line end between the tokens.
    private(set) var hasLineEnds = false

    private mutating func fail(_ what: StaticString, _ at: Int) -> Int {
        problem = what
        place = at
        return -1
    }

    /// Keeps what is wrong, and returns false.
    mutating func refuse(_ what: StaticString, _ at: Int) -> Bool {
        _ = fail(what, at)
        return false
    }

    /// The first position at or after `index` that is no white space.
    @inline(__always)
    mutating func skip(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        var index = index
        while index < bytes.count {
            let byte = unsafe bytes[unchecked: index]
            if byte > 0x20 { return index }
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return index }
            if byte == 0x0a || byte == 0x0d { hasLineEnds = true }
            index += 1
        }
        return index
    }

    /// After the string whose quote is at `start`, or -1.
    @inline(__always)
    mutating func string(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        let count = bytes.count
        hasEscapes = false
        guard start < count, unsafe bytes[unchecked: start] == 0x22 else {
            return fail("a text in quotes is missing", start)
        }
        var index = start + 1
        while true {
            while count - index >= 8 {
                let word = unsafe bytes.bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: index,
                    as: UInt64.self
                )
                let marks = Self.special(UInt64(littleEndian: word))
                if marks == 0 {
                    index += 8
                    continue
                }
                index += marks.trailingZeroBitCount >> 3
                break
            }
            guard index < count else { return fail("a text in quotes does not end", start) }
            let byte = unsafe bytes[unchecked: index]
            if byte == 0x22 { return index + 1 }
            if byte == 0x5c {
                hasEscapes = true
                index = escape(bytes, index)
                if index < 0 { return -1 }
            } else if byte < 0x20 {
                return fail("a control character stands in a text", index)
            } else if byte < 0x80 {
                index += 1
            } else {
                let length = UTF8Scan.length(bytes, at: index)
                if length == 0 { return fail("a text is not UTF-8", index) }
                index += length
            }
        }
    }

    /// Marks in the highest bit of each byte that a text may not simply contain; the lowest mark is
    /// right, those above it may be wrong.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5c)
        let controls = (word &- (ones &* 0x20)) & ~word
        let found = ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | controls | word
        return found & tops
    }

    private mutating func escape(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        guard index + 1 < bytes.count else { return fail("a text in quotes does not end", index) }
        switch bytes[index + 1] {
        case 0x22, 0x5c, 0x2f, UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            guard bytes.count - index >= 6,
                JSONText.hexadecimal(bytes, index + 2) != nil
            else { return fail("four hexadecimal digits must come after \\u", index) }
            return index + 6
        default: return fail("an escape is not known", index)
        }
    }

    /// After the value that begins at `start` (white space before it is left out), or -1.
    ///
    /// - Parameter depth: the levels that are open around it.
    mutating func value(_ bytes: Span<UInt8>, _ start: Int, depth outer: Int = 0) -> Int {
        let count = bytes.count
        var index = skip(bytes, start)
        var depth = outer
        // One bit for each open level, the innermost lowest: 1 for an object.
        var levels: UInt64 = 0
        scanning: while true {
            guard index < count else { return fail("a value is missing", index) }
            switch unsafe bytes[unchecked: index] {
            case 0x22: index = string(bytes, index)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = unsafe bytes[unchecked: index] == UInt8(ascii: "{")
                guard depth < Self.depthMax else {
                    return fail("it is nested deeper than 64 levels", index)
                }
                let inside = skip(bytes, index + 1)
                guard inside < count else { return fail("it is not complete", inside) }
                guard bytes[inside] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    levels = levels << 1 | (isObject ? 1 : 0)
                    depth += 1
                    index = isObject ? name(bytes, inside) : inside
                    if index < 0 { return -1 }
                    continue scanning
                }
                index = inside + 1
            case UInt8(ascii: "-"), 0x30...0x39: index = number(bytes, index)
            case UInt8(ascii: "t"): index = word("true", bytes, index)
            case UInt8(ascii: "f"): index = word("false", bytes, index)
            case UInt8(ascii: "n"): index = word("null", bytes, index)
            default: return fail("a value is missing", index)
            }
            if index < 0 { return -1 }
            while depth > outer {
                index = skip(bytes, index)
                guard index < count else { return fail("it is not complete", index) }
                let byte = unsafe bytes[unchecked: index]
                let isObject = levels & 1 == 1
                if byte == UInt8(ascii: ",") {
                    index = skip(bytes, index + 1)
                    if isObject { index = name(bytes, index) }
                    if index < 0 { return -1 }
                    continue scanning
                }
                guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    return fail("a comma or the end of an object or a list is missing", index)
                }
                index += 1
                levels >>= 1
                depth -= 1
            }
            return index
        }
    }

    /// After a member's name, the colon and the spaces after it, or -1.
    private mutating func name(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        let end = string(bytes, start)
        if end < 0 { return -1 }
        return colon(bytes, end)
    }

    /// After a colon and the spaces around it, or -1.
    @inline(__always)
    mutating func colon(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        let index = skip(bytes, start)
        guard index < bytes.count, unsafe bytes[unchecked: index] == UInt8(ascii: ":") else {
            return fail("a colon is missing", index)
        }
        return skip(bytes, index + 1)
    }

    private mutating func word(_ word: StaticString, _ bytes: Span<UInt8>, _ start: Int) -> Int {
        let count = word.utf8CodeUnitCount
        guard bytes.count - start >= count else { return fail("a value is missing", start) }
        var index = 0
        while index < count {
            guard unsafe bytes[start + index] == word.utf8Start[index] else {
                return fail("a value is missing", start)
            }
            index += 1
        }
        return start + count
    }

    private mutating func number(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        if bytes[index] == UInt8(ascii: "-") { index += 1 }
        let first = index
        index = digits(bytes, index)
        guard index > first else { return fail("a number has no digits", start) }
        if index - first > 1, bytes[first] == 0x30 {
            return fail("a number begins with a zero", start)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            let fraction = index + 1
            index = digits(bytes, fraction)
            guard index > fraction else { return fail("a number ends with a point", start) }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < bytes.count, bytes[index] == 0x2b || bytes[index] == 0x2d { index += 1 }
            let exponent = index
            index = digits(bytes, exponent)
            guard index > exponent else { return fail("a number has no exponent", start) }
        }
        if index - start > Self.numberBytesMax { return fail("a number is too long", start) }
        return index
    }

    @inline(__always)
    private func digits(_ bytes: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < bytes.count, unsafe bytes[unchecked: index] &- 0x30 < 10 { index += 1 }
        return index
    }

    /// True where the bytes are one value and white space.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        var scanner = JSONScanner()
        let end = scanner.value(bytes, 0)
        return end >= 0 && scanner.skip(bytes, end) == bytes.count
    }
}

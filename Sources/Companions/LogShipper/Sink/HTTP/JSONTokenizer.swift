/// Takes a JSON text apart as it arrives, in bounded memory.
///
/// Of names and values only the first bytes are kept, so that an answer of any size can be read. It is
/// as strict as is needed to tell a whole answer from a torn one; what else is wrong in a number or an
/// escape passes.
struct JSONTokenizer {
    enum Token: Equatable {
        case beginObject, endObject, beginArray, endArray
        /// A member's name, in ``text``.
        case name
        /// A string, in ``text``.
        case string
        /// A number, `true`, `false` or `null`, in ``text`` as it stands.
        case word
    }

    /// It is no JSON, or nested too deeply.
    struct Failure: Error {}

    static let depthMax = 64

    private enum Expected { case value, valueOrEnd, nameOrEnd, name, colon, commaOrEnd, nothing }
    private enum Inside { case none, string, escape, unicode(Int), word }

    /// The begin of the last name or value, escapes resolved but those of the form `\uXXXX`.
    private(set) var text: [UInt8] = []
    /// Objects and arrays that are open.
    private(set) var depth = 0
    private let textMax: Int
    private var expected = Expected.value
    private var inside = Inside.none
    private var isName = false
    /// The bit of each open level says that it is an object.
    private var objects: UInt64 = 0

    init(textMax: Int = 512) { self.textMax = textMax }

    /// True once the whole text has been read.
    var isWhole: Bool {
        guard case .nothing = expected, case .none = inside else { return false }
        return true
    }

    /// True between an element of a list and the comma or the bracket after it.
    var isAfterElement: Bool {
        guard case .commaOrEnd = expected, case .none = inside else { return false }
        return !isInObject
    }

    /// The next token, or nil where more bytes are needed; `offset` moves on.
    ///
    /// A word that ends with the text needs ``end()``.
    mutating func next(
        in bytes: Span<UInt8>,
        from offset: inout Int
    ) throws(Failure) -> Token? {
        while offset < bytes.count {
            let byte = bytes[offset]
            switch inside {
            case .string:
                offset += 1
                if byte == 0x22 {
                    inside = .none
                    return endString()
                }
                if byte == 0x5c { inside = .escape } else { keep(byte) }
            case .escape:
                offset += 1
                inside = .string
                switch byte {
                case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"): keep(0x20)
                case UInt8(ascii: "b"), UInt8(ascii: "f"): break
                case UInt8(ascii: "u"):
                    keep(0x5c)
                    keep(byte)
                    inside = .unicode(4)
                case 0x22, 0x5c, 0x2f: keep(byte)
                default: throw Failure()
                }
            case .unicode(let left):
                offset += 1
                keep(byte)
                inside = left > 1 ? .unicode(left - 1) : .string
            case .word:
                guard Self.isWordByte(byte) else {
                    inside = .none
                    return endWord()
                }
                offset += 1
                keep(byte)
            case .none:
                offset += 1
                if byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { continue }
                if let token = try begin(byte) { return token }
            }
        }
        return nil
    }

    /// The word that the end of the text ends.
    mutating func end() -> Token? {
        guard case .word = inside else { return nil }
        inside = .none
        return endWord()
    }

    // MARK: - Steps

    private mutating func begin(_ byte: UInt8) throws(Failure) -> Token? {
        switch (byte, expected) {
        case (0x7b, .value), (0x7b, .valueOrEnd):
            try push(isObject: true)
            expected = .nameOrEnd
            return .beginObject
        case (0x5b, .value), (0x5b, .valueOrEnd):
            try push(isObject: false)
            expected = .valueOrEnd
            return .beginArray
        case (0x7d, .nameOrEnd): return pop(.endObject)
        case (0x7d, .commaOrEnd) where isInObject: return pop(.endObject)
        case (0x5d, .valueOrEnd): return pop(.endArray)
        case (0x5d, .commaOrEnd) where !isInObject && depth > 0: return pop(.endArray)
        case (0x2c, .commaOrEnd) where depth > 0:
            expected = isInObject ? .name : .value
            return nil
        case (0x3a, .colon):
            expected = .value
            return nil
        case (0x22, .nameOrEnd), (0x22, .name): beginText(.string, isName: true)
        case (0x22, .value), (0x22, .valueOrEnd): beginText(.string, isName: false)
        case (_, .value), (_, .valueOrEnd):
            guard Self.isWordByte(byte) else { throw Failure() }
            beginText(.word, isName: false)
            keep(byte)
        default: throw Failure()
        }
        return nil
    }

    private mutating func beginText(_ kind: Inside, isName: Bool) {
        text.removeAll(keepingCapacity: true)
        inside = kind
        self.isName = isName
    }

    private mutating func keep(_ byte: UInt8) {
        if text.count < textMax { text.append(byte) }
    }

    private mutating func endString() -> Token {
        if isName {
            expected = .colon
            return .name
        }
        endValue()
        return .string
    }

    private mutating func endWord() -> Token {
        endValue()
        return .word
    }

    private mutating func endValue() { expected = depth == 0 ? .nothing : .commaOrEnd }

    private var isInObject: Bool { objects & 1 == 1 }

    private mutating func push(isObject: Bool) throws(Failure) {
        guard depth < Self.depthMax else { throw Failure() }
        depth += 1
        objects = objects << 1 | (isObject ? 1 : 0)
    }

    private mutating func pop(_ token: Token) -> Token {
        depth -= 1
        objects >>= 1
        endValue()
        return token
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2b, 0x2d, 0x2e: true
        default: false
        }
    }
}

/// A JSON value of a configuration file; the members keep their order.
indirect enum FluentJSON: Equatable {
    case null
    case boolean(Bool)
    /// As it is written.
    case number(String)
    case string(String)
    case array([FluentJSON])
    case object([FluentMember])

    struct FluentMember: Equatable {
        var key: String
        var value: FluentJSON
    }

    /// Containers may be so deep.
    static let depthMax = 64

    /// The value of a whole text, or nil where it is not JSON.
    init?(_ text: String) {
        var scanner = FluentJSONScanner(Array(text.utf8))
        guard let value = scanner.whole() else { return nil }
        self = value
    }

    /// The value as text: strings without quotes, containers as JSON.
    var plain: String {
        if case .string(let text) = self { return text }
        return text
    }

    /// JSON without white space.
    var text: String {
        switch self {
        case .null: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .number(let text): return text
        case .string(let text): return Self.quoted(text)
        case .array(let values):
            return "[" + values.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            return "{"
                + members.map { Self.quoted($0.key) + ":" + $0.value.text }.joined(separator: ",")
                + "}"
        }
    }

    static func quoted(_ text: String) -> String {
        var shown = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": shown += "\\\""
            case "\\": shown += "\\\\"
            case "\n": shown += "\\n"
            case "\r": shown += "\\r"
            case "\t": shown += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                shown += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown + "\""
    }
}

/// Reads one JSON value.
private struct FluentJSONScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func whole() -> FluentJSON? {
        guard let value = value(depth: 0) else { return nil }
        space()
        return position == bytes.count ? value : nil
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func space() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
            position += 1
        }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        space()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) -> FluentJSON? {
        guard depth < FluentJSON.depthMax else { return nil }
        space()
        switch next {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map(FluentJSON.string)
        case nil: return nil
        default: return word()
        }
    }

    private mutating func object(depth: Int) -> FluentJSON? {
        position += 1
        var members: [FluentJSON.FluentMember] = []
        if skip(UInt8(ascii: "}")) { return .object(members) }
        while true {
            space()
            guard next == UInt8(ascii: "\""), let key = string(), skip(UInt8(ascii: ":")),
                let value = value(depth: depth + 1)
            else { return nil }
            members.append(FluentJSON.FluentMember(key: key, value: value))
            if skip(UInt8(ascii: "}")) { return .object(members) }
            guard skip(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func array(depth: Int) -> FluentJSON? {
        position += 1
        var values: [FluentJSON] = []
        if skip(UInt8(ascii: "]")) { return .array(values) }
        while true {
            guard let value = value(depth: depth + 1) else { return nil }
            values.append(value)
            if skip(UInt8(ascii: "]")) { return .array(values) }
            guard skip(UInt8(ascii: ",")) else { return nil }
        }
    }

    private mutating func word() -> FluentJSON? {
        let start = position
        while let byte = next, byte > 0x20, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"),
            byte != UInt8(ascii: "}")
        { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        switch text {
        case "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default:
            let first = bytes[start]
            guard first == UInt8(ascii: "-") || (first >= 0x30 && first <= 0x39),
                Double(text) != nil, !text.contains("x"), !text.contains("p")
            else { return nil }
            return .number(text)
        }
    }

    private mutating func string() -> String? {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                continue
            }
            guard let escape = next else { return nil }
            position += 1
            switch escape {
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "r"): text.append(0x0d)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0c)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(escape)
            case UInt8(ascii: "u"):
                guard let scalar = scalar() else { return nil }
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: return nil
            }
        }
        return nil
    }

    private mutating func scalar() -> Unicode.Scalar? {
        guard let unit = unit() else { return nil }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xdc00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let low = self.unit(), low >= 0xdc00, low < 0xe000 else { return nil }
        return Unicode.Scalar(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    }

    private mutating func unit() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        let digits = bytes[position..<position + 4]
        guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        position += 4
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}

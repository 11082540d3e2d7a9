/// A tree of names and values, as the short form is written.
package indirect enum LogTree: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case decimal(Double)
    case boolean(Bool)
    case list([LogTree])
    case map(LogTreeMap)

    /// The tree as YAML; what could be read as anything but a text is in quotes.
    package var yaml: String {
        var text = ""
        write(into: &text, indent: 0, startsLine: true)
        return text
    }

    /// The value as it may stand in a line, however long.
    var line: String {
        switch self {
        case .text, .integer, .decimal, .boolean: return inline ?? ""
        case .list(let values): return "[" + values.map(\.line).joined(separator: ", ") + "]"
        case .map(let map):
            let words = map.members.map { Self.quoted($0.name) + ": " + $0.value.line }
            return "{" + words.joined(separator: ", ") + "}"
        }
    }

    /// Neither an element nor a part of the whole is put on one line where it has parts.
    private var isFlat: Bool {
        if case .map(let map) = self { return map.members.isEmpty }
        return true
    }

    /// A value that takes no lines of its own, or nil.
    private var inline: String? {
        switch self {
        case .text(let text): return Self.quoted(text)
        case .integer(let value): return "\(value)"
        case .decimal(let value): return "\(value)"
        case .boolean(let value): return value ? "true" : "false"
        case .map(let map):
            if map.members.isEmpty { return "{}" }
            var words: [String] = []
            for member in map.members {
                guard let word = member.value.inline else { return nil }
                words.append(Self.quoted(member.name) + ": " + word)
            }
            let line = "{" + words.joined(separator: ", ") + "}"
            return line.utf8.count <= 70 ? line : nil
        case .list(let values):
            if values.isEmpty { return "[]" }
            var words: [String] = []
            for value in values {
                guard let word = value.inline else { return nil }
                switch value {
                case .list, .map: return nil
                default: words.append(word)
                }
            }
            let line = "[" + words.joined(separator: ", ") + "]"
            return line.utf8.count <= 80 ? line : nil
        }
    }

    private func write(into text: inout String, indent: Int, startsLine: Bool) {
        let spaces = String(repeating: " ", count: indent)
        switch self {
        case .map(let map) where !map.members.isEmpty:
            for (position, member) in map.members.enumerated() {
                if position > 0 || startsLine { text += spaces }
                text += Self.quoted(member.name) + ":"
                if indent > 0 || member.value.isFlat, let inline = member.value.inline {
                    text += " " + inline + "\n"
                } else {
                    text += "\n"
                    member.value.write(into: &text, indent: indent + 2, startsLine: true)
                }
            }
        case .list(let values) where inline == nil:
            for value in values {
                text += spaces + "- "
                if value.isFlat, let inline = value.inline {
                    text += inline + "\n"
                } else if case .list = value {
                    text += "\n"
                    value.write(into: &text, indent: indent + 2, startsLine: true)
                } else {
                    value.write(into: &text, indent: indent + 2, startsLine: false)
                }
            }
        default: text += (inline ?? "") + "\n"
        }
    }

    /// A text as it may stand in a line, also between brackets.
    private static func quoted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let isPlain = bytes.enumerated().allSatisfy { index, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: return true
            case UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "+"):
                return true
            case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "@"), UInt8(ascii: "$"),
                UInt8(ascii: "="), UInt8(ascii: "%"):
                return index > 0
            case UInt8(ascii: ":"):
                return index > 0 && index + 1 < bytes.count && bytes[index + 1] != 0x20
            default: return false
            }
        }
        let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let first = bytes.first ?? 0
        let looksLikeNumber =
            (first >= 0x30 && first <= 0x39) || first == UInt8(ascii: "+")
            || first == UInt8(ascii: ".")
        if isPlain, !text.isEmpty, !looksLikeNumber || isMeasure(text),
            !words.contains(text.lowercased())
        {
            return text
        }
        // Expressions stay as they are: in single quotes a backslash is one.
        let isSingle = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "'") }
        if isSingle, bytes.contains(UInt8(ascii: "\\")) || bytes.contains(UInt8(ascii: "\"")) {
            return "'\(text)'"
        }
        return FluentJSON.quoted(text)
    }

    /// `5s`, `8MiB`: a number with a unit after it, which no reader takes for a number.
    private static func isMeasure(_ text: String) -> Bool {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return !digits.isEmpty
            && ["ms", "s", "m", "h", "KiB", "MiB", "GiB"].contains(
                String(text.dropFirst(digits.count))
            )
    }
}

/// Names with values, in their order.
package struct LogTreeMap: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: LogTree
    }

    package private(set) var members: [Member] = []

    package init() {}

    mutating func add(_ name: String, _ value: LogTree) {
        members.append(Member(name: name, value: value))
    }

    mutating func add(_ name: String, _ text: String?) {
        if let text { add(name, .text(text)) }
    }

    mutating func add(_ name: String, _ text: String, unless standard: String) {
        if text != standard { add(name, .text(text)) }
    }

    mutating func add(_ name: String, _ value: Bool, unless standard: Bool) {
        if value != standard { add(name, .boolean(value)) }
    }

    mutating func add(_ name: String, _ value: Int?, unless standard: Int? = nil) {
        if let value, value != standard { add(name, .integer(value)) }
    }

    mutating func add(_ name: String, _ values: [String]) {
        if !values.isEmpty { add(name, .list(values.map { .text($0) })) }
    }

    /// Nothing where the map is empty.
    mutating func add(_ name: String, _ map: LogTreeMap) {
        if !map.members.isEmpty { add(name, .map(map)) }
    }
}

internal import Model

/// A value of JSON whose members keep their order, to be printed or cut down.
package indirect enum JSONTree: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        package var name: String
        package var value: JSONTree

        package init(name: String, value: JSONTree) {
            self.name = name
            self.value = value
        }
    }

    case object([Member])
    case list([JSONTree])
    case text(String)
    /// A number, `true`, `false` or `null`, as it is written.
    case literal(String)

    /// The value of a member; nil where this is no object, or has no such member.
    package subscript(_ name: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text, where it is one.
    package var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }

    // MARK: - As JSON

    /// The value as JSON (RFC 8259), with each member on a line of its own.
    package var json: String {
        var text = ""
        write(into: &text, indent: 0)
        return text + "\n"
    }

    private func write(into text: inout String, indent: Int) {
        switch self {
        case .object(let members):
            if members.isEmpty {
                text += "{}"
                return
            }
            text += "{"
            for (index, member) in members.enumerated() {
                text += index == 0 ? "\n" : ",\n"
                text += String(repeating: " ", count: indent + 1)
                text += "\(Self.quotedJSON(member.name)): "
                member.value.write(into: &text, indent: indent + 1)
            }
            text += "\n" + String(repeating: " ", count: indent) + "}"
        case .list(let elements):
            if elements.isEmpty {
                text += "[]"
                return
            }
            text += "["
            for (index, element) in elements.enumerated() {
                text += index == 0 ? "\n" : ",\n"
                text += String(repeating: " ", count: indent + 1)
                element.write(into: &text, indent: indent + 1)
            }
            text += "\n" + String(repeating: " ", count: indent) + "]"
        case .text(let value): text += Self.quotedJSON(value)
        case .literal(let value): text += value
        }
    }

    /// A text in quotes; what could end a line or move a cursor is escaped.
    package static func quotedJSON(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            default:
                switch scalar.value {
                case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029:
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                default: quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}

// MARK: - As YAML

extension JSONTree {
    /// The value as YAML in block style, which every reader of YAML 1.1 and 1.2 takes alike.
    package var yaml: String {
        switch self {
        case .object(let members) where !members.isEmpty:
            var text = ""
            Self.writeYAML(members, into: &text, indent: 0)
            return text
        case .list(let elements) where !elements.isEmpty:
            var text = ""
            Self.writeYAML(elements, into: &text, indent: 0)
            return text
        default:
            return inlineYAML + "\n"
        }
    }

    private var inlineYAML: String {
        switch self {
        case .object: "{}"
        case .list: "[]"
        case .text(let text): Self.yamlText(text)
        case .literal(let text): text
        }
    }

    /// - Parameter isAfterDash: the first member stands behind the dash of a list.
    private static func writeYAML(
        _ members: [Member],
        into text: inout String,
        indent: Int,
        isAfterDash: Bool = false
    ) {
        for (index, member) in members.enumerated() {
            if index > 0 || !isAfterDash { text += String(repeating: " ", count: indent) }
            text += yamlText(member.name) + ":"
            switch member.value {
            case .object(let inner) where !inner.isEmpty:
                text += "\n"
                writeYAML(inner, into: &text, indent: indent + 2)
            case .list(let inner) where !inner.isEmpty:
                text += "\n"
                writeYAML(inner, into: &text, indent: indent + 2)
            default:
                text += " " + member.value.inlineYAML + "\n"
            }
        }
    }

    private static func writeYAML(_ elements: [JSONTree], into text: inout String, indent: Int) {
        for element in elements {
            text += String(repeating: " ", count: indent) + "- "
            switch element {
            case .object(let inner) where !inner.isEmpty:
                writeYAML(inner, into: &text, indent: indent + 2, isAfterDash: true)
            case .list(let inner) where !inner.isEmpty:
                text += "\n"
                writeYAML(inner, into: &text, indent: indent + 2)
            default:
                text += element.inlineYAML + "\n"
            }
        }
    }

    /// A text without quotes only where no reader could take it for something else.
    private static func yamlText(_ text: String) -> String {
        let words: Set<String> = [
            "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf",
        ]
        let isPlain =
            !text.isEmpty && text.utf8.count <= 200 && !words.contains(text.lowercased())
            && text.utf8.allSatisfy { byte in
                byte.isASCIIDigit || byte.asciiLowercased &- 0x61 < 26
                    || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/")
            }
            && (text.utf8.first.map { $0.asciiLowercased &- 0x61 < 26 || $0 == 0x2f } ?? false)
        return isPlain ? text : quotedJSON(text)
    }
}

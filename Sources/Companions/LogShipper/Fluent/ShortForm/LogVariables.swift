internal import Document

/// Fills `${NAME}` and `${NAME:-default}` of the environment into the scalars of a short form.
///
/// As in the rest of the sidecar's file: values are filled in after the YAML is read, so a variable can
/// hold any text and add no field; keys and every other `$` are left as they are; `$${NAME}` stands for
/// the text.
struct LogVariables {
    private let reading: LogReading

    init(_ reading: LogReading) { self.reading = reading }

    /// The node with its variables; its depth was limited when it was read.
    func fill(_ node: Node, at spot: LogSpot) -> Node {
        var filled = node
        switch node.content {
        case .scalar(let text, let isPlain):
            if text.utf8.contains(UInt8(ascii: "$")) {
                filled.content = .scalar(
                    fill(text, at: spot.at(node.position)),
                    isPlain: isPlain
                )
            }
        case .sequence(let elements):
            filled.content = .sequence(
                elements.enumerated().map { fill($1, at: spot.element($0, $1)) }
            )
        case .mapping(let members):
            filled.content = .mapping(
                members.map { member in
                    var member = member
                    member.value = fill(member.value, at: spot.inside(member))
                    return member
                }
            )
        }
        return filled
    }

    private func fill(_ text: String, at spot: LogSpot) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${"), let escaped = Self.reference(rest.dropFirst()) {
                result += rest.dropFirst()[..<escaped.rest.startIndex]
                rest = escaped.rest
            } else if let reference = Self.reference(rest) {
                var value = reading.environment.variable(reference.name)
                if value?.isEmpty ?? true, let standard = reference.standard { value = standard }
                if value == nil {
                    spot.refuse(
                        "the environment variable \(reference.name) is not set",
                        hint: "set it, or give a default: ${\(reference.name):-value}"
                    )
                }
                result += value ?? ""
                rest = reference.rest
            } else {
                if rest.hasPrefix("${"), rest.contains("}") {
                    spot.warn(
                        "what begins with ${ and names no environment variable stays as it is; "
                            + "a field is %{field}, and a secret's file has a field of its own, "
                            + "such as passwordFile"
                    )
                }
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    /// The text so that nothing in it is taken for a variable.
    static func escaped(_ text: String) -> String {
        guard text.contains("${") else { return text }
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if reference(rest) != nil { result += "$" }
            result += "$"
            rest = rest.dropFirst()
        }
        return result + rest
    }

    private static func reference(
        _ input: Substring
    ) -> (name: String, standard: String?, rest: Substring)? {
        guard input.hasPrefix("${") else { return nil }
        let inner = input.dropFirst(2)
        let name = inner.prefix { character in
            character.isASCII && (character.isLetter || character.isNumber || character == "_")
        }
        guard let first = name.first, !first.isNumber else { return nil }
        let after = inner[name.endIndex...]
        if after.hasPrefix("}") { return (String(name), nil, after.dropFirst()) }
        guard after.hasPrefix(":-"), let end = after.firstIndex(of: "}") else { return nil }
        let standard = String(after[..<end].dropFirst(2))
        return (String(name), standard, after[end...].dropFirst())
    }
}

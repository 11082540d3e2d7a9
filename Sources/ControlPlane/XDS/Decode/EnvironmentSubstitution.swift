internal import Document

/// Fills `${NAME}` and `${NAME:-default}` into the scalars of a document.
///
/// It works on values after the YAML is read, so that a variable can hold any text and still not add
/// a field. A scalar without quotes is a plain one afterwards too: `${PORT}` becomes a number. Keys
/// are left as they are, and so is every other `$`, which regular expressions and formats use.
/// `$${NAME}` stands for the text `${NAME}`.
struct EnvironmentSubstitution {
    /// Something that could not be filled in.
    struct Failure {
        var position: Node.Position
        var path: String
        var what: String
        var hint: String
    }

    /// Bytes that all the variables of one file may come to.
    private static let bytesMax = 16 << 20

    private let environment: ConfigurationEnvironment
    private var steps: [SourceMap.Step] = []
    private var bytesLeft = Self.bytesMax
    private(set) var failures: [Failure] = []

    init(_ environment: ConfigurationEnvironment) {
        self.environment = environment
    }

    /// Whether a file can hold a variable at all: most do not, and need not be walked.
    static func mayConcern(_ bytes: [UInt8]) -> Bool {
        var last: UInt8 = 0
        for byte in bytes {
            if byte == UInt8(ascii: "{"), last == UInt8(ascii: "$") { return true }
            last = byte
        }
        return false
    }

    /// The node with every variable filled in; its depth was limited when it was read.
    mutating func fill(_ node: Node) -> Node {
        var filled = node
        switch node.content {
        case .scalar(let text, let isPlain):
            if text.utf8.contains(UInt8(ascii: "$")) {
                filled.content = .scalar(fill(text, node.position), isPlain: isPlain)
            }
        case .sequence(let elements):
            filled.content = .sequence(
                elements.enumerated().map { index, element in
                    inside(.index(index)) { $0.fill(element) }
                }
            )
        case .mapping(let members):
            filled.content = .mapping(
                members.map { member in
                    var member = member
                    let value = member.value
                    member.value = inside(.field(member.key)) { $0.fill(value) }
                    return member
                }
            )
        }
        return filled
    }

    private mutating func inside(_ step: SourceMap.Step, _ body: (inout Self) -> Node) -> Node {
        steps.append(step)
        defer { steps.removeLast() }
        return body(&self)
    }

    private mutating func fill(_ text: String, _ position: Node.Position) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.utf8.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${"), let escaped = Reference(rest.dropFirst()) {
                result += escaped.text
                rest = escaped.rest
            } else if let reference = Reference(rest) {
                result += value(of: reference, position)
                rest = reference.rest
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private mutating func value(of reference: Reference, _ position: Node.Position) -> String {
        var value = environment.value(reference.name)
        // As in a shell, :- stands in for an empty value too.
        if value?.isEmpty ?? true, let fallback = reference.fallback { value = fallback }
        guard let value else {
            let near = NearestWord.to(reference.name, among: environment.names())
            let advice =
                "set it, or give a default: ${\(reference.name):-value}"
            refuse(
                position,
                "the environment variable \(reference.name) is not set",
                near.map { "did you mean \($0)?" } ?? advice
            )
            return ""
        }
        bytesLeft -= value.utf8.count
        if bytesLeft < 0 {
            refuse(position, "the environment variables are too long", "at most 16 MiB in one file")
            return ""
        }
        return value
    }

    private mutating func refuse(_ position: Node.Position, _ what: String, _ hint: String) {
        guard failures.count < ConfigurationErrors.limit else { return }
        failures.append(
            Failure(position: position, path: SourceMap.path(steps), what: what, hint: hint)
        )
    }
}

/// `${NAME}` or `${NAME:-default}` at the beginning of a text.
private struct Reference {
    let name: String
    let fallback: String?
    /// As it is written.
    let text: Substring
    /// What follows it.
    let rest: Substring

    init?(_ input: Substring) {
        guard input.hasPrefix("${") else { return nil }
        let inner = input.dropFirst(2)
        let name = inner.prefix { character in
            character.isASCII && (character.isLetter || character.isNumber || character == "_")
        }
        guard let first = name.first, !first.isNumber else { return nil }
        let after = inner[name.endIndex...]
        if after.hasPrefix("}") {
            fallback = nil
            rest = after.dropFirst()
        } else if after.hasPrefix(":-"), let end = after.firstIndex(of: "}") {
            fallback = String(after[..<end].dropFirst(2))
            rest = after[end...].dropFirst()
        } else {
            return nil
        }
        self.name = String(name)
        text = input[..<rest.startIndex]
    }
}

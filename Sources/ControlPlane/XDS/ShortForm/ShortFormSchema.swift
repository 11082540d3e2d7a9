internal import Document

/// The JSON Schema of the short form (draft 2020-12), for editors.
package enum ShortFormSchema {
    /// The schema, made from the description that the decoder uses.
    package static let json = schema.json

    private static var schema: JSONTree {
        guard case .object(let members) = object(ShortForm.root) else { return .object([]) }
        return .object(
            [
                member("$schema", .text("https://json-schema.org/draft/2020-12/schema")),
                member("$id", .text("https://pillion.dev/schemas/sidecar-config.schema.json")),
                member("title", .text("SidecarConfig, the short form of Pillion's configuration")),
            ] + members.map(withLogs)
        )
    }

    /// The log shipper's part stands beside the others, and is nobody's business here.
    private static func withLogs(_ member: JSONTree.Member) -> JSONTree.Member {
        guard member.name == "properties", case .object(let properties) = member.value else {
            return member
        }
        let logs = JSONTree.object([
            Self.member("description", .text("The log shipper, described in logs.md.")),
            Self.member("type", .text("object")),
        ])
        return Self.member("properties", .object(properties + [Self.member("logs", logs)]))
    }

    private static func member(_ name: String, _ value: JSONTree) -> JSONTree.Member {
        JSONTree.Member(name: name, value: value)
    }

    private static func object(_ fields: [ShortFormField]) -> JSONTree {
        let required = fields.filter(\.isRequired).map { JSONTree.text($0.name) }
        var members = [
            member("type", .text("object")),
            member(
                "properties",
                .object(fields.map { member($0.name, property($0)) })
            ),
            member("additionalProperties", .literal("false")),
        ]
        if !required.isEmpty { members.append(member("required", .list(required))) }
        return .object(members)
    }

    private static func property(_ field: ShortFormField) -> JSONTree {
        var members = [member("description", .text(field.summary))]
        if let standard = field.standard,
            let node = ShortFormDefault.node(standard, Node.Position(line: 0, column: 0))
        {
            members.append(member("default", value(node)))
        }
        guard case .object(let kind) = schema(of: field.kind) else { return .object(members) }
        return .object(members + kind)
    }

    private static func value(_ node: Node) -> JSONTree {
        switch node.content {
        case .scalar(let text, let isPlain):
            isPlain && (ScalarText.isNumber(text) || text == "true" || text == "false")
                ? .literal(text) : .text(text)
        case .sequence(let elements): .list(elements.map(value))
        case .mapping(let members):
            .object(members.map { member($0.key, value($0.value)) })
        }
    }

    /// A variable of the environment may stand for any scalar, so each takes a text with one.
    private static let variable = JSONTree.object([
        member("type", .text("string")), member("pattern", .text("\\$\\{[A-Za-z_]")),
    ])

    private static func scalar(_ kinds: [JSONTree]) -> JSONTree {
        .object([member("anyOf", .list(kinds + [variable]))])
    }

    private static func text(_ pattern: String) -> JSONTree {
        .object([member("type", .text("string")), member("pattern", .text(pattern))])
    }

    private static func integer(_ range: ClosedRange<Int64>) -> JSONTree {
        .object([
            member("type", .text("integer")),
            member("minimum", .literal(String(range.lowerBound))),
            member("maximum", .literal(String(range.upperBound))),
        ])
    }

    private static func schema(of kind: ShortFormKind) -> JSONTree {
        switch kind {
        case .text(let rule):
            return scalar([
                .object([
                    member("type", .text("string")), member("pattern", .text(rule.pattern)),
                    member("maxLength", .literal(String(rule.lengthMax))),
                ])
            ])
        case .integer(let range): return scalar([integer(range)])
        case .boolean: return scalar([.object([member("type", .text("boolean"))])])
        case .duration: return scalar([text(ShortFormUnits.durationPattern)])
        case .percent:
            let number = JSONTree.object([
                member("type", .text("number")), member("minimum", .literal("0")),
                member("maximum", .literal("100")),
            ])
            return scalar([number, text(ShortFormUnits.percentPattern)])
        case .size(let range):
            return scalar([integer(range), text(ShortFormUnits.sizePattern)])
        case .word(let words):
            return scalar([.object([member("enum", .list(words.map { .text($0) }))])])
        case .listen: return scalar([integer(1...65_535), text("^(.+:)?[0-9]{1,5}$")])
        case .destination: return scalar([text("^.+:[0-9]{1,5}$")])
        case .object(let fields): return object(fields)
        case .map(let key, let value, let countMax):
            return .object([
                member("type", .text("object")),
                member("propertyNames", .object([member("pattern", .text(key.pattern))])),
                member("additionalProperties", schema(of: value)),
                member("maxProperties", .literal(String(countMax))),
            ])
        case .list(let element, let countMax):
            return .object([
                member("type", .text("array")), member("items", schema(of: element)),
                member("minItems", .literal("1")), member("maxItems", .literal(String(countMax))),
            ])
        case .oneOrMany(let element, let countMax):
            let list = schema(of: .list(element, countMax: countMax))
            return .object([member("anyOf", .list([schema(of: element), list]))])
        case .byShape(let object, let other):
            return .object([member("anyOf", .list([schema(of: object), schema(of: other)]))])
        }
    }
}

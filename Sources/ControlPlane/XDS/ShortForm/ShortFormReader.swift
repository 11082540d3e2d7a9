internal import Document

/// Reads values of the short form by the description of their fields.
///
/// Like the decoder of resources, it reports what is wrong and goes on, so that one run tells all.
struct ShortFormReader {
    let decoding: Decoding

    /// Reads a value of one kind.
    /// - Parameter position: of the field or element, which is where its resources stand.
    /// - Returns: nil where the value does not fit, which was reported.
    func read(
        _ node: Node,
        as kind: ShortFormKind,
        at place: SourceMap.Place,
        _ position: Node.Position
    ) -> ShortFormValue? {
        let content: ShortFormValue.Content? =
            switch kind {
            case .object(let fields): object(node, fields, place, position)
            case .map(let key, let value, let countMax):
                map(node, key, value, countMax, place)
            case .list(let element, let countMax): list(node, element, countMax, place)
            case .oneOrMany(let element, let countMax):
                oneOrMany(node, element, countMax, place, position)
            case .byShape(let object, let other):
                read(node, as: node.isObject ? object : other, at: place, position)?.content
            default:
                ShortFormScalar(decoding: decoding, place: place, node: node).read(kind)
            }
        return content.map { ShortFormValue(content: $0, position: position, isGiven: true) }
    }

    // MARK: - Objects

    private func object(
        _ node: Node,
        _ fields: [ShortFormField],
        _ place: SourceMap.Place,
        _ position: Node.Position
    ) -> ShortFormValue.Content? {
        guard case .mapping(let members) = node.content else {
            let names = fields.prefix(6).map(\.name).joined(separator: ", ")
            refuse(
                place,
                node.position,
                "an object is expected, \(node.kindInWords) was found",
                "with fields such as \(names)"
            )
            return nil
        }
        var values: [String: ShortFormValue] = [:]
        var named: Set<String> = []
        for member in members {
            if decoding.isFull { return nil }
            let inner = decoding.enter(.field(member.key), of: place, at: member.keyPosition)
            guard let field = fields.first(where: { $0.name == member.key }) else {
                refuseUnknown(member, fields, inner)
                continue
            }
            named.insert(field.name)
            if member.value.isNull {
                if field.isRequired {
                    refuse(inner, member.keyPosition, "it has no value", field.hint)
                } else {
                    decoding.warn(
                        inner,
                        member.keyPosition,
                        "it has no value and counts as not given",
                        hint: "remove it, or give it a value"
                    )
                }
                continue
            }
            values[field.name] = read(
                member.value,
                as: field.kind,
                at: inner,
                member.keyPosition
            )
        }
        for field in fields where field.isRequired && !named.contains(field.name) {
            refuse(place, position, "\(field.name) is missing", field.hint)
        }
        for field in fields where values[field.name] == nil && !named.contains(field.name) {
            values[field.name] = standard(of: field, position)
        }
        return .object(values, fields: fields)
    }

    /// The default of a field, read like a value that is written.
    private func standard(
        of field: ShortFormField,
        _ position: Node.Position
    ) -> ShortFormValue? {
        guard let text = field.standard, let node = ShortFormDefault.node(text, position) else {
            return nil
        }
        // A decoding of its own: the places of defaults are nowhere in the file.
        let reader = ShortFormReader(
            decoding: Decoding(file: decoding.file, sources: SourceMap())
        )
        guard var value = reader.read(node, as: field.kind, at: .root, position) else {
            assertionFailure("the default of \(field.name) does not fit")
            return nil
        }
        value.isGiven = false
        return value
    }

    private func refuseUnknown(
        _ member: Node.Member,
        _ fields: [ShortFormField],
        _ place: SourceMap.Place
    ) {
        let names = fields.map(\.name)
        refuse(
            place,
            member.keyPosition,
            "the field is not known",
            didYouMean(
                member.key,
                among: names,
                otherwise: "known here: \(names.joined(separator: ", "))"
            )
        )
    }

    // MARK: - Maps and lists

    private func map(
        _ node: Node,
        _ rule: TextRule,
        _ kind: ShortFormKind,
        _ countMax: Int,
        _ place: SourceMap.Place
    ) -> ShortFormValue.Content? {
        guard case .mapping(let members) = node.content else {
            refuse(
                place,
                node.position,
                "an object is expected, \(node.kindInWords) was found",
                "each key is \(rule.noun)"
            )
            return nil
        }
        if members.count > countMax {
            refuse(place, node.position, "it has \(members.count) members", "at most \(countMax)")
            return nil
        }
        var values: [(key: String, value: ShortFormValue)] = []
        for member in members {
            if decoding.isFull { return nil }
            let inner = decoding.enter(.key(member.key), of: place, at: member.keyPosition)
            guard rule.matches(member.key) else {
                refuse(
                    inner,
                    member.keyPosition,
                    "\(quoted(member.key)) is not \(rule.noun)",
                    rule.hint
                )
                continue
            }
            if let value = read(member.value, as: kind, at: inner, member.keyPosition) {
                values.append((member.key, value))
            }
        }
        return .map(values)
    }

    private func list(
        _ node: Node,
        _ kind: ShortFormKind,
        _ countMax: Int,
        _ place: SourceMap.Place
    ) -> ShortFormValue.Content? {
        guard case .sequence(let nodes) = node.content else {
            refuse(
                place,
                node.position,
                "a list is expected, \(node.kindInWords) was found",
                "put [ ] around it, or - before it"
            )
            return nil
        }
        guard (1...countMax).contains(nodes.count) else {
            refuse(
                place,
                node.position,
                nodes.isEmpty ? "the list is empty" : "the list has \(nodes.count) elements",
                nodes.isEmpty ? "leave the field out, or name something" : "at most \(countMax)"
            )
            return nil
        }
        var values: [ShortFormValue] = []
        for (index, node) in nodes.enumerated() {
            if decoding.isFull { return nil }
            let inner = decoding.enter(.index(index), of: place, at: node.position)
            if let value = read(node, as: kind, at: inner, node.position) { values.append(value) }
        }
        return .list(values)
    }

    private func oneOrMany(
        _ node: Node,
        _ kind: ShortFormKind,
        _ countMax: Int,
        _ place: SourceMap.Place,
        _ position: Node.Position
    ) -> ShortFormValue.Content? {
        if case .sequence = node.content { return list(node, kind, countMax, place) }
        return read(node, as: kind, at: place, position).map { .list([$0]) }
    }

    private func refuse(
        _ place: SourceMap.Place,
        _ position: Node.Position,
        _ what: String,
        _ hint: String
    ) {
        decoding.refuse(place, position, what, hint: hint)
    }
}

extension Node {
    fileprivate var isObject: Bool {
        if case .mapping = content { return true }
        return false
    }
}

extension ShortFormField {
    /// What to write where a required field is missing: its meaning, in the form of a hint.
    fileprivate var hint: String {
        let text = summary.prefix { $0 != "." && $0 != ":" }
        return text.prefix(1).lowercased() + text.dropFirst()
    }
}

/// Defaults as they are written in the description of fields: `2s`, `[a, b]`, `{}`.
enum ShortFormDefault {
    static func node(_ text: String, _ position: Node.Position) -> Node? {
        guard let root = try? DocumentReader.read(Array("- \(text)".utf8)),
            case .sequence(let elements) = root.content, let node = elements.first
        else { return nil }
        return placed(node, position)
    }

    private static func placed(_ node: Node, _ position: Node.Position) -> Node {
        var node = node
        node.position = position
        if case .sequence(let elements) = node.content {
            node.content = .sequence(elements.map { placed($0, position) })
        }
        return node
    }
}

internal import Document

/// The short form of a configuration: a dozen readable lines for people who have no Envoy file.
///
/// It becomes the same v3 resources as any other file, as a tree of nodes that stand where the
/// fields of the short form stand. So the decoder and the compiler need not know of it, and what
/// they find is told with the line, the column and the path of the short form.
enum ShortForm {
    /// Whether a file is meant to be one.
    ///
    /// Envoy's bootstrap has none of these fields.
    static func isShortForm(_ root: Node) -> Bool {
        root.member("apiVersion") != nil || root.member("kind") != nil
            || root.member("spec") != nil
    }

    /// The resources that the files, merged in their order, stand for.
    /// - Returns: nil where something is wrong, which was reported.
    static func resources(of roots: [Node], _ decoding: Decoding) -> Node? {
        guard let last = roots.last else { return nil }
        decoding.noteRoot(last.position)
        var merged = Node(content: .mapping([]), position: last.position)
        for root in roots {
            check(root, decoding)
            merged = merge(root, over: merged)
        }
        // What is wrong inside a file of another kind is of no interest.
        guard decoding.problems.isEmpty else { return nil }
        let reader = ShortFormReader(decoding: decoding)
        let form = reader.read(merged, as: .object(self.root), at: .root, merged.position)
        guard let form, decoding.problems.isEmpty else { return nil }
        var translation = ShortFormTranslation(form, decoding)
        let resources = translation.resources()
        return decoding.problems.isEmpty ? resources : nil
    }

    /// Each file says of itself what it is, since one may not be meant for us.
    private static func check(_ root: Node, _ decoding: Decoding) {
        for field in Self.root where field.name == "apiVersion" || field.name == "kind" {
            guard let member = root.member(field.name) else {
                decoding.refuse(
                    .root,
                    root.position,
                    "\(field.name) is missing",
                    hint: field.name == "kind"
                        ? "write kind: \(kind)" : "write apiVersion: \(apiVersion)"
                )
                continue
            }
            let place = decoding.enter(.field(field.name), of: .root, at: member.keyPosition)
            let reader = ShortFormReader(decoding: decoding)
            _ = reader.read(member.value, as: field.kind, at: place, member.keyPosition)
        }
    }

    /// Objects merge, lists append, single values are replaced; as bootstraps merge.
    private static func merge(_ node: Node, over base: Node) -> Node {
        switch (base.content, node.content) {
        case (.mapping(let old), .mapping(let new)):
            if old.isEmpty { return node }
            var members = old
            var places: [String: Int] = [:]
            for (index, member) in old.enumerated() { places[member.key] = index }
            for member in new {
                if let index = places[member.key] {
                    var merged = member
                    merged.value = merge(member.value, over: members[index].value)
                    members[index] = merged
                } else {
                    places[member.key] = members.count
                    members.append(member)
                }
            }
            return Node(content: .mapping(members), position: node.position)
        case (.sequence(let old), .sequence(let new)):
            return Node(content: .sequence(old + new), position: node.position)
        default:
            return node
        }
    }
}

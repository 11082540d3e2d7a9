/// Builds the tree of nodes from events, without recursion.
struct NodeBuilder {
    /// A list or object that is still open.
    private struct Frame {
        enum Content {
            case sequence([Node])
            case mapping([Node.Member], keys: [String: Int], pending: PendingKey?, merged: [Node])
        }
        struct PendingKey {
            var text: String
            var position: Node.Position
            var isMerge: Bool
        }
        var content: Content
        var position: Node.Position
        var anchor: String?
        /// The count of nodes when it was opened.
        var countBefore: Int
    }

    private struct Anchored {
        var node: Node
        var count: Int
    }

    private let limits: DocumentLimits
    private var frames: [Frame] = []
    private var anchors: [String: Anchored] = [:]
    private var count = 0
    /// The tree, after its last event.
    private(set) var root: Node?

    init(_ limits: DocumentLimits) {
        self.limits = limits
    }

    /// Takes the next event of the document.
    mutating func take(_ event: YAMLEvent) throws(DocumentFailure) {
        switch event.kind {
        case .scalar(let text, let isPlain, let anchor, let tag):
            let plain = try resolve(tag: tag, isPlain: isPlain, event.position)
            let node = Node(content: .scalar(text, isPlain: plain), position: event.position)
            try count(1, at: event.position)
            remember(anchor, node, count: 1)
            try add(node)
        case .alias(let anchor):
            try addAlias(anchor, event.position)
        case .sequenceStart(let anchor, let tag):
            try refuse(tag: tag, unless: "tag:yaml.org,2002:seq", event.position)
            try open(.sequence([]), anchor, event.position)
        case .mappingStart(let anchor, let tag):
            try refuse(tag: tag, unless: "tag:yaml.org,2002:map", event.position)
            try open(.mapping([], keys: [:], pending: nil, merged: []), anchor, event.position)
        case .sequenceEnd, .mappingEnd:
            try close()
        case .documentStart, .other, .streamEnd:
            break
        }
    }

    private mutating func count(
        _ added: Int,
        at position: Node.Position,
        hint: String? = nil
    ) throws(DocumentFailure) {
        count += added
        guard count <= limits.nodesMax else {
            throw DocumentFailure(
                position: position,
                what: "the document has more than \(limits.nodesMax) values",
                hint: hint
            )
        }
    }

    private mutating func open(
        _ content: Frame.Content,
        _ anchor: String?,
        _ position: Node.Position
    ) throws(DocumentFailure) {
        guard frames.count < limits.depthMax else {
            throw DocumentFailure(
                position: position,
                what: "lists and objects are nested more than \(limits.depthMax) levels deep"
            )
        }
        if case .mapping(_, _, nil, _)? = frames.last?.content {
            throw Self.badKey(position)
        }
        let before = count
        try count(1, at: position)
        frames.append(
            Frame(content: content, position: position, anchor: anchor, countBefore: before)
        )
    }

    private mutating func close() throws(DocumentFailure) {
        guard let frame = frames.popLast() else { return }
        let node: Node
        switch frame.content {
        case .sequence(let elements):
            node = Node(content: .sequence(elements), position: frame.position)
        case .mapping(let members, let keys, _, let merged):
            let all = merged.isEmpty ? members : Self.merge(members, keys, merged)
            node = Node(content: .mapping(all), position: frame.position)
        }
        remember(frame.anchor, node, count: count - frame.countBefore)
        try add(node)
    }

    private mutating func remember(_ anchor: String?, _ node: Node, count: Int) {
        guard let anchor else { return }
        anchors[anchor] = Anchored(node: node, count: count)
    }

    private mutating func addAlias(
        _ anchor: String,
        _ position: Node.Position
    ) throws(DocumentFailure) {
        if frames.contains(where: { $0.anchor == anchor }) {
            throw DocumentFailure(
                position: position,
                what: "the alias *\(anchor) stands inside its own anchor"
            )
        }
        guard let anchored = anchors[anchor] else {
            throw DocumentFailure(
                position: position,
                what: "the alias *\(anchor) has no anchor",
                hint: "&\(anchor) must stand before it; a text that begins with * needs quotes"
            )
        }
        // Counted first: then asking for the depth costs no more than the limit of values.
        let hint = "aliases count as often as they are used"
        try count(anchored.count, at: position, hint: hint)
        guard frames.count + Self.depth(of: anchored.node) <= limits.depthMax else {
            throw DocumentFailure(
                position: position,
                what: "lists and objects are nested more than \(limits.depthMax) levels deep"
            )
        }
        var node = anchored.node
        // Members keep the place where they are written; the value itself is blamed where it is used.
        node.position = position
        try add(node)
    }

    /// How many levels of lists and objects a node has; bounded, as the node was built in limits.
    private static func depth(of node: Node) -> Int {
        switch node.content {
        case .scalar: 0
        case .sequence(let elements): 1 + (elements.lazy.map { depth(of: $0) }.max() ?? 0)
        case .mapping(let members): 1 + (members.lazy.map { depth(of: $0.value) }.max() ?? 0)
        }
    }
}

extension NodeBuilder {
    /// Puts a finished node where it belongs: the root, a list, or a key or value of an object.
    private mutating func add(_ node: Node) throws(DocumentFailure) {
        guard let last = frames.indices.last else {
            root = node
            return
        }
        // The content is taken out while it changes, so that its arrays are not copied.
        var content = frames[last].content
        frames[last].content = .sequence([])
        defer { frames[last].content = content }
        switch content {
        case .sequence(var elements):
            content = .sequence([])
            elements.append(node)
            content = .sequence(elements)
        case .mapping(var members, var keys, let pending, var merged):
            content = .sequence([])
            if let pending {
                if pending.isMerge {
                    merged += try Self.mergeSources(node)
                } else {
                    members.append(
                        Node.Member(
                            key: pending.text,
                            keyPosition: pending.position,
                            value: node
                        )
                    )
                }
                content = .mapping(members, keys: keys, pending: nil, merged: merged)
            } else {
                let key = try Self.key(node)
                if let earlier = keys.updateValue(key.position.line, forKey: key.text) {
                    throw DocumentFailure(
                        position: key.position,
                        what: "the key \(quoted(key.text)) is given twice",
                        hint: "it is already in line \(earlier)"
                    )
                }
                content = .mapping(members, keys: keys, pending: key, merged: merged)
            }
        }
    }

    private static func key(_ node: Node) throws(DocumentFailure) -> Frame.PendingKey {
        guard case .scalar(let text, let isPlain) = node.content else {
            throw badKey(node.position)
        }
        return Frame.PendingKey(
            text: text,
            position: node.position,
            isMerge: isPlain && text == "<<"
        )
    }

    private static func badKey(_ position: Node.Position) -> DocumentFailure {
        DocumentFailure(
            position: position,
            what: "a key is a list or an object",
            hint: "keys are texts; a value that begins with { or [ needs quotes to be a text"
        )
    }

    /// What `<<` names: an object or a list of objects.
    private static func mergeSources(_ node: Node) throws(DocumentFailure) -> [Node] {
        switch node.content {
        case .mapping: return [node]
        case .sequence(let elements):
            for element in elements {
                guard case .mapping = element.content else { throw badMerge(element.position) }
            }
            return elements
        case .scalar: throw badMerge(node.position)
        }
    }

    private static func badMerge(_ position: Node.Position) -> DocumentFailure {
        DocumentFailure(
            position: position,
            what: "only objects can be merged",
            hint: "<< takes an alias of an object, or a list of such aliases"
        )
    }

    /// The members of an object with those of merged objects: its own win, then earlier objects'.
    private static func merge(
        _ members: [Node.Member],
        _ keys: [String: Int],
        _ merged: [Node]
    ) -> [Node.Member] {
        var all = members
        var known = Set(keys.keys)
        for case .mapping(let others) in merged.map(\.content) {
            for other in others where known.insert(other.key).inserted {
                all.append(other)
            }
        }
        return all
    }

    /// Whether a scalar is plain after its tag; `!!str` and `!` make any scalar a text.
    private func resolve(
        tag: String?,
        isPlain: Bool,
        _ position: Node.Position
    ) throws(DocumentFailure) -> Bool {
        switch tag {
        case nil: return isPlain
        case "!", "tag:yaml.org,2002:str": return false
        case "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null":
            return true
        case let other?: throw Self.unknownTag(other, position)
        }
    }

    private func refuse(
        tag: String?,
        unless expected: String,
        _ position: Node.Position
    ) throws(DocumentFailure) {
        guard let tag, tag != expected, tag != "!" else { return }
        throw Self.unknownTag(tag, position)
    }

    private static func unknownTag(
        _ tag: String,
        _ position: Node.Position
    ) -> DocumentFailure {
        DocumentFailure(
            position: position,
            what: "the tag \(quoted(tag)) is not supported",
            hint: "leave it out; a text that begins with ! needs quotes"
        )
    }
}

/// One value of a YAML or JSON document, and where it stands.
struct Node: Sendable {
    enum Content: Sendable {
        /// `isPlain`: written without quotes, so that `true`, `12` and `null` are not texts.
        case scalar(String, isPlain: Bool)
        case sequence([Node])
        case mapping([Member])
    }

    /// A member of a mapping, whose keys are unique.
    struct Member: Sendable {
        var key: String
        var keyPosition: Position
        var value: Node
    }

    /// Line and column, counted from 1; columns count characters.
    struct Position: Sendable, Hashable {
        var line: Int
        var column: Int
        /// The number of the file in a ``SourceMap``, where a tree holds parts of several files;
        /// negative for the file that is being read.
        var file: Int32 = -1
    }

    var content: Content
    var position: Position

    /// Nothing, `~` or `null`, without quotes.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// The kind in words, for messages: `a list`.
    var kindInWords: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar(let text, isPlain: true) where text == "true" || text == "false": "a boolean"
        case .scalar(let text, isPlain: true) where ScalarText.isNumber(text): "a number"
        case .scalar: "a text"
        case .sequence: "a list"
        case .mapping: "an object"
        }
    }
}

extension Node {
    /// The node with the number of its file in every position, to be merged with other files.
    func placed(inFile file: Int32) -> Node {
        var node = self
        node.position.file = file
        switch content {
        case .scalar: break
        case .sequence(let elements):
            node.content = .sequence(elements.map { $0.placed(inFile: file) })
        case .mapping(let members):
            node.content = .mapping(
                members.map { member in
                    var placed = member
                    placed.keyPosition.file = file
                    placed.value = member.value.placed(inFile: file)
                    return placed
                }
            )
        }
        return node
    }

    /// The value of a member; nil where this is no object, or has no such member.
    func member(_ key: String) -> Member? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key == key }
    }
}

/// How much a document may ask of us.
struct DocumentLimits: Sendable {
    /// Bytes of one file.
    var bytesMax = 16 << 20
    /// Values, keys counted too, after aliases are expanded: what stops a bomb of aliases.
    var nodesMax = 1_000_000
    /// Lists and objects inside each other.
    var depthMax = 64

    static let standard = DocumentLimits()
}

/// Why a document can't be read, before its meaning is asked for.
struct DocumentFailure: Error, Equatable {
    /// nil where the whole document is to blame.
    var position: Node.Position?
    var what: String
    var hint: String?
}

/// One value of a YAML or JSON document, and where it stands.
package struct Node: Sendable {
    package enum Content: Sendable {
        /// `isPlain`: written without quotes, so that `true`, `12` and `null` are not texts.
        case scalar(String, isPlain: Bool)
        case sequence([Node])
        case mapping([Member])
    }

    /// A member of a mapping, whose keys are unique.
    package struct Member: Sendable {
        package var key: String
        package var keyPosition: Position
        package var value: Node

        package init(key: String, keyPosition: Position, value: Node) {
            self.key = key
            self.keyPosition = keyPosition
            self.value = value
        }
    }

    /// Line and column, counted from 1; columns count characters.
    package struct Position: Sendable, Hashable {
        package var line: Int
        package var column: Int
        /// The number of the file in a ``SourceMap``, where a tree holds parts of several files;
        /// negative for the file that is being read.
        package var file: Int32 = -1

        package init(line: Int, column: Int, file: Int32 = -1) {
            self.line = line
            self.column = column
            self.file = file
        }
    }

    package var content: Content
    package var position: Position

    package init(content: Content, position: Position) {
        self.content = content
        self.position = position
    }

    /// Nothing, `~` or `null`, without quotes.
    package var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// The kind in words, for messages: `a list`.
    package var kindInWords: String {
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
    package func placed(inFile file: Int32) -> Node {
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
    package func member(_ key: String) -> Member? {
        guard case .mapping(let members) = content else { return nil }
        return members.first { $0.key == key }
    }
}

/// How much a document may ask of us.
package struct DocumentLimits: Sendable {
    /// Bytes of one file.
    package var bytesMax: Int
    /// Values, keys counted too, after aliases are expanded: what stops a bomb of aliases.
    package var nodesMax: Int
    /// Lists and objects inside each other.
    package var depthMax: Int

    package static let standard = DocumentLimits()

    package init(bytesMax: Int = 16 << 20, nodesMax: Int = 1_000_000, depthMax: Int = 64) {
        self.bytesMax = bytesMax
        self.nodesMax = nodesMax
        self.depthMax = depthMax
    }
}

/// Why a document can't be read, before its meaning is asked for.
package struct DocumentFailure: Error, Equatable {
    /// nil where the whole document is to blame.
    package var position: Node.Position?
    package var what: String
    package var hint: String?

    package init(position: Node.Position? = nil, what: String, hint: String? = nil) {
        self.position = position
        self.what = what
        self.hint = hint
    }
}

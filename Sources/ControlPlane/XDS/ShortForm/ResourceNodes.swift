internal import Document

/// Makes the nodes of resources, each standing where the field that it comes from stands.
enum ResourceNodes {
    typealias Position = Node.Position

    static func text(_ text: String, _ position: Position) -> Node {
        Node(content: .scalar(text, isPlain: false), position: position)
    }

    static func number(_ value: Int64, _ position: Position) -> Node {
        Node(content: .scalar(String(value), isPlain: true), position: position)
    }

    static func number(_ value: Double, _ position: Position) -> Node {
        let text = Int64(exactly: value).map { String($0) } ?? String(value)
        return Node(content: .scalar(text, isPlain: true), position: position)
    }

    static func boolean(_ value: Bool, _ position: Position) -> Node {
        Node(content: .scalar(value ? "true" : "false", isPlain: true), position: position)
    }

    static func duration(_ nanoseconds: Int64, _ position: Position) -> Node {
        text(DurationText.seconds(nanoseconds), position)
    }

    static func list(_ elements: [Node], _ position: Position) -> Node {
        Node(content: .sequence(elements), position: position)
    }

    /// An object; members without a value are left out.
    static func object(_ position: Position, _ members: [(String, Node?)]) -> Node {
        Node(
            content: .mapping(
                members.compactMap { name, value in
                    value.map { Node.Member(key: name, keyPosition: $0.position, value: $0) }
                }
            ),
            position: position
        )
    }

    /// A message inside an `Any`.
    static func any(_ type: String, _ position: Position, _ members: [(String, Node?)] = []) -> Node
    {
        object(
            position,
            [("@type", text("type.googleapis.com/\(type)", position))] + members
        )
    }

    /// An extension: its name and its configuration.
    static func named(_ name: String, _ type: String, _ position: Position) -> Node {
        object(position, [("name", text(name, position)), ("typed_config", any(type, position))])
    }

    static func socketAddress(_ host: String, _ port: UInt16, _ position: Position) -> Node {
        object(
            position,
            [
                (
                    "socket_address",
                    object(
                        position,
                        [
                            ("address", text(host, position)),
                            ("port_value", number(Int64(port), position)),
                        ]
                    )
                )
            ]
        )
    }
}

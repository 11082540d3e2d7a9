internal import Document
internal import Model

/// A value of the short form that fits its field.
struct ShortFormValue: Sendable {
    indirect enum Content: Sendable {
        case text(String)
        case integer(Int64)
        case boolean(Bool)
        case nanoseconds(Int64)
        case percent(Double)
        case bytes(Int64)
        case address(SocketAddress)
        case destination(host: String, port: UInt16, isLiteral: Bool)
        case object([String: ShortFormValue], fields: [ShortFormField])
        case map([(key: String, value: ShortFormValue)])
        case list([ShortFormValue])
    }

    var content: Content
    /// Where its field or element is written; that of what encloses it for a default.
    var position: Node.Position
    /// False for a default.
    var isGiven: Bool

    /// The value of a field of an object; nil where it is not given and has no default.
    subscript(_ name: String) -> ShortFormValue? {
        guard case .object(let values, let fields) = content else { return nil }
        assert(fields.contains { $0.name == name }, "the form has no field \(name) here")
        return values[name]
    }

    /// The value of a field that is written, not that of a default.
    func given(_ name: String) -> ShortFormValue? {
        guard let value = self[name], value.isGiven else { return nil }
        return value
    }

    var text: String {
        if case .text(let text) = content { return text }
        return ""
    }

    var integer: Int64 {
        if case .integer(let value) = content { return value }
        return 0
    }

    var boolean: Bool {
        if case .boolean(let value) = content { return value }
        return false
    }

    var nanoseconds: Int64 {
        if case .nanoseconds(let value) = content { return value }
        return 0
    }

    var percent: Double {
        if case .percent(let value) = content { return value }
        return 0
    }

    var bytes: Int64 {
        if case .bytes(let value) = content { return value }
        return 0
    }

    /// The elements of a list.
    var elements: [ShortFormValue] {
        if case .list(let values) = content { return values }
        return []
    }

    /// The members of a map, in the order of the file.
    var members: [(key: String, value: ShortFormValue)] {
        if case .map(let members) = content { return members }
        return []
    }

    var isMap: Bool {
        if case .map = content { return true }
        return false
    }
}

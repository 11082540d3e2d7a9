internal import Document

/// A value of the resources, and whether somebody wrote it.
struct ConfigurationFact {
    let tree: JSONTree
    private let path: String
    private let isDefault: (String) -> Bool

    /// - Parameter isDefault: whether the value at a path is a default of the short form.
    init(_ tree: JSONTree, at path: String, isDefault: @escaping (String) -> Bool) {
        self.tree = tree
        self.path = path
        self.isDefault = isDefault
    }

    subscript(_ name: String) -> ConfigurationFact? {
        tree[name].map { value in
            let inner = path.isEmpty ? name : "\(path).\(name)"
            return ConfigurationFact(value, at: inner, isDefault: isDefault)
        }
    }

    /// The elements of a list.
    var elements: [ConfigurationFact] {
        guard case .list(let values) = tree else { return [] }
        return values.enumerated().map { index, value in
            ConfigurationFact(value, at: "\(path)[\(index)]", isDefault: isDefault)
        }
    }

    var text: String { tree.text ?? "" }

    /// True where the message of an extension has this name, whatever its package.
    func isA(_ message: String) -> Bool {
        self["@type"]?.text.hasSuffix(".\(message)") ?? false
    }

    /// The value in a line, with a note where nobody wrote it.
    var words: String { bare + (isDefault(path) ? " (default)" : "") }

    /// The value in a line.
    var bare: String { Self.words(tree) }

    static func words(_ value: JSONTree) -> String {
        switch value {
        case .text(let text): text.isEmpty ? "\"\"" : text
        case .literal(let text): text
        case .list(let elements): elements.map(words).joined(separator: ", ")
        case .object(let members):
            members.map { "\($0.name) \(words($0.value))" }.joined(separator: ", ")
        }
    }

    /// The address of a listener or endpoint.
    var address: String {
        if let socket = self["socket_address"] {
            let host = socket["address"]?.text ?? ""
            let port = socket["port_value"]?.bare ?? "0"
            let note = socket["port_value"].map { $0.words.hasSuffix(" (default)") } ?? false
            return (host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
                + (note ? " (default)" : "")
        }
        return self["pipe"]?["path"]?.text ?? "no address"
    }
}

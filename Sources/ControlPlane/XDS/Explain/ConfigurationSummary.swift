internal import Document

/// What a configuration does, in words: `pillion explain-config`.
///
/// Listeners with their routes, then clusters, one fact on each line. What the files do not say but
/// holds all the same is marked with "(default)".
package enum ConfigurationSummary {
    /// The whole configuration, ending with a line break.
    package static func text(of loaded: LoadedConfiguration) -> String {
        let root = ConfigurationFact(
            MessageTree.tree(loaded.bootstrap),
            at: "",
            isDefault: loaded.sources.defaultTest()
        )
        var lines = SummaryLines()
        if let id = root["node"]?["id"] { lines.add("node \(id.text)") }
        lines.add(
            root["admin"]?["address"].map { "admin interface at \($0.address)" }
                ?? "no admin interface (default)"
        )
        let statics = root["static_resources"]
        for listener in statics?["listeners"]?.elements ?? [] {
            lines.addListener(listener, limit: connectionLimit(of: listener, root))
        }
        for cluster in statics?["clusters"]?.elements ?? [] { lines.addCluster(cluster) }
        return lines.text
    }

    /// The v3 resources as YAML that Envoy takes.
    package static func yaml(of loaded: LoadedConfiguration) -> String {
        MessageTree.tree(loaded.bootstrap).yaml
    }

    /// The v3 resources as JSON that Envoy takes.
    package static func json(of loaded: LoadedConfiguration) -> String {
        MessageTree.tree(loaded.bootstrap).json
    }

    private static func connectionLimit(
        of listener: ConfigurationFact,
        _ root: ConfigurationFact
    ) -> String? {
        let key = "envoy.resource_limits.listener.\(listener["name"]?.text ?? "").connection_limit"
        for layer in (root["layered_runtime"]?["layers"]?.elements ?? []).reversed() {
            if let limit = layer["static_layer"]?[key] { return limit.bare }
        }
        return nil
    }
}

/// Lines with an indent.
struct SummaryLines {
    private(set) var text = ""
    /// Added to the indent of each line: what stands inside a filter chain among others.
    var depth = 0

    mutating func add(_ line: String, indent: Int = 0) {
        text += String(repeating: "  ", count: indent + depth)
        // A name in a file may hold anything; a line stays one line.
        text.unicodeScalars.append(
            contentsOf: line.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? "?" : $0 }
        )
        text += "\n"
    }

    /// Adds a line for a field: its value, or the default that holds without it.
    mutating func add(
        _ name: String,
        _ value: ConfigurationFact?,
        default standard: String,
        indent: Int
    ) {
        add("\(name) \(value?.words ?? "\(standard) (default)")", indent: indent)
    }
}

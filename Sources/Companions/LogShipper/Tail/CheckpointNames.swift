internal import CompanionKit

/// What the checkpoints of a configuration's sources are called.
enum CheckpointNames {
    /// One for each source, empty for those that have none: the same for the same paths, wherever
    /// they stand in the file.
    static func names(of sources: [SourceConfiguration]) -> [String] {
        var used: Set<String> = []
        return sources.map { source in
            guard case .tail(let options) = source.kind else { return "" }
            var text = options.paths.sorted().joined(separator: "\n")
            var name = name(text)
            // Two sources may read the same files, each with a place of its own in them.
            if used.contains(name) {
                text += "\n\n" + source.tag
                name = Self.name(text)
            }
            while used.contains(name) {
                text += "+"
                name = Self.name(text)
            }
            used.insert(name)
            return name
        }
    }

    private static func name(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return "tail-" + String(Checksum.crc32(bytes.span), radix: 16) + ".checkpoint"
    }
}

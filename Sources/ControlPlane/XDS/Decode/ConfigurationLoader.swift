/// A configuration that was read without errors, not yet compiled.
package struct LoadedConfiguration: Sendable {
    /// What the files say together.
    package var bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap
    /// Where each field stands.
    package var sources: SourceMap
    /// Fields that are accepted without effect.
    package var warnings: [ConfigurationProblem]

    package init(
        bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap,
        sources: SourceMap,
        warnings: [ConfigurationProblem] = []
    ) {
        self.bootstrap = bootstrap
        self.sources = sources
        self.warnings = warnings
    }
}

/// Reads Envoy v3 bootstrap files, in YAML or JSON.
package enum ConfigurationLoader {
    /// Reads the files and merges them in their order: lists append, single values of later files
    /// replace those of earlier ones.
    /// - Throws: what is wrong in any of the files.
    package static func load(
        files: [String]
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        guard let first = files.first else {
            throw ConfigurationErrors([
                ConfigurationProblem(
                    file: "command line",
                    what: "no configuration file is named"
                )
            ])
        }
        var merging = Merging(fallback: first)
        for file in files {
            merging.add(file) { () throws(DocumentFailure) in try FileContents.read(file) }
        }
        return try merging.result()
    }

    /// Reads one file that is in memory; `name` stands for it in problems.
    package static func load(
        text: [UInt8],
        name: String
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        var merging = Merging(fallback: name)
        merging.add(name) { () throws(DocumentFailure) in text }
        return try merging.result()
    }

    /// Reads one file that is in memory; `name` stands for it in problems.
    package static func load(
        text: String,
        name: String
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        try load(text: Array(text.utf8), name: name)
    }
}

/// The files read so far, decoded one over the other.
private struct Merging {
    private var bootstrap = Envoy_Config_Bootstrap_V3_Bootstrap()
    private var sources: SourceMap
    private var problems: [ConfigurationProblem] = []
    private var warnings: [ConfigurationProblem] = []

    init(fallback: String) {
        sources = SourceMap(fallback: fallback)
    }

    mutating func add(_ file: String, _ read: () throws(DocumentFailure) -> [UInt8]) {
        let root: Node
        do throws(DocumentFailure) {
            root = try DocumentReader.read(try read())
        } catch {
            problems.append(
                ConfigurationProblem(
                    file: file,
                    line: error.position?.line ?? 0,
                    column: error.position?.column ?? 0,
                    what: error.what,
                    hint: error.hint
                )
            )
            return
        }
        let decoding = Decoding(file: file, sources: sources)
        decoding.noteRoot(root.position)
        NodeDecoder.decode(root, into: &bootstrap, at: .root, decoding)
        sources = decoding.sources
        problems += Self.inOrder(decoding.problems)
        warnings += Self.inOrder(decoding.warnings)
    }

    func result() throws(ConfigurationErrors) -> LoadedConfiguration {
        guard problems.isEmpty else { throw ConfigurationErrors(problems) }
        return LoadedConfiguration(bootstrap: bootstrap, sources: sources, warnings: warnings)
    }

    private static func inOrder(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }
}

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
        throw ConfigurationErrors([.init(file: files.first ?? "", what: "not implemented")])
    }

    /// Reads one file that is in memory; `name` stands for it in problems.
    package static func load(
        text: [UInt8],
        name: String
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        throw ConfigurationErrors([.init(file: name, what: "not implemented")])
    }

    /// Reads one file that is in memory; `name` stands for it in problems.
    package static func load(
        text: String,
        name: String
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        try load(text: Array(text.utf8), name: name)
    }
}

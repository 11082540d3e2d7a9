internal import Document

/// A configuration that was read without errors, not yet compiled.
package struct LoadedConfiguration: Sendable {
    /// What the files say together.
    package var bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap
    /// Where each field stands.
    package var sources: SourceMap
    /// Fields that are accepted without effect.
    package var warnings: [ConfigurationProblem]
    /// The files and directories that decide what the configuration says, as they were named: a
    /// change of any of them, or of a link on the way to it, asks for loading anew.
    package var dependencies: [String]

    package init(
        bootstrap: Envoy_Config_Bootstrap_V3_Bootstrap,
        sources: SourceMap,
        warnings: [ConfigurationProblem] = [],
        dependencies: [String] = []
    ) {
        self.bootstrap = bootstrap
        self.sources = sources
        self.warnings = warnings
        self.dependencies = dependencies
    }
}

/// Reads configuration files, in YAML or JSON: Envoy v3 bootstraps and short forms.
package enum ConfigurationLoader {
    /// Reads files, and the files in directories, and merges them in their order.
    ///
    /// Lists append, single values of later files replace those of earlier ones. Short forms are
    /// merged with each other first; what they become stands where the last of them stands.
    /// - Throws: what is wrong in any of the files.
    package static func load(
        files: [String],
        environment: ConfigurationEnvironment = .process
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        guard let first = files.first else {
            throw ConfigurationErrors([
                ConfigurationProblem(
                    file: "command line",
                    what: "no configuration file is named"
                )
            ])
        }
        var merging = Merging(fallback: first, environment)
        for file in files {
            guard ConfigurationDirectory.isDirectory(file) else {
                merging.read(file) { () throws(DocumentFailure) in try FileContents.read(file) }
                continue
            }
            merging.depend(on: file)
            do throws(DocumentFailure) {
                for file in try ConfigurationDirectory.files(in: file) {
                    merging.read(file) { () throws(DocumentFailure) in
                        try FileContents.read(file)
                    }
                }
            } catch {
                merging.refuse(file, error)
            }
        }
        return try merging.result()
    }

    /// Reads one file that is in memory; `name` stands for it in problems.
    package static func load(
        text: [UInt8],
        name: String,
        environment: ConfigurationEnvironment = .process
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        var merging = Merging(fallback: name, environment)
        merging.read(name) { () throws(DocumentFailure) in text }
        var loaded = try merging.result()
        loaded.dependencies.removeAll { $0 == name }
        return loaded
    }

    /// Reads one file that is in memory; `name` stands for it in problems.
    package static func load(
        text: String,
        name: String,
        environment: ConfigurationEnvironment = .process
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        try load(text: Array(text.utf8), name: name, environment: environment)
    }
}

/// The files read so far, decoded one over the other.
private struct Merging {
    private struct Document {
        var file: String
        var root: Node
        var isShortForm: Bool
    }

    private let environment: ConfigurationEnvironment
    private var documents: [Document] = []
    private var bootstrap = Envoy_Config_Bootstrap_V3_Bootstrap()
    private var sources: SourceMap
    private var problems: [ConfigurationProblem] = []
    private var warnings: [ConfigurationProblem] = []
    private var dependencies: [String] = []
    private var knownDependencies: Set<String> = []
    /// All files that were named, in their order.
    private var files: [String] = []

    init(fallback: String, _ environment: ConfigurationEnvironment) {
        sources = SourceMap(fallback: fallback)
        self.environment = environment
    }

    mutating func depend(on file: String) {
        if knownDependencies.insert(file).inserted { dependencies.append(file) }
    }

    mutating func refuse(_ file: String, _ failure: DocumentFailure) {
        problems.append(
            ConfigurationProblem(
                file: file,
                line: failure.position?.line ?? 0,
                column: failure.position?.column ?? 0,
                what: failure.what,
                hint: failure.hint
            )
        )
    }

    /// Reads one file, and fills in the variables of the environment.
    mutating func read(_ file: String, _ bytes: () throws(DocumentFailure) -> [UInt8]) {
        depend(on: file)
        files.append(file)
        do throws(DocumentFailure) {
            let bytes = try bytes()
            var root = try Self.parse(bytes)
            // The log shipper's part is its own affair, and a file may have no other.
            if let others = root.without("logs") {
                guard case .mapping(let members) = others.content, !members.isEmpty else { return }
                root = others
            }
            if EnvironmentSubstitution.mayConcern(bytes) {
                var substitution = EnvironmentSubstitution(environment)
                root = substitution.fill(root)
                if !substitution.failures.isEmpty {
                    problems += substitution.failures.map { $0.problem(in: file) }
                    return
                }
            }
            documents.append(
                Document(file: file, root: root, isShortForm: ShortForm.isShortForm(root))
            )
        } catch {
            refuse(file, error)
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(DocumentFailure) -> Node {
        do {
            return try DocumentReader.read(bytes)
        } catch {
            var failure = error
            if let position = error.position, error.hint == nil,
                TextPosition.line(position.line, of: bytes).contains("${")
            {
                failure.hint = "between { } and [ ], a variable needs quotes: \"${NAME}\""
            }
            throw failure
        }
    }

    /// Decodes all of them in their order.
    mutating func result() throws(ConfigurationErrors) -> LoadedConfiguration {
        let lastShortForm = documents.lastIndex(where: \.isShortForm)
        for (index, document) in documents.enumerated() {
            if index == lastShortForm {
                decodeShortForms()
            } else if !document.isShortForm {
                let decoding = Decoding(file: document.file, sources: sources)
                decoding.noteRoot(document.root.position)
                NodeDecoder.decode(document.root, into: &bootstrap, at: .root, decoding)
                finish(decoding)
            }
        }
        documents = []
        let problems = problemsInOrder()
        guard problems.isEmpty else { throw ConfigurationErrors(problems) }
        return LoadedConfiguration(
            bootstrap: bootstrap,
            sources: sources,
            warnings: warnings,
            dependencies: dependencies
        )
    }

    /// Merges the short forms into one, and decodes the resources that it stands for.
    private mutating func decodeShortForms() {
        let forms = documents.filter(\.isShortForm)
        guard let last = forms.last else { return }
        var roots: [Node] = []
        for form in forms {
            roots.append(form.root.placed(inFile: sources.number(ofFile: form.file)))
        }
        let reading = Decoding(file: last.file, sources: sources, isShortForm: true)
        let resources = ShortForm.resources(of: roots, reading)
        finish(reading)
        guard let resources else { return }
        let decoding = Decoding(file: last.file, sources: sources)
        NodeDecoder.decode(resources, into: &bootstrap, at: .root, decoding)
        finish(decoding)
    }

    private mutating func finish(_ decoding: Decoding) {
        sources = decoding.sources
        problems += Self.inOrder(decoding.problems)
        warnings += Self.inOrder(decoding.warnings)
        for file in decoding.dependencies { depend(on: file) }
    }

    /// Problems in the order of the files, whenever they were found.
    private func problemsInOrder() -> [ConfigurationProblem] {
        problems.enumerated()
            .map { (key: (place(of: $1.file), $0), problem: $1) }
            .sorted { $0.key < $1.key }
            .map(\.problem)
    }

    private func place(of file: String) -> Int {
        files.firstIndex(of: file) ?? files.count
    }

    private static func inOrder(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }
}

extension EnvironmentSubstitution.Failure {
    fileprivate func problem(in file: String) -> ConfigurationProblem {
        ConfigurationProblem(
            file: file,
            line: position.line,
            column: position.column,
            path: path,
            what: what,
            hint: hint
        )
    }
}

extension Node {
    /// The node without a member; nil where it has none of this name.
    fileprivate func without(_ key: String) -> Node? {
        guard case .mapping(let members) = content, members.contains(where: { $0.key == key })
        else { return nil }
        return Node(content: .mapping(members.filter { $0.key != key }), position: position)
    }
}

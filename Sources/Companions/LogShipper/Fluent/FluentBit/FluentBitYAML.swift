internal import Document

/// Reads fluent-bit's configuration files in YAML.
///
/// `service`, `pipeline` with `inputs`, `filters` and `outputs`, `parsers`, `multiline_parsers`, `env` and
/// `includes` become the sections that classic files come to; processors and what else there is no
/// place for are refused by name.
package enum FluentBitYAML {
    /// The sections of a file and of those that it includes.
    package static func read(
        path: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> [FluentSection] {
        var files = FluentFiles(environment.files)
        let bytes = try files.enter(path, from: ConfigurationPlace(file: path, line: 0))
        return try read(bytes, file: path, environment: environment, files: files)
    }

    /// A text that is at hand; other files are looked for beside `file`.
    package static func read(
        text: [UInt8],
        file: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> [FluentSection] {
        let files = FluentFiles(environment.files)
        return try read(text, file: file, environment: environment, files: files)
    }

    private static func read(
        _ bytes: [UInt8],
        file: String,
        environment: FluentEnvironment,
        files: FluentFiles
    ) throws(LogConfigurationFailure) -> [FluentSection] {
        var reader = FluentBitDocument(environment: environment, files: files)
        try reader.read(bytes, file: file)
        var sections = reader.sections
        try FluentBitReader.addParsers(
            to: &sections,
            folder: FluentFiles.folder(of: file),
            environment: environment
        )
        return sections
    }
}

/// The files of one configuration on their way.
private struct FluentBitDocument {
    let environment: FluentEnvironment
    var files: FluentFiles
    private(set) var sections: [FluentSection] = []
    /// Of `env`.
    private var variables: [String: String] = [:]

    private static let names = [
        "env", "includes", "service", "pipeline", "parsers", "multiline_parsers",
    ]
    private static let reasons = [
        "plugins": "plugins are not loaded",
        "upstream_servers": "name the servers in the outputs",
        "customs": "there are no custom plugins",
        "stream_processor": "there are no streams",
    ]

    init(environment: FluentEnvironment, files: FluentFiles) {
        self.environment = environment
        self.files = files
    }

    mutating func read(_ bytes: [UInt8], file: String) throws(LogConfigurationFailure) {
        let root: Node
        do throws(DocumentFailure) {
            root = try DocumentReader.read(bytes)
        } catch {
            throw LogConfigurationFailure(
                place: ConfigurationPlace(
                    file: file,
                    line: error.position?.line ?? 0,
                    column: error.position?.column ?? 0
                ),
                what: error.what,
                hint: error.hint
            )
        }
        let members = try members(of: root, "the file", file)
        // Variables first: they are for the whole file, wherever they stand.
        for member in members where member.key == "env" { try env(member, file) }
        for member in members {
            switch member.key {
            case "env": continue
            case "includes": try includes(member, file)
            case "service": sections.append(try section("service", member.value, file))
            case "pipeline": try pipeline(member, file)
            case "parsers": try list("parser", member, file)
            case "multiline_parsers": try list("multiline_parser", member, file)
            default:
                throw LogConfigurationFailure(
                    place: place(member.keyPosition, file),
                    what: "\(fluentQuoted(member.key)) is not supported",
                    hint: Self.reasons[member.key]
                        ?? fluentDidYouMean(member.key, among: Self.names)
                        ?? "there are \(Self.names.joined(separator: ", "))"
                )
            }
        }
    }

    private mutating func env(
        _ member: Node.Member,
        _ file: String
    ) throws(LogConfigurationFailure) {
        for variable in try members(of: member.value, "env", file).prefix(10_000) {
            guard case .scalar(let text, _) = variable.value.content else {
                throw LogConfigurationFailure(
                    place: place(variable.value.position, file),
                    what: "env has \(variable.value.kindInWords) where a text was expected"
                )
            }
            variables[variable.key] = text
        }
    }

    private mutating func includes(
        _ member: Node.Member,
        _ file: String
    ) throws(LogConfigurationFailure) {
        var unset: [String] = []
        for node in try elements(of: member, file) {
            let place = place(node.position, file)
            guard case .scalar(let text, _) = node.content else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "includes has \(node.kindInWords) where a path was expected"
                )
            }
            let path = FluentFiles.resolve(
                expanded(text, unset: &unset),
                in: FluentFiles.folder(of: file)
            )
            let paths = path.contains("*") ? files.matching(path) : [path]
            for path in paths {
                let bytes = try files.enter(path, from: place)
                try read(bytes, file: path)
                files.leave()
            }
        }
    }

    private mutating func pipeline(
        _ member: Node.Member,
        _ file: String
    ) throws(LogConfigurationFailure) {
        for part in try members(of: member.value, "pipeline", file) {
            switch part.key {
            case "inputs": try list("input", part, file)
            case "filters": try list("filter", part, file)
            case "outputs": try list("output", part, file)
            default:
                throw LogConfigurationFailure(
                    place: place(part.keyPosition, file),
                    what: "\(fluentQuoted(part.key)) is not a part of pipeline",
                    hint: fluentDidYouMean(part.key, among: ["inputs", "filters", "outputs"])
                        ?? "there are inputs, filters and outputs"
                )
            }
        }
    }

    private mutating func list(
        _ name: String,
        _ member: Node.Member,
        _ file: String
    ) throws(LogConfigurationFailure) {
        for node in try elements(of: member, file) {
            sections.append(try section(name, node, file))
        }
    }

    private func section(
        _ name: String,
        _ node: Node,
        _ file: String
    ) throws(LogConfigurationFailure) -> FluentSection {
        var section = FluentSection(name: name, place: place(node.position, file))
        for member in try members(of: node, name, file) {
            let position = place(member.keyPosition, file)
            if member.key == "processors" {
                throw LogConfigurationFailure(
                    place: position,
                    what: "processors are not supported",
                    hint: "write them as filters"
                )
            }
            if name == "multiline_parser", member.key == "rules" {
                section.entries += try rules(member, file)
                continue
            }
            var entry = FluentEntry(key: member.key, value: .text(""), place: position)
            entry.value = value(member.value, file, unset: &entry.unset)
            section.entries.append(entry)
        }
        return section
    }

    /// Rules as classic files write them: the state, the expression and the next state.
    private func rules(
        _ member: Node.Member,
        _ file: String
    ) throws(LogConfigurationFailure) -> [FluentEntry] {
        var entries: [FluentEntry] = []
        for node in try elements(of: member, file) {
            var words: [String] = []
            for name in ["state", "regex", "next_state"] {
                guard let part = node.member(name), case .scalar(let text, _) = part.value.content
                else {
                    if name == "next_state" { continue }
                    throw LogConfigurationFailure(
                        place: place(node.position, file),
                        what: "a rule has no \(name)",
                        hint: "a rule has state, regex and next_state"
                    )
                }
                words.append(text)
            }
            let text = words.map { word in
                "\""
                    + word.split(separator: "\"", omittingEmptySubsequences: false)
                    .joined(separator: "\\\"") + "\""
            }.joined(separator: " ")
            entries.append(
                FluentEntry(key: "rule", value: .text(text), place: place(node.position, file))
            )
        }
        return entries
    }

    private func value(_ node: Node, _ file: String, unset: inout [String]) -> FluentValue {
        switch node.content {
        case .scalar(let text, _): return .text(expanded(text, unset: &unset))
        case .sequence(let nodes):
            var values: [FluentValue] = []
            for node in nodes { values.append(value(node, file, unset: &unset)) }
            return .list(values)
        case .mapping(let members):
            var entries: [FluentEntry] = []
            for member in members {
                var entry = FluentEntry(
                    key: member.key,
                    value: .text(""),
                    place: place(member.keyPosition, file)
                )
                entry.value = value(member.value, file, unset: &entry.unset)
                entries.append(entry)
            }
            return .map(entries)
        }
    }

    // MARK: - Nodes

    private func expanded(_ text: String, unset: inout [String]) -> String {
        FluentBitVariables.expanded(text, unset: &unset) { name in
            variables[name] ?? environment.variable(name)
        }
    }

    private func place(_ position: Node.Position, _ file: String) -> ConfigurationPlace {
        ConfigurationPlace(file: file, line: position.line, column: position.column)
    }

    private func members(
        of node: Node,
        _ name: String,
        _ file: String
    ) throws(LogConfigurationFailure) -> [Node.Member] {
        if node.isNull { return [] }
        guard case .mapping(let members) = node.content else {
            throw LogConfigurationFailure(
                place: place(node.position, file),
                what: "\(name) is \(node.kindInWords); an object was expected"
            )
        }
        return members
    }

    private func elements(
        of member: Node.Member,
        _ file: String
    ) throws(LogConfigurationFailure) -> [Node] {
        if member.value.isNull { return [] }
        guard case .sequence(let nodes) = member.value.content else {
            throw LogConfigurationFailure(
                place: place(member.value.position, file),
                what: "\(member.key) is \(member.value.kindInWords); a list was expected"
            )
        }
        return nodes
    }
}

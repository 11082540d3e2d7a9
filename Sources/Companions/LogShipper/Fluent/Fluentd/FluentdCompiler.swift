/// Makes a ``LogConfiguration`` of fluentd's sections.
package enum FluentdCompiler {
    /// Compiles what ``FluentdReader`` read; what can't be honoured is refused where it stands.
    package static func compile(
        _ root: FluentSection,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> LogConfiguration {
        let compilation = FluentdCompilation(environment: environment)
        try compilation.compile(root)
        return compilation.finished()
    }
}

/// One configuration on its way.
final class FluentdCompilation {
    static let pipelinesMax = 256
    static let sourcesMax = 1000
    static let stepsMax = 1000

    let environment: FluentEnvironment
    let notes = FluentNotes()
    private(set) var configuration = LogConfiguration()
    private var labels: [String: Int] = [:]
    private var names: Set<String> = []

    init(environment: FluentEnvironment) { self.environment = environment }

    func finished() -> LogConfiguration {
        configuration.warnings = notes.list
        return configuration
    }

    func compile(_ root: FluentSection) throws(LogConfigurationFailure) {
        if let entry = root.entries.first {
            throw LogConfigurationFailure(
                place: entry.place,
                what: "\(fluentQuoted(entry.key)) stands outside of any section",
                hint: "parameters stand in <source>, <filter>, <match>, <label> or <system>"
            )
        }
        let sections = flattened(root)
        for section in sections where section.name == "label" { try declare(section) }
        for section in sections {
            switch section.name {
            case "system": try system(section)
            case "source": try source(section)
            case "match", "filter": try step(section, in: 0)
            case "label":
                guard let number = labels[section.argument] else { continue }
                try label(section, number: number)
            default:
                throw LogConfigurationFailure(
                    place: section.place,
                    what: "<\(section.name)> is no section of fluentd",
                    hint: fluentDidYouMean(
                        section.name,
                        among: ["source", "match", "filter", "label", "system", "worker"]
                    )
                )
            }
        }
        guard !configuration.sources.isEmpty else {
            throw LogConfigurationFailure(
                place: root.place,
                what: "there is no <source>, so nothing would be read"
            )
        }
    }

    /// The sections with those of `<worker>` in its place: here one process does it all.
    private func flattened(_ root: FluentSection) -> [FluentSection] {
        var sections: [FluentSection] = []
        for section in root.sections {
            guard section.name == "worker" else {
                sections.append(section)
                continue
            }
            notes.add("<worker> has no effect here: there is one process", at: section.place)
            sections += section.sections
        }
        return sections
    }

    // MARK: - Labels

    private func declare(_ section: FluentSection) throws(LogConfigurationFailure) {
        let name = section.argument
        guard name.hasPrefix("@"), name.utf8.count > 1 else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "<label \(name)>: a label's name begins with @"
            )
        }
        guard labels[name] == nil else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "<label \(name)> stands more than once"
            )
        }
        guard configuration.pipelines.count < Self.pipelinesMax else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "there are more than \(Self.pipelinesMax) labels"
            )
        }
        if name == "@FLUENT_LOG" {
            notes.add(
                "nothing goes to @FLUENT_LOG: the shipper's own log is apart",
                at: section.place
            )
        }
        labels[name] = configuration.pipelines.count
        configuration.pipelines.append(Pipeline(name: name))
    }

    /// The number of a label's pipeline.
    func pipeline(
        named name: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> Int {
        if name == "@ROOT" { return 0 }
        if let number = labels[name] { return number }
        throw LogConfigurationFailure(
            place: place,
            what: "there is no <label \(name)>",
            hint: fluentDidYouMean(name, among: Array(labels.keys))
        )
    }

    private func label(
        _ section: FluentSection,
        number: Int
    ) throws(LogConfigurationFailure) {
        if let entry = section.entries.first {
            throw LogConfigurationFailure(
                place: entry.place,
                what: "\(fluentQuoted(entry.key)) stands in <label> outside of <filter> and <match>"
            )
        }
        for inner in section.sections {
            guard inner.name == "match" || inner.name == "filter" else {
                throw LogConfigurationFailure(
                    place: inner.place,
                    what: "<\(inner.name)> may not stand in <label>",
                    hint: fluentDidYouMean(inner.name, among: ["match", "filter"])
                )
            }
            try step(inner, in: number)
        }
    }

    // MARK: - System and sources

    private func system(_ section: FluentSection) throws(LogConfigurationFailure) {
        let parameters = parameters(of: section, title: "system")
        if let root = try parameters.filled("root_dir") { configuration.stateDirectory = root }
        if let workers = try parameters.integer("workers"), workers > 1 {
            notes.add(
                "workers has no effect here: one process does the work",
                at: parameters.entry("workers")?.place ?? section.place
            )
        }
        if let level = parameters.entry("log_level") ?? parameters.entry("@log_level") {
            notes.add("\(level.key) has no effect here", at: level.place)
        }
        parameters.withoutEffect([
            "restart_worker_interval", "suppress_repeated_stacktrace",
            "ignore_repeated_log_interval", "ignore_same_log_interval", "emit_error_log_interval",
            "suppress_config_dump", "log_event_verbose", "without_source", "with_source_only",
            "rpc_endpoint", "enable_get_dump", "process_name", "strict_config_value",
            "enable_msgpack_time_support", "disable_shared_socket", "enable_input_metrics",
            "enable_size_metrics", "enable_jit", "file_permission", "dir_permission",
            "config_include_dir", "umask",
        ])
        parameters.sectionsWithoutEffect([
            "log", "counter_server", "counter_client", "metrics", "source_only_buffer",
        ])
        try parameters.finish()
    }

    private func source(_ section: FluentSection) throws(LogConfigurationFailure) {
        guard configuration.sources.count < Self.sourcesMax else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "there are more than \(Self.sourcesMax) sources"
            )
        }
        var source = try FluentdSources.compile(section, of: self)
        if let label = section.entries.last(where: { $0.key == "@label" }) {
            source.pipeline = try pipeline(named: FluentValues.text(of: label), at: label.place)
        }
        configuration.sources.append(source)
    }

    // MARK: - Steps

    func parameters(of section: FluentSection, title: String) -> FluentParameters {
        FluentParameters(section, dialect: .fluentd, title: title, notes: notes)
    }

    private func step(
        _ section: FluentSection,
        in pipeline: Int
    ) throws(LogConfigurationFailure) {
        let tags = try tagPattern(section)
        let action: Pipeline.Step.Action
        if section.name == "filter" {
            guard let filter = try FluentdFilters.compile(section, of: self) else { return }
            action = .filter(filter)
        } else {
            action = .output(try destinations(section, depth: 0), isFinal: true)
        }
        guard configuration.pipelines[pipeline].steps.count < Self.stepsMax else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "there are more than \(Self.stepsMax) filters and matches"
            )
        }
        configuration.pipelines[pipeline].steps.append(
            Pipeline.Step(tags: tags, action: action, place: section.place)
        )
    }

    private func tagPattern(_ section: FluentSection) throws(LogConfigurationFailure) -> TagPattern
    {
        let argument = FluentValues.trimmed(Substring(section.argument))
        guard !argument.isEmpty else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "<\(section.name)> does not say which tags it is for",
                hint: "write <\(section.name) **> for all of them"
            )
        }
        guard argument.utf8.count <= 4096 else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "the pattern of tags is longer than 4096 bytes"
            )
        }
        if argument.hasPrefix("/") {
            throw LogConfigurationFailure(
                place: section.place,
                what: "a regular expression for tags is not supported: \(fluentQuoted(argument))",
                hint: "write *, ** and {a,b}"
            )
        }
        return TagPattern(words(of: argument))
    }

    /// The words of a pattern; spaces in braces do not separate.
    private func words(of text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var depth = 0
        for character in text {
            if character == "{" { depth += 1 }
            if character == "}" { depth = max(0, depth - 1) }
            if depth == 0, character == " " || character == "\t" {
                if !word.isEmpty { words.append(word) }
                word = ""
            } else {
                word.append(character)
            }
        }
        if !word.isEmpty { words.append(word) }
        return words
    }

    /// Where a `<match>` or a `<store>` sends.
    private func destinations(
        _ section: FluentSection,
        depth: Int
    ) throws(LogConfigurationFailure) -> [Pipeline.Destination] {
        let type = try Self.type(of: section)
        let parameters = parameters(of: section, title: "\(section.name) \(type)")
        _ = parameters.entry("@type")
        _ = parameters.entry("type")
        _ = parameters.entry("@id")
        parameters.withoutEffect(["@log_level", "log_level"])
        switch type {
        case "copy":
            guard depth == 0 else {
                throw parameters.failure("copy may not stand in copy")
            }
            parameters.withoutEffect(["deep_copy", "copy_mode"])
            let stores = parameters.sections("store")
            guard !stores.isEmpty else {
                throw parameters.failure("match copy: there is no <store>")
            }
            var all: [Pipeline.Destination] = []
            for store in stores {
                if !store.argument.isEmpty {
                    notes.add(
                        "<store \(store.argument)>: a store that fails never holds up the others here",
                        at: store.place
                    )
                }
                all += try destinations(store, depth: depth + 1)
            }
            try parameters.finish()
            return all
        case "relabel":
            guard let label = parameters.entry("@label") else {
                throw parameters.failure("\(parameters.title): @label is missing")
            }
            let number = try pipeline(named: FluentValues.text(of: label), at: label.place)
            try parameters.finish()
            return [.pipeline(number)]
        case "null":
            parameters.withoutEffect(["never_flush"])
            parameters.sectionsWithoutEffect(["buffer"])
            try parameters.finish()
            return [.nowhere]
        default:
            return [.sink(try add(FluentdSinks.compile(section, type: type, of: self)))]
        }
    }

    private func add(_ sink: SinkConfiguration) throws(LogConfigurationFailure) -> Int {
        guard configuration.sinks.count < SinkSet.countMax else {
            throw LogConfigurationFailure(
                place: sink.place,
                what: "there are more than \(SinkSet.countMax) outputs"
            )
        }
        configuration.sinks.append(sink)
        return configuration.sinks.count - 1
    }

    /// A name for a sink: its `@id`, or its type with a number.
    func name(_ wanted: String?, type: String) -> String {
        if let wanted, !wanted.isEmpty, names.insert(wanted).inserted { return wanted }
        let base = wanted.map { $0.isEmpty ? type : $0 } ?? type
        var number = 1
        var name = base
        while !names.insert(name).inserted {
            number += 1
            name = "\(base)-\(number)"
        }
        return name
    }

    /// What `@type` says, or `type` of old files.
    static func type(of section: FluentSection) throws(LogConfigurationFailure) -> String {
        guard let entry = section.entries.last(where: { $0.key == "@type" || $0.key == "type" })
        else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "<\(section.name)> does not say its @type"
            )
        }
        let type = try FluentValues.text(of: entry)
        guard !type.isEmpty else {
            throw LogConfigurationFailure(place: entry.place, what: "\(entry.key) is empty")
        }
        return type
    }

    /// Why a plugin is refused: by its name, with the names of what there is.
    static func unknown(
        _ kind: String,
        _ type: String,
        in section: FluentSection,
        known: [String],
        reasons: [String: String]
    ) -> LogConfigurationFailure {
        let place =
            section.entries.last { $0.key == "@type" || $0.key == "type" }?.place ?? section.place
        let near = fluentDidYouMean(type, among: known)
        let list = "there are " + known.sorted().joined(separator: ", ")
        return LogConfigurationFailure(
            place: place,
            what: "the \(kind) plugin \(fluentQuoted(type)) is not supported",
            hint: reasons[type] ?? (near.map { "\($0) \(list)" } ?? list)
        )
    }
}

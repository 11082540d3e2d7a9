/// Makes a ``LogConfiguration`` of fluent-bit's sections.
///
/// The sections are named `service`, `input`, `filter`, `output`, `parser` and `multiline_parser`; each
/// has the plugin's name in the parameter `name`. Classic files and YAML come to the same: a name that
/// stands several times in the one is a list in the other.
package enum FluentBitCompiler {
    package static func compile(
        _ sections: [FluentSection],
        file: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> LogConfiguration {
        let compilation = try FluentBitCompilation(sections, environment: environment)
        return try compilation.compile(sections, file: file)
    }
}

/// One configuration on its way.
final class FluentBitCompilation {
    let environment: FluentEnvironment
    let notes = FluentNotes()
    let parsers: FluentBitParsers
    private var configuration = LogConfiguration()
    private var names: Set<String> = []
    private var counts: [String: Int] = [:]
    /// Of the service.
    private var flush: Int64?
    private var grace: Int64?
    private var retryFirst: Int64?
    private var retryMax: Int64?

    init(
        _ sections: [FluentSection],
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) {
        self.environment = environment
        parsers = try FluentBitParsers(sections, notes: notes)
    }

    func compile(
        _ sections: [FluentSection],
        file: String
    ) throws(LogConfigurationFailure) -> LogConfiguration {
        for section in sections where section.name == "service" { try service(section) }
        var outputs: [Pipeline.Step] = []
        for section in sections {
            switch section.name {
            case "service", "parser", "multiline_parser": continue
            case "input": try input(section)
            case "filter": try filter(section)
            case "output": outputs.append(try output(section))
            default:
                throw LogConfigurationFailure(
                    place: section.place,
                    what: "[\(section.name.uppercased())] is not supported",
                    hint: fluentDidYouMean(
                        section.name,
                        among: [
                            "SERVICE", "INPUT", "FILTER", "OUTPUT", "PARSER", "MULTILINE_PARSER",
                        ]
                    )
                )
            }
        }
        // All filters see a record before any output does.
        configuration.pipelines[0].steps += outputs
        guard !configuration.sources.isEmpty else {
            throw LogConfigurationFailure(
                place: ConfigurationPlace(file: file, line: 0),
                what: "there is no [INPUT], so nothing would be read"
            )
        }
        configuration.warnings =
            parsers.notes.list
            + notes.list.filter {
                !parsers.notes.list.contains($0)
            }
        return configuration
    }

    func parameters(of section: FluentSection, title: String) -> FluentParameters {
        FluentParameters(section, dialect: .fluentBit, title: title, notes: notes)
    }

    // MARK: - Service

    private func service(_ section: FluentSection) throws(LogConfigurationFailure) {
        let parameters = parameters(of: section, title: "service")
        if let seconds = try parameters.number("flush") {
            flush = Int64(min(max(seconds * 1000, 10), 86_400_000))
        }
        if let seconds = try parameters.integer("grace", in: -1...86400) {
            grace = seconds < 0 ? nil : Int64(seconds) * 1000
        }
        retryFirst = try parameters.time("scheduler.base")
        retryMax = try parameters.time("scheduler.cap")
        if let path = try parameters.filled("storage.path") { configuration.stateDirectory = path }
        _ = parameters.all("parsers_file")
        parameters.withoutEffect([
            "daemon", "log_file", "log_level", "http_server", "http_listen", "http_port",
            "health_check", "hc_errors_count", "hc_retry_failure_count", "hc_period",
            "enable_chunk_trace", "hot_reload", "hot_reload.ensure_thread_safety",
            "hot_reload.timeout", "coro_stack_size", "dns.mode", "dns.resolver",
            "dns.prefer_ipv4", "dns.prefer_ipv6", "sp.convert_from_str_to_num",
            "json.convert_nan_to_null", "json.escape_unicode", "multiline_buffer_limit",
            "storage.sync", "storage.checksum", "storage.backlog.mem_limit", "storage.metrics",
            "storage.max_chunks_up", "storage.delete_irrecoverable_chunks", "storage.type",
            "storage.inherit", "storage.keep.rejected", "storage.rejected.path",
            "storage.trim_files", "storage.backlog.flush_on_shutdown", "windows.maxstdio",
        ])
        parameters.withoutEffect(["plugins_file"])
        try parameters.refuse(["streams_file"], "there are no streams")
        for entry in parameters.prefixed("flush.") {
            notes.add("flush.\(entry.key) has no effect here", at: entry.place)
        }
        try parameters.finish()
    }

    // MARK: - Inputs

    private func input(_ section: FluentSection) throws(LogConfigurationFailure) {
        guard configuration.sources.count < 1000 else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "there are more than 1000 inputs"
            )
        }
        let type = try Self.type(of: section)
        let number = counts[type, default: 0]
        counts[type] = number + 1
        configuration.sources.append(
            try FluentBitInputs.compile(section, type: type, number: number, of: self)
        )
    }

    /// The plugin's name, in lower case.
    static func type(of section: FluentSection) throws(LogConfigurationFailure) -> String {
        guard let entry = section.entries.last(where: { $0.key.lowercased() == "name" }) else {
            throw LogConfigurationFailure(
                place: section.place,
                what: "[\(section.name.uppercased())] does not say its Name"
            )
        }
        return try FluentValues.text(of: entry).lowercased()
    }

    static func unknown(
        _ kind: String,
        _ type: String,
        in section: FluentSection,
        known: [String],
        reasons: [String: String]
    ) -> LogConfigurationFailure {
        let place = section.entries.last { $0.key.lowercased() == "name" }?.place ?? section.place
        let list = "there are " + known.sorted().joined(separator: ", ")
        let near = fluentDidYouMean(type, among: known)
        return LogConfigurationFailure(
            place: place,
            what: "the \(kind) plugin \(fluentQuoted(type)) is not supported",
            hint: reasons[type] ?? near.map { "\($0) \(list)" } ?? list
        )
    }

    // MARK: - Filters and outputs

    private func tags(_ parameters: FluentParameters) throws(LogConfigurationFailure) -> TagPattern
    {
        try parameters.refuse(["match_regex"], "write Match with *")
        return TagPattern([try parameters.filled("match") ?? "*"], dialect: .fluentBit)
    }

    private func filter(_ section: FluentSection) throws(LogConfigurationFailure) {
        let type = try Self.type(of: section)
        let parameters = parameters(of: section, title: "filter \(type)")
        let tags = try tags(parameters)
        for key in ["name", "alias"] { _ = parameters.entry(key) }
        parameters.withoutEffect(["log_level", "log_suppress_interval"])
        let filters = try FluentBitFilters.compile(parameters, type: type, of: self)
        try parameters.finish()
        for filter in filters {
            guard configuration.pipelines[0].steps.count < 1000 else {
                throw LogConfigurationFailure(
                    place: section.place,
                    what: "there are more than 1000 steps of filters"
                )
            }
            configuration.pipelines[0].steps.append(
                Pipeline.Step(tags: tags, action: .filter(filter), place: section.place)
            )
        }
    }

    private func output(_ section: FluentSection) throws(LogConfigurationFailure) -> Pipeline.Step {
        let type = try Self.type(of: section)
        let parameters = parameters(of: section, title: "output \(type)")
        let tags = try tags(parameters)
        _ = parameters.entry("name")
        let alias = try parameters.filled("alias")
        var destination = Pipeline.Destination.nowhere
        if type == "null" {
            parameters.withoutEffect(["format", "json_date_format", "json_date_key", "retry_limit"])
            try parameters.finish()
        } else {
            var sink = SinkConfiguration(name: "", kind: .null, place: section.place)
            if let flush { sink.buffer.flushInterval = flush }
            if let grace { sink.buffer.drainTime = grace }
            if let retryFirst { sink.retry.first = max(1, retryFirst) }
            if let retryMax { sink.retry.max = retryMax }
            sink.retry.max = max(sink.retry.max, sink.retry.first)
            try FluentBitOutputs.compile(parameters, type: type, into: &sink)
            try parameters.finish()
            sink.name = name(alias, type: type)
            guard configuration.sinks.count < SinkSet.countMax else {
                throw LogConfigurationFailure(
                    place: section.place,
                    what: "there are more than \(SinkSet.countMax) outputs"
                )
            }
            destination = .sink(configuration.sinks.count)
            configuration.sinks.append(sink)
        }
        return Pipeline.Step(
            tags: tags,
            action: .output([destination], isFinal: false),
            place: section.place
        )
    }

    private func name(_ wanted: String?, type: String) -> String {
        let base = wanted ?? type
        var name = base
        var number = 1
        while !names.insert(name).inserted {
            number += 1
            name = "\(base)-\(number)"
        }
        return name
    }
}

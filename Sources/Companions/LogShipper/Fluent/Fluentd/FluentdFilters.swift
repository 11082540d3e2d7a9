/// `<filter>`: what happens to records on their way.
enum FluentdFilters {
    private static let known = [
        "record_transformer", "record_modifier", "grep", "parser", "kubernetes_metadata",
        "elasticsearch_genid", "opensearch_genid", "stdout",
    ]

    private static let reasons = [
        "concat": "write <parse> with @type multiline or cri in the source",
        "detect_exceptions": "write <parse> with @type multiline in the source",
        "geoip": "Elasticsearch's ingest pipelines can do it",
        "prometheus": "the metrics are at the admin address",
        "dedot": "Elasticsearch takes names with dots",
        "throttle": "in the short form there is a limit of records for each key",
        "anonymizer": "in the short form there are hash and redact",
    ]

    /// Nil where the filter does nothing here.
    static func compile(
        _ section: FluentSection,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> RecordFilter? {
        let type = try FluentdCompilation.type(of: section)
        let section = type == "parser" ? FluentdFlat.withParse(section) : section
        let parameters = compilation.parameters(of: section, title: "filter \(type)")
        for key in ["@type", "type", "@id"] { _ = parameters.entry(key) }
        parameters.withoutEffect(["@log_level", "log_level"])
        let filter: RecordFilter?
        switch type {
        case "record_transformer": filter = .transform(try transform(parameters))
        case "record_modifier": filter = .transform(try modify(parameters))
        case "grep": filter = .grep(try grep(parameters))
        case "parser": filter = .parse(try parse(parameters, of: compilation))
        case "kubernetes_metadata": filter = .kubernetes(try kubernetes(parameters))
        case "elasticsearch_genid", "opensearch_genid":
            // Documents have an id made of file and offset without it.
            parameters.withoutEffect([
                "hash_id_key", "include_tag_in_seed", "include_time_in_seed", "use_record_as_seed",
                "use_entire_record", "record_keys", "separator", "hash_type",
            ])
            compilation.notes.add(
                "documents have an id without this filter",
                at: section.place
            )
            filter = nil
        case "stdout":
            compilation.notes.add(
                "the filter stdout has no effect here: add a <store> with @type stdout",
                at: section.place
            )
            parameters.sectionsWithoutEffect(["format", "inject"])
            parameters.withoutEffect(["output_type"])
            filter = nil
        default:
            throw FluentdCompilation.unknown(
                "filter",
                type,
                in: section,
                known: known,
                reasons: reasons
            )
        }
        try parameters.finish()
        return filter
    }

    // MARK: - Fields

    private static func transform(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> TransformOptions {
        var options = TransformOptions()
        let isRuby = try parameters.bool("enable_ruby")
        options.renews = try parameters.bool("renew_record")
        options.renewTimeKey = try parameters.filled("renew_time_key")
        options.castsTypes = try parameters.bool("auto_typecast", default: true)
        options.remove = (try parameters.list("remove_keys") ?? []).map(FluentTemplates.path)
        if let keep = try parameters.list("keep_keys") {
            guard options.renews else {
                throw parameters.failure(
                    "keep_keys needs renew_record true",
                    at: parameters.entry("keep_keys")?.place
                )
            }
            options.keepOnly = keep
            options.renews = false
        }
        for record in parameters.sections("record") {
            try fields(of: record, isRuby: isRuby, into: &options)
        }
        return options
    }

    private static func fields(
        of record: FluentSection,
        isRuby: Bool,
        into options: inout TransformOptions
    ) throws(LogConfigurationFailure) {
        if let inner = record.sections.first {
            throw LogConfigurationFailure(
                place: inner.place,
                what: "<record> has no section <\(inner.name)>"
            )
        }
        for entry in record.entries where entry.value != .nothing && entry.value != .standard {
            let template = try FluentTemplates.record(
                FluentValues.text(of: entry),
                isRuby: isRuby,
                at: entry.place
            )
            options.set.removeAll { $0.key == entry.key }
            options.set.append((entry.key, template))
        }
    }

    /// fluent-plugin-record-modifier.
    private static func modify(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> TransformOptions {
        var options = TransformOptions()
        options.remove = (try parameters.list("remove_keys") ?? []).map(FluentTemplates.path)
        options.keepOnly = try parameters.list("whitelist_keys")
        try parameters.refuse(
            ["prepare_value", "char_encoding"],
            "what is written comes out as UTF-8 always"
        )
        for record in parameters.sections("record") {
            try fields(of: record, isRuby: true, into: &options)
        }
        for replace in parameters.sections("replace") {
            throw parameters.failure(
                "filter record_modifier: <replace> is not supported",
                at: replace.place,
                hint: "in the short form there is redact"
            )
        }
        return options
    }

    private static func kubernetes(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> KubernetesOptions {
        parameters.withoutEffect([
            "kubernetes_url", "cache_size", "cache_ttl", "ignore_nil", "watch", "apiVersion",
            "client_cert", "client_key", "ca_file", "verify_ssl", "open_timeout", "read_timeout",
            "tag_to_kubernetes_name_regexp", "bearer_token_file", "secret_dir", "annotation_match",
            "stats_interval", "allow_orphans", "orphaned_namespace_name", "orphaned_namespace_id",
            "lookup_from_k8s_field", "ssl_partial_chain", "skip_labels", "skip_pod_labels",
            "skip_namespace_labels", "skip_container_metadata", "skip_master_url",
            "skip_namespace_metadata", "include_ownerrefs_metadata", "test_api_adapter",
            "watch_retry_interval", "watch_retry_exponential_backoff_base", "watch_retry_max_times",
            "de_dot", "de_dot_separator", "annotations_match", "merge_json_log",
            "preserve_json_log", "use_journal", "container_name_to_kubernetes_regexp",
        ])
        parameters.notes.add(
            "the pod's facts come from the path and the downward API, not from the API server",
            at: parameters.place
        )
        return KubernetesOptions()
    }

    private static func parse(
        _ parameters: FluentParameters,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> ParseFieldOptions {
        let key = FluentTemplates.path(try parameters.required("key_name"))
        guard let section = try parameters.section("parse") else {
            throw parameters.failure("filter parser: <parse> is missing")
        }
        let result = try FluentdParse.compile(section, of: compilation)
        if let multiline = result.multiline, case .start = multiline.rule {
            compilation.notes.add(
                "lines are not joined in a filter, as in fluentd",
                at: section.place
            )
        }
        var options = ParseFieldOptions(key: key, parser: result.parser)
        options.reservesData = try parameters.bool("reserve_data")
        options.reservesTime = try parameters.bool("reserve_time")
        options.removesKey = try parameters.bool("remove_key_name_field")
        options.prefix = try parameters.text("inject_key_prefix") ?? ""
        options.hashField = try parameters.filled("hash_value_field")
        // fluentd lets records go on that can't be parsed where their data is reserved.
        options.keepsUnmatched = options.reservesData
        _ = try parameters.bool("emit_invalid_record_to_error", default: true)
        parameters.withoutEffect(["replace_invalid_sequence", "suppress_parse_error_log"])
        return options
    }

    // MARK: - grep

    private static func grep(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> GrepOptions {
        var options = GrepOptions()
        for number in 1...20 {
            for (name, isExclude) in [("regexp", false), ("exclude", true)] {
                guard let entry = parameters.entry("\(name)\(number)") else { continue }
                let text = try FluentValues.text(of: entry)
                guard let space = text.firstIndex(of: " ") else {
                    throw parameters.failure(
                        "\(entry.key) is \(fluentQuoted(text)); a field, a space and an expression "
                            + "were expected",
                        at: entry.place
                    )
                }
                let condition = GrepOptions.Condition(
                    key: FluentTemplates.path(String(text[..<space])),
                    pattern: try FluentPattern.convert(
                        body: String(text[text.index(after: space)...]),
                        options: "",
                        at: entry.place
                    )
                )
                if isExclude {
                    options.none.append(condition)
                } else {
                    options.all.append(condition)
                }
            }
        }
        options.all += try conditions("regexp", of: parameters)
        options.none += try conditions("exclude", of: parameters)
        for name in ["and", "or"] {
            for section in parameters.sections(name) {
                let inner = FluentParameters(
                    section,
                    dialect: .fluentd,
                    title: name,
                    notes: parameters.notes
                )
                let wanted = try conditions("regexp", of: inner)
                let unwanted = try conditions("exclude", of: inner)
                try inner.finish()
                guard wanted.isEmpty || unwanted.isEmpty else {
                    throw inner.failure("<\(name)> has both <regexp> and <exclude>")
                }
                guard !wanted.isEmpty || !unwanted.isEmpty else {
                    throw inner.failure("<\(name)> has neither <regexp> nor <exclude>")
                }
                if name == "and" {
                    options.all += wanted
                    merge(unwanted, into: &options.notAllOf)
                } else {
                    merge(wanted, into: &options.anyOf)
                    options.none += unwanted
                }
            }
        }
        guard options != GrepOptions() else {
            throw parameters.failure(
                "filter grep: there is no condition",
                hint: "write <regexp> or <exclude>"
            )
        }
        return options
    }

    /// fluentd makes one group of all sections of a kind.
    private static func merge(
        _ conditions: [GrepOptions.Condition],
        into groups: inout [[GrepOptions.Condition]]
    ) {
        guard !conditions.isEmpty else { return }
        if groups.isEmpty { groups.append(conditions) } else { groups[0] += conditions }
    }

    private static func conditions(
        _ name: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [GrepOptions.Condition] {
        var conditions: [GrepOptions.Condition] = []
        for section in parameters.sections(name) {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: name,
                notes: parameters.notes
            )
            let key = FluentTemplates.path(try inner.required("key"))
            _ = try inner.required("pattern")
            let pattern = try inner.pattern("pattern") ?? ""
            try inner.finish()
            conditions.append(GrepOptions.Condition(key: key, pattern: pattern))
        }
        return conditions
    }
}

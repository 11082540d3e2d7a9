/// `[FILTER]`: what happens to records on their way.
enum FluentBitFilters {
    private static let known = [
        "grep", "modify", "record_modifier", "nest", "parser", "kubernetes", "throttle", "stdout",
    ]

    private static let reasons = [
        "lua": "scripts are not run: write modify, nest, grep or record_modifier",
        "wasm": "programs are not run: write modify, nest, grep or record_modifier",
        "multiline": "write multiline.parser in the input, where lines are still in their order",
        "rewrite_tag": "give each input a tag of its own",
        "aws": "the environment names the instance: write record_modifier",
        "geoip2": "Elasticsearch's ingest pipelines can do it",
        "log_to_metrics": "metrics are collected elsewhere",
        "expect": "it is for tests",
        "type_converter": "write Types in the parser",
        "throttle_size": "write throttle",
    ]

    static func compile(
        _ parameters: FluentParameters,
        type: String,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> [RecordFilter] {
        switch type {
        case "grep": return [.grep(try grep(parameters))]
        case "modify": return try modify(parameters)
        case "record_modifier": return [.transform(try recordModifier(parameters))]
        case "nest": return [.nest(try nest(parameters))]
        case "parser": return [.parse(try parse(parameters, of: compilation))]
        case "kubernetes": return try kubernetes(parameters)
        case "throttle": return [.rateLimit(try throttle(parameters))]
        case "stdout":
            compilation.notes.add(
                "the filter stdout has no effect here: add an [OUTPUT] stdout",
                at: parameters.place
            )
            return []
        default:
            throw FluentBitCompilation.unknown(
                "filter",
                type,
                in: parameters.section,
                known: known,
                reasons: reasons
            )
        }
    }

    /// The first word of a value, and the rest.
    private static func pair(
        _ entry: FluentEntry
    ) throws(LogConfigurationFailure) -> (String, String) {
        let text = try FluentValues.text(of: entry)
        guard let space = text.firstIndex(where: { $0 == " " || $0 == "\t" }) else {
            throw LogConfigurationFailure(
                place: entry.place,
                what: "\(entry.key) is \(fluentQuoted(text)); a name and a value were expected"
            )
        }
        return (String(text[..<space]), FluentValues.trimmed(text[space...]))
    }

    /// A value without the quotes around it.
    private static func unquoted(_ text: String) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            ? String(text.dropFirst().dropLast()) : text
    }

    private static func entries(
        _ key: String,
        of parameters: FluentParameters
    ) -> [FluentEntry] {
        parameters.all(key).flatMap { entry -> [FluentEntry] in
            guard case .list(let values) = entry.value else { return [entry] }
            return values.map { FluentEntry(key: entry.key, value: $0, place: entry.place) }
        }
    }

    // MARK: - grep

    private static func grep(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> GrepOptions {
        let operation = try parameters.choice("logical_op", of: ["legacy", "and", "or"])
        let wanted = try conditions("regex", of: parameters)
        let unwanted = try conditions("exclude", of: parameters)
        var options = GrepOptions()
        guard !wanted.isEmpty || !unwanted.isEmpty else {
            throw parameters.failure(
                "filter grep: there is no condition",
                hint: "write Regex or Exclude"
            )
        }
        if let operation, operation != "legacy" {
            guard wanted.isEmpty || unwanted.isEmpty else {
                throw parameters.failure(
                    "Logical_Op \(operation) needs either Regex or Exclude, not both",
                    at: parameters.entry("logical_op")?.place
                )
            }
            if operation == "and" {
                options.all = wanted
                if !unwanted.isEmpty { options.notAllOf = [unwanted] }
            } else {
                if !wanted.isEmpty { options.anyOf = [wanted] }
                options.none = unwanted
            }
            return options
        }
        options.all = wanted
        options.none = unwanted
        return options
    }

    private static func conditions(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [GrepOptions.Condition] {
        var conditions: [GrepOptions.Condition] = []
        for entry in entries(key, of: parameters) {
            let (field, pattern) = try pair(entry)
            conditions.append(
                GrepOptions.Condition(
                    key: FluentTemplates.path(field),
                    pattern: try FluentPattern.convert(pattern, at: entry.place)
                )
            )
        }
        return conditions
    }

    // MARK: - Fields

    private static let operations = [
        "set", "add", "add_if_not_present", "remove", "rename", "hard_rename", "copy", "hard_copy",
    ]

    /// Rules are applied in their order, so each becomes a step of its own.
    private static func modify(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [RecordFilter] {
        try parameters.refuse(
            ["condition"],
            "records can't be told apart here: write a filter grep for another tag"
        )
        try parameters.refuse(
            ["remove_wildcard", "remove_regex"],
            "name the fields with Remove"
        )
        parameters.withoutEffect(["move_to_start", "move_to_end"])
        for key in operations { _ = parameters.all(key) }
        var filters: [RecordFilter] = []
        for entry in parameters.section.entries {
            let key = entry.key.lowercased()
            guard operations.contains(key) else { continue }
            for entry in entries(entry) {
                var options = TransformOptions()
                options.castsTypes = false
                if key == "remove" {
                    options.remove = [unquoted(try FluentValues.text(of: entry))]
                } else {
                    let (left, raw) = try pair(entry)
                    let name = unquoted(left)
                    let value = unquoted(raw)
                    switch key {
                    case "rename", "hard_rename": options.rename = [(name, value)]
                    case "copy", "hard_copy":
                        options.set = [(value, RecordTemplate([.field(name)]))]
                        options.onlyMissing = key == "copy"
                        options.castsTypes = true
                    default:
                        options.set = [(name, RecordTemplate(literal: value))]
                        options.onlyMissing = key != "set"
                    }
                }
                filters.append(.transform(options))
            }
        }
        guard !filters.isEmpty else {
            throw parameters.failure("filter modify: there is no rule")
        }
        return filters
    }

    private static func entries(_ entry: FluentEntry) -> [FluentEntry] {
        guard case .list(let values) = entry.value else { return [entry] }
        return values.map { FluentEntry(key: entry.key, value: $0, place: entry.place) }
    }

    private static func recordModifier(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> TransformOptions {
        var options = TransformOptions()
        options.castsTypes = false
        for entry in entries("record", of: parameters) {
            let (name, value) = try pair(entry)
            options.set.removeAll { $0.key == name }
            options.set.append((name, RecordTemplate(literal: unquoted(value))))
        }
        for entry in entries("remove_key", of: parameters) {
            options.remove.append(try FluentValues.text(of: entry))
        }
        for key in ["allowlist_key", "whitelist_key"] {
            for entry in entries(key, of: parameters) {
                options.keepOnly = (options.keepOnly ?? []) + [try FluentValues.text(of: entry)]
            }
        }
        try parameters.refuse(["uuid_key"], "documents have an id of their own")
        return options
    }

    private static func nest(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> NestOptions {
        guard let operation = try parameters.choice("operation", of: ["nest", "lift"]) else {
            throw parameters.failure("filter nest: Operation is missing")
        }
        let old = try parameters.filled("prefix_with")
        let prefix = try parameters.filled("add_prefix") ?? old ?? ""
        try parameters.refuse(["remove_prefix"], "write modify with Rename")
        var options: NestOptions
        if operation == "lift" {
            options = NestOptions(direction: .lift, under: try parameters.required("nested_under"))
            _ = parameters.all("wildcard")
        } else {
            options = NestOptions(direction: .nest, under: try parameters.required("nest_under"))
            for entry in entries("wildcard", of: parameters) {
                options.keys.append(try FluentValues.text(of: entry))
            }
            guard !options.keys.isEmpty else {
                throw parameters.failure("filter nest: Wildcard is missing")
            }
        }
        options.prefix = prefix
        return options
    }

    private static func parse(
        _ parameters: FluentParameters,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> ParseFieldOptions {
        let key = FluentTemplates.path(try parameters.required("key_name"))
        var found: [ParserOptions] = []
        for entry in entries("parser", of: parameters) {
            found.append(
                try compilation.parsers.parser(
                    named: FluentValues.text(of: entry),
                    at: entry.place
                )
            )
        }
        guard let first = found.first else {
            throw parameters.failure("filter parser: Parser is missing")
        }
        var options = ParseFieldOptions(
            key: key,
            parser: found.count == 1 ? first : ParserOptions(kind: .either(found))
        )
        options.reservesData = try parameters.bool("reserve_data")
        options.removesKey = try !parameters.bool("preserve_key")
        options.keepsUnmatched = true
        parameters.withoutEffect(["unescape_key"])
        return options
    }

    // MARK: - Kubernetes and limits

    private static func kubernetes(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [RecordFilter] {
        parameters.notes.add(
            "the pod's facts come from the path and the downward API, not from the API server",
            at: parameters.place
        )
        var filters: [RecordFilter] = []
        let keepsLog = try parameters.bool("keep_log", default: true)
        let mergeKey = try parameters.filled("merge_log_key")
        if try parameters.bool("merge_log") {
            var parse = ParseFieldOptions(key: "log", parser: ParserOptions(kind: .json))
            parse.reservesData = true
            parse.reservesTime = true
            parse.removesKey = !keepsLog
            parse.hashField = mergeKey
            filters.append(.parse(parse))
        }
        parameters.withoutEffect([
            "buffer_size", "tls.debug", "tls.verify", "tls.vhost", "tls.verify_hostname",
            "merge_parser", "merge_log_trim", "kube_url", "kube_meta_preload_cache_dir",
            "kube_ca_file", "kube_ca_path", "kube_tag_prefix", "kube_namespace_file",
            "kube_token_file", "kube_token_command", "labels", "annotations", "owner_references",
            "namespace_labels", "namespace_annotations", "namespace_metadata_only",
            "k8s-logging.parser", "k8s-logging.exclude", "use_journal", "regex_parser",
            "dummy_meta", "dns_retries", "dns_wait_time", "cache_use_docker_id",
            "use_tag_for_meta", "use_kubelet", "kubelet_host", "kubelet_port", "kube_token_ttl",
            "kube_meta_cache_ttl", "kube_meta_namespace_cache_ttl", "set_platform",
        ])
        for entry in parameters.prefixed("aws_") {
            parameters.notes.add("aws_\(entry.key) has no effect here", at: entry.place)
        }
        filters.append(.kubernetes(KubernetesOptions()))
        return filters
    }

    private static func throttle(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> RateLimitOptions {
        let rate = try parameters.number("rate") ?? 1
        let window = try parameters.integer("window", in: 1...100_000) ?? 5
        let interval = try parameters.time("interval") ?? 1000
        parameters.withoutEffect(["print_status"])
        guard interval > 0, rate > 0, rate < 1e12 else {
            throw parameters.failure("filter throttle: Rate and Interval must be more than 0")
        }
        let perSecond = rate * 1000 / Double(interval)
        return RateLimitOptions(
            perSecond: perSecond,
            burst: Int(min(max(1, rate * Double(window)), 1e15))
        )
    }
}

/// Parsers in the short form.
enum LogParserText {
    static func tree(_ parser: ParserOptions) -> LogTreeMap {
        let standard = ParserOptions(kind: .none)
        var map = LogTreeMap()
        switch parser.kind {
        case .none: map.add("none", .boolean(true))
        case .json: map.add("json", .boolean(true))
        case .regexp(let pattern): map.add("regexp", pattern)
        case .logfmt: map.add("logfmt", .boolean(true))
        case .csv(let keys, let delimiter):
            map.add("csv", .list(keys.map { .text($0) }))
            map.add("delimiter", String(decoding: [delimiter], as: UTF8.self), unless: ",")
        case .ltsv: map.add("ltsv", .boolean(true))
        case .apache2: map.add("apache2", .boolean(true))
        case .nginx: map.add("nginx", .boolean(true))
        case .syslog(let form):
            map.add(
                "syslog",
                form == .rfc3164 ? "rfc3164" : form == .rfc5424 ? "rfc5424" : "auto"
            )
        case .cri: map.add("cri", .boolean(true))
        case .docker: map.add("docker", .boolean(true))
        case .either(let parsers): map.add("either", .list(parsers.map { .map(tree($0)) }))
        }
        map.add("message_key", parser.messageKey, unless: standard.messageKey)
        var time = LogTreeMap()
        time.add("key", parser.timeKey)
        form(parser.time.form, into: &time)
        switch parser.time.zone {
        case .utc: break
        case .local: time.add("zone", "local")
        case .named(let name): time.add("zone", name)
        case .offset(let seconds): time.add("zone", .integer(seconds))
        }
        time.add("keep", parser.keepsTimeKey, unless: false)
        time.add("estimate", parser.estimatesTime, unless: true)
        map.add("time", time)
        var types = LogTreeMap()
        for (name, type) in parser.types.sorted(by: { $0.key < $1.key }) {
            switch type {
            case .string: types.add(name, "string")
            case .integer: types.add(name, "integer")
            case .float: types.add(name, "float")
            case .boolean: types.add(name, "boolean")
            }
        }
        map.add("types", types)
        map.add("null_values", parser.nullValues)
        map.add("null_empty", parser.nullEmptyString, unless: false)
        return map
    }

    static func form(_ form: TimeOptions.Form, into map: inout LogTreeMap) {
        switch form {
        case .automatic: break
        case .format(let format): map.add("format", format)
        default: map.add("form", name(of: form))
        }
    }

    static func name(of form: TimeOptions.Form) -> String {
        switch form {
        case .float: return "float"
        case .unix: return "unix"
        case .unixMilliseconds: return "unix_ms"
        case .unixMicroseconds: return "unix_us"
        case .unixNanoseconds: return "unix_ns"
        case .iso8601: return "iso8601"
        case .automatic: return "auto"
        case .format(let format): return format
        }
    }

    static func tree(_ multiline: MultilineOptions) -> LogTreeMap {
        let standard = MultilineOptions(rule: multiline.rule)
        var map = LogTreeMap()
        switch multiline.rule {
        case .start(let pattern): map.add("start", pattern)
        case .continuation(let pattern): map.add("continuation", pattern)
        case .end(let pattern): map.add("end", pattern)
        case .java: map.add("language", "java")
        case .python: map.add("language", "python")
        case .go: map.add("language", "go")
        case .ruby: map.add("language", "ruby")
        case .cri: map.add("runtime", "cri")
        case .docker: map.add("runtime", "docker")
        }
        map.add("flush", time: multiline.flushAfter, unless: standard.flushAfter)
        map.add("lines_max", multiline.linesMax, unless: standard.linesMax)
        map.add("bytes_max", size: multiline.bytesMax, unless: standard.bytesMax)
        return map
    }
}

/// Filters in the short form.
enum LogFilterText {
    static func tree(_ filter: RecordFilter) -> (name: String, value: LogTree) {
        var map = LogTreeMap()
        switch filter {
        case .grep(let options):
            add("all", options.all, into: &map)
            addGroups("any", options.anyOf, into: &map)
            add("none", options.none, into: &map)
            addGroups("not_all", options.notAllOf, into: &map)
            return ("grep", .map(map))
        case .transform(let options): return ("transform", .map(transform(options)))
        case .parse(let options):
            map.add("key", options.key)
            map.add("parse", .map(LogParserText.tree(options.parser)))
            map.add("keep_others", options.reservesData, unless: false)
            map.add("keep_time", options.reservesTime, unless: false)
            map.add("remove_key", options.removesKey, unless: false)
            map.add("prefix", options.prefix, unless: "")
            map.add("into", options.hashField)
            map.add("unmatched", options.keepsUnmatched ? "keep" : "dead_letter", unless: "keep")
            return ("parse_field", .map(map))
        case .redact(let options):
            map.add(
                "patterns",
                .list(
                    options.patterns.map { pattern in
                        switch pattern {
                        case .creditCard: return .text("credit_card")
                        case .token: return .text("token")
                        case .email: return .text("email")
                        case .regexp(let pattern):
                            var inner = LogTreeMap()
                            inner.add("regexp", pattern)
                            return .map(inner)
                        }
                    }
                )
            )
            if let keys = options.keys { map.add("keys", .list(keys.map { .text($0) })) }
            map.add("replacement", options.replacement, unless: "[redacted]")
            return ("redact", .map(map))
        case .hash(let options):
            map.add("keys", options.keys)
            map.add("secret", options.secret)
            return ("hash", .map(map))
        case .sample(let options):
            map.add("rate", .decimal(options.rate))
            map.add("key", options.key)
            return ("sample", .map(map))
        case .rateLimit(let options):
            map.add("per_second", .decimal(options.perSecond))
            map.add("burst", .integer(options.burst))
            map.add("key", options.key)
            map.add("keys_max", options.keysMax, unless: 10_000)
            return ("rate_limit", .map(map))
        case .severity(let options):
            let standard = SeverityOptions()
            if options.keys != standard.keys { map.add("keys", options.keys) }
            map.add("target", options.target, unless: standard.target)
            map.add(
                "words",
                pairs: options.words.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            )
            return ("severity", .map(map))
        case .nest(let options):
            map.add(options.direction == .nest ? "nest" : "lift", options.under)
            map.add("keys", options.keys)
            map.add("prefix", options.prefix, unless: "")
            return ("nest", .map(map))
        case .kubernetes(let options):
            map.add("target", options.target, unless: "kubernetes")
            map.add("labels_file", options.labelsFile)
            map.add("annotations_file", options.annotationsFile)
            return ("kubernetes", .map(map))
        case .trace(let options):
            let standard = TraceOptions()
            map.add("request_key", options.requestKey, unless: standard.requestKey)
            map.add("trace_key", options.traceKey, unless: standard.traceKey)
            map.add("span_key", options.spanKey, unless: standard.spanKey)
            map.add("access_log", options.accessLog)
            map.add("remembered_max", options.rememberedMax, unless: standard.rememberedMax)
            return ("trace", .map(map))
        }
    }

    private static func transform(_ options: TransformOptions) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("renew", options.renews, unless: false)
        if let keep = options.keepOnly { map.add("keep_only", .list(keep.map { .text($0) })) }
        map.add("set", template: options.set.map { ($0.key, $0.value) })
        map.add("only_missing", options.onlyMissing, unless: false)
        map.add("cast_types", options.castsTypes, unless: true)
        map.add("remove", options.remove)
        map.add("rename", pairs: options.rename.map { ($0.from, $0.to) })
        map.add("time_from", options.renewTimeKey)
        return map
    }

    private static func tree(_ conditions: [GrepOptions.Condition]) -> LogTree {
        .list(
            conditions.map { condition in
                var map = LogTreeMap()
                map.add("key", condition.key)
                map.add("pattern", condition.pattern)
                return .map(map)
            }
        )
    }

    private static func add(
        _ name: String,
        _ conditions: [GrepOptions.Condition],
        into map: inout LogTreeMap
    ) {
        if !conditions.isEmpty { map.add(name, tree(conditions)) }
    }

    private static func addGroups(
        _ name: String,
        _ groups: [[GrepOptions.Condition]],
        into map: inout LogTreeMap
    ) {
        if !groups.isEmpty { map.add(name, .list(groups.map { tree($0) })) }
    }
}

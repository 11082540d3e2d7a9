/// `<parse>`: how a line becomes fields.
enum FluentdParse {
    struct Result {
        var parser: ParserOptions
        var multiline: MultilineOptions?
    }

    static let known = [
        "json", "regexp", "none", "logfmt", "csv", "tsv", "ltsv", "apache2", "apache", "nginx",
        "syslog", "multiline", "cri", "docker", "multi_format",
    ]

    private static let reasons = [
        "msgpack": "records in files are lines of text here",
        "apache_error": "write @type regexp with the expression",
        "grok": "write @type regexp with named groups",
        "multiline_grok": "write @type multiline with named groups",
        "xml": "write JSON in the application",
    ]

    static func compile(
        _ section: FluentSection,
        of compilation: FluentdCompilation,
        standard: String? = nil
    ) throws(LogConfigurationFailure) -> Result {
        var type = standard ?? ""
        if standard == nil || section.entries.contains(where: { $0.key == "@type" }) {
            type = try FluentdCompilation.type(of: section)
        }
        let parameters = compilation.parameters(of: section, title: "parse \(type)")
        _ = parameters.entry("@type")
        _ = parameters.entry("type")
        parameters.withoutEffect(["@log_level"])
        _ = parameters.entry("@id")
        let result = try compile(type, parameters, of: compilation)
        try parameters.finish()
        return result
    }

    private static func compile(
        _ type: String,
        _ parameters: FluentParameters,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> Result {
        var multiline: MultilineOptions?
        var parser: ParserOptions
        switch type {
        case "json":
            parser = ParserOptions(kind: .json)
            parser.timeKey = "time"
            parameters.withoutEffect(["json_parser", "stream_buffer_size"])
        case "none":
            parser = ParserOptions(kind: .none)
            parser.messageKey = try parameters.filled("message_key") ?? "message"
        case "regexp":
            parser = ParserOptions(kind: .regexp(pattern: try expression(parameters)))
            parser.timeKey = "time"
        case "logfmt": parser = ParserOptions(kind: .logfmt)
        case "csv", "tsv":
            guard let keys = try parameters.list("keys"), !keys.isEmpty else {
                throw parameters.failure("parse \(type): keys is missing")
            }
            parser = ParserOptions(
                kind: .csv(
                    keys: keys,
                    delimiter: try delimiter(parameters, standard: type == "csv" ? "," : "\t")
                )
            )
            parameters.withoutEffect(["parser_engine", "parser_type"])
        case "ltsv":
            parser = ParserOptions(kind: .ltsv)
            parser.timeKey = "time"
            if try delimiter(parameters, standard: "\t") != 0x09 {
                throw parameters.failure(
                    "parse ltsv: only the tab is a delimiter",
                    at: parameters.entry("delimiter")?.place
                )
            }
            if let label = try parameters.text("label_delimiter"), label != ":" {
                throw parameters.failure(
                    "parse ltsv: only the colon may stand after a label",
                    at: parameters.entry("label_delimiter")?.place
                )
            }
            try parameters.refuse(["delimiter_pattern"], "only the tab is a delimiter")
        case "apache2", "apache":
            parser = ParserOptions(kind: .apache2)
            parser.timeKey = "time"
            parser.time.form = .format("%d/%b/%Y:%H:%M:%S %z")
        case "nginx":
            parser = ParserOptions(kind: .nginx)
            parser.timeKey = "time"
            parser.time.form = .format("%d/%b/%Y:%H:%M:%S %z")
        case "syslog": parser = try syslog(parameters)
        case "cri":
            parser = ParserOptions(kind: .cri)
            parser.timeKey = "time"
            multiline = MultilineOptions(rule: .cri)
            parameters.withoutEffect(["merge_cri_fields"])
            if let inner = try parameters.section("parse") {
                throw parameters.failure(
                    "parse cri: <parse> inside of it is not supported",
                    at: inner.place,
                    hint: "add a <filter> with @type parser, key_name message, reserve_data true"
                )
            }
        case "docker":
            parser = ParserOptions(kind: .docker)
            parser.timeKey = "time"
            multiline = MultilineOptions(rule: .docker)
        case "multiline":
            (parser, multiline) = try lines(parameters)
        case "multi_format":
            return Result(parser: try several(parameters, of: compilation), multiline: nil)
        default:
            throw FluentdCompilation.unknown(
                "parser",
                type,
                in: parameters.section,
                known: known,
                reasons: reasons
            )
        }
        try common(&parser, parameters)
        return Result(parser: parser, multiline: multiline)
    }

    // MARK: - Kinds

    private static func expression(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> String {
        guard let entry = parameters.entry("expression") else {
            throw parameters.failure("parse regexp: expression is missing")
        }
        parameters.withoutEffect(["ignorecase", "multiline"])
        guard let pattern = try parameters.pattern("expression") else {
            throw parameters.failure("parse regexp: expression is missing")
        }
        guard pattern.contains("(?P<") else {
            throw parameters.failure(
                "the expression names no groups, so no field would come of it",
                at: entry.place,
                hint: "write (?<name>…)"
            )
        }
        return pattern
    }

    private static func delimiter(
        _ parameters: FluentParameters,
        standard: String
    ) throws(LogConfigurationFailure) -> UInt8 {
        let text = try parameters.text("delimiter") ?? standard
        let bytes = Array((text == "\\t" ? "\t" : text).utf8)
        guard bytes.count == 1 else {
            throw parameters.failure(
                "delimiter is \(fluentQuoted(text)); one character was expected",
                at: parameters.entry("delimiter")?.place
            )
        }
        return bytes[0]
    }

    private static func syslog(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> ParserOptions {
        let forms = ["rfc3164": ParserOptions.SyslogForm.rfc3164, "rfc5424": .rfc5424]
        let format = try parameters.choice("message_format", of: ["rfc3164", "rfc5424", "auto"])
        var parser = ParserOptions(kind: .syslog(forms[format ?? "rfc3164"] ?? .automatic))
        parser.timeKey = "time"
        // A priority is recognised by itself.
        _ = try parameters.bool("with_priority")
        parameters.withoutEffect([
            "rfc5424_time_format", "parser_engine", "parser_type", "support_colonless_ident",
        ])
        return parser
    }

    private static func lines(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> (ParserOptions, MultilineOptions?) {
        guard let first = parameters.entry("format_firstline") else {
            throw parameters.failure(
                "parse multiline: format_firstline is missing",
                hint:
                    "it says by which line a record begins; fluentd would guess it from the formats"
            )
        }
        guard let start = try parameters.pattern("format_firstline") else {
            throw parameters.failure("format_firstline is empty", at: first.place)
        }
        var body = ""
        var place = first.place
        for number in 1...20 {
            guard let entry = parameters.entry("format\(number)") else { continue }
            let text = try FluentValues.text(of: entry)
            guard text.hasPrefix("/"), text.hasSuffix("/"), text.utf8.count > 2 else {
                throw parameters.failure(
                    "format\(number) is \(fluentQuoted(text)); /…/ was expected",
                    at: entry.place
                )
            }
            if body.isEmpty { place = entry.place }
            body += text.dropFirst().dropLast()
        }
        guard !body.isEmpty else {
            throw parameters.failure("parse multiline: format1 is missing")
        }
        let pattern = try FluentPattern.convert(body: body, options: "m", at: place)
        parameters.withoutEffect(["unmatched_lines"])
        var parser = ParserOptions(kind: .regexp(pattern: pattern))
        parser.timeKey = "time"
        return (parser, MultilineOptions(rule: .start(pattern: start)))
    }

    private static func several(
        _ parameters: FluentParameters,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> ParserOptions {
        var parsers: [ParserOptions] = []
        for pattern in parameters.sections("pattern") {
            var pattern = pattern
            for index in pattern.entries.indices where pattern.entries[index].key == "format" {
                if case .text(let text) = pattern.entries[index].value, text.hasPrefix("/") {
                    pattern.entries[index].key = "expression"
                    pattern.entries.append(
                        FluentEntry(
                            key: "@type",
                            value: .text("regexp"),
                            place: pattern.entries[index].place
                        )
                    )
                } else {
                    pattern.entries[index].key = "@type"
                }
            }
            let result = try compile(pattern, of: compilation)
            if result.multiline != nil {
                notes(compilation, "lines are not joined in <pattern>", at: pattern.place)
            }
            if case .either = result.parser.kind {
                throw parameters.failure("multi_format may not stand in itself", at: pattern.place)
            }
            parsers.append(result.parser)
            guard parsers.count <= 64 else {
                throw parameters.failure("there are more than 64 of <pattern>", at: pattern.place)
            }
        }
        guard !parsers.isEmpty else {
            throw parameters.failure("parse multi_format: there is no <pattern>")
        }
        return ParserOptions(kind: .either(parsers))
    }

    private static func notes(
        _ compilation: FluentdCompilation,
        _ what: String,
        at place: ConfigurationPlace
    ) { compilation.notes.add(what, at: place) }

    // MARK: - What all have

    private static func common(
        _ parser: inout ParserOptions,
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) {
        if parameters.has("time_key") { parser.timeKey = try parameters.filled("time_key") }
        parser.keepsTimeKey = try parameters.bool("keep_time_key")
        parser.estimatesTime = try parameters.bool("estimate_current_event", default: true)
        parser.nullEmptyString = try parameters.bool("null_empty_string")
        parameters.withoutEffect(["timeout"])
        parser.time = try FluentdTime.options(parameters, standard: parser.time)
        if let entry = parameters.entry("null_value_pattern") {
            let text = try FluentValues.text(of: entry)
            guard let words = FluentPattern.literals(text) else {
                throw parameters.failure(
                    "null_value_pattern is \(fluentQuoted(text)); only whole texts are supported",
                    at: entry.place,
                    hint: "write /^-$/ or /^(-|null)$/"
                )
            }
            parser.nullValues = words.filter { !$0.isEmpty }
            if words.contains("") { parser.nullEmptyString = true }
        }
        if let entry = parameters.entry("types") {
            for (name, type) in try FluentValues.map(of: entry) {
                parser.types[name] = try valueType(type, of: name, at: entry.place)
            }
        }
    }

    static func valueType(
        _ word: String,
        of name: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> ParserOptions.ValueType {
        switch word.lowercased() {
        case "string": return .string
        case "integer": return .integer
        case "float": return .float
        case "bool": return .boolean
        default:
            throw LogConfigurationFailure(
                place: place,
                what: "the type \(fluentQuoted(word)) of \(fluentQuoted(name)) is not supported",
                hint: "there are string, integer, float and bool"
            )
        }
    }
}

/// `time_type`, `time_format` and the zone, which parsers and `<inject>` have in common.
enum FluentdTime {
    static func options(
        _ parameters: FluentParameters,
        standard: TimeOptions
    ) throws(LogConfigurationFailure) -> TimeOptions {
        var time = standard
        let type = try parameters.choice(
            "time_type",
            of: ["string", "unixtime", "float", "mixed"]
        )
        let format = try parameters.filled("time_format")
        switch type {
        case "float": time.form = .float
        case "unixtime": time.form = .unix
        case "mixed": time.form = .automatic
        default:
            if let format {
                time.form = format == "%iso8601" ? .iso8601 : .format(format)
            }
        }
        if type == "mixed", let format, format != "%iso8601" {
            throw parameters.failure(
                "time_type mixed with a time_format is not supported",
                at: parameters.entry("time_type")?.place,
                hint: "write only one of them"
            )
        }
        try parameters.refuse(["time_format_fallbacks"], "write one time_format")
        time.zone = try zone(parameters)
        return time
    }

    /// The machine's own zone unless the file says another one.
    static func zone(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> TimeOptions.Zone {
        let isLocal: Bool? =
            parameters.has("localtime") ? try parameters.bool("localtime") : nil
        let isUTC: Bool? = parameters.has("utc") ? try parameters.bool("utc") : nil
        if let isLocal, let isUTC, isLocal == isUTC {
            throw parameters.failure(
                "utc and localtime contradict each other",
                at: parameters.entry("utc")?.place
            )
        }
        if let entry = parameters.entry("timezone") {
            return try zone(FluentValues.text(of: entry), at: entry.place)
        }
        return isUTC == true || isLocal == false ? .utc : .local
    }

    /// `+09:00`, `+0900`, `+09`, or a name of the tz database.
    static func zone(
        _ text: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> TimeOptions.Zone {
        if text == "UTC" || text == "Z" || text == "Etc/UTC" { return .utc }
        if let sign = text.first, sign == "+" || sign == "-" {
            let digits = text.dropFirst().filter { $0 != ":" }
            if digits.utf8.count == 4 || digits.utf8.count == 2,
                digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
                let hours = Int(digits.prefix(2)), hours <= 14,
                let minutes = digits.count == 4 ? Int(digits.suffix(2)) : 0, minutes < 60
            {
                let seconds = hours * 3600 + minutes * 60
                return .offset(seconds: sign == "-" ? -seconds : seconds)
            }
        } else if text.contains("/"), text.utf8.count <= 64, !text.hasPrefix("/"),
            !text.contains(".."),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        {
            return .named(text)
        }
        throw LogConfigurationFailure(
            place: place,
            what: "the time zone \(fluentQuoted(text)) is not known",
            hint: "write +09:00 or a name like Asia/Tokyo"
        )
    }
}

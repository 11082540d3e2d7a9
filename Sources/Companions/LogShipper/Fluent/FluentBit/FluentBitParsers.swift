/// The parsers of a configuration, by their names, and those that fluent-bit brings along.
struct FluentBitParsers {
    static let standardNames = [
        "json", "docker", "cri", "apache", "apache2", "nginx", "logfmt", "syslog-rfc3164",
        "syslog-rfc5424",
    ]

    private var parsers: [String: ParserOptions] = [:]
    private var multilines: [String: MultilineOptions] = [:]
    let notes: FluentNotes

    init(
        _ sections: [FluentSection],
        notes: FluentNotes
    ) throws(LogConfigurationFailure) {
        self.notes = notes
        for section in sections {
            switch section.name {
            case "parser":
                let parameters = FluentParameters(
                    section,
                    dialect: .fluentBit,
                    title: "parser",
                    notes: notes
                )
                let name = try parameters.required("name")
                parsers[name] = try parser(parameters)
                try parameters.finish()
            case "multiline_parser":
                let parameters = FluentParameters(
                    section,
                    dialect: .fluentBit,
                    title: "multiline_parser",
                    notes: notes
                )
                let name = try parameters.required("name")
                multilines[name] = try multiline(parameters)
                try parameters.finish()
            default: break
            }
        }
    }

    /// The parser of a name, of the file or of those that are always there.
    func parser(
        named name: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> ParserOptions {
        if let parser = parsers[name] { return parser }
        if let parser = Self.standard(name) { return parser }
        throw LogConfigurationFailure(
            place: place,
            what: "there is no parser \(fluentQuoted(name))",
            hint: fluentDidYouMean(name, among: Array(parsers.keys) + Self.standardNames)
                ?? "write it as [PARSER], or name its file with Parsers_File in [SERVICE]"
        )
    }

    /// A parser that is always there.
    private static func standard(_ name: String) -> ParserOptions? {
        var parser: ParserOptions
        switch name {
        case "json": parser = ParserOptions(kind: .json)
        case "docker": parser = ParserOptions(kind: .docker)
        case "cri": parser = ParserOptions(kind: .cri)
        case "apache", "apache2": parser = ParserOptions(kind: .apache2)
        case "nginx": parser = ParserOptions(kind: .nginx)
        case "logfmt": return ParserOptions(kind: .logfmt)
        case "syslog-rfc3164", "syslog-rfc3164-local":
            parser = ParserOptions(kind: .syslog(.rfc3164))
        case "syslog-rfc5424": parser = ParserOptions(kind: .syslog(.rfc5424))
        default: return nil
        }
        parser.timeKey = "time"
        if name.hasPrefix("apache") || name == "nginx" {
            parser.time.form = .format("%d/%b/%Y:%H:%M:%S %z")
        }
        // What fluent-bit calls the text of such a line.
        if name == "cri" || name == "docker" { parser.messageKey = "log" }
        return parser
    }

    // MARK: - Parsers

    private func parser(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> ParserOptions {
        let format = try parameters.choice("format", of: ["regex", "json", "ltsv", "logfmt"])
        var parser: ParserOptions
        switch format {
        case "json": parser = ParserOptions(kind: .json)
        case "ltsv": parser = ParserOptions(kind: .ltsv)
        case "logfmt": parser = ParserOptions(kind: .logfmt)
        case "regex":
            _ = try parameters.required("regex")
            let pattern = try parameters.pattern("regex") ?? ""
            guard pattern.contains("(?P<") else {
                throw parameters.failure(
                    "the expression names no groups, so no field would come of it",
                    at: parameters.entry("regex")?.place,
                    hint: "write (?<name>…)"
                )
            }
            parser = ParserOptions(kind: .regexp(pattern: pattern))
        default: throw parameters.failure("parser: format is missing")
        }
        _ = parameters.entry("regex")
        parser.nullEmptyString = try parameters.bool("skip_empty_values", default: true)
        let key = try parameters.filled("time_key") ?? "time"
        if let format = try parameters.filled("time_format") {
            parser.timeKey = key
            parser.time.form = .format(format)
        }
        parser.keepsTimeKey = try parameters.bool("time_keep")
        parser.estimatesTime = true
        if let entry = parameters.entry("time_offset") {
            parser.time.zone = try FluentdTime.zone(FluentValues.text(of: entry), at: entry.place)
        } else if let entry = parameters.entry("time_zone") {
            parser.time.zone = try FluentdTime.zone(FluentValues.text(of: entry), at: entry.place)
        } else if try parameters.bool("time_system_timezone") {
            parser.time.zone = .local
        }
        parameters.withoutEffect(["time_strict", "logfmt_no_bare_keys"])
        for key in ["decode_field", "decode_field_as"] {
            for entry in parameters.all(key) {
                notes.add("\(entry.key) has no effect here", at: entry.place)
            }
        }
        if let entry = parameters.entry("types") {
            let text = try FluentValues.text(of: entry)
            for word in text.split(whereSeparator: { $0 == " " || $0 == "," || $0 == "\t" }) {
                guard let colon = word.lastIndex(of: ":") else {
                    throw parameters.failure(
                        "types has \(fluentQuoted(String(word))) where name:type was expected",
                        at: entry.place
                    )
                }
                let name = String(word[..<colon])
                parser.types[name] = try FluentdParse.valueType(
                    String(word[word.index(after: colon)...]),
                    of: name,
                    at: entry.place
                )
            }
        }
        return parser
    }

    // MARK: - Several lines

    /// `multiline.parser`: the first that can be had, and how its lines are read.
    func multiline(
        named names: [String],
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> (MultilineOptions, ParserOptions?) {
        var rules: [MultilineOptions] = []
        var kinds: [ParserOptions] = []
        for name in names {
            if let own = multilines[name] {
                rules.append(own)
                continue
            }
            switch name.lowercased() {
            case "cri", "docker":
                rules.append(MultilineOptions(rule: name.lowercased() == "cri" ? .cri : .docker))
                // Its own, whatever the file calls by this name.
                if let kind = Self.standard(name.lowercased()) { kinds.append(kind) }
            case "java": rules.append(MultilineOptions(rule: .java))
            case "python": rules.append(MultilineOptions(rule: .python))
            case "go": rules.append(MultilineOptions(rule: .go))
            case "ruby": rules.append(MultilineOptions(rule: .ruby))
            default:
                throw LogConfigurationFailure(
                    place: place,
                    what: "there is no multiline parser \(fluentQuoted(name))",
                    hint: fluentDidYouMean(
                        name,
                        among: Array(multilines.keys)
                            + ["cri", "docker", "java", "python", "go", "ruby"]
                    )
                        ?? "write it as [MULTILINE_PARSER]"
                )
            }
        }
        guard var first = rules.first else {
            throw LogConfigurationFailure(place: place, what: "multiline.parser is empty")
        }
        if rules.count > 1 {
            // Lines of Docker say themselves where they end; those of the CRI need their rule.
            if let cri = rules.first(where: { $0.rule == .cri }) { first = cri }
            notes.add(
                "lines are joined by one rule: of \(names.joined(separator: ", ")), "
                    + "that of \(describe(first.rule))",
                at: place
            )
        }
        first.flushAfter = max(first.flushAfter, 1)
        guard let kind = kinds.first else { return (first, nil) }
        return (first, kinds.count == 1 ? kind : ParserOptions(kind: .either(kinds)))
    }

    private func describe(_ rule: MultilineOptions.Rule) -> String {
        switch rule {
        case .cri: return "cri"
        case .docker: return "docker"
        case .java: return "java"
        case .python: return "python"
        case .go: return "go"
        case .ruby: return "ruby"
        default: return "the first one"
        }
    }

    private func multiline(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> MultilineOptions {
        let type = try parameters.choice("type", of: ["regex", "endswith", "equal", "eq"])
        parameters.withoutEffect(["key_content", "key_pattern", "key_group", "parser"])
        let flush = try parameters.integer("flush_timeout")
        var options: MultilineOptions
        if type == "endswith" {
            let text = FluentPattern.escaped(try parameters.required("match_string"))
            guard try !parameters.bool("negate") else {
                throw parameters.failure("negate is not supported with type endswith")
            }
            options = MultilineOptions(rule: .end(pattern: text + "$"))
        } else if type == "regex" || type == nil {
            _ = try parameters.bool("negate")
            _ = try parameters.text("match_string")
            options = try rules(parameters)
        } else {
            throw parameters.failure(
                "type equal is not supported",
                at: parameters.entry("type")?.place,
                hint: "write type regex with rules"
            )
        }
        if let flush { options.flushAfter = Int64(max(flush, 1)) }
        return options
    }

    private func rules(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> MultilineOptions {
        var starts: [String] = []
        var others: [String] = []
        for entry in parameters.all("rule") {
            let words = Self.words(try FluentValues.text(of: entry))
            guard words.count >= 2 else {
                throw parameters.failure(
                    "rule needs a state, an expression and the next state",
                    at: entry.place
                )
            }
            let pattern = try FluentPattern.convert(words[1], at: entry.place)
            if words[0].split(separator: ",").contains(where: {
                FluentValues.trimmed($0) == "start_state"
            }) {
                starts.append(pattern)
            } else {
                others.append(pattern)
            }
        }
        guard !starts.isEmpty else {
            throw parameters.failure("multiline_parser: there is no rule for start_state")
        }
        if others.isEmpty { return MultilineOptions(rule: .start(pattern: joined(starts))) }
        if others.count > 1 {
            notes.add(
                "the states are taken as one: a line that matches any rule but the first one's goes "
                    + "on with the record before it",
                at: parameters.place
            )
        }
        return MultilineOptions(rule: .continuation(pattern: joined(others)))
    }

    private func joined(_ patterns: [String]) -> String {
        patterns.count == 1
            ? patterns[0] : patterns.map { "(?:\($0))" }.joined(separator: "|")
    }

    /// Words with spaces between, or in double quotes.
    static func words(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isOpen = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                if character != "\"" { word.append("\\") }
                word.append(character)
                isEscaped = false
            } else if isQuoted, character == "\\" {
                isEscaped = true
            } else if character == "\"", isQuoted || word.isEmpty {
                isQuoted.toggle()
                isOpen = true
            } else if !isQuoted, character == " " || character == "\t" {
                if isOpen { words.append(word) }
                word = ""
                isOpen = false
            } else {
                word.append(character)
                isOpen = true
            }
        }
        if isEscaped { word.append("\\") }
        if isOpen { words.append(word) }
        return words
    }
}

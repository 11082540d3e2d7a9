internal import Document

/// `parse` and `multiline`: how lines become records.
enum LogParserTables {
    // MARK: - Kinds

    static let shapes = LogShapes<ParserOptions.Kind>(
        noun: "parser",
        all: [
            LogShape(mark: "none", "The whole line is one field.", .none) { $0 == .none },
            LogShape(mark: "json", "A JSON object.", .json) { $0 == .json },
            LogShape(
                "regexp",
                "A regular expression (RE2) whose named groups become the fields; `/…/` for short.",
                LogTable("") {
                    $0.add("regexp", \.self, .pattern, "The expression.", isRequired: true)
                },
                wrap: { .regexp(pattern: $0) },
                unwrap: {
                    if case .regexp(let pattern) = $0 { return pattern }
                    return nil
                }
            ),
            LogShape(mark: "logfmt", "`key=value` pairs.", .logfmt) { $0 == .logfmt },
            LogShape(
                "csv",
                "Values with a delimiter between them.",
                LogTable(Separated()) { table in
                    table.add("csv", \.keys, .many(.field), "The names.", isRequired: true)
                    table.add("delimiter", \.delimiter, .byte, "What stands between values.")
                },
                wrap: { .csv(keys: $0.keys, delimiter: $0.delimiter) },
                unwrap: {
                    if case .csv(let keys, let delimiter) = $0 {
                        return Separated(keys: keys, delimiter: delimiter)
                    }
                    return nil
                }
            ),
            LogShape(mark: "ltsv", "`label:value` pairs with tabs between.", .ltsv) { $0 == .ltsv },
            LogShape(mark: "apache2", "Apache's access log.", .apache2) { $0 == .apache2 },
            LogShape(mark: "nginx", "nginx's access log.", .nginx) { $0 == .nginx },
            LogShape(
                "syslog",
                "A message of syslog.",
                LogTable(ParserOptions.SyslogForm.automatic) {
                    $0.add("syslog", \.self, .syslogForm, "Which form.", isRequired: true)
                },
                wrap: { .syslog($0) },
                unwrap: {
                    if case .syslog(let form) = $0 { return form }
                    return nil
                }
            ),
            LogShape(mark: "cri", "The container runtime's lines.", .cri) { $0 == .cri },
            LogShape(mark: "docker", "Docker's JSON lines.", .docker) { $0 == .docker },
            LogShape(
                "either",
                "The first of several parsers that understands the line.",
                LogTable([ParserOptions]()) {
                    $0.add("either", \.self, .many(.laterParser), "The parsers.", isRequired: true)
                },
                wrap: { .either($0) },
                unwrap: {
                    if case .either(let parsers) = $0 { return parsers }
                    return nil
                }
            ),
        ]
    )

    private struct Separated: Sendable, Equatable {
        var keys: [String] = []
        var delimiter = UInt8(ascii: ",")
    }

    // MARK: - What all have in common

    static let common = LogTable(ParserOptions(kind: .none)) { table in
        table.add(
            "messageField",
            \.messageKey,
            .field,
            "The field that holds the line, or the text of it."
        )
        table.group(
            "time",
            time,
            primary: "field",
            "Where the event's time stands; otherwise it is that of reading.",
            absence: "none is looked for"
        )
        table.add("types", \.typesInOrder, .named(.valueType), "What values of fields become.")
        table.add(
            "nullValues",
            \.nullValues,
            .many(.text, least: 0),
            "Values that count as nothing: their fields are left out."
        )
        table.add("nullEmpty", \.nullEmptyString, .boolean, "Empty texts count as nothing.")
    }

    static let time = LogTable(ParserOptions(kind: .none)) { table in
        table.add("field", optional: \.timeKey, .field, "The field with the time.")
        table.add("format", \.time.form, .timeForm, "How it is written.")
        table.add("zone", \.time.zone, .zone, "The zone of times that do not name theirs.")
        table.add("keep", \.keepsTimeKey, .boolean, "The field stays in the record.")
        table.add(
            "estimate",
            \.estimatesTime,
            .boolean,
            "A time that is missing or wrong is that of reading; otherwise the line is unmatched."
        )
    }

    static func read(_ node: Node, _ spot: LogSpot) -> ParserOptions? {
        var members: [Node.Member]
        switch node.content {
        case .mapping(let given): members = given
        case .scalar(let text, _) where !node.isNull:
            if text.hasPrefix("/"), text.hasSuffix("/"), text.utf8.count > 2 {
                let pattern = Node(
                    content: .scalar(String(text.dropFirst().dropLast()), isPlain: false),
                    position: node.position
                )
                members = [
                    Node.Member(key: "regexp", keyPosition: node.position, value: pattern)
                ]
                break
            }
            let words = shapes.all.map(\.name).filter { !["regexp", "csv", "either"].contains($0) }
            guard words.contains(text) else {
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not a parser",
                    hint: fluentDidYouMean(text, among: words)
                        ?? "write one of \(words.joined(separator: ", ")), or /expression/"
                )
                return nil
            }
            let mark = Node(content: .scalar("true", isPlain: true), position: node.position)
            members = [Node.Member(key: text, keyPosition: node.position, value: mark)]
        default:
            spot.at(node.position).refuse(
                "a parser is expected, \(node.kindInWords) was found",
                hint: "such as json, or {regexp: …}"
            )
            return nil
        }
        guard let kind = shapes.read(members, others: common.names, spot) else { return nil }
        var parser = common.standard
        parser.kind = kind
        let before = spot.reading.problems.count
        common.read(members, into: &parser, spot)
        guard spot.reading.problems.count == before else { return nil }
        do throws(LogConfigurationFailure) {
            _ = try RecordParsers.make(parser, place: spot.place)
        } catch {
            spot.refuse(error)
            return nil
        }
        return parser
    }

    static func write(_ parser: ParserOptions) -> LogTree {
        var map = shapes.write(parser.kind)
        for member in common.write(parser).members { map.add(member.name, member.value) }
        guard map.members.count == 1, let only = map.members.first else { return .map(map) }
        if case .boolean = only.value { return .text(only.name) }
        if only.name == "syslog", only.value == .text("auto") { return .text(only.name) }
        if only.name == "regexp", case .text(let pattern) = only.value {
            return .text("/\(pattern)/")
        }
        return .map(map)
    }

    // MARK: - Several lines

    static let multiline = LogTable(MultilineOptions(rule: .java)) { table in
        table.add(
            "start",
            \.start,
            .pattern,
            "A line that matches begins a record; `multiline: /…/` for short.",
            standard: "none"
        )
        table.add(
            "continuation",
            \.continuation,
            .pattern,
            "A line that matches goes on with the record before it.",
            standard: "none"
        )
        table.add(
            "end",
            \.end,
            .pattern,
            "A line that matches ends a record.",
            standard: "none"
        )
        table.add(
            "traces",
            \.language,
            .word([("java", "java"), ("python", "python"), ("go", "go"), ("ruby", "ruby")]),
            "Stack traces, as this language writes them.",
            standard: "none"
        )
        table.add(
            "runtime",
            \.runtime,
            .word([("cri", "cri"), ("docker", "docker")]),
            "Lines that the container runtime has cut.",
            standard: "none"
        )
        table.excludes(["start", "continuation", "end", "traces", "runtime"])
        table.add("flush", \.flushAfter, .duration(1), "What is there after so long is a record.")
        table.add("linesMax", \.linesMax, .integer(1...1_000_000), "Lines of one record.")
        table.add("bytesMax", \.bytesMax, .size(1...(1 << 30)), "Bytes of one record.")
    }

    static func readMultiline(_ node: Node, _ spot: LogSpot) -> MultilineOptions? {
        let members: [Node.Member]
        switch node.content {
        case .mapping(let given): members = given
        case .scalar(let text, _) where !node.isNull:
            func member(_ key: String, _ text: String) -> Node.Member {
                let value = Node(content: .scalar(text, isPlain: false), position: node.position)
                return Node.Member(key: key, keyPosition: node.position, value: value)
            }
            if text.hasPrefix("/"), text.hasSuffix("/"), text.utf8.count > 2 {
                members = [member("start", String(text.dropFirst().dropLast()))]
            } else if ["cri", "docker"].contains(text) {
                members = [member("runtime", text)]
            } else if ["java", "python", "go", "ruby"].contains(text) {
                members = [member("traces", text)]
            } else {
                let words = ["java", "python", "go", "ruby", "cri", "docker"]
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not known",
                    hint: fluentDidYouMean(text, among: words)
                        ?? "write one of \(words.joined(separator: ", ")), or /expression/"
                )
                return nil
            }
        default:
            spot.at(node.position).refuse("a rule is expected, \(node.kindInWords) was found")
            return nil
        }
        logRefuseUnknown(members, known: multiline.names, spot)
        let rules = ["start", "continuation", "end", "traces", "runtime"]
        guard members.contains(where: { rules.contains($0.key) }) else {
            spot.refuse("the rule is missing", hint: "one of \(rules.joined(separator: ", "))")
            return nil
        }
        var options = MultilineOptions(rule: .start(pattern: ""))
        let before = spot.reading.problems.count
        multiline.read(members, into: &options, spot)
        return spot.reading.problems.count == before ? options : nil
    }

    static func write(_ options: MultilineOptions) -> LogTree {
        var map = LogTreeMap()
        switch options.rule {
        case .start(let pattern): map.add("start", pattern)
        case .continuation(let pattern): map.add("continuation", pattern)
        case .end(let pattern): map.add("end", pattern)
        default:
            if let language = options.languageWord { map.add("traces", language) }
            if let runtime = options.runtimeWord { map.add("runtime", runtime) }
        }
        let rest = multiline.write(options).members.filter {
            ["flush", "linesMax", "bytesMax"].contains($0.name)
        }
        for member in rest { map.add(member.name, member.value) }
        guard rest.isEmpty, let only = map.members.first, case .text(let text) = only.value else {
            return .map(map)
        }
        switch only.name {
        case "start": return .text("/\(text)/")
        case "traces", "runtime": return .text(text)
        default: return .map(map)
        }
    }
}

// MARK: - Kinds of values

extension LogKind where Value == ParserOptions {
    /// Read by the functions, since parsers may stand in parsers.
    static let laterParser = Self(
        words: "a parser",
        read: { LogParserTables.read($0, $1) },
        write: { LogParserTables.write($0) }
    )

    static let parser = Self(
        words: "a [parser](#parse)",
        read: { LogParserTables.read($0, $1) },
        write: { LogParserTables.write($0) }
    )
}

extension LogKind where Value == MultilineOptions {
    static let multiline = Self(
        words: "`java`, `python`, `go`, `ruby`, `cri`, `docker`, `/expression/`, or an object",
        tables: [
            LogTableDescription(
                title: "multiline",
                fields: LogParserTables.multiline.descriptions
            )
        ],
        read: { LogParserTables.readMultiline($0, $1) },
        write: { LogParserTables.write($0) }
    )
}

extension LogKind where Value == String {
    /// RE2.
    static let pattern = Self(
        words: "a regular expression",
        read: { node, spot in
            guard let text = logScalar(node, spot, "a regular expression", example: nil) else {
                return nil
            }
            do throws(LogConfigurationFailure) {
                _ = try LinePattern(text, place: spot.place)
                return text
            } catch {
                spot.at(node.position).refuse(error)
                return nil
            }
        },
        write: { .text($0) }
    )
}

extension LogKind where Value == UInt8 {
    static let byte = Self(
        words: "a character",
        read: { node, spot in
            guard let text = logScalar(node, spot, "a character", example: ",") else { return nil }
            guard let byte = text.utf8.first, text.utf8.count == 1 else {
                spot.at(node.position).refuse("\(fluentQuoted(text)) is not one ASCII character")
                return nil
            }
            return byte
        },
        write: { .text(String(decoding: [$0], as: UTF8.self)) }
    )
}

extension LogKind where Value == ParserOptions.SyslogForm {
    static let syslogForm = Self(
        words: "`true`, `auto`, `rfc3164`, `rfc5424`",
        read: { node, spot in
            if case .scalar("true", isPlain: true) = node.content { return .automatic }
            return words.read(node, spot)
        },
        write: { words.write($0) }
    )

    private static let words = word([
        ("auto", .automatic), ("rfc3164", .rfc3164), ("rfc5424", .rfc5424),
    ])
}

extension LogKind where Value == ParserOptions.ValueType {
    static let valueType = word([
        ("string", .string), ("integer", .integer), ("float", .float), ("boolean", .boolean),
    ])
}

extension LogKind where Value == TimeOptions.Form {
    private static let words: [(word: String, value: TimeOptions.Form)] = [
        ("auto", .automatic), ("iso8601", .iso8601), ("float", .float), ("unix", .unix),
        ("unixMs", .unixMilliseconds), ("unixUs", .unixMicroseconds), ("unixNs", .unixNanoseconds),
    ]

    static let timeForm = Self(
        words: words.map { "`\($0.word)`" }.joined(separator: ", ")
            + ", or strftime's directives such as `%Y-%m-%d %H:%M:%S`",
        read: { node, spot in
            let noun = "a time format"
            guard let text = logScalar(node, spot, noun, example: "iso8601") else { return nil }
            if text.contains("%") { return .format(text) }
            return word(words).read(node, spot)
        },
        write: { form in
            if case .format(let format) = form { return .text(format) }
            return word(words).write(form)
        }
    )
}

extension LogKind where Value == TimeOptions.Zone {
    static let zone = Self(
        words: "`utc`, `local`, an offset such as `+09:00`, or a name such as `Europe/Paris`",
        read: { node, spot in
            guard let text = logScalar(node, spot, "a zone", example: "utc") else { return nil }
            switch text {
            case "utc", "UTC", "Z": return .utc
            case "local": return .local
            default: break
            }
            if text.hasPrefix("+") || text.hasPrefix("-") {
                if let seconds = LogMeasures.zoneSeconds(text) { return .offset(seconds: seconds) }
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not an offset",
                    hint: "such as +09:00"
                )
                return nil
            }
            return .named(text)
        },
        write: { zone in
            switch zone {
            case .utc: .text("utc")
            case .local: .text("local")
            case .named(let name): .text(name)
            case .offset(let seconds): .text(LogMeasures.text(ofZone: seconds))
            }
        }
    )
}

extension ParserOptions {
    /// In the order of their names.
    fileprivate var typesInOrder: [LogNamed<ValueType>] {
        get {
            types.sorted { $0.key < $1.key }.map { LogNamed(name: $0.key, value: $0.value) }
        }
        set {
            types = [:]
            for type in newValue { types[type.name] = type.value }
        }
    }
}

extension MultilineOptions {
    fileprivate var start: String {
        get {
            if case .start(let pattern) = rule { return pattern }
            return ""
        }
        set { rule = .start(pattern: newValue) }
    }

    fileprivate var continuation: String {
        get {
            if case .continuation(let pattern) = rule { return pattern }
            return ""
        }
        set { rule = .continuation(pattern: newValue) }
    }

    fileprivate var end: String {
        get {
            if case .end(let pattern) = rule { return pattern }
            return ""
        }
        set { rule = .end(pattern: newValue) }
    }

    fileprivate var languageWord: String? {
        switch rule {
        case .java: "java"
        case .python: "python"
        case .go: "go"
        case .ruby: "ruby"
        default: nil
        }
    }

    fileprivate var runtimeWord: String? {
        switch rule {
        case .cri: "cri"
        case .docker: "docker"
        default: nil
        }
    }

    fileprivate var language: String {
        get { languageWord ?? "" }
        set {
            switch newValue {
            case "python": rule = .python
            case "go": rule = .go
            case "ruby": rule = .ruby
            default: rule = .java
            }
        }
    }

    fileprivate var runtime: String {
        get { runtimeWord ?? "" }
        set { rule = newValue == "docker" ? .docker : .cri }
    }
}

internal import Document

/// `filters`: what happens to records between sources and sinks.
enum LogFilterTables {
    static let shapes = LogShapes<RecordFilter>(
        noun: "filter",
        all: [
            LogShape(
                "keep",
                "Which records go on, by patterns that fields' values must or may not match.",
                keys: ["keep", "drop", "keepAny", "dropAll"],
                grep,
                wrap: { .grep($0) },
                unwrap: {
                    if case .grep(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "set",
                "Fields to set, remove and rename.",
                keys: ["set", "remove", "rename", "keepOnly", "timeFrom"],
                transform,
                wrap: { .transform($0) },
                unwrap: {
                    if case .transform(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "parse",
                "A field that is parsed in its turn.",
                parse,
                wrap: { .parse($0) },
                unwrap: {
                    if case .parse(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "redact",
                "Values that look like secrets are replaced.",
                redact,
                wrap: { .redact($0) },
                unwrap: {
                    if case .redact(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "hash",
                "Values are replaced by their keyed hash (HMAC-SHA-256, 32 digits).",
                LogTable(Hash()) { table in
                    table.add(
                        "hash",
                        \.keys,
                        .many(.field),
                        "The fields.",
                        isRequired: true
                    )
                    table.add(secret: "secret", \.secret, "The key of the hash.", isRequired: true)
                },
                wrap: { .hash(HashOptions(keys: $0.keys, secret: $0.secret ?? "")) },
                unwrap: {
                    if case .hash(let options) = $0 {
                        return Hash(keys: options.keys, secret: options.secret)
                    }
                    return nil
                }
            ),
            LogShape(
                "sample",
                "Lets a part of the records through.",
                LogTable(SampleOptions(rate: 1)) { table in
                    table.add(
                        "sample",
                        \.rate,
                        .decimal(0...1, "a part, such as `0.1` or `10%`"),
                        "How large a part.",
                        isRequired: true
                    )
                    table.add(
                        "by",
                        optional: \.key,
                        .field,
                        "Records with the same value of this field share their fate.",
                        absence: "each for itself"
                    )
                },
                wrap: { .sample($0) },
                unwrap: {
                    if case .sample(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "rateLimit",
                "Lets so many records through in a second.",
                rateLimit,
                wrap: { .rateLimit($0.options) },
                unwrap: {
                    if case .rateLimit(let options) = $0 { return RateLimit(options) }
                    return nil
                }
            ),
            LogShape(
                "severity",
                "One word for what many loggers spell in their own ways.",
                severity,
                wrap: { .severity($0) },
                unwrap: {
                    if case .severity(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "nest",
                "Puts fields into an object.",
                LogTable(NestOptions(direction: .nest, under: "")) { table in
                    table.add("nest", \.under, .text, "The object's name.", isRequired: true)
                    table.add(
                        "fields",
                        \.keys,
                        .many(.text, least: 0),
                        "Their names; `*` at the end stands for any rest."
                    )
                    table.add("prefix", \.prefix, .text, "Before the names in the object.")
                },
                wrap: { .nest($0) },
                unwrap: {
                    if case .nest(let options) = $0, options.direction == .nest { return options }
                    return nil
                }
            ),
            LogShape(
                "lift",
                "Takes the members of an object to the top.",
                LogTable(NestOptions(direction: .lift, under: "")) { table in
                    table.add("lift", \.under, .text, "The object's name.", isRequired: true)
                    table.add(
                        "fields",
                        \.keys,
                        .many(.text, least: 0),
                        "Only these members; all where none are named."
                    )
                    table.add("prefix", \.prefix, .text, "Before the names at the top.")
                },
                wrap: { .nest($0) },
                unwrap: {
                    if case .nest(let options) = $0, options.direction == .lift { return options }
                    return nil
                }
            ),
            LogShape(
                "kubernetes",
                "Adds pod, namespace, container, node and labels.",
                LogTable(KubernetesOptions()) { table in
                    table.add(
                        "kubernetes",
                        \.target,
                        .textOrTrue("kubernetes"),
                        "The object's name.",
                        isRequired: true
                    )
                    table.add(
                        "labelsFile",
                        optional: \.labelsFile,
                        .path,
                        "The downward API's file of labels."
                    )
                    table.add(
                        "annotationsFile",
                        optional: \.annotationsFile,
                        .path,
                        "The downward API's file of annotations."
                    )
                },
                wrap: { .kubernetes($0) },
                unwrap: {
                    if case .kubernetes(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "trace",
                "Adds the trace that the sidecar's access log names for the same request.",
                trace,
                wrap: { .trace($0) },
                unwrap: {
                    if case .trace(let options) = $0 { return options }
                    return nil
                }
            ),
        ]
    )

    // MARK: - Kinds

    private static let grep = LogTable(GrepOptions()) { table in
        table.add(
            "keep",
            \.all,
            .conditions,
            "Fields with patterns (RE2) that all must match: `{level: error}`.",
            standard: "none"
        )
        table.add(
            "drop",
            \.none,
            .conditions,
            "A record goes no further where one of these matches.",
            standard: "none"
        )
        table.add(
            "keepAny",
            \.anyOf,
            .groups,
            "Of each of these objects one pattern must match.",
            standard: "none"
        )
        table.add(
            "dropAll",
            \.notAllOf,
            .groups,
            "A record goes no further where all patterns of one of these objects match.",
            standard: "none"
        )
    }

    private static let transform = LogTable(TransformOptions()) { table in
        table.add(
            "set",
            \.named,
            .named(.template, words: "names with a [template](#templates) each"),
            "Fields and their values.",
            standard: "none"
        )
        table.add("remove", \.remove, .many(.field, least: 0), "Fields that are taken out.")
        table.add(
            "rename",
            \.renamed,
            .named(.text, words: "old names with new names"),
            "Fields that get another name.",
            standard: "none"
        )
        table.add(
            "keepOnly",
            optional: \.keepOnly,
            .many(.field, least: 0),
            "Only these are kept, before anything is set.",
            absence: "all"
        )
        table.add("renew", \.renews, .boolean, "Begins with an empty record.")
        table.add(
            "timeFrom",
            optional: \.renewTimeKey,
            .field,
            "The field whose value becomes the record's time."
        )
        table.add("onlyMissing", \.onlyMissing, .boolean, "Sets only fields that are not there.")
        table.add(
            "castTypes",
            \.castsTypes,
            .boolean,
            "Values of `set` that look like numbers, booleans or JSON become such."
        )
    }

    private static let parse = LogTable(
        ParseFieldOptions(key: "message", parser: ParserOptions(kind: .none))
    ) { table in
        table.add("parse", \.parser, .parser, "How.", isRequired: true)
        table.add("field", \.key, .field, "The field.")
        table.add("keepOthers", \.reservesData, .boolean, "The other fields are kept.")
        table.add("keepTime", \.reservesTime, .boolean, "The record's time is kept.")
        table.add("removeField", \.removesKey, .boolean, "The field is taken out.")
        table.add("prefix", \.prefix, .text, "Before the names of what is found.")
        table.add(
            "into",
            optional: \.hashField,
            .field,
            "Puts what is found into an object of this name."
        )
        table.add(
            "unmatched",
            \.keepsUnmatched,
            .word([("keep", true), ("deadLetter", false)]),
            "What becomes of records whose field can't be parsed."
        )
    }

    private static let redact = LogTable(RedactOptions(patterns: [])) { table in
        table.add(
            "redact",
            \.patterns,
            .many(.secretPattern),
            "What is looked for.",
            isRequired: true
        )
        table.add(
            "fields",
            optional: \.keys,
            .many(.field, least: 0),
            "Only in these fields.",
            absence: "in all"
        )
        table.add("replacement", \.replacement, .text, "What stands there instead.")
    }

    private static let rateLimit = LogTable(RateLimit()) { table in
        table.add(
            "rateLimit",
            \.perSecond,
            .decimal(0.000_001...1e12),
            "Records in a second.",
            isRequired: true
        )
        table.add(
            "burst",
            optional: \.burst,
            .integer(1...1_000_000_000),
            "Records that may come at once.",
            absence: "those of one second"
        )
        table.add(
            "by",
            optional: \.key,
            .template,
            "Each value of this template has a limit of its own.",
            absence: "one limit for all"
        )
        table.add("keysMax", \.keysMax, .integer(1...10_000_000), "Values that are remembered.")
    }

    private static let severity = LogTable(SeverityOptions()) { table in
        table.add(
            "severity",
            \.target,
            .textOrTrue("level"),
            "The field that gets the word.",
            isRequired: true
        )
        table.add(
            "fields",
            \.keys,
            .many(.field, least: 0),
            "Where it is looked for: the first that is there counts."
        )
        table.add(
            "words",
            \.named,
            .named(.text, words: "a logger's words with the usual ones"),
            "Words of a logger of its own.",
            standard: "none"
        )
    }

    private static let trace = LogTable(TraceOptions()) { table in
        table.add(
            "trace",
            \.file,
            .textOrTrue(""),
            "The sidecar's access log, in JSON lines; `true`: only what was learned otherwise.",
            isRequired: true
        )
        table.add("requestField", \.requestKey, .field, "The field with the request's id.")
        table.add("traceField", \.traceKey, .field, "The field that gets the trace's id.")
        table.add("spanField", \.spanKey, .field, "The field that gets the span's id.")
        table.add(
            "rememberedMax",
            \.rememberedMax,
            .integer(1...10_000_000),
            "Requests that are remembered."
        )
    }

    private struct Hash: Sendable, Equatable {
        var keys: [String] = []
        var secret: String?
    }

    private struct RateLimit: Sendable, Equatable {
        var perSecond = 1.0
        var burst: Int?
        var key: RecordTemplate?
        var keysMax = 10_000

        init() {}

        init(_ options: RateLimitOptions) {
            perSecond = options.perSecond
            key = options.key
            keysMax = options.keysMax
            burst = options.burst == usualBurst ? nil : options.burst
        }

        var usualBurst: Int { max(1, Int(min(perSecond, 1e9).rounded(.up))) }

        var options: RateLimitOptions {
            var options = RateLimitOptions(
                perSecond: perSecond,
                burst: burst ?? usualBurst,
                key: key
            )
            options.keysMax = keysMax
            return options
        }
    }
}

// MARK: - Kinds of values

extension TransformOptions {
    fileprivate var named: [LogNamed<RecordTemplate>] {
        get { set.map { LogNamed(name: $0.key, value: $0.value) } }
        set(pairs) { set = pairs.map { (key: $0.name, value: $0.value) } }
    }

    fileprivate var renamed: [LogNamed<String>] {
        get { rename.map { LogNamed(name: $0.from, value: $0.to) } }
        set(pairs) { rename = pairs.map { (from: $0.name, to: $0.value) } }
    }
}

extension SeverityOptions {
    fileprivate var named: [LogNamed<String>] {
        get { words.sorted { $0.key < $1.key }.map { LogNamed(name: $0.key, value: $0.value) } }
        set(pairs) {
            words = [:]
            for pair in pairs { words[pair.name] = pair.value }
        }
    }
}

extension TraceOptions {
    fileprivate var file: String {
        get { accessLog ?? "" }
        set { accessLog = newValue.isEmpty ? nil : newValue }
    }
}

extension LogKind where Value == String {
    /// A name, or `true` for the usual one.
    static func textOrTrue(_ usual: String) -> Self {
        Self(
            words: usual.isEmpty ? "a path, or `true`" : "a name, or `true` for `\(usual)`",
            read: { node, spot in
                if case .scalar("true", isPlain: true) = node.content { return usual }
                return LogKind.name("a name", example: usual).read(node, spot)
            },
            write: { $0 == usual ? .boolean(true) : .text($0) }
        )
    }
}

extension LogKind where Value == [GrepOptions.Condition] {
    /// `{field: pattern}`, or a list of such where a field stands twice.
    static let conditions = LogKind<[LogNamed<String>]>.named(
        .pattern,
        words: "fields with a pattern each"
    ).mapped(
        { pairs, _ in pairs.map { GrepOptions.Condition(key: $0.name, pattern: $0.value) } },
        { conditions in conditions.map { LogNamed(name: $0.key, value: $0.pattern) } }
    )
}

extension LogKind where Value == [[GrepOptions.Condition]] {
    /// One object, or a list of them; each may be a list of objects in its turn.
    static let groups = Self(
        words: "fields with a pattern each, or a list of such objects",
        read: { node, spot in
            guard case .sequence(let nodes) = node.content else {
                return LogKind<[GrepOptions.Condition]>.conditions.read(node, spot).map { [$0] }
            }
            var groups: [[GrepOptions.Condition]] = []
            for (index, node) in nodes.enumerated() {
                let inner = spot.element(index, node)
                guard
                    let group = LogKind<[GrepOptions.Condition]>.conditions.read(node, inner)
                else { return nil }
                groups.append(group)
            }
            return groups
        },
        write: { groups in
            let trees = groups.map(LogKind<[GrepOptions.Condition]>.conditions.write)
            if trees.count == 1, case .map = trees[0] { return trees[0] }
            return .list(trees)
        }
    )
}

extension LogKind where Value == RedactOptions.Pattern {
    static let secretPattern = Self(
        words: "`creditCard`, `token`, `email`, or `/expression/`",
        read: { node, spot in
            let noun = "a pattern"
            guard let text = logScalar(node, spot, noun, example: "creditCard") else { return nil }
            switch text {
            case "creditCard": return .creditCard
            case "token": return .token
            case "email": return .email
            default: break
            }
            guard text.hasPrefix("/"), text.hasSuffix("/"), text.utf8.count > 2 else {
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not known",
                    hint: fluentDidYouMean(text, among: ["creditCard", "token", "email"])
                        ?? "write creditCard, token, email, or /expression/"
                )
                return nil
            }
            let inner = Node(
                content: .scalar(String(text.dropFirst().dropLast()), isPlain: false),
                position: node.position
            )
            return LogKind<String>.pattern.read(inner, spot).map { .regexp($0) }
        },
        write: { pattern in
            switch pattern {
            case .creditCard: .text("creditCard")
            case .token: .text("token")
            case .email: .text("email")
            case .regexp(let expression): .text("/\(expression)/")
            }
        }
    )
}

internal import Document

/// `sources`: where records come from.
enum LogSourceTables {
    static let shapes = LogShapes<SourceConfiguration.Kind>(
        noun: "source",
        all: [
            LogShape(
                "tail",
                "Files, followed as they grow and are rotated.",
                tail,
                wrap: { .tail($0) },
                unwrap: {
                    if case .tail(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(
                "process",
                "The output of a process that is started.",
                process,
                wrap: { .process($0) },
                unwrap: {
                    if case .process(let options) = $0 { return options }
                    return nil
                }
            ),
            LogShape(mark: "stdin", "Standard input.", .standardInput) { $0 == .standardInput },
            LogShape(
                "forward",
                "The protocol of fluentd and fluent-bit.",
                LogTable(Forward()) { table in
                    table.add(
                        "forward",
                        \.listen.endpoint,
                        .listen(24224),
                        "Where it listens.",
                        isRequired: true
                    )
                    table.add(secret: "sharedKey", \.sharedKey, "What peers must know.")
                    table.include(listen, \.listen)
                },
                wrap: { .forward($0.listen, sharedKey: $0.sharedKey) },
                unwrap: {
                    if case .forward(let listen, let key) = $0 {
                        return Forward(listen: listen, sharedKey: key)
                    }
                    return nil
                }
            ),
            LogShape(
                "syslog",
                "Messages of syslog, in the forms of RFC 3164 and 5424.",
                LogTable(Syslog()) { table in
                    table.add(
                        "syslog",
                        \.listen.endpoint,
                        .listen(5140),
                        "Where it listens.",
                        isRequired: true
                    )
                    table.add(
                        "transport",
                        \.transport,
                        .word([("udp", .udp), ("tcp", .tcp)]),
                        "How messages come; TLS is `tcp` with `tls`."
                    )
                    table.include(listen, \.listen)
                },
                wrap: { .syslog($0.listen, $0.transport) },
                unwrap: {
                    if case .syslog(let listen, let transport) = $0 {
                        return Syslog(listen: listen, transport: transport)
                    }
                    return nil
                }
            ),
            LogShape(
                "otlp",
                "OpenTelemetry's protocol.",
                LogTable(ListenOptions(host: "127.0.0.1", port: 0)) { table in
                    table.add(
                        "otlp",
                        \.endpoint,
                        .listen(4318),
                        "Where it listens.",
                        isRequired: true
                    )
                    table.include(listen, \.self)
                },
                wrap: { .otlp($0) },
                unwrap: {
                    if case .otlp(let options) = $0 { return options }
                    return nil
                }
            ),
        ]
    )

    /// What a source parses with where it says nothing.
    static func standardParser(of kind: SourceConfiguration.Kind) -> ParserOptions {
        if case .syslog = kind { return ParserOptions(kind: .syslog(.automatic)) }
        return ParserOptions(kind: .none)
    }

    // MARK: - What all have in common

    static func common(of kind: SourceConfiguration.Kind) -> LogTable<SourceConfiguration> {
        let parser = standardParser(of: kind)
        let name = shapes.name(of: kind)
        let place = ConfigurationPlace(file: "", line: 0)
        let source = SourceConfiguration(kind: kind, tag: name, parser: parser, place: place)
        let network = network(of: kind, source)
        return LogTable(source) { table in
            table.include(network, \.self)
            table.add(
                "tag",
                \.tag,
                .text,
                "What `match` looks at; `*` stands for the file's path with dots for slashes.",
                standard: "the kind's name"
            )
            table.add(
                "parse",
                \.parser,
                .parser,
                "How a line becomes fields.",
                standard: "`none`; of syslog `syslog`"
            )
            table.add(
                "multiline",
                optional: \.multiline,
                .multiline,
                "How several lines become one record."
            )
            table.add("pathField", optional: \.pathKey, .field, "Gets the file's path.")
            table.add("tagField", optional: \.tagKey, .field, "Gets the tag.")
            table.add("hostnameField", optional: \.hostnameKey, .field, "Gets the host's name.")
            table.add(
                "unmatched",
                \.emitsUnmatched,
                .word([("keep", true), ("deadLetter", false)]),
                "What becomes of lines that the parser does not expect: they go on as they are, or are "
                    + "counted and written to `unusable-lines.jsonl`."
            )
        }
    }

    /// What only sources that listen have, in the source itself.
    static func network(
        of kind: SourceConfiguration.Kind,
        _ standard: SourceConfiguration
    ) -> LogTable<SourceConfiguration> {
        LogTable(standard) { table in
            switch kind {
            case .forward:
                address(&table)
                table.add(
                    "users",
                    \.network.users,
                    .users,
                    "With `sharedKey`: who may send; none: everybody who knows the key.",
                    standard: "none"
                )
                table.add(
                    "selfHostname",
                    optional: \.network.hostname,
                    .text,
                    "How this side names itself.",
                    absence: "the host's name"
                )
                table.add(
                    "tagPrefix",
                    optional: \.network.tagPrefix,
                    .text,
                    "Comes before the tag of each message."
                )
            case .syslog:
                address(&table)
                table.add(
                    "priorityTag",
                    \.network.priority.isInTag,
                    .boolean,
                    "The tag goes on with `.facility.severity`."
                )
                table.add(
                    "priorityFields",
                    \.network.priority.keepsFields,
                    .boolean,
                    "The parser's fields `pri`, `facility` and `severity` stay."
                )
                table.add(
                    "facilityField",
                    optional: \.network.priority.facilityKey,
                    .field,
                    "Gets the facility's name."
                )
                table.add(
                    "severityField",
                    optional: \.network.priority.severityKey,
                    .field,
                    "Gets the severity's name."
                )
                table.add(
                    "stripPriority",
                    \.network.priority.isStripped,
                    .boolean,
                    "The parser gets what comes after the priority."
                )
                table.add(
                    "rawField",
                    optional: \.network.rawKey,
                    .field,
                    "Gets the message as it came."
                )
            case .otlp: address(&table)
            default: break
            }
        }
    }

    /// The names of the fields that a source may have because of its kind.
    static func networkNames(of members: [Node.Member]) -> [String] {
        for member in members {
            let names = networkFields(ofKind: member.key).map(\.name)
            if !names.isEmpty { return names }
        }
        return []
    }

    /// The fields that a source of this kind has beside its own table.
    static func networkFields(ofKind name: String) -> [LogFieldDescription] {
        let listen = ListenOptions(host: "", port: 0)
        let kind: SourceConfiguration.Kind
        switch name {
        case "forward": kind = .forward(listen, sharedKey: nil)
        case "syslog": kind = .syslog(listen, .udp)
        case "otlp": kind = .otlp(listen)
        default: return []
        }
        let place = ConfigurationPlace(file: "", line: 0)
        let source = SourceConfiguration(kind: kind, tag: "", place: place)
        return network(of: kind, source).descriptions
    }

    private static func address(_ table: inout LogTable<SourceConfiguration>) {
        table.add(
            "addressField",
            \.network.addressKeys,
            .many(.field, least: 0),
            "Gets the peer's address.",
            standard: "none"
        )
    }

    /// The names of the fields that any source may have.
    static let commonNames = common(of: .standardInput).names + ["pipeline"]

    // MARK: - Kinds

    private static let tail = LogTable(TailOptions(paths: [])) { table in
        table.add(
            "tail",
            \.paths,
            .many(.name("a path or glob", example: "/var/log/app/*.log")),
            "Paths: `*` and `?` within a name, `**` over folders, `{a,b}`, `[a-z]`, and `%Y%m%d`.",
            isRequired: true
        )
        table.add("exclude", \.excluded, .many(.path), "Paths that are left out.")
        table.add(
            "from",
            \.readsFromHead,
            .word([("start", true), ("end", false)]),
            "Where files are read from that are there at the very first start; later ones are read from "
                + "their start."
        )
        table.add(
            "positions",
            optional: \.importedPositions,
            .positions,
            "Another program's positions, which are read at the first start and left alone."
        )
        table.add(
            "rotateWait",
            \.rotateWait,
            .duration(),
            "How long a rotated file is followed after its last byte."
        )
        table.add(
            "refresh",
            \.refreshInterval,
            .duration(10),
            "Time between two looks for new files, beside the notices of the kernel."
        )
        table.add("lineMax", \.lineBytesMax, .size(1...(1 << 30)), "Bytes of one line.")
        table.add("longLines", \.longLines, .longLines, "What becomes of longer ones.")
        table.add(
            "encoding",
            \.encoding,
            .word([
                ("utf-8", .utf8), ("latin1", .latin1), ("utf-16", .utf16),
                ("utf-16le", .utf16LittleEndian), ("utf-16be", .utf16BigEndian),
            ]),
            "What the bytes of the file are."
        )
        table.add(
            "bytesPerSecond",
            optional: \.bytesPerSecond,
            .size(1...(1 << 40)),
            "How fast one file is read.",
            absence: "as fast as can be"
        )
        table.add(
            "compressed",
            \.readsCompressed,
            .boolean,
            "Files finished with gzip are read too, where a path names them."
        )
        table.add(
            "ignoreOlder",
            optional: \.ignoreOlder,
            .seconds,
            "Files not changed for longer are left alone at the start."
        )
        table.add(
            "allowedRoots",
            \.allowedRoots,
            .many(.path),
            "Symbolic links may point only under these folders.",
            standard: "anywhere"
        )
        table.add(
            "partialLine",
            optional: \.partialLineTimeout,
            .duration(1),
            "A last line without an end is taken as it is after so long.",
            absence: "never"
        )
    }

    private static let process = LogTable(ProcessOptions(command: [])) { table in
        table.add(
            "process",
            \.command,
            .command,
            "What is run: a text for the shell, or a list of the program and its arguments.",
            isRequired: true
        )
        table.add(
            "restart",
            optional: \.restartAfter,
            .duration(1),
            "It is started again so long after its end.",
            absence: "it is not"
        )
        table.add(
            "periodic",
            \.isPeriodic,
            .boolean,
            "It is meant to end, and to be run again after `restart`."
        )
        table.add(
            "endsShipper",
            \.endsShipper,
            .boolean,
            "When it ends, what it wrote is delivered, and the whole process ends."
        )
        table.add(
            "passExitCode",
            \.passesExitCode,
            .boolean,
            "With `endsShipper`: the process ends with its exit code."
        )
        table.add("stderr", \.readsStandardError, .boolean, "Its standard error is read too.")
        table.add(
            "streamField",
            \.streamName,
            .text,
            "Gets `stdout` or `stderr`; empty: no field does."
        )
        table.add("lineMax", \.lineBytesMax, .size(1...(1 << 30)), "Bytes of one line.")
        table.add("longLines", \.longLines, .longLines, "What becomes of longer ones.")
    }

    private static let listen = LogTable(ListenOptions(host: "127.0.0.1", port: 0)) { table in
        table.add(
            "tls",
            optional: \.tls,
            .object(listenTLS, title: "tls of a source that listens"),
            "Peers speak TLS.",
            absence: "they speak in clear"
        )
        table.add(
            "connectionsMax",
            \.connectionsMax,
            .integer(1...1_000_000),
            "Connections at a time."
        )
        table.add("messageMax", \.messageBytesMax, .size(1...(1 << 30)), "Bytes of one message.")
    }

    private static let listenTLS = LogTable(
        ListenTLSOptions(certificateFile: "", keyFile: "")
    ) { table in
        table.add(
            "certificate",
            \.certificateFile,
            .path,
            "The certificate and its chain, in PEM.",
            isRequired: true
        )
        table.add("key", \.keyFile, .path, "The private key, in PEM.", isRequired: true)
        table.add(
            "clientCA",
            optional: \.clientAuthorityFile,
            .path,
            "The authorities of clients, in PEM; clients show a certificate of theirs.",
            absence: "clients need no certificate"
        )
    }

    private struct Forward: Sendable, Equatable {
        var listen = ListenOptions(host: "127.0.0.1", port: 0)
        var sharedKey: String?
    }

    private struct Syslog: Sendable, Equatable {
        var listen = ListenOptions(host: "127.0.0.1", port: 0)
        var transport = SourceConfiguration.SyslogTransport.udp
    }
}

// MARK: - Kinds of values

/// An address that something listens at.
struct LogEndpoint: Sendable, Equatable {
    var host: String
    var port: Int
}

extension ListenOptions {
    fileprivate var endpoint: LogEndpoint {
        get { LogEndpoint(host: host, port: port) }
        set {
            host = newValue.host
            port = newValue.port
        }
    }
}

extension ProcessOptions {
    fileprivate var streamName: String {
        get { streamKey ?? "" }
        set { streamKey = newValue.isEmpty ? nil : newValue }
    }
}

extension LogKind where Value == LogEndpoint {
    /// `PORT`, `ADDRESS:PORT`, or `true` for the usual port on the loopback address.
    static func listen(_ usual: Int) -> Self {
        Self(
            words: "`PORT` or `ADDRESS:PORT` (127.0.0.1 if not given), or `true` for \(usual)",
            read: { node, spot in
                if case .scalar("true", isPlain: true) = node.content {
                    return LogEndpoint(host: "127.0.0.1", port: usual)
                }
                let noun = "PORT or ADDRESS:PORT"
                guard let text = logScalar(node, spot, noun, example: "127.0.0.1:\(usual)") else {
                    return nil
                }
                if text.contains("://") {
                    spot.at(node.position).refuse(
                        "\(fluentQuoted(text)) is not \(noun)",
                        hint: "without udp://, tcp:// or http://; transport says how it is spoken"
                    )
                    return nil
                }
                var host = "127.0.0.1"
                var digits = Substring(text)
                if let colon = text.lastIndex(of: ":") {
                    host = String(text[..<colon])
                    digits = text[text.index(after: colon)...]
                    if host.hasPrefix("["), host.hasSuffix("]") {
                        host = String(host.dropFirst().dropLast())
                    }
                }
                guard ScalarText.isDigits(digits), let port = Int(digits), port <= 65535,
                    !host.isEmpty
                else {
                    spot.at(node.position).refuse(
                        "\(fluentQuoted(text)) is not \(noun)",
                        hint: "such as \(usual) or 0.0.0.0:\(usual)"
                    )
                    return nil
                }
                return LogEndpoint(host: host, port: port)
            },
            write: { endpoint in
                if endpoint.host == "127.0.0.1" { return .integer(endpoint.port) }
                let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
                return .text("\(host):\(endpoint.port)")
            }
        )
    }
}

extension LogKind where Value == LongLines {
    static let longLines = word([("split", .split), ("truncate", .truncate), ("skip", .skip)])
}

extension LogKind where Value == [String] {
    /// A text is for the shell.
    static let command = Self(
        words: "a text, or a list of texts",
        read: { node, spot in
            if case .sequence = node.content {
                return LogKind<[String]>.many(.text).read(node, spot)
            }
            guard let text = logScalar(node, spot, "a command", example: "my-app --flag") else {
                return nil
            }
            return ["/bin/sh", "-c", text]
        },
        write: { command in
            if command.count == 3, command[0] == "/bin/sh", command[1] == "-c" {
                return .text(command[2])
            }
            return .list(command.map { .text($0) })
        }
    )
}

extension LogKind where Value == ImportedPositions {
    static let positions = Self(
        words: "`{fluentd: PATH}` for its `pos_file`, or `{fluentBit: PATH}` for its database",
        read: { node, spot in
            guard case .mapping(let members) = node.content, members.count == 1,
                let member = members.first,
                let form = forms.first(where: { $0.word == member.key })
            else {
                spot.at(node.position).refuse(
                    "it says neither fluentd nor fluentBit",
                    hint: "such as {fluentd: /var/log/app.pos}"
                )
                return nil
            }
            return LogKind<String>.path.read(member.value, spot.inside(member)).map {
                ImportedPositions(path: $0, form: form.value)
            }
        },
        write: { positions in
            var map = LogTreeMap()
            for form in forms where form.value == positions.form {
                map.add(form.word, positions.path)
            }
            return .map(map)
        }
    )

    private static let forms: [(word: String, value: ImportedPositions.Form)] = [
        ("fluentd", .fluentdPosFile), ("fluentBit", .fluentBitDatabase),
    ]
}

extension LogKind where Value == [NetworkUser] {
    /// `{name: password}`.
    static let users = LogKind<[LogNamed<String>]>.named(.text, words: "names with a password each")
        .mapped(
            { pairs, _ in pairs.map { NetworkUser(name: $0.name, password: $0.value) } },
            { users in users.map { LogNamed(name: $0.name, value: $0.password) } }
        )
}

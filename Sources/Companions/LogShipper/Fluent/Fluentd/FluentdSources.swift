/// `<source>`: where records come from.
enum FluentdSources {
    private static let known = ["tail", "forward", "syslog", "exec", "stdin", "opentelemetry"]

    private static let reasons = [
        "http": "send OpenTelemetry's protocol or forward instead, or write a file",
        "tcp": "send syslog or forward instead", "udp": "send syslog instead",
        "systemd": "let journald forward to syslog, or write a file",
        "monitor_agent": "the metrics are at the admin address",
        "prometheus": "the metrics are at the admin address",
        "prometheus_monitor": "the metrics are at the admin address",
        "prometheus_output_monitor": "the metrics are at the admin address",
        "prometheus_tail_monitor": "the metrics are at the admin address",
        "debug_agent": "there is no Ruby to look into",
    ]

    static func compile(
        _ section: FluentSection,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        let type = try FluentdCompilation.type(of: section)
        let section = FluentdFlat.withParse(section)
        let parameters = compilation.parameters(of: section, title: "source \(type)")
        for key in ["@type", "type", "@id", "@label"] { _ = parameters.entry(key) }
        parameters.withoutEffect(["@log_level", "log_level"])
        let source: SourceConfiguration
        switch type {
        case "tail": source = try tail(parameters, of: compilation)
        case "forward": source = try forward(parameters)
        case "syslog": source = try syslog(parameters, of: compilation)
        case "exec": source = try exec(parameters, of: compilation)
        case "stdin":
            var standard = SourceConfiguration(
                kind: .standardInput,
                tag: try parameters.required("tag"),
                place: section.place
            )
            if let parse = try parameters.section("parse") {
                let result = try FluentdParse.compile(parse, of: compilation)
                standard.parser = result.parser
                standard.multiline = result.multiline
            }
            source = standard
        case "opentelemetry": source = try otlp(parameters)
        default:
            throw FluentdCompilation.unknown(
                "input",
                type,
                in: section,
                known: known,
                reasons: reasons
            )
        }
        try parameters.finish()
        return source
    }

    // MARK: - Files

    private static func tail(
        _ parameters: FluentParameters,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        let path = try parameters.required("path")
        var tail = TailOptions(paths: try paths(path, parameters))
        tail.excluded = try parameters.list("exclude_path") ?? []
        if let wait = try parameters.time("rotate_wait") { tail.rotateWait = wait }
        if let file = try parameters.filled("pos_file") {
            tail.importedPositions = ImportedPositions(path: file, form: .fluentdPosFile)
        }
        tail.readsFromHead = try parameters.bool("read_from_head")
        if let interval = try parameters.time("refresh_interval") {
            tail.refreshInterval = interval
        }
        if let entry = parameters.entry("read_bytes_limit_per_second") {
            if try FluentValues.text(of: entry) != "-1" {
                tail.bytesPerSecond = try parameters.size("read_bytes_limit_per_second")
            }
        }
        if let size = try parameters.size("max_line_size") {
            tail.lineBytesMax = max(1, size)
            tail.longLines = .skip
        }
        if let entry = parameters.entry("limit_recently_modified") {
            tail.ignoreOlder = try FluentValues.time(of: entry, dialect: .fluentd) / 1000
        }
        tail.encoding = try encoding(parameters)
        if let zone = parameters.entry("path_timezone") {
            parameters.notes.add("path_timezone has no effect here", at: zone.place)
        }
        parameters.withoutEffect([
            "pos_file_compaction_interval", "read_lines_limit", "enable_watch_timer",
            "enable_stat_watcher", "open_on_every_update", "skip_refresh_on_startup",
            "ignore_repeated_permission_error", "glob_policy",
        ])
        // Files are told apart by inode and content, whether it is written or not.
        _ = try parameters.bool("follow_inodes")
        if let group = try parameters.section("group") {
            throw parameters.failure(
                "source tail: <group> is not supported",
                at: group.place,
                hint: "read_bytes_limit_per_second limits each file"
            )
        }
        guard let parse = try parameters.section("parse") else {
            throw parameters.failure(
                "source tail: <parse> is missing",
                hint: "write <parse> with @type none for lines as they are"
            )
        }
        let result = try FluentdParse.compile(parse, of: compilation)
        var source = SourceConfiguration(
            kind: .tail(tail),
            tag: try parameters.required("tag"),
            parser: result.parser,
            place: parameters.place
        )
        source.multiline = result.multiline
        if let flush = try parameters.time("multiline_flush_interval") {
            source.multiline?.flushAfter = flush
        }
        source.pathKey = try parameters.filled("path_key")
        source.emitsUnmatched = try parameters.bool("emit_unmatched_lines")
        return source
    }

    /// The globs of `path`; commas in braces do not separate.
    private static func paths(
        _ path: String,
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [String] {
        let delimiter = try parameters.filled("path_delimiter") ?? ","
        let hasBraces = try parameters.text("glob_policy") == "always"
        guard let separator = delimiter.first, delimiter.count == 1 else {
            throw parameters.failure(
                "path_delimiter is \(fluentQuoted(delimiter)); one character was expected",
                at: parameters.entry("path_delimiter")?.place
            )
        }
        if !hasBraces, path.contains("{"), path.contains(separator) {
            parameters.notes.add(
                "the commas in braces in path do not separate here",
                at: parameters.entry("path")?.place ?? parameters.place
            )
        }
        var paths: [String] = []
        var word = ""
        var depth = 0
        for character in path {
            if character == "{" { depth += 1 }
            if character == "}" { depth = max(0, depth - 1) }
            if character == separator, depth == 0 {
                paths.append(FluentValues.trimmed(Substring(word)))
                word = ""
            } else {
                word.append(character)
            }
        }
        paths.append(FluentValues.trimmed(Substring(word)))
        return paths.filter { !$0.isEmpty }
    }

    private static func encoding(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> TextEncoding {
        let target = try parameters.filled("encoding")
        guard let entry = parameters.entry("from_encoding") else {
            guard let target, let place = parameters.entry("encoding")?.place else { return .utf8 }
            // Without from_encoding it only says what the bytes are.
            return try encoding(target, at: place)
        }
        guard let target else {
            throw parameters.failure(
                "from_encoding stands without encoding",
                at: entry.place,
                hint: "write encoding UTF-8"
            )
        }
        guard target.lowercased() == "utf-8" || target.lowercased() == "utf8" else {
            throw parameters.failure(
                "encoding is \(fluentQuoted(target)); what comes out is UTF-8 always",
                at: parameters.entry("encoding")?.place
            )
        }
        return try encoding(FluentValues.text(of: entry), at: entry.place)
    }

    static func encoding(
        _ name: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> TextEncoding {
        switch name.lowercased() {
        case "utf-8", "utf8", "ascii", "us-ascii", "ascii-8bit": return .utf8
        case "iso-8859-1", "latin1", "latin-1", "iso8859-1": return .latin1
        case "utf-16le": return .utf16LittleEndian
        case "utf-16be": return .utf16BigEndian
        case "utf-16": return .utf16
        default:
            throw LogConfigurationFailure(
                place: place,
                what: "the encoding \(fluentQuoted(name)) is not supported",
                hint: "there are UTF-8, ISO-8859-1, UTF-16, UTF-16LE and UTF-16BE"
            )
        }
    }

    // MARK: - Network

    private static func listen(
        _ parameters: FluentParameters,
        port: Int
    ) throws(LogConfigurationFailure) -> ListenOptions {
        ListenOptions(
            host: try parameters.filled("bind") ?? "0.0.0.0",
            port: try parameters.integer("port", in: 0...65535) ?? port
        )
    }

    /// `<transport tls>` of a listening source; also says the protocol.
    private static func transport(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> (name: String, tls: ListenTLSOptions?) {
        guard let section = try parameters.section("transport") else { return ("", nil) }
        let inner = FluentParameters(
            section,
            dialect: .fluentd,
            title: "transport",
            notes: parameters.notes
        )
        let name = section.argument
        guard ["tcp", "udp", "tls"].contains(name) else {
            throw inner.failure(
                "<transport \(name)> is not known",
                hint: "there are tcp, udp and tls"
            )
        }
        inner.withoutEffect([
            "linger_timeout", "version", "min_version", "max_version", "ciphers", "ensure_fips",
            "receive_buffer_size",
        ])
        guard name == "tls" else {
            try inner.finish()
            return (name, nil)
        }
        try inner.refuse(
            [
                "private_key_passphrase", "ca_private_key_path", "ca_private_key_passphrase",
                "ca_path",
                "cert_verifier",
            ],
            "give cert_path and a private_key_path without a passphrase"
        )
        try inner.refuseTrue(["insecure"], "give cert_path and private_key_path")
        let required = try inner.bool("client_cert_auth")
        let authority = try inner.filled("ca_cert_path")
        if required, authority == nil {
            throw inner.failure("client_cert_auth needs ca_cert_path")
        }
        let tls = ListenTLSOptions(
            certificateFile: try inner.required("cert_path"),
            keyFile: try inner.required("private_key_path"),
            clientAuthorityFile: required ? authority : nil
        )
        try inner.finish()
        return (name, tls)
    }

    private static func forward(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        var options = try listen(parameters, port: 24224)
        let (name, tls) = try transport(parameters)
        if name == "udp" { throw parameters.failure("source forward: udp carries no records") }
        options.tls = tls
        if let size = try parameters.size("chunk_size_limit") {
            options.messageBytesMax = min(max(1, size), 1 << 30)
        }
        var key: String?
        var network = NetworkSourceOptions()
        if let section = try parameters.section("security") {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: "security",
                notes: parameters.notes
            )
            key = try inner.required("shared_key")
            network.hostname = try inner.filled("self_hostname")
            let asksUsers = try inner.bool("user_auth")
            for section in inner.sections("user") {
                let user = FluentParameters(
                    section,
                    dialect: .fluentd,
                    title: "user",
                    notes: parameters.notes
                )
                let name = try user.required("username")
                let password = try user.required("password")
                if asksUsers {
                    network.users.append(NetworkUser(name: name, password: password))
                }
                try user.finish()
            }
            if asksUsers, network.users.isEmpty {
                throw inner.failure("user_auth needs a section <user>")
            }
            if try !inner.bool("allow_anonymous_source", default: true) {
                throw inner.failure(
                    "allow_anonymous_source false is not supported",
                    at: inner.entry("allow_anonymous_source")?.place
                )
            }
            if let section = inner.sections("client").first {
                throw inner.failure(
                    "<client> is not supported",
                    at: section.place,
                    hint: "demand client certificates, or users with user_auth"
                )
            }
            try inner.finish()
        }
        network.tagPrefix = try parameters.filled("add_tag_prefix").map { $0 + "." }
        try addresses(parameters, ["source_address_key", "source_hostname_key"], &network)
        parameters.withoutEffect([
            "backlog", "linger_timeout", "blocking_timeout", "resolve_hostname", "deny_keepalive",
            "send_keepalive_packet", "chunk_size_warn_limit", "decompression_size_limit",
            "skip_invalid_event",
        ])
        var source = SourceConfiguration(
            kind: .forward(options, sharedKey: key),
            tag: try parameters.filled("tag") ?? "",
            place: parameters.place
        )
        source.network = network
        return source
    }

    /// Keys for the peer; names are not looked up.
    private static func addresses(
        _ parameters: FluentParameters,
        _ keys: [String],
        _ network: inout NetworkSourceOptions
    ) throws(LogConfigurationFailure) {
        for key in keys {
            guard let name = try parameters.filled(key) else { continue }
            network.addressKeys.append(name)
            if key != "source_address_key" {
                parameters.notes.add(
                    "\(key): the field gets the peer's address, names are not looked up",
                    at: parameters.entry(key)?.place ?? parameters.place
                )
            }
        }
    }

    private static func syslog(
        _ parameters: FluentParameters,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        var options = try listen(parameters, port: 5140)
        let (name, tls) = try transport(parameters)
        options.tls = tls
        let oldName = try parameters.choice("protocol_type", of: ["tcp", "udp"])
        let isUDP = (name.isEmpty ? oldName ?? "udp" : name) == "udp"
        options.messageBytesMax = try parameters.size("message_length_limit") ?? 65536
        _ = try parameters.choice("frame_type", of: ["traditional", "octet_count"])
        if let delimiter = try parameters.text("delimiter"), delimiter != "\n", delimiter != "\\n" {
            throw parameters.failure(
                "source syslog: only a line feed is a delimiter",
                at: parameters.entry("delimiter")?.place
            )
        }
        var network = NetworkSourceOptions()
        network.priority.isInTag = true
        network.priority.keepsFields = false
        network.priority.facilityKey = try parameters.filled("facility_key")
        let severity = try parameters.filled("severity_key")
        let old = try parameters.filled("priority_key")
        network.priority.severityKey = severity ?? old
        try addresses(parameters, ["source_address_key", "source_hostname_key"], &network)
        let host = try parameters.filled("source_host_key") ?? "source_host"
        if try parameters.bool("include_source_host") { network.addressKeys.append(host) }
        parameters.withoutEffect([
            "resolve_hostname", "send_keepalive_packet", "blocking_timeout",
        ])
        var parser = ParserOptions(kind: .syslog(.rfc3164))
        parser.timeKey = "time"
        parser.time.zone = .local
        if let parse = try parameters.section("parse") {
            parser = try FluentdParse.compile(parse, of: compilation, standard: "syslog").parser
            if case .syslog = parser.kind {} else { network.priority.isStripped = true }
        }
        var source = SourceConfiguration(
            kind: .syslog(options, isUDP ? .udp : .tcp),
            tag: try parameters.required("tag"),
            parser: parser,
            place: parameters.place
        )
        source.emitsUnmatched = try parameters.bool("emit_unmatched_lines")
        source.network = network
        return source
    }

    private static func otlp(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        var options = ListenOptions(host: "127.0.0.1", port: 4318)
        if let section = try parameters.section("http") {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: "http",
                notes: parameters.notes
            )
            options.host = try inner.filled("bind") ?? "0.0.0.0"
            options.port = try inner.integer("port", in: 0...65535) ?? 4318
            if let size = try inner.size("body_size_limit") {
                options.messageBytesMax = min(max(size, 1), 1 << 30)
            }
            inner.withoutEffect(["decompression_size_limit"])
            try inner.finish()
        }
        if let grpc = try parameters.section("grpc") {
            let inner = FluentParameters(
                grpc,
                dialect: .fluentd,
                title: "grpc",
                notes: parameters.notes
            )
            let host = try inner.filled("bind") ?? "0.0.0.0"
            let port = try inner.integer("port", in: 0...65535) ?? 4317
            try inner.finish()
            if parameters.sections("http").isEmpty {
                options.host = host
                options.port = port
            } else if (host, port) != (options.host, options.port) {
                throw parameters.failure(
                    "source opentelemetry: one source has one port, for HTTP and gRPC alike",
                    at: grpc.place,
                    hint: "write another <source> with <grpc> alone"
                )
            }
        }
        let (transport, tls) = try transport(parameters)
        if transport == "udp" {
            throw parameters.failure("source opentelemetry: udp carries no requests")
        }
        options.tls = tls
        // What it stands for is the kind of data, and only logs are taken.
        let tag = try parameters.required("tag").split(
            separator: "${type}",
            omittingEmptySubsequences: false
        )
        return SourceConfiguration(
            kind: .otlp(options),
            tag: tag.joined(separator: "logs"),
            place: parameters.place
        )
    }

    // MARK: - Processes

    private static func exec(
        _ parameters: FluentParameters,
        of compilation: FluentdCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        let command = try parameters.required("command")
        // Ruby gives a command to the shell.
        var process = ProcessOptions(
            command: ["/bin/sh", "-c", command],
            restartAfter: try parameters.time("run_interval").map { max($0, 1) }
        )
        process.isPeriodic = process.restartAfter != nil
        let mode = try parameters.choice("connect_mode", of: ["read", "read_with_stderr"])
        process.readsStandardError = mode == "read_with_stderr"
        process.streamKey = nil
        if let encoding = try parameters.filled("encoding"),
            !["utf-8", "utf8", "ascii-8bit", "us-ascii"].contains(encoding.lowercased())
        {
            throw parameters.failure(
                "source exec: the encoding \(fluentQuoted(encoding)) is not supported",
                at: parameters.entry("encoding")?.place,
                hint: "let the command write UTF-8, with iconv for example"
            )
        }
        parameters.withoutEffect(["command_timeout", "read_block_size"])
        try parameters.refuse(["time_key", "time_format"], "write them in <parse>")
        if let extract = try parameters.section("extract") {
            throw parameters.failure(
                "source exec: <extract> is not supported",
                at: extract.place,
                hint: "time_key stands in <parse>; a tag of the records' own is not taken"
            )
        }
        guard let parse = try parameters.section("parse") else {
            throw parameters.failure("source exec: <parse> is missing")
        }
        let result = try FluentdParse.compile(parse, of: compilation, standard: "tsv")
        var source = SourceConfiguration(
            kind: .process(process),
            tag: try parameters.required("tag"),
            parser: result.parser,
            place: parameters.place
        )
        source.multiline = result.multiline
        return source
    }
}

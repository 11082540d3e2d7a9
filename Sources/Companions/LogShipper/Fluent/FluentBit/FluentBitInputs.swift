/// `[INPUT]`: where records come from.
enum FluentBitInputs {
    private static let known = ["tail", "forward", "syslog", "stdin", "exec", "opentelemetry"]

    private static let reasons = [
        "systemd": "let journald forward to syslog, or write a file",
        "http": "send OpenTelemetry's protocol or forward instead",
        "tcp": "send syslog or forward instead", "udp": "send syslog instead",
        "cpu": "metrics are collected elsewhere", "mem": "metrics are collected elsewhere",
        "fluentbit_metrics": "the metrics are at the admin address",
        "dummy": "write exec with a command", "head": "write tail",
    ]

    static func compile(
        _ section: FluentSection,
        type: String,
        number: Int,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        let parameters = compilation.parameters(of: section, title: "input \(type)")
        for key in ["name", "alias"] { _ = parameters.entry(key) }
        parameters.withoutEffect([
            "log_level", "log_suppress_interval", "mem_buf_limit", "storage.type", "threaded",
            "storage.pause_on_chunks_overlimit", "routable", "ipv6",
        ])
        let tag = try parameters.filled("tag") ?? "\(type).\(number)"
        var source: SourceConfiguration
        switch type {
        case "tail": source = try tail(parameters, tag: tag, of: compilation)
        case "forward":
            source = try forward(parameters, tag: parameters.has("tag") ? tag : "")
        case "syslog": source = try syslog(parameters, tag: tag, of: compilation)
        case "stdin":
            source = SourceConfiguration(kind: .standardInput, tag: tag, place: section.place)
            source.parser = try parser(parameters, of: compilation) ?? ParserOptions(kind: .json)
            parameters.withoutEffect(["buffer_size"])
        case "exec": source = try exec(parameters, tag: tag, of: compilation)
        case "opentelemetry": source = try otlp(parameters, tag: tag)
        default:
            throw FluentBitCompilation.unknown(
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

    // MARK: - Processes

    private static func exec(
        _ parameters: FluentParameters,
        tag: String,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        let seconds = try parameters.integer("interval_sec") ?? 1
        let nanoseconds = try parameters.integer("interval_nsec") ?? 0
        let interval = max(Int64(seconds) * 1000 + Int64(nanoseconds) / 1_000_000, 0)
        let endsWithIt = try parameters.bool("exit_after_oneshot")
        let isOnce = try parameters.bool("oneshot") || endsWithIt
        var process = ProcessOptions(
            command: ["/bin/sh", "-c", try parameters.required("command")],
            // Neither makes a second, there as well.
            restartAfter: isOnce ? nil : interval > 0 ? interval : 1000
        )
        process.isPeriodic = !isOnce
        process.endsShipper = endsWithIt
        let passesOn = try parameters.bool("propagate_exit_code")
        if passesOn, !endsWithIt {
            throw parameters.failure(
                "propagate_exit_code needs exit_after_oneshot",
                at: parameters.entry("propagate_exit_code")?.place
            )
        }
        if endsWithIt { process.passesExitCode = passesOn }
        process.readsStandardError = false
        process.streamKey = nil
        // Longer lines come in pieces there, too, at 4 KiB unless it is told otherwise.
        if let size = try parameters.size("buf_size") { process.lineBytesMax = max(size, 4096) }
        return SourceConfiguration(
            kind: .process(process),
            tag: tag,
            parser: try parser(parameters, of: compilation) ?? plain("exec"),
            place: parameters.place
        )
    }

    // MARK: - OpenTelemetry

    private static func otlp(
        _ parameters: FluentParameters,
        tag: String
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        var options = try listen(parameters, port: 4318)
        if let size = try parameters.size("buffer_max_size") {
            options.messageBytesMax = min(max(size, 1), 1 << 30)
        }
        // Its tag is the path, unless that is switched off.
        let fromPath = try parameters.bool("tag_from_uri", default: true)
        let source = SourceConfiguration(
            kind: .otlp(options),
            tag: fromPath ? "v1_logs" : tag,
            place: parameters.place
        )
        try parameters.refuse(["tag_key"], "write one tag for all records")
        try parameters.refuseTrue(
            ["raw_traces", "encode_profiles_as_log"],
            "only logs are taken here"
        )
        if let body = try parameters.filled("logs_body_key"), body != "log" {
            parameters.notes.add(
                "the body stands in the field message here, not in \(fluentQuoted(body))",
                at: parameters.entry("logs_body_key")?.place ?? parameters.place
            )
        }
        parameters.withoutEffect([
            "profiles_support", "successful_response_code", "logs_metadata_key",
            "buffer_chunk_size", "http2", "http_server.max_connections",
        ])
        return source
    }

    private static func plain(_ key: String) -> ParserOptions {
        var parser = ParserOptions(kind: .none)
        parser.messageKey = key
        return parser
    }

    private static func parser(
        _ parameters: FluentParameters,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> ParserOptions? {
        guard let name = try parameters.filled("parser"), let entry = parameters.entry("parser")
        else { return nil }
        return try compilation.parsers.parser(named: name, at: entry.place)
    }

    // MARK: - Files

    private static func tail(
        _ parameters: FluentParameters,
        tag: String,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        _ = try parameters.required("path")
        var tail = TailOptions(paths: try words("path", of: parameters) ?? [])
        tail.excluded = try words("exclude_path", of: parameters) ?? []
        tail.readsFromHead = try parameters.bool("read_from_head")
        if let seconds = try parameters.time("refresh_interval") {
            tail.refreshInterval = max(seconds, 100)
        }
        if let wait = try parameters.time("rotate_wait") { tail.rotateWait = wait }
        if let age = try parameters.time("ignore_older"), age > 0 { tail.ignoreOlder = age / 1000 }
        if let size = try parameters.size("buffer_max_size") { tail.lineBytesMax = max(1, size) }
        if try parameters.bool("truncate_long_lines") {
            tail.longLines = .truncate
        } else if try parameters.bool("skip_long_lines") {
            // fluent-bit's limit is 32 KiB, and skipping it is not what one wants of longer ones.
            tail.longLines = .skip
            if !parameters.has("buffer_max_size") { tail.lineBytesMax = 32768 }
        }
        if let database = try parameters.filled("db") {
            tail.importedPositions = ImportedPositions(path: database, form: .fluentBitDatabase)
        }
        tail.encoding = try encoding(parameters)
        var source = SourceConfiguration(
            kind: .tail(tail),
            tag: tag,
            parser: plain(try parameters.filled("key") ?? "log"),
            place: parameters.place
        )
        if let parser = try parser(parameters, of: compilation) { source.parser = parser }
        source.pathKey = try parameters.filled("path_key")
        try lines(parameters, into: &source, of: compilation)
        try parameters.refuse(["tag_regex"], "a tag with * holds the path")
        try parameters.refuseTrue(["exit_on_eof"], "files are followed until the stop")
        parameters.withoutEffect([
            "offset_key", "watcher_interval", "progress_check_interval",
            "progress_check_interval_nsec", "read_newly_discovered_files_from_head",
            "ignore_active_older_files", "buffer_chunk_size", "static_batch_size",
            "event_batch_size", "skip_empty_lines", "file_cache_advise", "inotify_watcher",
            "db.sync", "db.locking", "db.journal_mode", "db.compare_filename",
            "windows.path_encoding",
        ])
        return source
    }

    private static func words(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> [String]? {
        guard let list = try parameters.list(key) else { return nil }
        return list.flatMap { FluentValues.words($0) }
    }

    private static func encoding(
        _ parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> TextEncoding {
        if let entry = parameters.entry("generic.encoding") {
            return try FluentdSources.encoding(FluentValues.text(of: entry), at: entry.place)
        }
        guard let entry = parameters.entry("unicode.encoding") else { return .utf8 }
        let name = try FluentValues.text(of: entry)
        return name.lowercased() == "auto"
            ? .utf16 : try FluentdSources.encoding(name, at: entry.place)
    }

    private static func lines(
        _ parameters: FluentParameters,
        into source: inout SourceConfiguration,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) {
        if let names = try words("multiline.parser", of: parameters),
            let entry = parameters.entry("multiline.parser")
        {
            let (rule, parser) = try compilation.parsers.multiline(named: names, at: entry.place)
            source.multiline = rule
            if let parser { source.parser = parser }
        }
        if try parameters.bool("docker_mode") {
            source.multiline = MultilineOptions(rule: .docker)
            source.parser = try compilation.parsers.parser(named: "docker", at: parameters.place)
        }
        parameters.withoutEffect(["docker_mode_flush", "docker_mode_parser"])
        let isOld = try parameters.bool("multiline")
        let flush = try parameters.time("multiline_flush")
        let first = parameters.entry("parser_firstline")
        for entry in parameters.prefixed("parser_") where entry.key.lowercased() != "firstline" {
            compilation.notes.add("\(entry.key): Parser_N has no effect here", at: entry.place)
        }
        guard isOld else { return }
        guard let first else {
            throw parameters.failure("input tail: Multiline needs Parser_Firstline")
        }
        let parser = try compilation.parsers.parser(
            named: FluentValues.text(of: first),
            at: first.place
        )
        guard case .regexp(let pattern) = parser.kind else {
            throw parameters.failure(
                "Parser_Firstline needs a parser with Format regex",
                at: first.place
            )
        }
        var rule = MultilineOptions(rule: .start(pattern: pattern))
        if let flush { rule.flushAfter = max(flush, 1) }
        source.multiline = rule
        source.parser = parser
    }

    // MARK: - Network

    private static func listen(
        _ parameters: FluentParameters,
        port: Int
    ) throws(LogConfigurationFailure) -> ListenOptions {
        let listen = try parameters.filled("listen")
        var options = ListenOptions(
            host: try parameters.filled("host") ?? listen ?? "0.0.0.0",
            port: try parameters.integer("port", in: 0...65535) ?? port
        )
        if try parameters.bool("tls") {
            options.tls = ListenTLSOptions(
                certificateFile: try parameters.required("tls.crt_file"),
                keyFile: try parameters.required("tls.key_file"),
                clientAuthorityFile: try parameters.bool("tls.verify_client_cert")
                    ? try parameters.required("tls.ca_file") : nil
            )
        }
        for key in ["tls.crt_file", "tls.key_file", "tls.ca_file", "tls.verify_client_cert"] {
            _ = parameters.entry(key)
        }
        try parameters.refuse(["tls.key_passwd"], "give a key without a passphrase")
        parameters.withoutEffect([
            "tls.verify", "tls.debug", "tls.vhost", "tls.ca_path", "tls.min_version",
            "tls.max_version", "tls.ciphers", "tls.verify_hostname",
        ])
        return options
    }

    private static func forward(
        _ parameters: FluentParameters,
        tag: String
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        var options = try listen(parameters, port: 24224)
        if let path = try parameters.filled("unix_path") {
            guard path.hasPrefix("/") else {
                throw parameters.failure(
                    "unix_path is \(fluentQuoted(path)), which is no absolute path",
                    at: parameters.entry("unix_path")?.place
                )
            }
            options.host = path
            options.port = 0
        }
        if let size = try parameters.size("buffer_max_size") {
            // It is the room for one message there, which may be larger here.
            options.messageBytesMax = max(options.messageBytesMax, min(size, 1 << 30))
        }
        var network = NetworkSourceOptions()
        network.hostname = try parameters.filled("self_hostname")
        network.tagPrefix = try parameters.filled("tag_prefix")
        for entry in parameters.all("security.users") {
            let text = try FluentValues.text(of: entry)
            let words = FluentValues.words(text, separator: " ")
            guard words.count == 2 else {
                throw parameters.failure(
                    "Security.Users needs a name and a password",
                    at: entry.place
                )
            }
            network.users.append(NetworkUser(name: words[0], password: words[1]))
        }
        var key = try parameters.filled("shared_key")
        if try parameters.bool("empty_shared_key") { key = key ?? "" }
        if key == nil, !network.users.isEmpty {
            throw parameters.failure("Security.Users needs Shared_Key or Empty_Shared_Key")
        }
        parameters.withoutEffect(["unix_perm", "buffer_chunk_size", "workers"])
        var source = SourceConfiguration(
            kind: .forward(options, sharedKey: key),
            tag: tag,
            place: parameters.place
        )
        source.network = network
        return source
    }

    private static func syslog(
        _ parameters: FluentParameters,
        tag: String,
        of compilation: FluentBitCompilation
    ) throws(LogConfigurationFailure) -> SourceConfiguration {
        let mode = try parameters.choice("mode", of: ["unix_udp", "unix_tcp", "udp", "tcp"])
        var options = try listen(parameters, port: 5140)
        let chunk = try parameters.size("buffer_chunk_size")
        options.messageBytesMax = try parameters.size("buffer_max_size") ?? chunk ?? 65536
        let kind = mode ?? "unix_udp"
        if kind.hasPrefix("unix") {
            let path = try parameters.required("path")
            guard path.hasPrefix("/") else {
                throw parameters.failure(
                    "path is \(fluentQuoted(path)), which is no absolute path",
                    at: parameters.entry("path")?.place
                )
            }
            options.host = path
            options.port = 0
        } else {
            _ = parameters.entry("path")
        }
        var source = SourceConfiguration(
            kind: .syslog(options, kind.hasSuffix("udp") ? .udp : .tcp),
            tag: tag,
            place: parameters.place
        )
        var standard = ParserOptions(kind: .syslog(.automatic))
        standard.timeKey = "time"
        standard.time.zone = .local
        source.parser = try parser(parameters, of: compilation) ?? standard
        source.network.rawKey = try parameters.filled("raw_message_key")
        if let key = try parameters.filled("source_address_key") {
            source.network.addressKeys = [key]
        }
        parameters.withoutEffect([
            "receive_buffer_size", "unix_perm", "format",
        ])
        return source
    }
}

/// Backends that one speaks to over the network: Loki, forward, HTTP, OTLP, syslog, Logstash.
enum FluentdNetwork {
    /// A URL that has to be one.
    static func url(
        _ key: String,
        of parameters: FluentParameters
    ) throws(LogConfigurationFailure) -> FluentAddress.Target {
        let text = try parameters.required(key)
        guard text.hasPrefix("http://") || text.hasPrefix("https://"),
            var target = FluentAddress.target(text, scheme: "http", port: 80, path: "")
        else {
            throw parameters.failure(
                "\(key) is \(fluentQuoted(text)), which is no URL",
                at: parameters.entry(key)?.place,
                hint: "write https://host:port"
            )
        }
        // A slash at the end may mean something to the server.
        if text.hasSuffix("/"), text.split(separator: "/").count > 2 { target.url += "/" }
        return target
    }

    static func basic(
        _ parameters: FluentParameters,
        user: String = "username",
        into target: inout HTTPTarget,
        found: FluentAddress.Target
    ) throws(LogConfigurationFailure) {
        let name = try parameters.text(user) ?? found.user
        let password = try parameters.text("password") ?? found.password
        if let name, !name.isEmpty { target.auth = .basic(user: name, password: password ?? "") }
    }

    // MARK: - Loki

    static func loki(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let found =
            parameters.has("url")
            ? try url("url", of: parameters)
            : FluentAddress.Target(url: "https://logs-prod-us-central1.grafana.net:443")
        var target = HTTPTarget(urls: [found.url])
        try basic(parameters, into: &target, found: found)
        if let file = try parameters.filled("bearer_token_file") {
            throw parameters.failure(
                "bearer_token_file \(fluentQuoted(file)) is not supported",
                at: parameters.entry("bearer_token_file")?.place,
                hint: "write username and password"
            )
        }
        target.tls.authorityFile = try parameters.filled("ca_cert")
        target.tls.certificateFile = try parameters.filled("cert")
        target.tls.keyFile = try parameters.filled("key")
        target.tls.verifies = try !parameters.bool("insecure_tls")
        target.headers = try parameters.map("custom_headers") ?? []
        target.compression = try parameters.choice("compress", of: ["gzip"]) != nil
        var options = LokiOptions(target: target)
        options.tenant = try parameters.filled("tenant")
        for (name, value) in try parameters.map("extra_labels") ?? [] {
            options.labels.append((name, RecordTemplate(literal: value)))
        }
        for section in parameters.sections("label") {
            for entry in section.entries {
                let path = try FluentValues.text(of: entry)
                // A name alone stands for the field of this name.
                let field = FluentTemplates.path(path.isEmpty ? entry.key : path)
                let name =
                    entry.key.hasPrefix("$")
                    ? field.split(separator: ".").last.map(String.init) ?? field : entry.key
                options.labels.append((name, RecordTemplate([.field(field)])))
                if entry.key.hasPrefix("$") || path.isEmpty { options.removeKeys.append(field) }
            }
            if let inner = section.sections.first {
                throw parameters.failure("<label> has no section <\(inner.name)>", at: inner.place)
            }
        }
        for section in parameters.sections("structured_metadata") {
            for entry in section.entries {
                let path = try FluentValues.text(of: entry)
                options.metadata.append(
                    (
                        entry.key,
                        RecordTemplate([
                            .field(FluentTemplates.path(path.isEmpty ? entry.key : path))
                        ])
                    )
                )
            }
        }
        options.removeKeys += try parameters.list("remove_keys") ?? []
        let format = try parameters.choice("line_format", of: ["json", "key_value"]) ?? "key_value"
        options.form = format == "json" ? .json : .logfmt
        if try parameters.bool("drop_single_key") {
            parameters.notes.add(
                "drop_single_key has no effect here: a record with one field is written as others",
                at: parameters.entry("drop_single_key")?.place ?? parameters.place
            )
        }
        try parameters.refuseTrue(
            ["extract_kubernetes_labels"],
            "name the labels in <label>"
        )
        parameters.withoutEffect(["include_thread_label"])
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .loki(options)
    }

    // MARK: - Forward

    static func forward(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        var target = StreamTarget(addresses: [])
        var options = ForwardOptions(target: target)
        var standby: [String] = []
        var user: (name: String, password: String)?
        var key: String?
        for section in parameters.sections("server") {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: "server",
                notes: parameters.notes
            )
            let address = FluentAddress.join(
                try inner.required("host"),
                try inner.integer("port", in: 1...65535) ?? 24224
            )
            if try inner.bool("standby") {
                standby.append(address)
            } else {
                target.addresses.append(address)
            }
            if let name = try inner.filled("username") {
                user = (name, try inner.text("password") ?? "")
            } else {
                _ = try inner.text("password")
            }
            key = try inner.filled("shared_key") ?? key
            _ = try inner.text("name")
            inner.withoutEffect(["weight"])
            try inner.finish()
        }
        if let host = try parameters.filled("host") {
            target.addresses.append(
                FluentAddress.join(host, try parameters.integer("port", in: 1...65535) ?? 24224)
            )
        } else {
            _ = try parameters.integer("port")
        }
        target.addresses += standby
        guard !target.addresses.isEmpty else {
            throw parameters.failure("\(parameters.title): there is no <server>")
        }
        if let section = try parameters.section("security") {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: "security",
                notes: parameters.notes
            )
            key = try inner.required("shared_key")
            // fluentd insists on it; the host's own name is said here.
            _ = try inner.filled("self_hostname")
            try inner.finish()
        }
        options.sharedKey = try parameters.filled("shared_key") ?? key
        options.user = user?.name
        options.password = user?.password
        if try parameters.choice("transport", of: ["tcp", "tls"]) == "tls" {
            target.tls.isOn = true
        }
        let isInsecure = try parameters.bool("tls_insecure_mode")
        let isSelfSigned = try parameters.bool("tls_allow_self_signed_cert")
        let verifies = try parameters.bool("tls_verify_hostname", default: true)
        target.tls.verifies = !isInsecure && !isSelfSigned && verifies
        let new = try parameters.list("tls_cert_path") ?? []
        let authorities = try new + (parameters.list("tls_ca_cert_path") ?? [])
        guard authorities.count <= 1 else {
            throw parameters.failure(
                "tls_cert_path names several files",
                at: parameters.entry("tls_cert_path")?.place,
                hint: "put the certificates into one"
            )
        }
        target.tls.authorityFile = authorities.first
        target.tls.certificateFile = try parameters.filled("tls_client_cert_path")
        target.tls.keyFile = try parameters.filled("tls_client_private_key_path")
        try parameters.refuse(
            [
                "tls_client_private_key_passphrase", "tls_cert_thumbprint",
                "tls_cert_logical_store_name",
            ],
            "give files, and a key without a passphrase"
        )
        // One timeout holds for each step: connecting, writing, waiting for the acknowledgement.
        let times = [
            try parameters.time("send_timeout"), try parameters.time("connect_timeout"),
            try parameters.time("ack_response_timeout"),
        ]
        if let timeout = times.compactMap({ $0 }).max() { target.timeout = max(1, timeout) }
        options.target = target
        // Without acknowledgements what is lost on the way is lost; so they are asked for unless
        // the file says otherwise.
        options.requiresAck = try parameters.bool("require_ack_response", default: true)
        let compress = try parameters.choice("compress", of: ["text", "gzip", "zstd"])
        if compress == "zstd" {
            throw parameters.failure(
                "compress zstd is not supported",
                at: parameters.entry("compress")?.place,
                hint: "write gzip"
            )
        }
        options.compression = compress == "gzip"
        options.timeAsInteger = try parameters.bool("time_as_integer")
        parameters.withoutEffect([
            "heartbeat_type", "heartbeat_interval", "recover_wait",
            "hard_timeout", "phi_threshold", "phi_failure_detector",
            "read_interval_msec", "read_length", "expire_dns_cache", "dns_round_robin",
            "ignore_network_errors_at_startup", "verify_connection_at_startup", "tls_version",
            "tls_ciphers", "tls_cert_use_enterprise_store", "keepalive", "keepalive_timeout",
            "send_keepalive_packet", "self_hostname",
        ])
        if let discovery = parameters.sections("service_discovery").first {
            throw parameters.failure(
                "<service_discovery> is not supported",
                at: discovery.place,
                hint: "write <server> with a name that DNS knows"
            )
        }
        sink.kind = .forward(options)
    }

    // MARK: - HTTP

    static func http(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let found = try url("endpoint", of: parameters)
        guard !found.url.contains("${"), !found.url.contains("%Y") else {
            throw parameters.failure(
                "endpoint: placeholders are not supported",
                at: parameters.entry("endpoint")?.place
            )
        }
        var target = HTTPTarget(urls: [found.url])
        if let user = found.user {
            target.auth = .basic(user: user, password: found.password ?? "")
        }
        target.headers = try parameters.map("headers") ?? []
        try parameters.refuse(
            ["headers_from_placeholders", "proxy"],
            "write headers, and no proxy"
        )
        target.compression = try parameters.choice("compress", of: ["text", "gzip"]) == "gzip"
        target.tls.authorityFile = try parameters.filled("tls_ca_cert_path")
        target.tls.certificateFile = try parameters.filled("tls_client_cert_path")
        target.tls.keyFile = try parameters.filled("tls_private_key_path")
        try parameters.refuse(["tls_private_key_passphrase"], "give a key without a passphrase")
        target.tls.verifies =
            try parameters.choice("tls_verify_mode", of: ["none", "peer"]) != "none"
        if let timeout = try parameters.time("read_timeout") { target.timeout = max(1, timeout) }
        if let section = try parameters.section("auth") {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: "auth",
                notes: parameters.notes
            )
            if try inner.choice("method", of: ["basic", "aws_sigv4"]) == "aws_sigv4" {
                var aws = AWSOptions(region: try inner.required("aws_region"))
                aws.assumedRole = try inner.filled("aws_role_arn")
                target.auth = .sigV4(aws, service: try inner.required("aws_service"))
            } else {
                target.auth = .basic(
                    user: try inner.required("username"),
                    password: try inner.text("password") ?? ""
                )
            }
            try inner.finish()
        }
        var options = HTTPOptions(target: target)
        options.method = (try parameters.choice("http_method", of: ["put", "post"]) ?? "post")
            .uppercased()
        options.frame = try parameters.bool("json_array") ? .array : .lines
        options.contentType = try parameters.filled("content_type")
        if let codes = try parameters.list("retryable_response_codes") {
            let numbers = codes.compactMap { UInt16($0) }.map(Int.init)
            guard numbers.count == codes.count else {
                throw parameters.failure(
                    "retryable_response_codes has what is no status",
                    at: parameters.entry("retryable_response_codes")?.place
                )
            }
            options.retryableStatuses = numbers
        }
        options.form = try FluentdBuffer.form(parameters, standard: .json)
        parameters.withoutEffect([
            "allowed_hosts", "open_timeout", "ssl_timeout", "reuse_connections", "tls_version",
            "tls_ciphers", "error_response_as_unrecoverable",
        ])
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .http(options)
    }

    // MARK: - OTLP

    static func otlp(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        guard let section = try parameters.section("http") else {
            throw parameters.failure(
                "match opentelemetry: <http> is missing",
                hint: "<grpc> is written as transport: grpc in the short form"
            )
        }
        let inner = FluentParameters(
            section,
            dialect: .fluentd,
            title: "http",
            notes: parameters.notes
        )
        let found = try url("endpoint", of: inner)
        var target = HTTPTarget(urls: [found.url])
        target.compression = try inner.choice("compress", of: ["text", "gzip"]) == "gzip"
        inner.withoutEffect(["proxy", "connect_timeout", "error_response_as_unrecoverable"])
        if let timeout = try inner.time("read_timeout") { target.timeout = max(1, timeout) }
        inner.withoutEffect(["write_timeout"])
        try inner.finish()
        if let section = try parameters.section("transport") {
            let tls = FluentParameters(
                section,
                dialect: .fluentd,
                title: "transport",
                notes: parameters.notes
            )
            target.tls.authorityFile = try tls.filled("ca_path")
            target.tls.certificateFile = try tls.filled("cert_path")
            target.tls.keyFile = try tls.filled("private_key_path")
            target.tls.verifies = try !tls.bool("insecure")
            tls.withoutEffect(["min_version", "max_version", "ciphers"])
            try tls.finish()
        }
        sink.kind = .otlp(OTLPOptions(target: target))
    }

    // MARK: - Syslog and Logstash

    static let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
        "authpriv", "ftp", "ntp", "audit", "alert", "at", "local0", "local1", "local2", "local3",
        "local4", "local5", "local6", "local7",
    ]

    static let severities = [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
    ]

    static func syslog(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let port = try parameters.integer("port", in: 1...65535) ?? 25
        let address: String
        if let both = try parameters.filled("host_with_port") {
            guard let (host, own) = FluentAddress.split(both) else {
                throw parameters.failure(
                    "host_with_port is \(fluentQuoted(both)), which is no address",
                    at: parameters.entry("host_with_port")?.place
                )
            }
            address = FluentAddress.join(host, own ?? port)
            _ = parameters.entry("host")
        } else {
            address = FluentAddress.join(try parameters.required("host"), port)
        }
        var target = StreamTarget(addresses: [address])
        let isTCP = try parameters.choice("protocol", of: ["udp", "tcp"]) == "tcp"
        let isTLS = try parameters.bool("tls")
        target.tls.isOn = isTLS
        target.tls.authorityFile = try parameters.filled("ca_file")
        target.tls.verifies = try parameters.integer("verify_mode") != 0
        if let timeout = try parameters.time("timeout"), timeout > 0 { target.timeout = timeout }
        var options = SyslogOptions(target: target)
        options.transport = isTLS ? .tls : isTCP ? .tcp : .udp
        options.form = .rfc3164
        let facility = try parameters.choice("facility", of: facilities) ?? "user"
        options.facility = facilities.firstIndex(of: facility) ?? 1
        options.appName =
            try FluentdSinks.template("program", of: parameters)
            ?? RecordTemplate(literal: "fluentd")
        options.hostname = try FluentdSinks.template("hostname", of: parameters)
        let severity = try parameters.choice("severity", of: severities) ?? "notice"
        options.severity = severities.firstIndex(of: severity) ?? 5
        // The plugin ends each message with a line feed, and gives all of a file one severity.
        options.framing = .lines
        options.severityKey = ""
        switch try FluentdBuffer.form(parameters, standard: .json) {
        case .message(let key): options.messageKey = key
        case .json: options.messageKey = ""
        default:
            throw parameters.failure(
                "match remote_syslog: this format is not supported",
                at: parameters.sections("format").first?.place,
                hint: "write json or single_value"
            )
        }
        try FluentdBuffer.inject(parameters, into: &sink)
        if let size = try parameters.size("packet_size") { options.bytesMax = max(size, 480) }
        parameters.withoutEffect([
            "timeout_exception", "keep_alive", "keep_alive_idle", "keep_alive_cnt",
            "keep_alive_intvl",
        ])
        sink.kind = .syslog(options)
    }

    static func logstash(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let port = try parameters.integer("port", in: 1...65535) ?? 5044
        var target = StreamTarget(
            addresses: [FluentAddress.join(try parameters.required("host"), port)])
        target.tls.isOn = try parameters.bool("use_ssl") || parameters.has("ca_cert")
        target.tls.authorityFile = try parameters.filled("ca_cert")
        target.tls.certificateFile = try parameters.filled("ssl_cert")
        target.tls.keyFile = try parameters.filled("ssl_key")
        target.tls.verifies = try !parameters.bool("no_ssl_validation")
        try FluentdBuffer.inject(parameters, into: &sink)
        sink.kind = .beats(target, compression: try parameters.bool("compression"))
    }
}

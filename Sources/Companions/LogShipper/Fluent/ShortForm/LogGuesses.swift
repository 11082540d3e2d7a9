internal import Document

/// Words of other log shippers that stand where the short form has its own.
///
/// They are not taken, so that a configuration is written in one way only; but who writes one is told
/// the word that is right here.
enum LogGuesses {
    /// What to write instead of the members of an object that names no kind that is known; nil where
    /// nothing is like them.
    ///
    /// - Parameters:
    ///   - noun: `source`, `sink`, `filter` or `parser`.
    ///   - kinds: the fields that name kinds.
    static func hint(_ members: [Node.Member], noun: String, kinds: [String]) -> String? {
        for member in members where ["type", "@type", "name", "Name"].contains(member.key) {
            guard case .scalar(let word, _) = member.value.content else { continue }
            let kind = kinds.contains(word) ? word : kind(word, noun: noun)
            guard let kind, kinds.contains(kind) else {
                if let advice = advice[noun]?[word] { return advice }
                continue
            }
            return "the kind is a field: \(kind): … instead of \(member.key): \(word)"
        }
        let isNamed =
            !members.isEmpty
            && members.allSatisfy { member in
                if case .mapping = member.value.content { return true }
                return false
            }
        if isNamed, noun == "source" || noun == "sink", let kind = kinds.first {
            return "names do not stand before \(noun)s; write a list: - \(kind): …"
        }
        for member in members {
            if let kind = kind(member.key, noun: noun), kinds.contains(kind) {
                return "did you mean \(fluentQuoted(kind))?"
            }
            if let advice = advice[noun]?[member.key] { return advice }
        }
        return nil
    }

    /// The field that a field of another shipper may have meant.
    static func field(_ word: String, among known: [String]) -> String? {
        if word == "time" || word == "timestamp", known.contains("multiline") {
            return "the time is a part of parse, such as parse: {json: true, time: ts}"
        }
        return fields[word]?.first { known.contains($0) }.map {
            "did you mean \(fluentQuoted($0))?"
        }
    }

    private static func kind(_ word: String, noun: String) -> String? {
        let word = word.hasPrefix("aws_") ? String(word.dropFirst(4)) : word
        return kinds[noun]?[word] ?? (noun == "sink" && word == "s3" ? word : nil)
    }

    private static let kinds: [String: [String: String]] = [
        "source": [
            "file": "tail", "files": "tail", "filelog": "tail", "path": "tail", "paths": "tail",
            "exec": "process", "command": "process", "cmd": "process", "run": "process",
            "opentelemetry": "otlp", "otel": "otlp", "fluent": "forward", "fluentd": "forward",
            "fluentbit": "forward",
        ],
        "sink": [
            "es": "elasticsearch", "console": "stdout", "null": "discard", "blackhole": "discard",
            "cloudwatch_logs": "cloudwatch", "cloudwatchLogs": "cloudwatch",
            "splunk_hec": "splunk", "splunk_hec_logs": "splunk", "splunkHec": "splunk",
            "logstash": "beats", "fluentd": "forward", "fluentbit": "forward",
            "fluent": "forward", "opentelemetry": "otlp", "otel": "otlp", "socket": "tcp",
            "webhook": "http", "kafka2": "kafka", "rdkafka2": "kafka", "datadog_logs": "datadog",
            "azure_logs_ingestion": "azure", "azure_monitor_logs": "azure",
        ],
        "filter": [
            "mask": "redact", "throttle": "rateLimit", "limit": "rateLimit",
            "rate_limit": "rateLimit", "k8s": "kubernetes", "kubernetes_metadata": "kubernetes",
            "parser": "parse", "add": "set", "add_fields": "set", "addFields": "set",
            "record_transformer": "set", "record_modifier": "set", "modify": "set",
            "remap": "set", "delete": "remove",
        ],
        "parser": [
            "regex": "regexp", "grok": "regexp", "expression": "regexp", "pattern": "regexp",
            "apache": "apache2",
        ],
    ]

    private static let advice: [String: [String: String]] = [
        "source": [
            "journald": journal, "systemd": journal, "journal": journal,
            "docker": containers, "docker_logs": containers, "kubernetes": containers,
            "kubernetes_logs": containers, "containers": containers,
            "http": "send OpenTelemetry's protocol to otlp: 4318, or forward to forward: 24224",
        ],
        "filter": [
            "grep": choice, "filter": choice, "exclude": choice, "include": choice,
        ],
    ]

    private static let journal = "such as process: journalctl --follow --output json, parse: json"
    private static let containers =
        "such as tail: /var/log/containers/*.log with multiline: cri, and the filter kubernetes: true"
    private static let choice =
        "keep: {level: error} lets such records through, drop: takes them out"

    private static let fields: [String: [String]] = [
        "inputs": ["sources", "match"], "outputs": ["sinks"], "transforms": ["filters"],
        "processors": ["filters"], "username": ["user"], "tag": ["match"], "tags": ["match"],
        "compression": ["gzip"], "compress": ["gzip", "compression"],
        "size": ["memory"], "max_size": ["memory"], "limit": ["memory"], "path": ["directory"],
        "interval": ["flush"], "flush_interval": ["flush"], "retries": ["attempts"],
        "max_attempts": ["attempts"], "max_retries": ["attempts"],
        "pos_file": ["positions"], "db": ["positions"], "read_from_head": ["from"],
        "ca_file": ["ca"], "caFile": ["ca"], "ca_cert": ["ca"], "cafile": ["ca"],
        "cert": ["certificate"], "crt": ["certificate"], "certFile": ["certificate"],
        "cert_file": ["certificate"], "crt_file": ["certificate"], "keyFile": ["key"],
        "key_file": ["key"], "server_name": ["serverName"], "sni": ["serverName"],
        "verify_certificate": ["verify"], "insecureSkipVerify": ["verify"],
        "insecure_skip_verify": ["verify"], "topics": ["topic"], "auth": ["user"],
        "tenant_id": ["tenant"], "token": ["bearer"],
        "codec": ["format", "parse"], "encoding": ["format"], "format": ["parse"],
        "mode": ["transport"], "protocol": ["transport"], "group": ["cloudwatch"],
    ]
}

/// Writes a ``LogConfiguration`` in the short form, the part `logs:` of the sidecar's file.
///
/// The form is a tree of simple names. What has its default is left out. An example with most of it:
///
///     logs:
///       state: /var/lib/pillion/logs
///       sources:
///         app:
///           tail: [/var/log/app/*.log]
///           tag: app.logs
///           positions: {file: /var/log/app.pos, form: fluentd}
///           parse: {json: true, time: {key: time, form: float}}
///           multiline: {start: "^\\d{4}", flush: 5s}
///       steps:
///         - match: [app.**]
///           transform: {set: {service: "${tag[0]}"}, remove: [password]}
///         - match: [app.**]
///           to: [search, "@errors"]
///       pipelines:
///         "@errors":
///           - match: ["**"]
///             to: ["null"]
///       sinks:
///         search:
///           elasticsearch: {urls: [http://es:9200], logstash: {prefix: app}}
///           buffer: {memory: 8MiB, flush: 5s}
///
/// Sources and sinks have names; the steps of `steps` are those of the first pipeline, the others stand
/// under `pipelines`. A step is for the tags of `match` (fluentd's patterns, or fluent-bit's under
/// `match_bit`), and does one thing: a filter, named by its kind, or `to` with names of sinks and of
/// pipelines, or `"null"`; `last: false` lets later steps see the record too. A source goes to the first
/// pipeline unless `pipeline` names another one. Times are `500ms`, `5s`, `2m`, `1h`; sizes are `64KiB`,
/// `8MiB` or a number of bytes. In templates stand `${tag}`, `${tag[1]}`, `${tag_prefix[1]}`,
/// `${tag_suffix[1]}`, `${record.path.to.field}`, `${hostname}`, `${time}`, `${unix_time}` and
/// `${time:%Y.%m.%d}`; `$${` stands for `${`.
package enum LogConfigurationText {
    /// The YAML text, with `logs:` around it.
    package static func print(_ configuration: LogConfiguration) -> String {
        var root = LogTreeMap()
        root.add("logs", .map(tree(configuration)))
        return LogTree.map(root).yaml
    }

    /// The tree below `logs:`.
    package static func tree(_ configuration: LogConfiguration) -> LogTreeMap {
        var map = LogTreeMap()
        map.add("state", configuration.stateDirectory)
        var sources = LogTreeMap()
        var counts: [String: Int] = [:]
        for source in configuration.sources {
            let kind = LogSourceText.kind(of: source)
            let number = counts[kind, default: 0] + 1
            counts[kind] = number
            sources.add(
                number == 1 ? kind : "\(kind)-\(number)",
                .map(LogSourceText.tree(source, pipelines: configuration.pipelines))
            )
        }
        map.add("sources", sources)
        var others = LogTreeMap()
        for (number, pipeline) in configuration.pipelines.enumerated() {
            let steps = LogTree.list(pipeline.steps.map { .map(step($0, of: configuration)) })
            if number == 0 { map.add("steps", steps) } else { others.add(pipeline.name, steps) }
        }
        map.add("pipelines", others)
        var sinks = LogTreeMap()
        for sink in configuration.sinks { sinks.add(sink.name, .map(LogSinkText.tree(sink))) }
        map.add("sinks", sinks)
        return map
    }

    private static func step(
        _ step: Pipeline.Step,
        of configuration: LogConfiguration
    ) -> LogTreeMap {
        var map = LogTreeMap()
        map.add(step.tags.dialect == .fluentd ? "match" : "match_bit", step.tags.patterns)
        switch step.action {
        case .filter(let filter):
            let (name, value) = LogFilterText.tree(filter)
            map.add(name, value)
        case .output(let destinations, let isFinal):
            map.add(
                "to",
                .list(
                    destinations.map { destination in
                        switch destination {
                        case .sink(let number):
                            return .text(
                                configuration.sinks.indices.contains(number)
                                    ? configuration.sinks[number].name : ""
                            )
                        case .pipeline(let number):
                            return .text(
                                configuration.pipelines.indices.contains(number)
                                    ? configuration.pipelines[number].name : ""
                            )
                        case .nowhere: return .text("null")
                        }
                    }
                )
            )
            map.add("last", isFinal, unless: true)
        }
        return map
    }
}

/// Sources in the short form.
enum LogSourceText {
    static func kind(of source: SourceConfiguration) -> String {
        switch source.kind {
        case .tail: return "tail"
        case .process: return "process"
        case .standardInput: return "stdin"
        case .forward: return "forward"
        case .syslog: return "syslog"
        case .otlp: return "otlp"
        }
    }

    static func tree(_ source: SourceConfiguration, pipelines: [Pipeline]) -> LogTreeMap {
        var map = LogTreeMap()
        switch source.kind {
        case .tail(let options): tail(options, into: &map)
        case .process(let options):
            map.add("process", options.command)
            map.add("restart", time: options.restartAfter)
        case .standardInput: map.add("stdin", .boolean(true))
        case .forward(let options, let key):
            var inner = listen(options)
            inner.add("shared_key", key)
            map.add("forward", .map(inner))
        case .syslog(let options, let transport):
            var inner = listen(options)
            inner.add("transport", transport == .udp ? "udp" : "tcp")
            map.add("syslog", .map(inner))
        case .otlp(let options): map.add("otlp", .map(listen(options)))
        }
        map.add("tag", source.tag, unless: "")
        if source.pipeline > 0, source.pipeline < pipelines.count {
            map.add("pipeline", pipelines[source.pipeline].name)
        }
        if source.parser != ParserOptions(kind: .none) {
            map.add("parse", .map(LogParserText.tree(source.parser)))
        }
        if let multiline = source.multiline {
            map.add("multiline", .map(LogParserText.tree(multiline)))
        }
        map.add("path_key", source.pathKey)
        map.add("tag_key", source.tagKey)
        map.add("hostname_key", source.hostnameKey)
        map.add("unmatched", source.emitsUnmatched ? "keep" : "dead_letter", unless: "keep")
        return map
    }

    private static func tail(_ options: TailOptions, into map: inout LogTreeMap) {
        let standard = TailOptions(paths: [])
        map.add("tail", .list(options.paths.map { .text($0) }))
        map.add("exclude", options.excluded)
        if let positions = options.importedPositions {
            var inner = LogTreeMap()
            inner.add("file", positions.path)
            inner.add("form", positions.form == .fluentdPosFile ? "fluentd" : "fluent-bit")
            map.add("positions", .map(inner))
        }
        map.add("from", options.readsFromHead ? "head" : "end", unless: "end")
        map.add("rotate_wait", time: options.rotateWait, unless: standard.rotateWait)
        map.add("refresh", time: options.refreshInterval, unless: standard.refreshInterval)
        map.add("line_max", size: options.lineBytesMax, unless: standard.lineBytesMax)
        switch options.longLines {
        case .split: break
        case .truncate: map.add("long_lines", "truncate")
        case .skip: map.add("long_lines", "skip")
        }
        switch options.encoding {
        case .utf8: break
        case .latin1: map.add("encoding", "latin1")
        case .utf16LittleEndian: map.add("encoding", "utf-16le")
        case .utf16BigEndian: map.add("encoding", "utf-16be")
        case .utf16: map.add("encoding", "utf-16")
        }
        map.add("bytes_per_second", size: options.bytesPerSecond)
        map.add("compressed", options.readsCompressed, unless: true)
        map.add("ignore_older", time: options.ignoreOlder.map { $0.clampedToMilliseconds })
        map.add("allowed_roots", options.allowedRoots)
        map.add("partial_line", time: options.partialLineTimeout)
    }

    private static func listen(_ options: ListenOptions) -> LogTreeMap {
        var map = LogTreeMap()
        let standard = ListenOptions(host: "", port: 0)
        map.add("host", options.host)
        map.add("port", .integer(options.port))
        if let tls = options.tls {
            var inner = LogTreeMap()
            inner.add("certificate", tls.certificateFile)
            inner.add("key", tls.keyFile)
            inner.add("client_authority", tls.clientAuthorityFile)
            map.add("tls", .map(inner))
        }
        map.add("connections_max", options.connectionsMax, unless: standard.connectionsMax)
        map.add("message_max", size: options.messageBytesMax, unless: standard.messageBytesMax)
        return map
    }
}

extension Int64 {
    /// Seconds as milliseconds.
    fileprivate var clampedToMilliseconds: Int64 {
        let product = multipliedReportingOverflow(by: 1000)
        return product.overflow ? .max : product.partialValue
    }
}

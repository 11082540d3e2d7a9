/// `<buffer>`, `<secondary>`, `<inject>` and `<format>`, which outputs have in common.
enum FluentdBuffer {
    /// Takes what all outputs have; the plugin's own parameters are left.
    static func apply(
        _ parameters: FluentParameters,
        to sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        parameters.withoutEffect([
            "@log_level", "log_level", "time_as_integer", "slow_flush_log_threshold",
            "@label",
        ])
        // It is a part of the names that S3 gives its objects.
        if case .s3 = sink.kind {} else { parameters.withoutEffect(["time_slice_format"]) }
        if let section = try parameters.section("buffer") {
            let inner = FluentParameters(
                section,
                dialect: .fluentd,
                title: "buffer",
                notes: parameters.notes
            )
            try buffer(inner, into: &sink)
            try inner.finish()
        }
        if let section = try parameters.section("secondary") {
            sink.deadLetters = try secondary(section, parameters)
        }
    }

    // MARK: - Buffer

    private static func buffer(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        _ = parameters.entry("@id")
        // The keys only say what placeholders may be used; here any may.
        let type = try parameters.choice(
            "@type",
            of: ["memory", "file", "file_single", "memory2", "file2"]
        )
        let old = try parameters.choice("type", of: ["memory", "file"])
        let isMemory = (type ?? old ?? "").hasPrefix("memory")
        let isFile = (type ?? old ?? "").hasPrefix("file")
        let chunk = try parameters.size("chunk_limit_size")
        var total = try parameters.size("total_limit_size")
        if let length = try parameters.integer("queue_limit_length") {
            let product = length.multipliedReportingOverflow(by: chunk ?? 8 << 20)
            if !product.overflow { total = total ?? product.partialValue }
        }
        if let size = try parameters.size("queued_chunks_limit_size") {
            parameters.notes.add(
                "queued_chunks_limit_size (\(size)) has no effect here",
                at: parameters.entry("queued_chunks_limit_size")?.place ?? parameters.place
            )
        }
        if isMemory {
            sink.buffer.diskMax = 0
            if let total { sink.buffer.memoryMax = max(1 << 16, total) }
        } else if let total {
            sink.buffer.diskMax = max(1 << 16, total)
        }
        if let path = try parameters.filled("path") {
            if isMemory {
                parameters.notes.add(
                    "path has no effect with @type memory",
                    at: parameters.entry("path")?.place ?? parameters.place
                )
            } else {
                sink.buffer.directory = folder(path)
            }
        } else if isFile, type == "file" {
            parameters.notes.add(
                "<buffer> has no path: the spool is under the state directory",
                at: parameters.place
            )
        }
        if let chunk { sink.buffer.chunkBytes = max(1, chunk) }
        sink.buffer.chunkRecords = try parameters.integer("chunk_limit_records", in: 1...1_000_000)
        try flush(parameters, into: &sink)
        try retry(parameters, into: &sink)
        let overflow = try parameters.choice(
            "overflow_action",
            of: ["throw_exception", "block", "drop_oldest_chunk"]
        )
        // An exception holds fluentd's tail up until there is room, as blocking does.
        sink.buffer.overflow = overflow == "drop_oldest_chunk" ? .dropOldest : .block
        parameters.withoutEffect([
            "compress", "decompression_size_limit", "chunk_full_threshold", "disable_chunk_backup",
            "path_suffix", "file_permission", "dir_permission", "chunk_format", "calc_num_records",
            "delayed_commit_timeout", "flush_thread_interval", "flush_thread_burst_interval",
        ])
        if let section = parameters.section.sections.first {
            throw parameters.failure("buffer has no section <\(section.name)>", at: section.place)
        }
    }

    /// A folder, of the patterns that fluentd takes for files too.
    private static func folder(_ path: String) -> String {
        let hasPattern = path.contains("*")
        let name = path.split(separator: "/").last ?? ""
        if hasPattern || name.contains(".") { return FluentFiles.folder(of: path) }
        return path
    }

    private static func flush(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        let mode = try parameters.choice(
            "flush_mode",
            of: ["default", "lazy", "interval", "immediate"]
        )
        if let interval = try parameters.time("flush_interval") {
            sink.buffer.flushInterval = max(interval, 10)
        }
        if mode == "immediate" { sink.buffer.flushInterval = 10 }
        if let threads = try parameters.integer("flush_thread_count", in: 1...64) {
            sink.buffer.flushThreads = threads
        }
        if try !parameters.bool("flush_at_shutdown", default: true) { sink.buffer.drainTime = 0 }
        // Names are made for each record here, so nothing waits for the end of a day.
        _ = try parameters.time("timekey")
        _ = try parameters.time("timekey_wait")
        let isUTC = try parameters.bool("timekey_use_utc")
        if let zone = parameters.entry("timekey_zone"), !isUTC {
            let text = try FluentValues.text(of: zone)
            if try FluentdTime.zone(text, at: zone.place) != .utc {
                parameters.notes.add(
                    "timekey_zone has no effect here: times in names are UTC",
                    at: zone.place
                )
            }
        }
    }

    private static func retry(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        if let wait = try parameters.time("retry_wait") { sink.retry.first = max(1, wait) }
        if let most = try parameters.time("retry_max_interval") {
            sink.retry.max = max(sink.retry.first, most)
        } else {
            sink.retry.max = max(sink.retry.first, sink.retry.max)
        }
        if let base = try parameters.number("retry_exponential_backoff_base") {
            guard base >= 1, base <= 100 else {
                throw parameters.failure(
                    "retry_exponential_backoff_base is \(base), outside of 1 to 100",
                    at: parameters.entry("retry_exponential_backoff_base")?.place
                )
            }
            sink.retry.base = base
        }
        let type = try parameters.choice("retry_type", of: ["exponential_backoff", "periodic"])
        if type == "periodic" {
            sink.retry.base = 1
            sink.retry.max = sink.retry.first
        }
        let isEndless = try parameters.bool("retry_forever")
        let times = try parameters.integer("retry_max_times")
        let timeout = try parameters.time("retry_timeout")
        if !isEndless {
            sink.retry.attemptsMax = times
            sink.retry.timeout = timeout
        }
        parameters.withoutEffect(["retry_randomize", "retry_secondary_threshold"])
    }

    // MARK: - Secondary

    private static func secondary(
        _ section: FluentSection,
        _ outer: FluentParameters
    ) throws(LogConfigurationFailure) -> String {
        let type = try FluentdCompilation.type(of: section)
        let parameters = FluentParameters(
            section,
            dialect: .fluentd,
            title: "secondary \(type)",
            notes: outer.notes
        )
        for key in ["@type", "type", "@id"] { _ = parameters.entry(key) }
        let path: String
        switch type {
        case "secondary_file":
            let name = try parameters.filled("basename") ?? "dump.bin"
            path = try parameters.required("directory") + "/" + name
            parameters.withoutEffect(["append", "compress"])
        case "file":
            path = try parameters.required("path")
            parameters.withoutEffect(["append", "compress", "path_suffix", "add_path_suffix"])
            parameters.sectionsWithoutEffect(["format"])
        default:
            throw parameters.failure(
                "<secondary> of the type \(fluentQuoted(type)) is not supported",
                hint: "there are file and secondary_file: what a backend refuses goes to a file"
            )
        }
        try parameters.finish()
        guard !path.contains("${"), !path.contains("%") else {
            throw parameters.failure(
                "<secondary>: placeholders in the path are not supported",
                hint: "each line of the file says where its record comes from"
            )
        }
        return path
    }

    // MARK: - Inject and format

    /// `<inject>`, or the flat parameters of old files.
    static func inject(
        _ parameters: FluentParameters,
        into sink: inout SinkConfiguration
    ) throws(LogConfigurationFailure) {
        if try parameters.bool("include_tag_key") {
            sink.inject.tagKey = try parameters.filled("tag_key") ?? "tag"
        }
        if try parameters.bool("include_time_key") {
            sink.inject.timeKey = try parameters.filled("time_key") ?? "time"
            sink.inject.timeForm =
                try parameters.filled("time_format").map { .format($0) } ?? .iso8601
        }
        guard let section = try parameters.section("inject") else { return }
        let inner = FluentParameters(
            section,
            dialect: .fluentd,
            title: "inject",
            notes: parameters.notes
        )
        sink.inject.tagKey = try inner.filled("tag_key") ?? sink.inject.tagKey
        sink.inject.hostnameKey = try inner.filled("hostname_key")
        try inner.refuse(["hostname"], "a filter with record_transformer can set it")
        inner.withoutEffect(["worker_id_key"])
        if let key = try inner.filled("time_key") {
            sink.inject.timeKey = key
            let type = try inner.choice(
                "time_type",
                of: [
                    "float", "unixtime", "unixtime_millis", "unixtime_micros", "unixtime_nanos",
                    "string",
                ]
            )
            let format = try inner.filled("time_format")
            switch type ?? (format == nil ? "float" : "string") {
            case "float": sink.inject.timeForm = .float
            case "unixtime": sink.inject.timeForm = .unix
            case "unixtime_millis": sink.inject.timeForm = .unixMilliseconds
            case "unixtime_micros": sink.inject.timeForm = .unixMicroseconds
            case "unixtime_nanos": sink.inject.timeForm = .unixNanoseconds
            default: sink.inject.timeForm = format.map { .format($0) } ?? .iso8601
            }
            if try FluentdTime.zone(inner) != .utc {
                inner.notes.add("times that are written are UTC", at: section.place)
            }
        } else {
            inner.withoutEffect(["time_type", "time_format", "timezone", "utc", "localtime"])
        }
        try inner.finish()
    }

    /// `<format>`, or the flat `format` of old files.
    static func form(
        _ parameters: FluentParameters,
        standard: RecordForm
    ) throws(LogConfigurationFailure) -> RecordForm {
        guard let section = try parameters.section("format") else {
            guard let type = try parameters.filled("format") else { return standard }
            return try form(type, parameters, standard: standard)
        }
        let inner = FluentParameters(
            section,
            dialect: .fluentd,
            title: "format",
            notes: parameters.notes
        )
        let old = try inner.filled("type")
        let form = try form(
            try inner.filled("@type") ?? old ?? "",
            inner,
            standard: standard
        )
        inner.withoutEffect([
            "json_parser", "add_newline", "newline", "output_type", "output_tag", "output_time",
            "localtime", "utc", "timezone", "time_type", "time_format", "force_quotes", "usage",
        ])
        try inner.finish()
        return form
    }

    private static func form(
        _ type: String,
        _ parameters: FluentParameters,
        standard: RecordForm
    ) throws(LogConfigurationFailure) -> RecordForm {
        switch type {
        case "": return standard
        case "json", "stdout": return .json
        case "out_file": return .outFile
        case "single_value":
            return .message(key: try parameters.filled("message_key") ?? "message")
        case "logfmt": return .logfmt
        case "csv":
            if let delimiter = try parameters.text("delimiter"), delimiter != "," {
                throw parameters.failure(
                    "format csv: only the comma is a delimiter",
                    at: parameters.entry("delimiter")?.place
                )
            }
            guard let keys = try parameters.list("fields"), !keys.isEmpty else {
                throw parameters.failure("format csv: fields is missing")
            }
            return .csv(keys: keys)
        default:
            throw parameters.failure(
                "the format \(fluentQuoted(type)) is not supported",
                hint: "there are csv, json, logfmt, out_file and single_value"
            )
        }
    }
}

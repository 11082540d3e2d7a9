/// Parameters of old files that stand in the plugin's own section and belong into one inside of it.
enum FluentdFlat {
    /// Old names and what they are called in `<buffer>`.
    private static let buffer: [String: String] = [
        "buffer_type": "@type", "buffer_path": "path", "num_threads": "flush_thread_count",
        "flush_interval": "flush_interval", "try_flush_interval": "flush_thread_interval",
        "queued_chunk_flush_interval": "flush_thread_burst_interval",
        "disable_retry_limit": "retry_forever", "retry_limit": "retry_max_times",
        "max_retry_wait": "retry_max_interval", "buffer_chunk_limit": "chunk_limit_size",
        "buffer_queue_limit": "queue_limit_length",
        "buffer_queue_full_action": "overflow_action", "flush_at_shutdown": "flush_at_shutdown",
        "retry_wait": "retry_wait", "flush_mode": "flush_mode",
        "flush_thread_count": "flush_thread_count", "chunk_limit_size": "chunk_limit_size",
        "total_limit_size": "total_limit_size", "retry_forever": "retry_forever",
        "retry_max_times": "retry_max_times", "retry_max_interval": "retry_max_interval",
        "overflow_action": "overflow_action", "retry_timeout": "retry_timeout",
        "time_slice_wait": "timekey_wait",
    ]

    private static let parser: Set<String> = [
        "format", "types", "keys", "time_key", "time_format", "time_type", "localtime", "utc",
        "timezone", "delimiter", "keep_time_key", "null_empty_string", "null_value_pattern",
        "json_parser", "label_delimiter", "format_firstline", "message_key", "with_priority",
        "message_format", "rfc5424_time_format", "estimate_current_event",
    ]

    /// The section with its flat buffer parameters moved into `<buffer>`.
    static func withBuffer(_ section: FluentSection, notes: FluentNotes) -> FluentSection {
        var section = section
        var moved: [FluentEntry] = []
        section.entries.removeAll { entry in
            guard let name = buffer[entry.key] else { return false }
            var entry = entry
            let old = entry.key
            entry.key = name
            if old == "buffer_queue_full_action", entry.value == .text("exception") {
                entry.value = .text("throw_exception")
            }
            moved.append(entry)
            return true
        }
        guard !moved.isEmpty else { return section }
        guard let index = section.sections.firstIndex(where: { $0.name == "buffer" }) else {
            var buffer = FluentSection(name: "buffer", place: moved[0].place)
            buffer.entries = moved
            section.sections.append(buffer)
            return section
        }
        // With a <buffer>, fluentd does not look at the others.
        for entry in moved {
            let isThere = section.sections[index].entries.contains { $0.key == entry.key }
            notes.add(
                "\(entry.key) outside of <buffer> "
                    + (isThere ? "has no effect" : "is taken as if it stood inside"),
                at: entry.place
            )
            if !isThere { section.sections[index].entries.append(entry) }
        }
        return section
    }

    /// The section with its flat parser parameters moved into `<parse>`.
    static func withParse(_ section: FluentSection) -> FluentSection {
        guard !section.sections.contains(where: { $0.name == "parse" }),
            let format = section.entries.last(where: { $0.key == "format" })
        else { return section }
        var section = section
        var parse = FluentSection(name: "parse", place: format.place)
        section.entries.removeAll { entry in
            let isFormat =
                entry.key.hasPrefix("format")
                && entry.key.dropFirst(6).allSatisfy { $0.isASCII && $0.isNumber }
            guard parser.contains(entry.key) || isFormat else { return false }
            var entry = entry
            if entry.key == "format" {
                if case .text(let text) = entry.value, text.hasPrefix("/") {
                    parse.entries.append(
                        FluentEntry(key: "@type", value: .text("regexp"), place: entry.place)
                    )
                    entry.key = "expression"
                } else {
                    entry.key = "@type"
                }
            }
            parse.entries.append(entry)
            return true
        }
        section.sections.append(parse)
        return section
    }
}

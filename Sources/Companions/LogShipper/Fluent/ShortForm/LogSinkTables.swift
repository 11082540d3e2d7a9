internal import Document

/// `sinks`: where records go.
enum LogSinkTables {
    static let shapes = LogShapes<SinkConfiguration.Kind>(
        noun: "sink",
        all: LogSearchTables.shapes + LogCloudTables.shapes + LogStreamTables.shapes
            + LogLocalTables.shapes
    )

    // MARK: - What all have in common

    static let common = LogTable(
        SinkConfiguration(name: "", kind: .null, place: ConfigurationPlace(file: "", line: 0))
    ) { table in
        table.add(
            "buffer",
            \.buffer,
            .object(buffer, title: "buffer"),
            "What waits for the sink, and for how long.",
            standard: "see below"
        )
        table.add(
            "retry",
            \.retry,
            .object(retry, title: "retry"),
            "When what failed is sent again: after a random time between nothing and the wait.",
            standard: "for ever, see below"
        )
        table.add(
            "deadLetters",
            optional: \.deadLetters,
            .path,
            "The file for records that the sink can never take.",
            absence: "`dead-letters-NAME.jsonl` in the state's folder"
        )
        table.add(
            "add",
            \.inject,
            .object(inject, title: "add"),
            "Fields that each record gets before it is written.",
            standard: "none"
        )
    }

    static let commonNames = ["name", "match"] + common.names

    private static let buffer = LogTable(BufferOptions()) { table in
        table.add("memory", \.memoryMax, .size(4096...(1 << 40)), "Bytes in memory.")
        table.add(
            "disk",
            \.diskMax,
            .size(0...(1 << 50)),
            "Bytes on disk, for when memory is full and at the end of the process; 0: none."
        )
        table.add(
            "directory",
            optional: \.directory,
            .path,
            "Where on disk.",
            absence: "under the state's folder"
        )
        table.add(
            "overflow",
            \.overflow,
            .word([
                ("block", .block), ("dropOldest", .dropOldest), ("dropNewest", .dropNewest),
            ]),
            "What happens where it is full: sources wait, or records are dropped and counted."
        )
        table.add(
            "chunk",
            optional: \.chunkBytes,
            .size(1...(1 << 40)),
            "Bytes of one request.",
            absence: "the server's own limit, or 1MiB"
        )
        table.add(
            "chunkRecords",
            optional: \.chunkRecords,
            .integer(1...1_000_000_000),
            "Records of one request."
        )
        table.add(
            "flush",
            \.flushInterval,
            .duration(),
            "How long a record waits for others at most."
        )
        table.add(
            "threads",
            \.flushThreads,
            .integer(1...64),
            "Requests at a time; more than one gives the order up."
        )
        table.add(
            "drain",
            \.drainTime,
            .duration(),
            "How long a stop waits for the sink before the rest goes to disk."
        )
    }

    private static let retry = LogTable(RetryOptions()) { table in
        table.add("first", \.first, .duration(1), "The first wait.")
        table.add("max", \.max, .duration(1), "The longest wait.")
        table.add("base", \.base, .decimal(1...1000), "By what the wait grows each time.")
        table.add(
            "attempts",
            optional: \.attemptsMax,
            .integer(0...1_000_000_000),
            "How often it is tried again.",
            absence: "for ever"
        )
        table.add(
            "timeout",
            optional: \.timeout,
            .duration(),
            "After so long a request's records are dead letters.",
            absence: "never"
        )
    }

    private static let inject = LogTable(InjectOptions()) { table in
        table.add("tagField", optional: \.tagKey, .field, "Gets the tag.")
        table.add("timeField", optional: \.timeKey, .field, "Gets the record's time.")
        table.add("timeFormat", \.timeForm, .timeForm, "How the time is written.")
        table.add("hostnameField", optional: \.hostnameKey, .field, "Gets the host's name.")
    }
}

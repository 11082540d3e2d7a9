internal import Document

/// Sinks of this machine: files, standard output, nothing.
enum LogLocalTables {
    static let shapes: [LogShape<SinkConfiguration.Kind>] = [
        LogShape(
            "file",
            "A file.",
            LogTable(FileOptions(path: RecordTemplate([]))) { table in
                table.add("file", \.path, .template, "Its path.", isRequired: true)
                table.add("format", \.form, .form, "What a line is.")
                table.add("gzip", \.compression, .boolean, "It is compressed.")
                table.add("mode", \.mode, .mode, "Of files that are made.")
            },
            wrap: { .file($0) },
            unwrap: {
                if case .file(let options) = $0 { return options }
                return nil
            }
        ),
        LogShape(
            "stdout",
            "Standard output.",
            LogTable(RecordForm.json) { table in
                table.add("stdout", \.self, .formOrTrue, "What a line is.", isRequired: true)
            },
            wrap: { .standardOutput($0) },
            unwrap: {
                if case .standardOutput(let form) = $0 { return form }
                return nil
            }
        ),
        LogShape(mark: "discard", "Takes everything and keeps nothing.", .null) { $0 == .null },
    ]
}

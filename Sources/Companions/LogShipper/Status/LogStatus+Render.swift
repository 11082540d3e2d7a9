extension LogStatus {
    // MARK: - For people

    /// What goes well in a line each, and what does not in a sentence.
    package var text: String {
        var out = ""
        for source in sources {
            out += "source \(source.name): "
            if !source.listening.isEmpty {
                out += "listening at \(source.listening.joined(separator: ", ")), "
            }
            out += "\(Self.grouped(source.lines)) lines, "
            out +=
                source.matches == 0 && source.streams == 0
                ? "no file matches" : "\(Self.grouped(source.streams)) open"
            if source.filtered > 0 {
                out += ", \(Self.grouped(source.filtered)) left out by filters"
            }
            if source.lagBytes > 0 {
                out += ", \(Self.grouped(source.lagBytes)) bytes behind"
                out += " for \(Self.seconds(source.lagSeconds))"
            }
            out += "\n"
        }
        for sink in sinks {
            out +=
                "sink \(sink.name) (\(sink.kind)): \(Self.grouped(sink.records)) records delivered"
            if sink.waitingRecords > 0 { out += ", \(Self.grouped(sink.waitingRecords)) wait" }
            if sink.diskBytes > 0 { out += ", \(Self.grouped(sink.diskBytes)) bytes on disk" }
            out += "\n"
        }
        for warning in warnings { out += "warning: \(warning)\n" }
        return out
    }

    /// What somebody should know, in words.
    package var warnings: [String] {
        var found: [String] = []
        for sink in sinks {
            if !sink.trouble.isEmpty {
                let waiting =
                    sink.waitingRecords > 0
                    ? "\(Self.grouped(sink.waitingRecords)) records wait" : "it takes nothing"
                found.append(
                    "sink \(sink.name): \(waiting) for \(Self.seconds(sink.troubleSeconds)): "
                        + sink.trouble
                )
            }
            found += waiting.filter { $0.sink == sink.name }.map(\.text)
            if sink.isBlocked {
                found.append("sink \(sink.name) is full, and its sources wait for it")
            }
            if sink.deadLetters > 0 {
                found.append(
                    "sink \(sink.name) refused \(Self.grouped(sink.deadLetters)) records for ever; "
                        + "they are in its dead letters"
                )
            }
            let dropped = sink.droppedOldest + sink.droppedNewest
            if dropped > 0 {
                found.append(
                    "sink \(sink.name) was full, and \(Self.grouped(dropped)) records were dropped"
                )
            }
        }
        for source in sources {
            if source.unmatched > 0 {
                found.append(
                    "source \(source.name): \(Self.grouped(source.unmatched)) lines were not what "
                        + "its parser expects"
                )
            }
            if source.unrouted > 0 {
                found.append(
                    "source \(source.name): \(Self.grouped(source.unrouted)) records matched no "
                        + "output"
                )
            }
        }
        return found
    }

    private static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }

    private static func seconds(_ seconds: Double) -> String {
        seconds < 120 ? "\(Int(seconds)) s" : "\(Int(seconds / 60)) min"
    }

    // MARK: - For programs

    package var json: String {
        var out: [UInt8] = []
        JSONWriter.append("{\"sources\":[", &out)
        for (index, source) in sources.enumerated() {
            if index > 0 { out.append(0x2c) }
            JSONWriter.append("{\"name\":", &out)
            JSONWriter.appendString(source.name, &out)
            for (name, value) in Self.numbers(of: source) {
                JSONWriter.append(",\"\(name)\":\(value)", &out)
            }
            JSONWriter.append(",\"listening\":[", &out)
            for (index, address) in source.listening.enumerated() {
                if index > 0 { out.append(0x2c) }
                JSONWriter.appendString(address, &out)
            }
            JSONWriter.append("]}", &out)
        }
        JSONWriter.append("],\"sinks\":[", &out)
        for (index, sink) in sinks.enumerated() {
            if index > 0 { out.append(0x2c) }
            JSONWriter.append("{\"name\":", &out)
            JSONWriter.appendString(sink.name, &out)
            JSONWriter.append(",\"kind\":\"\(sink.kind)\"", &out)
            for (name, value) in Self.numbers(of: sink) {
                JSONWriter.append(",\"\(name)\":\(value)", &out)
            }
            JSONWriter.append(",\"trouble\":", &out)
            JSONWriter.appendString(sink.trouble, &out)
            out.append(0x7d)
        }
        JSONWriter.append("],\"warnings\":[", &out)
        for (index, warning) in warnings.enumerated() {
            if index > 0 { out.append(0x2c) }
            JSONWriter.appendString(warning, &out)
        }
        JSONWriter.append("]}\n", &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func numbers(of source: Source) -> [(String, Int)] {
        [
            ("lines", source.lines), ("bytes", source.bytes), ("unmatched", source.unmatched),
            ("filtered", source.filtered), ("unrouted", source.unrouted),
            ("refused", source.refused), ("truncated", source.truncated),
            ("streams", source.streams), ("lag_bytes", source.lagBytes),
            ("lag_seconds", Int(source.lagSeconds)), ("troubles", source.troubles),
        ]
    }

    private static func numbers(of sink: Sink) -> [(String, Int)] {
        [
            ("records", sink.records), ("bytes", sink.bytes), ("requests", sink.requests),
            ("failures", sink.failures), ("retried_records", sink.retriedRecords),
            ("duplicates", sink.duplicates), ("rejected", sink.rejected),
            ("dead_letters", sink.deadLetters), ("truncated", sink.truncated),
            ("dropped_oldest", sink.droppedOldest),
            ("dropped_newest", sink.droppedNewest), ("spilled_chunks", sink.spilledChunks),
            ("memory_bytes", sink.memoryBytes), ("disk_bytes", sink.diskBytes),
            ("waiting_records", sink.waitingRecords), ("blocked", sink.isBlocked ? 1 : 0),
        ]
    }

    // MARK: - For Prometheus

    /// Families `pillion_logs_source_…` and `pillion_logs_sink_…`.
    package var prometheus: String {
        var out = ""
        for (name, help, kind, value) in Self.sourceFamilies {
            out += Self.head("pillion_logs_source_" + name, help, kind)
            for source in sources {
                out += "pillion_logs_source_\(name){source=\"\(Self.label(source.name))\"} "
                out += "\(value(source))\n"
            }
        }
        for (name, help, kind, value) in Self.sinkFamilies {
            out += Self.head("pillion_logs_sink_" + name, help, kind)
            for sink in sinks {
                out += "pillion_logs_sink_\(name){sink=\"\(Self.label(sink.name))\","
                out += "kind=\"\(sink.kind)\"} \(value(sink))\n"
            }
        }
        return out
    }

    private static func head(_ name: String, _ help: String, _ kind: String) -> String {
        "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    private static func label(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }

    private static let sourceFamilies:
        [(name: String, help: String, kind: String, value: @Sendable (Source) -> Int)] = [
            ("lines_total", "Lines that were read.", "counter", { $0.lines }),
            ("bytes_total", "Bytes of those lines.", "counter", { $0.bytes }),
            (
                "unmatched_total", "Lines that the parser did not expect.", "counter",
                { $0.unmatched }
            ),
            ("filtered_total", "Records that filters left out.", "counter", { $0.filtered }),
            ("unrouted_total", "Records that no output is for.", "counter", { $0.unrouted }),
            (
                "refused_total", "Records that a filter could not work on.", "counter",
                { $0.refused }
            ),
            (
                "truncated_total", "Lines that were longer than the limit.", "counter",
                { $0.truncated }
            ),
            ("streams", "Files and connections that are open.", "gauge", { $0.streams }),
            ("lag_bytes", "Bytes that not every sink has.", "gauge", { $0.lagBytes }),
            ("lag_seconds", "Since when, in seconds.", "gauge", { Int($0.lagSeconds) }),
            (
                "troubles_total", "Files that could not be read, or shrank.", "counter",
                { $0.troubles }
            ),
        ]

    private static let sinkFamilies:
        [(name: String, help: String, kind: String, value: @Sendable (Sink) -> Int)] = [
            ("records_total", "Records that were acknowledged.", "counter", { $0.records }),
            ("bytes_total", "Bytes of their chunks.", "counter", { $0.bytes }),
            ("requests_total", "Requests that were made.", "counter", { $0.requests }),
            ("failures_total", "Requests that failed.", "counter", { $0.failures }),
            ("retried_records_total", "Records sent again.", "counter", { $0.retriedRecords }),
            ("duplicates_total", "Records that were there already.", "counter", { $0.duplicates }),
            ("rejected_total", "Records refused for ever.", "counter", { $0.rejected }),
            ("dead_letters_total", "Records in the dead letters.", "counter", { $0.deadLetters }),
            ("truncated_total", "Records cut off for the sink.", "counter", { $0.truncated }),
            (
                "dropped_oldest_total", "Records dropped for newer ones.", "counter",
                { $0.droppedOldest }
            ),
            ("dropped_newest_total", "Records not taken.", "counter", { $0.droppedNewest }),
            ("spilled_chunks_total", "Chunks written to disk.", "counter", { $0.spilledChunks }),
            ("memory_bytes", "Bytes that wait in memory.", "gauge", { $0.memoryBytes }),
            ("disk_bytes", "Bytes that wait on disk.", "gauge", { $0.diskBytes }),
            ("waiting_records", "Records that wait in memory.", "gauge", { $0.waitingRecords }),
            ("blocked", "1 while the sources wait for it.", "gauge", { $0.isBlocked ? 1 : 0 }),
        ]
}

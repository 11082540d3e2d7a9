import Glibc
import Synchronization

/// What a log shipper has done and what it waits for, at one moment: for people, programs and
/// Prometheus.
package struct LogStatus: Sendable {
    /// One source.
    package struct Source: Sendable, Equatable {
        package var name: String
        package var lines: Int
        package var bytes: Int
        package var unmatched: Int
        package var filtered: Int
        package var unrouted: Int
        package var refused: Int
        package var truncated: Int
        package var streams: Int
        package var lagBytes: Int
        /// Seconds since which something waits; 0: nothing does.
        package var lagSeconds: Double
        package var troubles: Int
        /// Files that its paths match; -1 where it has no paths.
        package var matches = -1
        /// Where it listens, with the ports that the system chose.
        package var listening: [String] = []
    }

    /// One sink.
    package struct Sink: Sendable, Equatable {
        package var name: String
        package var kind: String
        package var records: Int
        package var bytes: Int
        package var requests: Int
        package var failures: Int
        package var retriedRecords: Int
        package var duplicates: Int
        package var rejected: Int
        package var deadLetters: Int
        package var truncated: Int
        package var droppedOldest: Int
        package var droppedNewest: Int
        package var spilledChunks: Int
        package var memoryBytes: Int
        package var diskBytes: Int
        package var waitingRecords: Int
        package var isBlocked: Bool
        package var trouble: String
        /// Seconds since which it is in trouble.
        package var troubleSeconds: Double
    }

    package var sources: [Source]
    package var sinks: [Sink]
    /// What waits of which files while sinks are in trouble.
    package var waiting: [WaitingLines.Entry] = []

    package init(sources: [Source], sinks: [Sink]) {
        self.sources = sources
        self.sinks = sinks
    }

    /// Reads the counters; from any thread.
    package init(_ shipper: LogShipper) {
        let now = Self.milliseconds
        waiting = shipper.waiting
        sources = zip(shipper.configuration.sources, shipper.sourceCounters).map {
            source,
            counters in
            let since = counters.lagSince.value
            return Source(
                name: source.nameInWords,
                lines: counters.lines.value,
                bytes: counters.bytes.value,
                unmatched: counters.unmatched.value,
                filtered: counters.filtered.value,
                unrouted: counters.unrouted.value,
                refused: counters.refused.value,
                truncated: counters.truncated.value,
                streams: counters.streams.value,
                lagBytes: counters.lagBytes.value,
                lagSeconds: since == 0 ? 0 : Double(max(0, now - Int64(since))) / 1000,
                troubles: counters.troubles.value,
                matches: counters.matches.value,
                listening: counters.listening
            )
        }
        sinks = zip(shipper.configuration.sinks, shipper.sinkCounters).map { sink, counters in
            let trouble = counters.trouble.withLock { $0 }
            return Sink(
                name: sink.name,
                kind: sink.kind.word,
                records: counters.records.value,
                bytes: counters.bytes.value,
                requests: counters.requests.value,
                failures: counters.failures.value,
                retriedRecords: counters.retriedRecords.value,
                duplicates: counters.duplicates.value,
                rejected: counters.rejected.value,
                deadLetters: counters.deadLetters.value,
                truncated: counters.truncated.value,
                droppedOldest: counters.droppedOldest.value,
                droppedNewest: counters.droppedNewest.value,
                spilledChunks: counters.spilledChunks.value,
                memoryBytes: counters.memoryBytes.value,
                diskBytes: counters.diskBytes.value,
                waitingRecords: counters.waitingRecords.value,
                isBlocked: counters.isBlocked.value != 0,
                trouble: trouble.attempts > 0 ? trouble.why : "",
                troubleSeconds: trouble.attempts > 0
                    ? Double(max(0, now - trouble.since)) / 1000 : 0
            )
        }
    }

    private static var milliseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}

extension SourceConfiguration {
    /// What it is, for people and labels: `tail /var/log/app/*.log`.
    package var nameInWords: String {
        switch kind {
        case .tail(let options): "tail " + options.paths.joined(separator: ",")
        case .process(let options): "process " + (options.command.first ?? "")
        case .standardInput: "stdin"
        case .forward(let listen, _): "forward \(listen.host):\(listen.port)"
        case .syslog(let listen, let transport):
            "syslog \(transport == .udp ? "udp" : "tcp") \(listen.host):\(listen.port)"
        case .otlp(let listen): "otlp \(listen.host):\(listen.port)"
        }
    }
}

extension SinkConfiguration.Kind {
    /// The kind in one word: `elasticsearch`.
    package var word: String {
        switch self {
        case .elasticsearch: "elasticsearch"
        case .kafka: "kafka"
        case .loki: "loki"
        case .otlp: "otlp"
        case .beats: "beats"
        case .tcp: "tcp"
        case .datadog: "datadog"
        case .cloudWatch: "cloudwatch"
        case .azure: "azure"
        case .splunk: "splunk"
        case .syslog: "syslog"
        case .forward: "forward"
        case .s3: "s3"
        case .http: "http"
        case .file: "file"
        case .standardOutput: "stdout"
        case .null: "null"
        }
    }
}

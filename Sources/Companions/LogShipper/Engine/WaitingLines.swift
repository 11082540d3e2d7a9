import Model
import Synchronization
import Telemetry

/// Looks once a second at what waits for sinks that are in trouble, and says it once a minute.
///
/// Used by the engine's thread.
package struct WaitingLines {
    /// Lines of one file that wait for one sink.
    package struct Entry: Sendable, Equatable {
        /// The path, or the peer.
        package var name: String
        package var sink: String
        package var lines: Int
        /// Bytes of the file that were not read yet.
        package var unreadBytes: Int
        /// What stands in the way.
        package var why: String

        package init(name: String, sink: String, lines: Int, unreadBytes: Int, why: String) {
            self.name = name
            self.sink = sink
            self.lines = lines
            self.unreadBytes = unreadBytes
            self.why = why
        }

        /// `3,214 lines of orders.log wait: Elasticsearch answers 429`.
        package var text: String {
            let base = name.split(separator: "/").last.map(String.init) ?? name
            let more =
                unreadBytes > 0 ? ", and \(WaitingLines.grouped(unreadBytes)) bytes unread," : ""
            let noun = lines == 1 ? "line" : "lines"
            return "\(WaitingLines.grouped(lines)) \(noun) of \(base)\(more) "
                + (lines == 1 && more.isEmpty ? "waits" : "wait") + ": sink \(sink): \(why)"
        }
    }

    private static let entriesMax = 20
    /// Milliseconds between two looks, and between two warnings about a sink.
    private static let interval: Int64 = 1000
    private static let warningInterval: Int64 = 60_000
    /// Milliseconds that a trouble lasts before it is worth a warning with numbers.
    private static let patience: Int64 = 10_000
    private var lookedAt: Int64 = -1_000_000
    private var warnedAt: [Int: Int64] = [:]
    private var wasEmpty = true

    init() {}

    /// What waits now; nil where nothing has changed since nothing waited, or it is too early.
    mutating func look(_ engine: LogEngine, _ sinks: [SinkConfiguration]) -> [Entry]? {
        guard engine.now - lookedAt >= Self.interval else { return nil }
        lookedAt = engine.now
        var troubled: SinkSet = []
        var troubles: [Int: SinkCounters.Trouble] = [:]
        for buffer in engine.buffers {
            let trouble = buffer.counters.trouble.withLock { $0 }
            guard trouble.attempts > 0 else {
                warnedAt[buffer.number] = nil
                continue
            }
            troubled.formUnion(SinkSet(sink: buffer.number))
            troubles[buffer.number] = trouble
        }
        if troubled.isEmpty {
            defer { wasEmpty = true }
            return wasEmpty ? nil : []
        }
        wasEmpty = false
        var unread: [String: Int] = [:]
        for source in engine.sources {
            for stream in source.lag().streams { unread[stream.name] = stream.unread }
        }
        var found = engine.waitingRecords(of: troubled).map { waiting in
            (
                sink: waiting.sink,
                entry: Entry(
                    name: waiting.stream.name,
                    sink: sinks[waiting.sink].name,
                    lines: waiting.records,
                    unreadBytes: unread[waiting.stream.name] ?? 0,
                    why: troubles[waiting.sink]?.why ?? ""
                )
            )
        }
        found.sort { ($0.entry.lines, $1.entry.name) > ($1.entry.lines, $0.entry.name) }
        warn(found, troubles, engine)
        return found.prefix(Self.entriesMax).map(\.entry)
    }

    private mutating func warn(
        _ found: [(sink: Int, entry: Entry)],
        _ troubles: [Int: SinkCounters.Trouble],
        _ engine: LogEngine
    ) {
        for (sink, trouble) in troubles
        where engine.time / 1_000_000 - trouble.since >= Self.patience {
            if let last = warnedAt[sink], engine.now - last < Self.warningInterval { continue }
            let waiting = found.filter { $0.sink == sink }
            guard let first = waiting.first else { continue }
            warnedAt[sink] = engine.now
            Log.shared.log(
                .warning,
                first.entry.text,
                waiting.count > 1 ? ["other_files": "\(waiting.count - 1)"] : [:]
            )
        }
    }

    fileprivate static func grouped(_ number: Int) -> String {
        var digits = Array(String(number))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }
}

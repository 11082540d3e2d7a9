import Telemetry

/// Says what goes wrong at a source, and not a thousand times.
final class Complaints {
    private struct Kind {
        var saidAt: Int64
        var withheld = 0
    }

    private let source: String
    private let counters: SourceCounters
    private var kinds: [String: Kind] = [:]
    private static let interval: Int64 = 10_000
    private static let kindsMax = 64

    /// - Parameter source: its name, for people.
    init(source: String, counters: SourceCounters) {
        self.source = source
        self.counters = counters
    }

    /// Counts it, and writes it to the log unless the same kind was said a short while ago.
    ///
    /// - Parameter kind: few different texts; `detail` differs from one time to the next.
    func say(_ kind: String, _ detail: String = "") {
        counters.troubles.add(1)
        let now = EngineLoop.now
        var withheld = 0
        let known = kinds[kind]
        if let known {
            guard now - known.saidAt >= Self.interval else {
                kinds[kind]?.withheld += 1
                return
            }
            withheld = known.withheld
        }
        // A peer may have a part in the words: new ones without end are not said without end.
        if known == nil, kinds.count >= Self.kindsMax {
            kinds = kinds.filter { now - $0.value.saidAt < Self.interval }
            if kinds.count >= Self.kindsMax { return }
        }
        kinds[kind] = Kind(saidAt: now)
        let before = withheld > 0 ? " (\(withheld) more since it was said last)" : ""
        Log.shared.log(
            .warning,
            "log source \(source): \(kind)" + (detail.isEmpty ? "" : ": \(detail)") + before
        )
    }
}

/// What of one stream is delivered to one sink: everything before the watermark.
///
/// Records reach a sink in the stream's order but are acknowledged in any. The ledger keeps runs of
/// neighbouring records that travel in the same chunk, and moves the watermark over those that are done
/// and have nothing undone before them. Used by the engine's thread.
struct StreamLedger {
    private struct Run {
        /// 0 for records that nobody waits for.
        var chunk: UInt64
        var end: UInt64
        var records = 0
    }

    /// Everything before it is delivered, given up, or durable elsewhere.
    private(set) var watermark: UInt64
    private var runs: [Run] = []
    /// Runs before it are done.
    private var first = 0

    init(watermark: UInt64) { self.watermark = watermark }

    /// Where the last record ends that was noted.
    var end: UInt64 { first < runs.count ? runs[runs.count - 1].end : watermark }
    /// Runs that are held, for tests and limits.
    var runCount: Int { runs.count - first }

    /// Records that travel and are not done.
    var waitingRecords: Int { runs[first...].reduce(0) { $0 + $1.records } }

    /// A record that ends there and travels in a chunk.
    mutating func add(end: UInt64, chunk: UInt64) {
        if first < runs.count, runs[runs.count - 1].chunk == chunk {
            runs[runs.count - 1].end = end
            runs[runs.count - 1].records += 1
        } else {
            runs.append(Run(chunk: chunk, end: end, records: 1))
        }
    }

    /// A record that ends there and goes nowhere: filtered out, dropped, or for other sinks.
    mutating func pass(end: UInt64) {
        if first < runs.count, runs[runs.count - 1].chunk == 0 {
            runs[runs.count - 1].end = end
        } else {
            runs.append(Run(chunk: 0, end: end))
        }
    }

    /// Moves the watermark as far as chunks are done; true where it moved.
    mutating func advance(isDone: (UInt64) -> Bool) -> Bool {
        let before = watermark
        while first < runs.count, runs[first].chunk == 0 || isDone(runs[first].chunk) {
            watermark = max(watermark, runs[first].end)
            first += 1
        }
        if first == runs.count {
            runs.removeAll(keepingCapacity: true)
            first = 0
        } else if first > 64, first * 2 > runs.count {
            runs.removeFirst(first)
            first = 0
        }
        return watermark != before
    }
}

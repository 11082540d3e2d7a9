/// The cells of one scope at all workers, and what is subtracted since the counters were reset.
struct MergedScope<Stat: StatSet>: Sendable {
    let name: ScopeName
    private var blocks: [(worker: Int, cells: StatScope<Stat>)] = []
    /// By raw value; empty until the first reset.
    private var baseline: [UInt64] = []
    private var codeBaseline: [UInt64] = []
    /// By raw value of the histogram; what was counted when the interval began.
    var intervalBaseline: [HistogramSummary] = []

    init(_ name: ScopeName) { self.name = name }

    mutating func block(of worker: Int) -> StatScope<Stat> {
        for block in blocks where block.worker == worker { return block.cells }
        let made = StatScope<Stat>(name: name.name)
        blocks.append((worker, made))
        return made
    }

    func value(_ stat: Stat) -> UInt64 {
        let raw = rawValue(stat)
        guard stat.description.kind == .counter, !baseline.isEmpty else { return raw }
        let base = baseline[stat.rawValue]
        // A worker may have been added since: what counts never goes below zero.
        return raw >= base ? raw - base : 0
    }

    /// Whether the stat is printed: one that is optional is, once it was written or has counted.
    func shows(_ stat: Stat) -> Bool {
        let description = stat.description
        if description.omitsZero { return value(stat) > 0 }
        return !description.isOptional || blocks.contains { $0.cells.hasCell(stat) }
    }

    private func rawValue(_ stat: Stat) -> UInt64 {
        switch stat.description.merge {
        case .sum: blocks.reduce(0) { $0 &+ $1.cells.value(stat) }
        case .maximum: blocks.reduce(0) { max($0, $1.cells.value(stat)) }
        }
    }

    /// Responses by exact status, from 100; empty where there were none.
    func codes() -> [UInt64] {
        let raw = rawCodes()
        if codeBaseline.isEmpty { return raw }
        return zip(raw, codeBaseline).map { $0 >= $1 ? $0 - $1 : 0 }
    }

    private func rawCodes() -> [UInt64] {
        var totals: [UInt64] = []
        for block in blocks { block.cells.addCodes(to: &totals) }
        return totals
    }

    func histogram(_ histogram: Stat.Histogram) -> HistogramSummary {
        var totals: [UInt64] = []
        for block in blocks { block.cells.addHistogram(histogram, to: &totals) }
        return HistogramSummary(cells: totals)
    }

    mutating func resetCounters() {
        baseline = Stat.allCases.map { rawValue($0) }
        codeBaseline = rawCodes()
    }

    mutating func beginInterval() {
        intervalBaseline = Stat.Histogram.allCases.map { histogram($0) }
    }
}

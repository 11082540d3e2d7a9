/// The merged cells of one histogram, as the exposition reads them.
struct HistogramSummary: Sendable {
    /// The quantiles that Envoy prints, in per mille.
    static let quantilesPerMille = [0, 250, 500, 750, 900, 950, 990, 995, 999, 1000]

    /// Empty where no value came.
    private(set) var cells: [UInt64]

    init(cells: [UInt64]) { self.cells = cells }

    var sum: UInt64 { cells.isEmpty ? 0 : cells[HistogramLayout.sum] }

    /// The number of values.
    ///
    /// Counted from the boundaries, not kept apart: a scrape in the middle of a record would
    /// otherwise print a `+Inf` that is not the count.
    var count: UInt64 {
        (0..<HistogramLayout.boundaryCount).reduce(0) { $0 &+ boundary($1) }
    }

    /// The values up to each boundary, as Prometheus counts them; the last is `+Inf`.
    var cumulativeCounts: [UInt64] {
        var total: UInt64 = 0
        return (0..<HistogramLayout.boundaryCount).map { index in
            total &+= boundary(index)
            return total
        }
    }

    private func boundary(_ index: Int) -> UInt64 {
        cells.isEmpty ? 0 : cells[HistogramLayout.firstBoundary + index]
    }

    /// What came since `earlier`.
    func since(_ earlier: HistogramSummary?) -> HistogramSummary {
        guard let earlier, earlier.cells.count == cells.count else { return self }
        return HistogramSummary(
            cells: zip(cells, earlier.cells).map { $0 >= $1 ? $0 - $1 : 0 }
        )
    }

    /// The milliseconds below which `perMille` of the values lie; nil where there are none.
    func quantiles() -> [Double]? {
        guard !cells.isEmpty else { return nil }
        let fine = cells[HistogramLayout.firstFine...]
        let total = fine.reduce(0, &+)
        guard total > 0 else { return nil }
        var result: [Double] = []
        var below: UInt64 = 0
        var step = 0
        for perMille in Self.quantilesPerMille {
            // The rank of the value that is asked for, from 1.
            let rank = max(1, Double(perMille) / 1000 * Double(total))
            while step < HistogramLayout.fineCount - 1,
                Double(below &+ fine[HistogramLayout.firstFine + step]) < rank
            {
                below &+= fine[HistogramLayout.firstFine + step]
                step += 1
            }
            let here = Double(max(1, fine[HistogramLayout.firstFine + step]))
            let range = HistogramLayout.fineRange(step)
            let part = min(1, max(0, (rank - Double(below)) / here))
            result.append(Double(range.low) + Double(range.high - range.low) * part)
        }
        return result
    }
}

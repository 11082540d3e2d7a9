import Testing

@testable import Telemetry

@Suite struct HistogramTests {
    private func summary(_ values: [UInt64]) -> HistogramSummary {
        let stats = ClusterStats(name: "app")
        for value in values { stats.record(.upstreamRqTime, milliseconds: value) }
        var cells: [UInt64] = []
        stats.addHistogram(.upstreamRqTime, to: &cells)
        return HistogramSummary(cells: cells)
    }

    @Test func everyBoundaryBelongsToItsOwnBucket() {
        for (index, halves) in HistogramLayout.boundaryHalves.enumerated() {
            let at = halves / 2
            let expected = HistogramLayout.firstBoundary + index
            #expect(HistogramLayout.boundaryCell(of: at) == expected, "\(at) ms")
            #expect(HistogramLayout.boundaryCell(of: at + 1) > expected, "\(at + 1) ms")
        }
        #expect(
            HistogramLayout.boundaryCell(of: .max) == HistogramLayout.firstBoundary + 19
        )
    }

    @Test func stepsCoverEveryValueOnceAndInOrder() {
        var next: UInt64 = 0
        for step in 0..<HistogramLayout.fineCount {
            let range = HistogramLayout.fineRange(step)
            #expect(range.low == next)
            #expect(HistogramLayout.fineCell(of: range.low) == HistogramLayout.firstFine + step)
            #expect(HistogramLayout.fineCell(of: range.high) == HistogramLayout.firstFine + step)
            next = range.high + 1
        }
        #expect(next == 1 << 22)
        let last = HistogramLayout.firstFine + HistogramLayout.fineCount - 1
        #expect(HistogramLayout.fineCell(of: 1 << 22) == last)
        #expect(HistogramLayout.fineCell(of: .max) == last)
    }

    @Test func cumulativeCountsAreExact() {
        let values: [UInt64] = [0, 0, 1, 5, 6, 25, 26, 50, 1000, 1001, 3_600_000, 3_600_001]
        let counts = summary(values).cumulativeCounts
        for (index, halves) in HistogramLayout.boundaryHalves.enumerated() {
            let expected = values.count { $0 * 2 <= halves }
            #expect(counts[index] == UInt64(expected))
        }
        #expect(counts.last == UInt64(values.count))
        #expect(summary(values).sum == values.reduce(0, +))
    }

    @Test(arguments: [1, 2, 10, 1000, 20_000])
    func quantilesErrByASixteenthAtMost(count: Int) throws {
        var state = UInt64(count)
        let values = (0..<count).map { _ -> UInt64 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            // From a few to some ten thousand, more of the small ones.
            return (state >> 33) % 40_000 >> (state >> 60)
        }
        let sorted = values.sorted()
        let quantiles = try #require(summary(values).quantiles())
        for (index, perMille) in HistogramSummary.quantilesPerMille.enumerated() {
            let rank = max(1, (Double(perMille) / 1000 * Double(count)).rounded(.up))
            let exact = Double(sorted[Int(rank) - 1])
            #expect(abs(quantiles[index] - exact) <= max(exact / 16, 0.001), "P\(perMille)")
        }
    }

    @Test func smallValuesAreExact() throws {
        let quantiles = try #require(summary([3, 3, 3]).quantiles())
        #expect(quantiles.allSatisfy { $0 == 3 })
    }

    @Test func aHistogramWithoutValuesHasNoQuantiles() {
        #expect(summary([]).quantiles() == nil)
        #expect(summary([]).count == 0)
        #expect(summary([]).cumulativeCounts.allSatisfy { $0 == 0 })
    }

    @Test func theIntervalHasOnlyWhatCameSince() throws {
        let stats = ClusterStats(name: "app")
        func now() -> HistogramSummary {
            var cells: [UInt64] = []
            stats.addHistogram(.upstreamRqTime, to: &cells)
            return HistogramSummary(cells: cells)
        }
        for _ in 0..<100 { stats.record(.upstreamRqTime, milliseconds: 1) }
        let before = now()
        for _ in 0..<10 { stats.record(.upstreamRqTime, milliseconds: 9) }
        let interval = now().since(before)
        #expect(interval.count == 10)
        #expect(interval.quantiles()?.first == 9)
        #expect(now().quantiles()?.first == 1)
        #expect(now().since(now()).quantiles() == nil)
    }
}

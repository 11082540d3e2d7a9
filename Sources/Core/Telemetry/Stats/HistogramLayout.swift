/// How the cells of a histogram of milliseconds are laid out.
///
/// Two counts are kept side by side. One has exactly the boundaries that Prometheus is told, so
/// that no `le` is an estimate. The other is log-linear, 16 steps in each power of two, and gives
/// the quantiles of `/stats` with an error of at most 1/16.
enum HistogramLayout {
    /// Envoy's default boundaries, in half milliseconds, since the first is 0.5 ms.
    static let boundaryHalves: [UInt64] = [
        1, 2, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000,
        600_000, 1_200_000, 3_600_000, 7_200_000,
    ]
    /// The boundaries as `le` prints them.
    static let boundaryLabels: [String] = boundaryHalves.map {
        $0 == 1 ? "0.5" : "\($0 / 2)"
    }

    static let sum = 0
    static let firstBoundary = 1
    /// One for each boundary and one for what lies above the last.
    static let boundaryCount = 20
    static let firstFine = firstBoundary + boundaryCount
    /// Exact below 16; then 16 steps for each power of two up to 2^22 ms, about 70 minutes.
    static let fineCount = 16 + 18 * 16
    static let cellCount = firstFine + fineCount

    /// The cell of the smallest boundary that is not below `milliseconds`.
    @inline(__always)
    static func boundaryCell(of milliseconds: UInt64) -> Int {
        switch milliseconds {
        case 0: firstBoundary
        case 1: firstBoundary + 1
        case ...5: firstBoundary + 2
        case ...10: firstBoundary + 3
        case ...25: firstBoundary + 4
        case ...50: firstBoundary + 5
        case ...100: firstBoundary + 6
        case ...250: firstBoundary + 7
        case ...500: firstBoundary + 8
        case ...1_000: firstBoundary + 9
        case ...2_500: firstBoundary + 10
        case ...5_000: firstBoundary + 11
        case ...10_000: firstBoundary + 12
        case ...30_000: firstBoundary + 13
        case ...60_000: firstBoundary + 14
        case ...300_000: firstBoundary + 15
        case ...600_000: firstBoundary + 16
        case ...1_800_000: firstBoundary + 17
        case ...3_600_000: firstBoundary + 18
        default: firstBoundary + 19
        }
    }

    /// The log-linear cell; values above the last step count there.
    @inline(__always)
    static func fineCell(of milliseconds: UInt64) -> Int {
        if milliseconds < 16 { return firstFine + Int(milliseconds) }
        let exponent = 63 - milliseconds.leadingZeroBitCount
        let step = Int(truncatingIfNeeded: milliseconds >> UInt64(exponent - 4)) & 15
        return firstFine + min(16 + (exponent - 4) * 16 + step, fineCount - 1)
    }

    /// The smallest and largest value of a log-linear step.
    static func fineRange(_ step: Int) -> (low: UInt64, high: UInt64) {
        if step < 16 { return (UInt64(step), UInt64(step)) }
        let exponent = UInt64((step - 16) / 16)
        let low = UInt64(16 + (step - 16) % 16) << exponent
        return (low, low + (1 << exponent) - 1)
    }
}

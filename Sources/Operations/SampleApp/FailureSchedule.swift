/// Which requests of a series fail.
struct FailureSchedule {
    private var total: UInt64 = 0
    private var series: [String: UInt32] = [:]
    private static let seriesMax = 1024

    /// True for every n-th call, whatever n the calls before it had.
    mutating func isNth(_ n: UInt64) -> Bool {
        total &+= 1
        return total.isMultiple(of: max(1, n))
    }

    /// True for the first `count` calls of a series, then false once, then from the beginning.
    ///
    /// Series are forgotten, all together, when there are too many.
    mutating func isAmongFirst(_ count: UInt32, of name: String) -> Bool {
        if series.count >= Self.seriesMax, series[name] == nil { series = [:] }
        let seen = series[name] ?? 0
        series[name] = seen < count ? seen + 1 : nil
        return seen < count
    }
}

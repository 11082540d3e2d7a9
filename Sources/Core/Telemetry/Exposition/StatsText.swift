extension StatsRegistry {
    /// `/stats`: one `name: value` for each line, then the quantiles of the histograms, each as
    /// `P50(interval,cumulative)`.
    package func text(_ query: StatsQuery = StatsQuery()) -> String {
        let flat = FlatStats(scopesBeginningInterval(), query)
        var text = ""
        for stat in flat.stats {
            text += stat.name
            text += ": "
            text += String(stat.value)
            text += "\n"
        }
        for histogram in flat.histograms {
            text += histogram.name
            text += ":"
            text += Self.quantiles(of: histogram)
            text += "\n"
        }
        return text
    }

    private static func quantiles(of histogram: FlatHistogram) -> String {
        guard let cumulative = histogram.cumulative.quantiles() else {
            return " No recorded values"
        }
        let interval = histogram.interval.quantiles()
        var text = ""
        for (index, perMille) in HistogramSummary.quantilesPerMille.enumerated() {
            let last = interval.map { StatName.number($0[index]) } ?? "nan"
            let all = StatName.number(cumulative[index])
            text += " P\(StatName.percent(perMille))(\(last),\(all))"
        }
        return text
    }
}

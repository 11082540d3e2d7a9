extension StatsRegistry {
    /// `/stats?format=json`: `{"stats":[{"name":…,"value":…},…,{"histograms":{…}}]}`.
    package func json(_ query: StatsQuery = StatsQuery()) -> String {
        let flat = FlatStats(scopesBeginningInterval(), query)
        var entries: [String] = flat.stats.map {
            "{\"name\":\(JSONText.string($0.name)),\"value\":\($0.value)}"
        }
        if !flat.histograms.isEmpty {
            let supported = HistogramSummary.quantilesPerMille
                .map(StatName.percent).joined(separator: ",")
            let computed = flat.histograms.map(Self.member).joined(separator: ",")
            entries.append(
                "{\"histograms\":{\"supported_quantiles\":[\(supported)],"
                    + "\"computed_quantiles\":[\(computed)]}}"
            )
        }
        return "{\"stats\":[\(entries.joined(separator: ","))]}"
    }

    private static func member(_ histogram: FlatHistogram) -> String {
        let cumulative = histogram.cumulative.quantiles()
        let interval = histogram.interval.quantiles()
        let values = HistogramSummary.quantilesPerMille.indices.map { index in
            let last = interval.map { StatName.number($0[index]) } ?? "null"
            let all = cumulative.map { StatName.number($0[index]) } ?? "null"
            return "{\"interval\":\(last),\"cumulative\":\(all)}"
        }
        return "{\"name\":\(JSONText.string(histogram.name)),"
            + "\"values\":[\(values.joined(separator: ","))]}"
    }
}

/// Text as JSON has it (RFC 8259 section 7).
enum JSONText {
    /// The value in quotes, with what must be escaped.
    static func string(_ value: String) -> String {
        let line = LineBuffer(capacity: value.utf8.count + 16)
        line.append(byte: 0x22)
        let bytes = Array(value.utf8)
        line.append(jsonEscaping: bytes.span)
        line.append(byte: 0x22)
        return line.text
    }
}

/// What a scrape asks for.
package struct StatsQuery: Sendable {
    /// Leaves out what has never been anything but 0.
    package var usedOnly: Bool
    /// Keeps the stats whose full name it accepts; nil: all.
    package var filter: (@Sendable (String) -> Bool)?

    package init(usedOnly: Bool = false, filter: (@Sendable (String) -> Bool)? = nil) {
        self.usedOnly = usedOnly
        self.filter = filter
    }
}

extension StatsRegistry {
    /// `/stats`.
    package func text(_ query: StatsQuery = StatsQuery()) -> String { "" }
    /// `/stats?format=json`.
    package func json(_ query: StatsQuery = StatsQuery()) -> String { "" }
    /// `/stats/prometheus`.
    package func prometheus(_ query: StatsQuery = StatsQuery()) -> String { "" }
}

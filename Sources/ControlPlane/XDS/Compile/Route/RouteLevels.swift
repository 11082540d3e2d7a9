internal import Model

/// What holds for all routes of a table.
struct RouteScope {
    let validatesClusters: Bool
    let directBodyBytesMax: Int
    /// `most_specific_header_mutations_wins`.
    let mostSpecificHeadersLast: Bool
    let headers: HeaderChanges
    let mirrors: [MirrorPolicy]
    let filters: FilterOverrides
}

/// What holds for all routes of a virtual host.
struct HostScope {
    let name: String
    let retryPolicy: RetryPolicy?
    let hedges: Bool
    let headers: HeaderChanges
    let mirrors: [MirrorPolicy]
    let filters: FilterOverrides
    let bufferLimitBytes: Int?
}

/// Changes to requests and to responses of one level.
struct HeaderChanges {
    var request = HeaderOperations()
    var response = HeaderOperations()

    /// Routes to which one level alone says something share the operations of that level.
    mutating func append(_ other: HeaderChanges) {
        request.append(other.request)
        response.append(other.response)
    }
}

/// Everything that decides what happens to the headers of one route's messages.
struct HeaderLevels {
    let scope: RouteScope
    let host: HostScope
    let route: HeaderChanges
    let routeFilters: FilterOverrides

    /// The changes in the order in which they are made.
    ///
    /// Filters stand before the router on the way of the request and behind it on the way of the
    /// response. The router makes the changes of a weighted cluster first, then those of the route,
    /// the virtual host and the table; with `most_specific_header_mutations_wins` the latter three
    /// the other way round.
    func flattened(
        _ chain: HTTPFilterChain,
        entry: HeaderChanges = HeaderChanges(),
        entryFilters: FilterOverrides = [:]
    ) -> HeaderChanges {
        let filters = chain.changes([scope.filters, host.filters, routeFilters, entryFilters])
        var changes = HeaderChanges(request: filters.request)
        changes.append(entry)
        let levels = [scope.headers, host.headers, route]
        for level in scope.mostSpecificHeadersLast ? levels : levels.reversed() {
            changes.append(level)
        }
        changes.append(HeaderChanges(response: filters.response))
        return changes
    }
}

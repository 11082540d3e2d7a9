internal import Model

/// The HTTP filters of one connection manager, as its routes need to know them.
struct HTTPFilterChain {
    /// A filter `envoy.filters.http.header_mutation`.
    struct HeaderMutation {
        let name: String
        /// Takes part only where a route turns it on.
        let isDisabled: Bool
        let changes: HeaderChanges
        let mostSpecificLast: Bool
    }
    /// Every name, whether the filter does anything or not.
    var names: [String] = []
    /// Names of filters that the file has and that do not run here.
    var leftOut: Set<String> = []
    var routerName = KnownFilters.router
    /// In the order of the file.
    var mutations: [HeaderMutation] = []
    var suppressesEnvoyHeaders = false
    var respectsExpectedTimeout = false
    var countsByStatus = true
    var strictlyCheckedHeaders: [KnownField] = []
    /// `grpc_web` and `grpc_stats`: names of filters that take part in all requests or in none.
    var unconditional: Set<String> = []
    var bridgesGRPCWeb = false
    var grpcStatistics: GRPCStatistics?
    /// CONNECT requests are taken where their route says nothing of it.
    var allowsConnect = false

    /// What the filters change, with what the levels of one route say, from the most general to the
    /// most specific.
    ///
    /// Requests pass the filters in their order, responses the other way. Whether a filter takes
    /// part is said by the most specific level that names it; what it changes by all of them.
    func changes(_ levels: [FilterOverrides]) -> HeaderChanges {
        var changes = HeaderChanges()
        for filter in mutations {
            for next in own(filter, levels) { changes.request.append(next.request) }
        }
        for filter in mutations.reversed() {
            for next in own(filter, levels) { changes.response.append(next.response) }
        }
        return changes
    }

    private func own(_ filter: HeaderMutation, _ levels: [FilterOverrides]) -> [HeaderChanges] {
        let said = levels.compactMap { $0[filter.name] }
        if said.last?.isDisabled ?? filter.isDisabled { return [] }
        let ordered = filter.mostSpecificLast ? said : said.reversed()
        return [filter.changes] + ordered.map(\.changes)
    }
}

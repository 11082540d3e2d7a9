import Model
import Testing

@testable import XDS

/// In which order the changes of all levels are made.
@Suite struct HeaderOrderTests {
    /// Steps in words: `+a` adds, `=a` replaces, `?a` adds where missing, `-a` removes.
    static func words(_ operations: HeaderOperations) -> [String] {
        operations.steps.map { step in
            switch step {
            case .remove(let name, _): return "-\(name)"
            case .add(let name, _, _, let action, _):
                switch action {
                case .appendIfExistsOrAdd: return "+\(name)"
                case .addIfAbsent: return "?\(name)"
                case .overwriteIfExistsOrAdd: return "=\(name)"
                case .overwriteIfExists: return "~\(name)"
                }
            }
        }
    }

    private static func add(_ name: String) -> String {
        "request_headers_to_add: [{header: {key: \(name), value: v}}]"
    }

    /// The fixture with one header added at the table, its first host and its first route.
    private static func levels(_ table: String = "", weighted: String? = nil) throws -> Route {
        var edits: [BadRouterField.Edit] = [
            .table(add("of-table")), .host(add("of-host")), .route(add("of-route")),
        ]
        if !table.isEmpty { edits.append(.table(table)) }
        if let weighted { edits.append(.weighted(weighted)) }
        return try #require(
            try routes(BadRouterField("", edits, says: []).text()).first
        )
    }

    static func routes(_ text: String) throws -> [Route] {
        let manager = try #require(try Fixture.compile(text).snapshot.listeners.first?.http)
        return manager.routes.virtualHosts.first?.routes ?? []
    }

    @Test func theMostGeneralLevelIsMadeLast() throws {
        let route = try Self.levels()
        #expect(Self.words(route.requestHeaders) == ["+of-route", "+of-host", "+of-table"])
    }

    @Test func theMostSpecificLevelIsMadeLastWhereTheTableSaysSo() throws {
        let route = try Self.levels("most_specific_header_mutations_wins: true")
        #expect(Self.words(route.requestHeaders) == ["+of-table", "+of-host", "+of-route"])
    }

    @Test(arguments: [false, true])
    func aWeightedClusterIsMadeFirstInBothOrders(isReversed: Bool) throws {
        let route = try Self.levels(
            isReversed ? "most_specific_header_mutations_wins: true" : "",
            weighted: "clusters: [{name: app, weight: 1, \(Self.add("of-cluster"))}]"
        )
        guard case .forward(let action) = route.action,
            case .weighted(let weighted) = action.destination, let entry = weighted.entries.first
        else {
            Issue.record("the route has no weighted cluster")
            return
        }
        let words = Self.words(entry.requestHeaders)
        #expect(words.first == "+of-cluster")
        #expect(Array(words.dropFirst()) == Self.words(route.requestHeaders))
    }

    @Test func withinALevelRemovalsComeBeforeReplacementsBeforeAdditions() throws {
        let field = BadRouterField(
            "",
            [
                .route(
                    """
                    response_headers_to_add: [{header: {key: a, value: v}}, \
                    {header: {key: b, value: v}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}, \
                    {header: {key: c, value: v}, append: false}, \
                    {header: {key: d, value: v}, append_action: ADD_IF_ABSENT}, \
                    {header: {key: e, value: v}, append_action: OVERWRITE_IF_EXISTS}]
                    """
                ), .route("response_headers_to_remove: [Server, b]"),
            ],
            says: []
        )
        let route = try #require(try Self.routes(field.text()).first)
        #expect(
            Self.words(route.responseHeaders) == [
                "-server", "-b", "=b", "=c", "~e", "+a", "?d",
            ]
        )
        guard case .remove(_, .server?) = route.responseHeaders.steps.first else {
            Issue.record("the slot of a known name is not found")
            return
        }
    }

    @Test func onlyValuesWithOperatorsAreComputed() throws {
        let field = BadRouterField(
            "",
            [
                .route(
                    """
                    request_headers_to_add: [{header: {key: a, value: "100%%"}}, \
                    {header: {key: b, value: "%PROTOCOL%"}}, {header: {key: c, raw_value: Yw==}}]
                    """
                )
            ],
            says: []
        )
        let route = try #require(try Self.routes(field.text()).first)
        let isComputed = route.requestHeaders.steps.map { step in
            if case .add(_, _, .formatted, _, _) = step { return true }
            return false
        }
        #expect(isComputed == [false, true, false])
        #expect(route.requestHeaders.needsRecord)
        guard case .add(_, _, .literal("100%"), _, _) = route.requestHeaders.steps[0],
            case .add(_, _, .literal("c"), _, _) = route.requestHeaders.steps[2]
        else {
            Issue.record("a literal is not what the file says")
            return
        }
    }

    // MARK: - The filter header_mutation

    private static func filter(_ rest: String = "") -> BadRouterField.Edit {
        .filter(
            """
            - {name: edits, \(rest.hasPrefix("disabled") ? rest + ", " : "")typed_config: \
            {"@type": @/extensions.filters.http.header_mutation.v3.HeaderMutation, \
            \(rest.hasPrefix("most") ? rest + ", " : "")mutations: {request_mutations: \
            [{append: {header: {key: of-filter, value: v}}}, {remove: gone}], \
            response_mutations: [{append: {header: {key: back, value: v}}}]}}}
            """
        )
    }

    private static func perRoute(_ name: String) -> String {
        """
        typed_per_filter_config: {edits: {"@type": \
        @/extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute, mutations: \
        {request_mutations: [{append: {header: {key: \(name), value: v}}}]}}}
        """
    }

    private static func firstRoute(_ edits: [BadRouterField.Edit]) throws -> Route {
        try #require(try routes(BadRouterField("", edits, says: []).text()).first)
    }

    @Test func filtersChangeRequestsBeforeTheRouterAndResponsesAfterIt() throws {
        let route = try Self.firstRoute([
            Self.filter(), .route(Self.add("of-route")),
            .host("response_headers_to_add: [{header: {key: of-host, value: v}}]"),
        ])
        #expect(Self.words(route.requestHeaders) == ["+of-filter", "-gone", "+of-route"])
        #expect(Self.words(route.responseHeaders) == ["+of-host", "+back"])
    }

    @Test func answersWithoutARouteCarryWhatFiltersChangeAndNothingOfTheTable() throws {
        let text = try BadRouterField(
            "",
            [
                Self.filter(),
                .table("response_headers_to_add: [{header: {key: of-table, value: v}}]"),
            ],
            says: []
        ).text()
        let manager = try #require(try Fixture.compile(text).snapshot.listeners.first?.http)
        #expect(Self.words(manager.routes.responseHeaders) == ["+back"])
    }

    @Test func everyLevelAddsToAFilterTheMostGeneralLast() throws {
        let edits: [BadRouterField.Edit] = [
            .table(Self.perRoute("of-table")), .host(Self.perRoute("of-host")),
            .route(Self.perRoute("of-route")),
        ]
        let route = try Self.firstRoute([Self.filter()] + edits)
        #expect(
            Self.words(route.requestHeaders) == [
                "+of-filter", "-gone", "+of-route", "+of-host", "+of-table",
            ]
        )
        let reversed = try Self.firstRoute(
            [Self.filter("most_specific_header_mutations_wins: true")] + edits
        )
        #expect(
            Self.words(reversed.requestHeaders) == [
                "+of-filter", "-gone", "+of-table", "+of-host", "+of-route",
            ]
        )
    }

    @Test func aRouteTurnsAFilterOffAndOn() throws {
        let wrapper =
            #"typed_per_filter_config: {edits: {"@type": @/config.route.v3.FilterConfig, "#
        let off = try Self.firstRoute([Self.filter(), .route(wrapper + "disabled: true}}")])
        #expect(Self.words(off.requestHeaders) == [])
        let asleep = try Self.firstRoute([Self.filter("disabled: true")])
        #expect(Self.words(asleep.requestHeaders) == [])
        let on = try Self.firstRoute([
            Self.filter("disabled: true"), .route(wrapper + "config: {}}}"),
        ])
        #expect(Self.words(on.requestHeaders) == ["+of-filter", "-gone"])
    }
}

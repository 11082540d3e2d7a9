import Testing

@testable import XDS

/// Changes to the valid file in the fields of the router, and the lines that are printed for them.
///
/// In the changes `@/` stands for the beginning of a type's URL. In the lines
/// `<manager>` stands for the path of the connection manager, `<host>` for that of its first virtual
/// host.
struct BadRouterField: Sendable, CustomTestStringConvertible {
    /// One change: a field that is added to one of the messages of the file.
    enum Edit: Sendable {
        case route(String), action(String), manager(String), table(String), host(String)
        case match(String), weighted(String), filter(String), router(String), root(String)
        /// The cluster of the first route balances by hash.
        case ringHash
    }
    let claim: String
    let edits: [Edit]
    let lines: [String]

    var testDescription: String { claim }

    init(_ claim: String, _ edits: [Edit], says lines: [String]) {
        self.claim = claim
        self.edits = edits
        self.lines = lines
    }

    /// The lines in full.
    var wholeLines: [String] {
        lines.map {
            $0.replacingOccurrence(
                of: "<host>",
                with: "\(BadFile.manager).route_config.virtual_hosts[0]"
            ).replacingOccurrence(of: "<manager>", with: BadFile.manager)
        }
    }

    /// The valid file with all edits made.
    func text() throws -> String {
        var text = Fixture.valid
        for edit in edits {
            let (old, new) = Self.replacement(edit)
            try #require(text.contains(old), "the fixture has no \(old)")
            text = text.replacingOccurrence(of: old, with: new)
        }
        return text
    }

    private static func replacement(_ edit: Edit) -> (old: String, new: String) {
        switch edit {
        case .route(let field): after(Fixture.action, field, 26)
        case .action(let fields): (Fixture.action, "route: {\(typed(fields))}")
        case .weighted(let fields):
            (Fixture.action, "route: {weighted_clusters: {\(typed(fields))}}")
        case .manager(let field): after(Fixture.statPrefix, field, 16)
        case .table(let field): after("name: local", field, 18)
        case .host(let field): after("- name: shop", field, 22)
        case .match(let fields): (Fixture.match, "match: {prefix: \"/api\", \(fields)}")
        case .filter(let filter): after("http_filters:", filter, 18)
        case .router(let field): after("router.v3.Router", field, 22)
        case .root(let field): ("node:\n", "\(field)\nnode:\n")
        case .ringHash: ("lb_policy: ROUND_ROBIN", "lb_policy: RING_HASH")
        }
    }

    /// A field on the line after another one.
    private static func after(
        _ line: String,
        _ field: String,
        _ indent: Int
    ) -> (old: String, new: String) {
        (line, line + "\n" + String(repeating: " ", count: indent) + typed(field))
    }

    private static func typed(_ text: String) -> String {
        text.split(separator: "@/", omittingEmptySubsequences: false)
            .joined(separator: "type.googleapis.com/envoy.")
    }
}

@Suite struct BadRouterFieldTests {
    @Test(arguments: BadRouterField.headers)
    func aChangeOfHeadersIsRefused(field: BadRouterField) throws { try expectRefusal(field) }

    @Test(arguments: BadRouterField.destinations)
    func aDestinationIsRefused(field: BadRouterField) throws { try expectRefusal(field) }

    @Test(arguments: BadRouterField.policies)
    func aPolicyIsRefused(field: BadRouterField) throws { try expectRefusal(field) }

    @Test(arguments: BadRouterField.others)
    func aFieldOfTablesOrManagersIsRefused(field: BadRouterField) throws {
        try expectRefusal(field)
    }

    @Test(arguments: BadRouterField.doubtful)
    func aDoubtfulFieldIsTakenWithAWarning(field: BadRouterField) throws {
        let result = try Fixture.compile(field.text())
        #expect(result.warnings.map(\.description) == field.wholeLines)
    }

    private func expectRefusal(_ field: BadRouterField) throws {
        #expect(try Fixture.refusal(field.text()) == field.wholeLines)
    }
}

import Testing

@testable import XDS

/// One change to the valid file, and the lines that are printed for it, whole.
struct BadFile: Sendable, CustomTestStringConvertible {
    let claim: String
    let old: String
    let new: String
    let lines: [String]

    var testDescription: String { claim }

    init(_ claim: String, replacing old: String, with new: String, says lines: [String]) {
        self.claim = claim
        self.old = old
        self.new = new
        self.lines = lines
    }

    /// Paths that most problems begin with.
    static let manager =
        "static_resources.listeners[0].filter_chains[0].filters[0].typed_config"
    static let endpoint =
        "static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0]"
}

@Suite struct BadFileTests {
    @Test(arguments: BadFile.listeners)
    func aListenerIsRefused(file: BadFile) throws { try expectRefusal(file) }

    @Test(arguments: BadFile.connectionManagers)
    func aConnectionManagerIsRefused(file: BadFile) throws { try expectRefusal(file) }

    @Test(arguments: BadFile.routes)
    func aRouteIsRefused(file: BadFile) throws { try expectRefusal(file) }

    @Test(arguments: BadFile.actions)
    func anActionIsRefused(file: BadFile) throws { try expectRefusal(file) }

    @Test(arguments: BadFile.clusters)
    func aClusterIsRefused(file: BadFile) throws { try expectRefusal(file) }

    private func expectRefusal(_ file: BadFile) throws {
        #expect(try Fixture.refusal(Fixture.text(file.old, file.new)) == file.lines)
    }

    @Test(arguments: BadFile.doubtful)
    func aDoubtfulFileIsTakenWithAWarning(file: BadFile) throws {
        let result = try Fixture.compile(Fixture.text(file.old, file.new))
        #expect(result.warnings.map(\.description) == file.lines)
    }

    @Test func theValidFileIsTakenWithoutAWarning() throws {
        #expect(try Fixture.compile(Fixture.valid).warnings == [])
    }

    @Test func everyProblemOfAFileIsToldInTheOrderOfItsLines() throws {
        let text = try Fixture.text(Fixture.action, "route: {cluster: ap}")
            .replacingOccurrence(of: "port_value: 15006", with: "port_value: 70000")
            .replacingOccurrence(of: "connect_timeout: 0.25s", with: "connect_timeout: 0s")
        let lines = Fixture.refusal(text)
        #expect(lines.count == 3)
        #expect(
            lines.map { $0.prefix(14) } == [
                "envoy.yaml:11:", "envoy.yaml:25:", "envoy.yaml:45:",
            ]
        )
    }

    @Test func aFileWithManyProblemsIsToldUpToTheLimit() throws {
        let domains = (0..<50).map { _ in "\"\"" }.joined(separator: ", ")
        let text = try Fixture.text("domains: [\"*\"]", "domains: [\(domains)]")
        #expect(Fixture.refusal(text).count == ConfigurationErrors.limit)
    }

    @Test func aMissingClusterIsAWarningWhereItIsNotValidated() throws {
        let text = try Fixture.text(Fixture.action, "route: {cluster: ap}").replacingOccurrence(
            of: "name: local\n",
            with: "name: local\n                  validate_clusters: false\n"
        )
        let result = try Fixture.compile(text)
        #expect(
            result.warnings.map(\.what) == [
                "there is no cluster \"ap\", so its requests are answered here"
            ]
        )
    }
}

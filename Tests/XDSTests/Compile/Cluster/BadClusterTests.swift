import Testing

@testable import XDS

/// A fragment of a cluster that is refused or taken with a warning, and what is said of it.
struct BadCluster: CustomTestStringConvertible, Sendable {
    let claim: String
    let fields: String
    let endpoints: String
    let bootstrap: String
    /// `line:column: path: what: hint`; a refusal begins with `refused, ` after the path.
    let lines: [String]

    var testDescription: String { claim }

    init(
        _ claim: String,
        _ fields: String = "",
        endpoints: String = ClusterFixture.endpoints,
        bootstrap: String = "",
        says lines: [String]
    ) {
        self.claim = claim
        self.fields = fields
        self.endpoints = endpoints
        self.bootstrap = bootstrap
        self.lines = lines
    }
}

struct BadClusterTests {
    @Test(
        arguments: [
            BadCluster.healthChecks,
            BadCluster.moreHealthChecks,
            BadCluster.outliers,
            BadCluster.balancers,
            BadCluster.moreBalancers,
            BadCluster.subsets,
            BadCluster.discovery,
            BadCluster.endpoints,
            BadCluster.connections,
            BadCluster.transports,
        ].joined()
    )
    func whatIsWrongInAClusterIsSaid(_ bad: BadCluster) {
        #expect(
            ClusterFixture.said(
                bad.fields,
                endpoints: bad.endpoints,
                bootstrap: bad.bootstrap
            ) == bad.lines
        )
    }
}

import Model
import Testing

@testable import XDS

/// A file with one cluster of one line, so that tests show the fragment that they are about.
enum ClusterFixture {
    /// What the messages begin with.
    static let at = "static_resources.clusters[0]"
    static let endpoints =
        "load_assignment: {cluster_name: c, endpoints: [{lb_endpoints: [{endpoint: {address: "
        + "{socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}"

    /// The fields are those of a flow mapping; `bootstrap` is lines of the bootstrap before it.
    static func text(
        _ fields: String,
        endpoints: String = ClusterFixture.endpoints,
        bootstrap: String = ""
    ) -> String {
        let separator = fields.isEmpty ? "" : ", "
        return bootstrap
            + """
            static_resources:
              clusters:
                - {name: c, \(endpoints)\(separator)
                   \(fields)}

            """
    }

    static func cluster(
        _ fields: String,
        endpoints: String = ClusterFixture.endpoints,
        bootstrap: String = ""
    ) throws -> ClusterConfiguration {
        let text = text(fields, endpoints: endpoints, bootstrap: bootstrap)
        let snapshot = try Fixture.compile(text).snapshot
        return try #require(snapshot.clusters.first { $0.name == "c" })
    }

    /// The refusals, or else the warnings, without the file's name and without the one about
    /// listeners.
    static func said(
        _ fields: String,
        endpoints: String = ClusterFixture.endpoints,
        bootstrap: String = ""
    ) -> [String] {
        let problems: [ConfigurationProblem]
        do {
            let text = text(fields, endpoints: endpoints, bootstrap: bootstrap)
            problems = try Fixture.compile(text).warnings
        } catch {
            problems = error.problems.map { problem in
                var refused = problem
                refused.what = "refused, " + problem.what
                return refused
            }
        }
        return problems.map(\.description)
            .filter {
                !$0.contains("static_resources.listeners: ") && !$0.hasSuffix("add a listener")
            }
            .map { String($0.dropFirst("envoy.yaml:".count)) }
    }
}

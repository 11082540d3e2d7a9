import FoundationEssentials
import Model
import Testing

@testable import XDS

/// Files as people have them: the examples of this project, and one from an article.
@Suite struct PrintedFilesTests {
    /// The folder of the package, from the place of this file.
    private static let root = String(
        #filePath.prefix(
            upTo: #filePath.firstRange(of: "/Tests/")?.lowerBound ?? #filePath.endIndex
        )
    )

    @Test(arguments: [
        "front-a-local-app", "weighted-canary", "retries-and-timeouts",
        "redirect-and-direct-response", "access-log-json", "unix-socket",
    ])
    func everyExampleIsTakenWithoutAWarning(name: String) throws {
        let loaded = try ConfigurationLoader.load(files: ["\(Self.root)/Examples/\(name).yaml"])
        let result = try SnapshotCompiler.compile(loaded)
        #expect(result.snapshot.listeners.count == 1)
        #expect(result.warnings == [])
    }

    /// Two filters that would protect something are printed without their configuration.
    private static let seed = """
        static_resources:
          listeners:
            - name: inbound
              address: {socket_address: {address: 0.0.0.0, port_value: 15001}}
              filter_chains:
                - filters:
                    - name: envoy.filters.network.http_connection_manager
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.\
        http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: inbound
                        route_config:
                          virtual_hosts:
                            - name: local_service
                              domains: ["*"]
                              routes: [{match: {prefix: "/"}, route: {cluster: local_app}}]
                        http_filters:
                          - name: envoy.filters.http.jwt_authn
                          - name: envoy.filters.http.ratelimit
                          - name: envoy.filters.http.router
          clusters:
            - name: local_app
              connect_timeout: 0.25s
              load_assignment:
                cluster_name: local_app
                endpoints:
                  - lb_endpoints:
                      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 8080}}}
        """

    @Test func filtersWithoutConfigurationAreRefusedByNameAndLine() {
        let refusal = Fixture.refusal(Self.seed)
        #expect(refusal.count == 2)
        #expect(refusal.first?.hasPrefix("envoy.yaml:17:") == true)
        #expect(refusal.first?.contains("\"envoy.filters.http.jwt_authn\"") == true)
        #expect(refusal.first?.contains("JSON Web Tokens are missing") == true)
        #expect(refusal.last?.hasPrefix("envoy.yaml:18:") == true)
        #expect(refusal.last?.contains("\"envoy.filters.http.ratelimit\"") == true)
        #expect(refusal.allSatisfy { $0.contains("--allow-unconfigured-filters") })
    }

    @Test func filtersWithoutConfigurationAreLeftOutWhenAskedFor() throws {
        let options = CompileOptions(allowsUnconfiguredFilters: true)
        let result = try Fixture.compile(Self.seed, options)
        #expect(result.warnings.map(\.line) == [17, 18])
        #expect(result.warnings.first?.what.contains("no request is authenticated") == true)
        #expect(result.warnings.last?.what.contains("no request is limited") == true)
        let cluster = try #require(result.snapshot.clusters.first)
        #expect(cluster.connectTimeoutMilliseconds == 250)
        #expect(cluster.endpoints.map(\.location) == [.address(.ipv4(0x7f00_0001, port: 8080))])
        #expect(result.snapshot.listeners.map(\.addresses) == [[.ipv4(0, port: 15001)]])
    }

    private static let printed = root + "/../shared/seeds/envoy-inbound.yaml"

    @Test(
        .enabled("the printed file is not beside the project") {
            FileManager.default.fileExists(atPath: printed)
        }
    )
    func thePrintedFileIsRefusedForTwoFiltersAndTakenWithTheOption() throws {
        let loaded = try ConfigurationLoader.load(files: [Self.printed])
        let problems = try #require(throws: ConfigurationErrors.self) {
            try SnapshotCompiler.compile(loaded)
        }.problems
        #expect(problems.map(\.line) == [27, 29])
        #expect(problems.map { $0.what.contains("jwt_authn") } == [true, false])
        #expect(problems.map { $0.what.contains("ratelimit") } == [false, true])
        let result = try SnapshotCompiler.compile(
            loaded,
            options: CompileOptions(allowsUnconfiguredFilters: true)
        )
        #expect(result.warnings.map(\.line) == [27, 29])
        #expect(result.snapshot.listeners.first?.addresses == [.ipv4(0, port: 15001)])
    }
}

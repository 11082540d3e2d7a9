import Document
import Model
import Testing

@testable import XDS

@Suite struct ShortFormResourcesTests {
    private func load(_ text: String) throws -> LoadedConfiguration {
        try ConfigurationLoader.load(
            text: text,
            name: "sidecar.yaml",
            environment: ConfigurationEnvironment([:])
        )
    }

    private func form(_ spec: String) -> String {
        "apiVersion: pillion.dev/v1\nkind: SidecarConfig\nmetadata: {name: a}\nspec: \(spec)\n"
    }

    @Test func theSmallestFormPutsASidecarInFrontOfAnApp() throws {
        let loaded = try load(form("{app: {port: 8080}}"))
        #expect(ConfigurationSummary.yaml(of: loaded) == Self.smallest)
        let snapshot = try SnapshotCompiler.compile(loaded).snapshot
        #expect(snapshot.listeners.map(\.name) == ["inbound"])
        #expect(snapshot.clusters.map(\.name) == ["app"])
        #expect(snapshot.nodeID == "a")
        #expect(snapshot.admin == nil)
    }

    @Test func whatIsPrintedIsTheSameConfiguration() throws {
        let loaded = try load(BadShortForm.valid)
        for text in [ConfigurationSummary.yaml(of: loaded), ConfigurationSummary.json(of: loaded)] {
            let again = try ConfigurationLoader.load(text: text, name: "printed")
            #expect(again.bootstrap == loaded.bootstrap)
            #expect(again.warnings == [])
        }
    }

    @Test func aServiceBecomesARouteByNameAndACluster() throws {
        let tree = MessageTree.tree(try load(BadShortForm.valid).bootstrap)
        let statics = try #require(tree["static_resources"])
        let names = statics["clusters"]?.list.compactMap { $0["name"]?.text }
        #expect(names == ["app", "payments", "catalog.v1", "catalog.v2", "sessions"])
        let payments = try #require(statics["clusters"]?.list[1])
        #expect(payments["type"]?.text == "STRICT_DNS")
        #expect(payments["lb_policy"]?.text == "LEAST_REQUEST")
        #expect(payments["outlier_detection"]?["consecutive_5xx"] == .literal("5"))
        let thresholds = try #require(payments["circuit_breakers"]?["thresholds"]?.list.first)
        #expect(thresholds["max_requests"] == .literal("100"))
        #expect(thresholds["retry_budget"]?["budget_percent"]?["value"] == .literal("20"))
        let listeners = statics["listeners"]?.list.compactMap { $0["name"]?.text }
        #expect(listeners == ["inbound", "outbound-catalog", "outbound"])
    }

    @Test func anAppThatIsUnwellGetsNoRequests() throws {
        let tree = MessageTree.tree(try load(BadShortForm.valid).bootstrap)
        let app = try #require(tree["static_resources"]?["clusters"]?.list.first)
        let check = try #require(app["health_checks"]?.list.first)
        #expect(check["http_health_check"]?["path"]?.text == "/healthz")
        #expect(check["interval"]?.text == "5s")
        #expect(check["timeout"]?.text == "1s")
        #expect(app["common_lb_config"]?["healthy_panic_threshold"] == .object([]))
    }

    @Test func anAppMayListenOnASocket() throws {
        let loaded = try load(form("{app: {socket: /run/app.sock}}"))
        let snapshot = try SnapshotCompiler.compile(loaded).snapshot
        #expect(
            snapshot.clusters.first?.endpoints.map(\.location) == [
                .address(.unix(path: "/run/app.sock"))
            ]
        )
    }

    @Test(arguments: [
        ("0s", Int64(0)), ("500ms", 500_000_000), ("1.5h", 5_400_000_000_000),
        ("1m30s", 90_000_000_000), ("0.000000001s", 1), ("2d", 172_800_000_000_000),
    ])
    func durationsAreReadExactly(text: String, nanoseconds: Int64) {
        #expect(ShortFormUnits.nanoseconds(text) == nanoseconds)
    }

    @Test(arguments: ["", "s", "1", "-1s", "1 s", "1.s", ".5s", "1S", "300000d", "1s1", "1e3s"])
    func whatIsNoDurationIsRefused(text: String) {
        #expect(ShortFormUnits.nanoseconds(text) == nil)
    }

    @Test(arguments: [
        ("4096", Int64(4_096)), ("60KiB", 61_440), ("1Mi", 1_048_576), ("2G", 2_147_483_648),
    ])
    func sizesAreReadExactly(text: String, bytes: Int64) {
        #expect(ShortFormUnits.bytes(text) == bytes)
    }

    @Test func theSummaryMarksWhatNobodyWrote() throws {
        let text = ConfigurationSummary.text(of: try load(BadShortForm.valid))
        for line in [
            "listener inbound at 0.0.0.0:15006\n  at most 5000 connections\n",
            "a request head takes up to 10s (default)\n",
            "every request: to cluster payments\n      timeout 2s\n      retries: 2, on connect-failure,5xx\n",
            "every request: 90 to catalog.v1, 10 to catalog.v2\n      timeout 15s (default)\n",
            "health check: GET /healthz\n    every 5s\n    answered within 1s (default)\n",
            "requests: 100\n    retries in percent of the requests: 20, but always 3\n",
        ] {
            #expect(text.contains(line), "\(line) is missing")
        }
    }

    private static let smallest = """
        node:
          id: a
          cluster: a
        static_resources:
          listeners:
            - name: inbound
              address:
                socket_address:
                  address: "0.0.0.0"
                  port_value: 15006
              filter_chains:
                - filters:
                    - name: envoy.filters.network.http_connection_manager
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: inbound
                        route_config:
                          name: inbound
                          virtual_hosts:
                            - name: app
                              domains:
                                - "*"
                              routes:
                                - match:
                                    prefix: /
                                  route:
                                    cluster: app
                                    timeout: "15s"
                        http_filters:
                          - name: envoy.filters.http.router
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                        http_protocol_options:
                          accept_http_10: true
                          default_host_for_http_10: app
                        stream_idle_timeout: "300s"
                        max_request_headers_kb: 60
                        common_http_protocol_options:
                          idle_timeout: "3600s"
                          max_headers_count: 100
                        request_headers_timeout: "10s"
              per_connection_buffer_limit_bytes: 1048576
          clusters:
            - name: app
              type: STATIC
              connect_timeout: "1s"
              circuit_breakers:
                thresholds:
                  - max_connections: 1024
                    max_pending_requests: 1024
                    max_requests: 1024
              load_assignment:
                cluster_name: app
                endpoints:
                  - lb_endpoints:
                      - endpoint:
                          address:
                            socket_address:
                              address: "127.0.0.1"
                              port_value: 8080

        """
}

extension JSONTree {
    fileprivate var list: [JSONTree] {
        if case .list(let elements) = self { return elements }
        return []
    }
}

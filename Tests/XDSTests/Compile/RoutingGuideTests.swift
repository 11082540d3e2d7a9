import Document
import Testing

@testable import XDS

/// Every block of YAML in the guide is a part of a file that is taken without a warning.
@Suite struct RoutingGuideTests {
    /// The folder of the package, from the place of this file.
    private static let root = String(
        #filePath.prefix(
            upTo: #filePath.firstRange(of: "/Tests/")?.lowerBound ?? #filePath.endIndex
        )
    )

    private static func blocks() throws -> [String] {
        let page = try FileContents.read("\(root)/docs/guides/routing.md")
        let parts = String(decoding: page, as: UTF8.self).split(separator: "```yaml\n").dropFirst()
        return parts.compactMap { $0.split(separator: "```").first.map(String.init) }
    }

    private static func indented(_ text: String, by count: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : String(repeating: " ", count: count) + $0 }
            .joined(separator: "\n")
    }

    private static let ring = """
            - name: ring
              lb_policy: RING_HASH
              load_assignment: {cluster_name: ring, endpoints: []}
        """

    /// The block in the place where it belongs, by what it begins with.
    private static func file(with block: String) -> String {
        var tables =
            """
            route_config:
              virtual_hosts:
                - name: all
                  domains: ["*"]
                  routes:

            """
        var filters = ""
        var clusters = ""
        var root = ""
        if block.hasPrefix("- match") {
            tables += indented(block, by: 8)
        } else if block.hasPrefix("route_config") {
            tables = block
        } else {
            tables += "        - {match: {prefix: /}, route: {cluster: app}}\n"
        }
        if block.hasPrefix("- name: envoy.filters") { filters = indented(block, by: 18) }
        if block.contains("typed_per_filter_config") {
            filters = """
                                  - name: envoy.filters.http.header_mutation
                                    typed_config:
                                      "@type": type.googleapis.com/envoy.extensions.filters.http.\
                header_mutation.v3.HeaderMutation

                """
        }
        if block.hasPrefix("clusters") {
            clusters = indented(String(block.dropFirst("clusters:\n".count)), by: 2)
        }
        if block.hasPrefix("layered_runtime") {
            root = block
            // The keys that the block sets are asked for by the block behind it in the guide.
            tables = tables.replacingOccurrence(
                of: "route: {cluster: app}",
                with: "route: {weighted_clusters: {runtime_key_prefix: split, clusters: "
                    + "[{name: app, weight: 1}, {name: canary, weight: 1}]}}"
            )
        }
        let balanced = block.contains("hash_policy") ? "RING_HASH" : "ROUND_ROBIN"
        return """
            \(root)
            static_resources:
              listeners:
                - name: outbound
                  address: {socket_address: {address: 127.0.0.1, port_value: 15001}}
                  filter_chains:
                    - filters:
                        - name: envoy.filters.network.http_connection_manager
                          typed_config:
                            "@type": type.googleapis.com/envoy.extensions.filters.network.\
            http_connection_manager.v3.HttpConnectionManager
                            stat_prefix: outbound
            \(indented(tables, by: 16))
                            http_filters:
            \(filters)
                              - name: envoy.filters.http.router
              clusters:
            \(clusters)
            \(["app", "canary", "ring"].filter { !clusters.contains("name: \($0)\n") }
                .map { cluster($0, $0 == "ring" ? "RING_HASH" : balanced) }
                .joined(separator: "\n"))
            """
    }

    private static func cluster(_ name: String, _ policy: String) -> String {
        """
            - name: \(name)
              lb_policy: \(policy)
              load_assignment:
                cluster_name: \(name)
                endpoints:
                  - lb_endpoints:
                      - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 80}}}
        """
    }

    @Test func everyBlockOfTheGuideIsTakenWithoutAWarning() throws {
        let blocks = try Self.blocks()
        #expect(blocks.count >= 15)
        for block in blocks {
            let text = Self.file(with: block)
            #expect(Fixture.refusal(text) == [], "\(block)")
            if Fixture.refusal(text).isEmpty {
                #expect(try Fixture.compile(text).warnings == [], "\(block)")
            }
        }
    }
}

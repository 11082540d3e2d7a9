import Model
import Testing

@testable import Telemetry

@Suite struct PartScopeTests {
    @Test func partsOfAClusterHaveEnvoysNames() throws {
        let registry = StatsRegistry()
        let parts = ClusterParts(registry: registry, cluster: "app", worker: 0)
        parts.ofCanaries.countResponse(status: 200)
        parts.zone(from: "z1", to: "z2")?.countResponse(status: 503)
        let name = ByteString("alt").bytes
        parts.alternative(named: name.span)?.countResponse(status: 200)
        parts.alternative(named: name.span)?.countResponse(status: 200)
        let text = registry.text(StatsQuery(usedOnly: true))
        #expect(text.contains("cluster.app.canary.upstream_rq_200: 1\n"))
        #expect(text.contains("cluster.app.canary.upstream_rq_completed: 1\n"))
        #expect(text.contains("cluster.app.zone.z1.z2.upstream_rq_5xx: 1\n"))
        #expect(text.contains("cluster.app.alt.upstream_rq_200: 2\n"))
        #expect(registry.value(cluster: "app", part: "alt", .upstreamRqCompleted) == 2)
        let parsed = try PrometheusParser(registry.prometheus(StatsQuery(usedOnly: true)))
        let zone = parsed.families["envoy_cluster_zone_z1_z2_upstream_rq"]?.samples.first
        #expect(zone?.labels == ["envoy_response_code": "503", "envoy_cluster_name": "app"])
        #expect(parts.zone(from: "", to: "z2") == nil)
    }

    @Test func virtualClustersAndRoutesHaveEnvoysNamesAndLabels() throws {
        let registry = StatsRegistry()
        let cluster = registry.virtualClusterStats(virtualHost: "vh", name: "vc", worker: 0)
        cluster.increment(.upstreamRqTotal)
        cluster.countResponse(status: 200)
        cluster.record(.upstreamRqTime, milliseconds: 2)
        let route = registry.routeStats(virtualHost: "vh", prefix: "rt", worker: 0)
        route.increment(.upstreamRqRetry)
        let text = registry.text()
        #expect(text.contains("vhost.vh.vcluster.vc.upstream_rq_total: 1\n"))
        #expect(text.contains("vhost.vh.vcluster.vc.upstream_rq_200: 1\n"))
        #expect(text.contains("vhost.vh.route.rt.upstream_rq_retry: 1\n"))
        let parsed = try PrometheusParser(registry.prometheus())
        let sample = parsed.families["envoy_vhost_vcluster_upstream_rq"]?.samples.first
        #expect(
            sample?.labels == [
                "envoy_response_code": "200", "envoy_virtual_host": "vh",
                "envoy_virtual_cluster": "vc",
            ]
        )
        let retry = parsed.families["envoy_vhost_route_upstream_rq_retry"]?.samples.first
        #expect(retry?.labels == ["envoy_virtual_host": "vh", "envoy_route": "rt"])
    }

    @Test func aClientCannotMakeMoreNamesThanAreAllowed() {
        let registry = StatsRegistry()
        let parts = ClusterParts(registry: registry, cluster: "app", worker: 0)
        for number in 0..<300 {
            let name = ByteString("n\(number)").bytes
            parts.alternative(named: name.span)?.countResponse(status: 200)
        }
        let text = registry.text(StatsQuery(usedOnly: true))
        let lines = text.split(separator: "\n").filter { $0.contains("upstream_rq_200") }
        #expect(lines.count == ClusterParts.alternativesMax)
        let long = Array(repeating: UInt8(0x61), count: 65)
        #expect(parts.alternative(named: long.span) == nil)
    }

    @Test func removingAClusterRemovesItsParts() {
        let registry = StatsRegistry()
        let parts = ClusterParts(registry: registry, cluster: "app", worker: 0)
        parts.ofCanaries.countResponse(status: 200)
        registry.remove(cluster: "app")
        #expect(!registry.text().contains("cluster.app"))
    }
}

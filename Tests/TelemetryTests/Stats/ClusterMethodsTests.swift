import Model
import Testing

@testable import Telemetry

@Suite struct ClusterMethodsTests {
    private func stats(_ methods: ClusterMethods, _ path: String) -> GRPCStats? {
        let bytes = Array(path.utf8)
        return methods.stats(path: bytes.span)
    }

    @Test func aCallCountsUnderItsServiceAndMethod() throws {
        let registry = StatsRegistry()
        let methods = ClusterMethods(registry: registry, cluster: "app", worker: 0)
        let call = try #require(stats(methods, "/pkg.Svc/Call?a=b"))
        #expect(stats(methods, "/pkg.Svc/Call") === call)
        call.increment(.requestMessageCount)
        call.countStatus(0)
        call.countStatus(14)
        call.countStatus(99)
        call.record(.upstreamRqTime, milliseconds: 5)
        let text = registry.text()
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.total: 3\n"))
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.success: 1\n"))
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.failure: 2\n"))
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.0: 1\n"))
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.14: 1\n"))
        #expect(!text.contains("cluster.app.grpc.pkg.Svc.Call.13:"))
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.request_message_count: 1\n"))
        #expect(text.contains("cluster.app.grpc.pkg.Svc.Call.upstream_rq_time: P0("))
        let parsed = try PrometheusParser(registry.prometheus())
        #expect(
            parsed.families["envoy_cluster_grpc_14"]?.samples.first?.labels == [
                "envoy_grpc_bridge_method": "Call", "envoy_grpc_bridge_service": "pkg.Svc",
                "envoy_cluster_name": "app",
            ]
        )
    }

    @Test func allMethodsTogetherStandWithoutNames() throws {
        let registry = StatsRegistry()
        let methods = ClusterMethods(registry: registry, cluster: "app", worker: 0)
        methods.ofAllMethods.countStatus(2)
        #expect(registry.text().contains("cluster.app.grpc.2: 1\n"))
        #expect(registry.text().contains("cluster.app.grpc.failure: 1\n"))
        let parsed = try PrometheusParser(registry.prometheus())
        let labels = parsed.families["envoy_cluster_grpc_total"]?.samples.first?.labels
        #expect(labels == ["envoy_cluster_name": "app"])
    }

    @Test(arguments: ["", "/", "/a", "/a/", "//b", "a/b", "/a/b/c", "?", "/?/b"])
    func aPathThatIsNoMethodIsNotCounted(path: String) {
        let registry = StatsRegistry()
        let methods = ClusterMethods(registry: registry, cluster: "app", worker: 0)
        #expect(stats(methods, path) == nil)
        #expect(!registry.text().contains("grpc"))
    }

    @Test func clientsCannotMakeMoreNamesThanAreAllowed() throws {
        let registry = StatsRegistry()
        let first = ClusterMethods(registry: registry, cluster: "app", worker: 0)
        for number in 0..<ClusterMethods.methodsMax + 50 {
            try #require(stats(first, "/s/m\(number)")).countStatus(0)
        }
        #expect(registry.text().contains("cluster.app.grpc.other.total: 50\n"))
        // The limit is the process's, not the cluster's.
        let second = ClusterMethods(registry: registry, cluster: "two", worker: 0)
        try #require(stats(second, "/s/m")).countStatus(0)
        #expect(registry.text().contains("cluster.two.grpc.other.total: 1\n"))
        registry.remove(cluster: "app")
        let third = ClusterMethods(registry: registry, cluster: "three", worker: 0)
        try #require(stats(third, "/s/m")).countStatus(0)
        #expect(registry.text().contains("cluster.three.grpc.s.m.total: 1\n"))
    }

    @Test func aLongNameIsCountedWithTheOthers() throws {
        let registry = StatsRegistry()
        let methods = ClusterMethods(registry: registry, cluster: "app", worker: 0)
        let name = String(repeating: "a", count: ClusterMethods.nameBytesMax)
        try #require(stats(methods, "/s/\(name)")).countStatus(0)
        #expect(registry.text().contains("cluster.app.grpc.other.total: 1\n"))
    }
}

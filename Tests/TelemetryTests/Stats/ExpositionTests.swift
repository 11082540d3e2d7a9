import Testing

@testable import Telemetry

@Suite struct ExpositionTests {
    private func filled() -> StatsRegistry {
        let registry = StatsRegistry()
        let app = registry.clusterStats(name: "app", worker: 0)
        app.add(.upstreamRqTotal, 12)
        app.countResponse(status: 200)
        app.countResponse(status: 503)
        app.record(.upstreamRqTime, milliseconds: 3)
        _ = registry.clusterStats(name: "outbound|80||other.local", worker: 0)
        let http = registry.httpStats(prefix: "inbound", worker: 0)
        http.countResponse(status: 204)
        registry.listenerStats(address: "0.0.0.0:15001", worker: 0).increment(.downstreamCxTotal)
        registry.serverStats(worker: 0).set(.live, 1)
        return registry
    }

    @Test func prometheusTextIsWellFormedAndSorted() throws {
        let parsed = try PrometheusParser(filled().prometheus())
        #expect(parsed.order == parsed.order.sorted())
        #expect(parsed.order.allSatisfy { $0.hasPrefix("envoy_") })
        #expect(parsed.families.values.allSatisfy { $0.help.hasSuffix(".") })
    }

    @Test func namesAndLabelsAreEnvoys() throws {
        let parsed = try PrometheusParser(filled().prometheus())
        func value(_ name: String, _ labels: [String: String]) -> Double? {
            var family = name
            for suffix in ["_bucket", "_sum", "_count"] where parsed.families[family] == nil {
                if name.hasSuffix(suffix) { family = String(name.dropLast(suffix.count)) }
            }
            return parsed.families[family]?.samples
                .first { $0.name == name && $0.labels == labels }?.value
        }
        let app = ["envoy_cluster_name": "app"]
        #expect(value("envoy_cluster_upstream_rq_total", app) == 12)
        #expect(
            value("envoy_cluster_upstream_rq", ["envoy_response_code": "200"].merging(app) { $1 })
                == 1
        )
        #expect(
            value(
                "envoy_cluster_upstream_rq_xx",
                ["envoy_response_code_class": "5"].merging(app) { $1 }
            ) == 1
        )
        #expect(
            value(
                "envoy_http_downstream_rq_xx",
                ["envoy_response_code_class": "2", "envoy_http_conn_manager_prefix": "inbound"]
            )
                == 1
        )
        #expect(
            value(
                "envoy_listener_downstream_cx_total",
                ["envoy_listener_address": "0.0.0.0_15001"]
            ) == 1
        )
        #expect(
            value("envoy_cluster_upstream_rq_time_bucket", ["le": "5"].merging(app) { $1 }) == 1
        )
        #expect(
            value("envoy_cluster_upstream_rq_time_bucket", ["le": "1"].merging(app) { $1 }) == 0
        )
        #expect(
            value("envoy_cluster_upstream_rq_time_bucket", ["le": "0.5"].merging(app) { $1 }) == 0
        )
        #expect(value("envoy_cluster_upstream_rq_time_sum", app) == 3)
        #expect(value("envoy_server_live", [:]) == 1)
        #expect(
            value("envoy_cluster_circuit_breakers_default_cx_open", app) == 0
        )
    }

    @Test(arguments: [
        "a\"b", "a\\b", "a\nb", "a\u{0}b", "{}", "a,b=\"c\"", "ä", "", "a\"} 1\nforged 1",
    ])
    func noNameCanForgeASampleOrALine(name: String) throws {
        let registry = StatsRegistry()
        registry.clusterStats(name: name, worker: 0).increment(.upstreamRqTotal)
        let parsed = try PrometheusParser(registry.prometheus())
        #expect(parsed.families["envoy_cluster_upstream_rq_total"]?.samples.count == 1)
        #expect(parsed.families["forged"] == nil)
        #expect(registry.text().split(separator: "\n").allSatisfy { $0.contains(": ") })
        #expect(!registry.text().contains("\nforged"))
    }

    @Test func namesAreCleanedAsEnvoyDoes() {
        #expect(StatName.sanitized("0.0.0.0:80") == "0.0.0.0_80")
        #expect(StatName.sanitized("http://a:1/b") == "http_a_1/b")
        #expect(StatName.sanitized("a:/b") == "a_b")
        #expect(StatName.sanitized("outbound|80||a.b") == "outbound|80||a.b")
    }

    @Test func namesThatPrintAlikeAreOneScope() throws {
        let registry = StatsRegistry()
        registry.clusterStats(name: "a:b", worker: 0).increment(.upstreamRqTotal)
        registry.clusterStats(name: "a_b", worker: 0).increment(.upstreamRqTotal)
        let parsed = try PrometheusParser(registry.prometheus())
        #expect(parsed.families["envoy_cluster_upstream_rq_total"]?.samples.map(\.value) == [2])
        #expect(registry.value(cluster: "a:b", .upstreamRqTotal) == 2)
        registry.remove(cluster: "a:b")
        #expect(registry.value(cluster: "a:b", .upstreamRqTotal) == 0)
    }

    @Test func usedOnlyLeavesOutWhatStandsAtZero() throws {
        let query = StatsQuery(usedOnly: true)
        let parsed = try PrometheusParser(filled().prometheus(query))
        let samples = parsed.families.values.flatMap(\.samples)
        #expect(samples.allSatisfy { $0.value > 0 || $0.labels["le"] != nil })
        #expect(!samples.contains { $0.labels["envoy_cluster_name"] == "outbound|80||other.local" })
        #expect(!filled().text(query).contains(": 0\n"))
        #expect(filled().text(query).contains("cluster.app.upstream_rq_total: 12\n"))
    }

    @Test func theFilterSeesFullNames() throws {
        let query = StatsQuery { $0.contains("app.upstream_rq_5") }
        #expect(
            filled().text(query)
                == "cluster.app.upstream_rq_503: 1\ncluster.app.upstream_rq_5xx: 1\n"
        )
        let parsed = try PrometheusParser(filled().prometheus(query))
        #expect(parsed.order == ["envoy_cluster_upstream_rq", "envoy_cluster_upstream_rq_xx"])
        #expect(parsed.families["envoy_cluster_upstream_rq"]?.samples.count == 1)
    }

    @Test func textIsSortedWithHistogramsAtTheEnd() {
        let lines = filled().text().split(separator: "\n").map(String.init)
        let names = lines.compactMap { $0.split(separator: ": ").first.map(String.init) }
        let split = names.firstIndex { $0.hasSuffix("_ms") || $0.hasSuffix("_time") }
        let stats = names[..<(split ?? 0)].filter { !$0.hasSuffix("time_ms") }
        #expect(stats == stats.sorted())
        #expect(lines.contains("cluster.app.upstream_cx_length_ms: No recorded values"))
        #expect(
            lines.contains(
                "cluster.app.upstream_rq_time: P0(3,3) P25(3,3) P50(3,3) P75(3,3) P90(3,3) "
                    + "P95(3,3) P99(3,3) P99.5(3,3) P99.9(3,3) P100(3,3)"
            )
        )
    }

    @Test func anIntervalWithoutValuesPrintsNan() {
        let registry = filled()
        _ = registry.scopesBeginningInterval(after: 0)
        #expect(registry.text().contains("cluster.app.upstream_rq_time: P0(nan,3) P25(nan,3)"))
        #expect(registry.json().contains("{\"interval\":null,\"cumulative\":3}"))
    }

    @Test func jsonHasEnvoysShape() {
        let registry = StatsRegistry()
        let stats = registry.clusterStats(name: "a\"b", worker: 0)
        stats.increment(.upstreamRqTotal)
        stats.record(.upstreamRqTime, milliseconds: 2)
        let json = registry.json(StatsQuery(usedOnly: true) { $0.hasPrefix("cluster.") })
        let value = "{\"interval\":2,\"cumulative\":2}"
        let values = Array(repeating: value, count: 10).joined(separator: ",")
        #expect(
            json == "{\"stats\":[{\"name\":\"cluster.a\\\"b.upstream_rq_total\",\"value\":1},"
                + "{\"histograms\":{\"supported_quantiles\":[0,25,50,75,90,95,99,99.5,99.9,100],"
                + "\"computed_quantiles\":[{\"name\":\"cluster.a\\\"b.upstream_rq_time\","
                + "\"values\":[\(values)]}]}}]}"
        )
    }

    @Test func nothingAtAllIsStillValid() throws {
        let none = StatsQuery { _ in false }
        #expect(try PrometheusParser(filled().prometheus(none)).families.isEmpty)
        #expect(filled().text(none) == "")
        #expect(filled().json(none) == "{\"stats\":[]}")
    }
}

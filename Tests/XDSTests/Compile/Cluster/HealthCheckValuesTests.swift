import Model
import Testing

@testable import XDS

/// What the fields of health checks become.
struct HealthCheckValuesTests {
    private static let required =
        "timeout: 1s, interval: 5s, unhealthy_threshold: 3, healthy_threshold: 2"

    private static func check(_ fields: String) throws -> HealthCheckConfiguration {
        let cluster = try ClusterFixture.cluster("health_checks: [{\(required), \(fields)}]")
        return try #require(cluster.healthChecks.first)
    }

    @Test func timesAndThresholdsAreTaken() throws {
        let check = try Self.check(
            """
            tcp_health_check: {}, initial_jitter: 0.1s, interval_jitter: 0.2s,
            interval_jitter_percent: 10, alt_port: 81, reuse_connection: false,
            no_traffic_interval: 30s, no_traffic_healthy_interval: 40s, unhealthy_interval: 6s,
            unhealthy_edge_interval: 7s, healthy_edge_interval: 8s, event_log_path: /dev/null,
            always_log_health_check_failures: true, always_log_health_check_success: true
            """
        )
        #expect(check.timeout == 1_000)
        #expect(check.interval == 5_000)
        #expect(check.unhealthyThreshold == 3)
        #expect(check.healthyThreshold == 2)
        #expect(check.initialJitter == 100)
        #expect(check.intervalJitter == 200)
        #expect(check.intervalJitterPercent == 10)
        #expect(check.altPort == 81)
        #expect(!check.reusesConnection)
        #expect(check.noTrafficInterval == 30_000)
        #expect(check.noTrafficHealthyInterval == 40_000)
        #expect(check.unhealthyInterval == 6_000)
        #expect(check.unhealthyEdgeInterval == 7_000)
        #expect(check.healthyEdgeInterval == 8_000)
        #expect(check.eventLogPath == "/dev/null")
        #expect(check.logsEveryFailure && check.logsEverySuccess)
    }

    @Test func defaultsAreEnvoys() throws {
        let check = try Self.check("tcp_health_check: {}")
        #expect(check.reusesConnection)
        #expect(check.noTrafficInterval == 60_000)
        #expect(check.noTrafficHealthyInterval == nil)
        #expect(check.unhealthyInterval == nil)
        #expect(check.eventLogPath == nil)
        #expect(check.altPort == nil)
    }

    @Test func aCheckOverHTTPTakesEveryField() throws {
        let check = try Self.check(
            """
            http_health_check: {host: h, path: "/healthz?full", method: POST,
              send: {text: "4142"}, receive: [{text: "4F4B"}, {binary: "AQI="}],
              response_buffer_size: 100, expected_statuses: [{start: 200, end: 300}],
              retriable_statuses: [{start: 400, end: 500}],
              service_name_matcher: {prefix: shop},
              request_headers_to_remove: [X-B],
              request_headers_to_add: [
                {header: {key: X-A, value: "50%%"}, append_action: ADD_IF_ABSENT}]}
            """
        )
        guard case .http(let http) = check.kind else {
            Issue.record("the check is not one over HTTP")
            return
        }
        #expect(http.host == "h")
        #expect(http.path == "/healthz?full")
        #expect(http.method == .post)
        #expect(http.sentBody == [0x41, 0x42])
        #expect(http.expectedBody == [[0x4f, 0x4b], [1, 2]])
        #expect(http.responseBufferBytes == 100)
        #expect(http.expectedStatuses == [200..<300])
        #expect(http.retriableStatuses == [400..<500])
        guard case .prefix(let name)? = http.serviceName?.pattern else {
            Issue.record("the name of the service is not matched by its beginning")
            return
        }
        #expect(name == "shop")
        #expect(http.headersToAdd.steps.count == 2)
        guard case .remove(let removed, _)? = http.headersToAdd.steps.first,
            case .add(let added, _, .literal(let value), .addIfAbsent, let keepsEmpty)? =
                http.headersToAdd.steps.last
        else {
            Issue.record("headers are removed first, then added")
            return
        }
        #expect(removed == "x-b")
        #expect(added == "x-a")
        #expect(value == "50%")
        #expect(!keepsEmpty)
    }

    @Test func headersOfAChecksRequestMayHaveOperators() throws {
        let check = try Self.check(
            """
            http_health_check: {path: /,
              request_headers_to_remove: [content-length],
              request_headers_to_add: [
                {header: {key: x-zone, value: "%UPSTREAM_METADATA(a:zone)%"}}]}
            """
        )
        guard case .http(let http) = check.kind,
            case .add("x-zone", nil, .formatted(let format), .appendIfExistsOrAdd, false)? =
                http.headersToAdd.steps.first
        else {
            Issue.record("the header is not computed for each check")
            return
        }
        #expect(http.headersToAdd.needsRecord)
        #expect(http.headersToAdd.steps.count == 1)
        #expect(format.text == "%UPSTREAM_METADATA(a:zone)%")
    }

    @Test func aCheckOverTCPSendsAndWaitsForBytes() throws {
        let check = try Self.check(
            #"tcp_health_check: {send: {text: "50494e470d0a"}, receive: [{text: "2b504F4E47"}]}"#
        )
        guard case .tcp(let send, let receive) = check.kind else {
            Issue.record("the check is not one over TCP")
            return
        }
        #expect(send == Array("PING\r\n".utf8))
        #expect(receive == [Array("+PONG".utf8)])
    }

    @Test func eventsMayGoToASink() throws {
        let check = try Self.check(
            """
            tcp_health_check: {}, event_logger: [{name: x, typed_config: {"@type":
              type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3.\
            HealthCheckEventFileSink, event_log_path: /dev/null}}]
            """
        )
        #expect(check.eventLogPath == "/dev/null")
    }

    @Test func aClusterMayHaveSeveralNamedChecks() throws {
        let cluster = try ClusterFixture.cluster(
            """
            health_checks: [{name: a, \(Self.required), tcp_health_check: {}},
                            {name: b, \(Self.required), http_health_check: {path: /}}]
            """
        )
        #expect(cluster.healthChecks.count == 2)
    }
}

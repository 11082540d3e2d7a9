import Model
import Testing

@testable import XDS

/// What the fields of clusters become.
struct ClusterValuesTests {
    @Test func withoutFieldsTheDefaultsAreEnvoys() throws {
        let cluster = try ClusterFixture.cluster("")
        #expect(cluster.discovery == .static)
        #expect(cluster.loadBalancing == .roundRobin)
        #expect(cluster.balancing == BalancingOptions())
        #expect(cluster.localities == [LocalityConfiguration()])
        #expect(cluster.healthChecks.isEmpty)
        #expect(cluster.outlierDetection == nil)
        #expect(cluster.connection == UpstreamConnectionOptions())
        #expect(cluster.preconnect == Preconnect())
        #expect(cluster.dns == DNSOptions())
        #expect(cluster.connectionsPerEndpointMax == nil)
        #expect(cluster.endpoints.map(\.attributes) == [nil])
    }

    @Test func circuitBreakersTakeBudgetsAndLimitsOfEndpoints() throws {
        let cluster = try ClusterFixture.cluster(
            """
            circuit_breakers: {
              thresholds: [
                {max_requests: 7, track_remaining: true},
                {priority: HIGH, retry_budget: {budget_percent: {value: 12.5},
                                                min_retry_concurrency: 4}}],
              per_host_thresholds: [{max_connections: 9}]}
            """
        )
        #expect(cluster.circuitBreakers[0].requestsMax == 7)
        #expect(cluster.circuitBreakers[0].tracksRemaining)
        #expect(cluster.circuitBreakers[0].retryBudget == nil)
        #expect(
            cluster.circuitBreakers[1].retryBudget
                == RetryBudget(percent: 12.5, minRetryConcurrency: 4)
        )
        #expect(cluster.connectionsPerEndpointMax == 9)
    }

    @Test func outlierDetectionTakesEveryField() throws {
        let cluster = try ClusterFixture.cluster(
            """
            outlier_detection: {
              consecutive_5xx: 1, interval: 2s, base_ejection_time: 3s, max_ejection_percent: 4,
              enforcing_consecutive_5xx: 5, enforcing_success_rate: 6,
              success_rate_minimum_hosts: 7, success_rate_request_volume: 8,
              success_rate_stdev_factor: 9, consecutive_gateway_failure: 10,
              enforcing_consecutive_gateway_failure: 11,
              split_external_local_origin_errors: true, consecutive_local_origin_failure: 13,
              enforcing_consecutive_local_origin_failure: 14,
              enforcing_local_origin_success_rate: 15, failure_percentage_threshold: 16,
              enforcing_failure_percentage: 17, enforcing_failure_percentage_local_origin: 18,
              failure_percentage_minimum_hosts: 19, failure_percentage_request_volume: 20,
              max_ejection_time: 21s, max_ejection_time_jitter: 0.022s,
              successful_active_health_check_uneject_host: false, always_eject_one_host: true}
            """
        )
        var expected = OutlierDetectionConfiguration()
        expected.consecutive5xx = 1
        expected.interval = 2_000
        expected.baseEjectionTime = 3_000
        expected.maxEjectionPercent = 4
        expected.enforcingConsecutive5xx = 5
        expected.enforcingSuccessRate = 6
        expected.successRateMinimumHosts = 7
        expected.successRateRequestVolume = 8
        expected.successRateStdevFactor = 9
        expected.consecutiveGatewayFailure = 10
        expected.enforcingConsecutiveGatewayFailure = 11
        expected.splitsLocalOriginErrors = true
        expected.consecutiveLocalOriginFailure = 13
        expected.enforcingConsecutiveLocalOriginFailure = 14
        expected.enforcingLocalOriginSuccessRate = 15
        expected.failurePercentageThreshold = 16
        expected.enforcingFailurePercentage = 17
        expected.enforcingFailurePercentageLocalOrigin = 18
        expected.failurePercentageMinimumHosts = 19
        expected.failurePercentageRequestVolume = 20
        expected.maxEjectionTime = 21_000
        expected.maxEjectionTimeJitter = 22
        expected.successfulActiveHealthCheckUnejects = false
        expected.alwaysEjectsOneHost = true
        #expect(cluster.outlierDetection == expected)
    }

    @Test func theLongestEjectionIsNeverBelowTheFirst() throws {
        let long = try ClusterFixture.cluster("outlier_detection: {base_ejection_time: 400s}")
        #expect(long.outlierDetection?.maxEjectionTime == 400_000)
        let short = try ClusterFixture.cluster("outlier_detection: {}")
        #expect(short.outlierDetection == OutlierDetectionConfiguration())
    }

    @Test func connectionsComeFromWhereTheClusterOrElseTheBootstrapSays() throws {
        let shared = """
            cluster_manager: {upstream_bind_config: {source_address: {address: 10.9.9.9,
              port_value: 0}}}

            """
        let inherited = try ClusterFixture.cluster("", bootstrap: shared)
        #expect(inherited.connection.sources.map(\.description) == ["10.9.9.9:0"])
        let own = try ClusterFixture.cluster(
            """
            upstream_bind_config: {source_address: {address: 127.0.0.1, port_value: 0},
              freebind: true, extra_source_addresses: [{address: {address: "::1", port_value: 0}}],
              socket_options: [{level: 1, name: 2, int_value: 258},
                               {level: 6, name: 3, buf_value: "AQI="}]},
            upstream_connection_options: {tcp_keepalive: {keepalive_probes: 3, keepalive_time: 4,
              keepalive_interval: 5}}
            """,
            bootstrap: shared
        )
        #expect(own.connection.sources.map(\.description) == ["127.0.0.1:0", "[::1]:0"])
        #expect(own.connection.usesFreebind)
        #expect(
            own.connection.options == [
                .init(level: 1, name: 2, value: [2, 1, 0, 0]),
                .init(level: 6, name: 3, value: [1, 2]),
            ]
        )
        #expect(
            own.connection.keepAlive
                == .init(probes: 3, idleSeconds: 4, intervalSeconds: 5)
        )
        #expect(own.fingerprint != inherited.fingerprint)
        #expect(try ClusterFixture.cluster("").fingerprint != inherited.fingerprint)
    }

    @Test func connectionsMayBeOpenedEarlyAndAreCounted() throws {
        let cluster = try ClusterFixture.cluster(
            """
            preconnect_policy: {per_upstream_preconnect_ratio: 1.5,
                                predictive_preconnect_ratio: 2.0},
            track_cluster_stats: {timeout_budgets: true, request_response_sizes: true},
            health_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1,
                             healthy_threshold: 1, tcp_health_check: {}}],
            close_connections_on_host_health_failure: true, ignore_health_on_host_removal: true,
            common_http_protocol_options: {max_stream_duration: 9s}
            """
        )
        #expect(cluster.preconnect.perUpstreamRatio == 1.5)
        #expect(cluster.preconnect.predictiveRatio == 2)
        #expect(cluster.tracksTimeoutBudgets && cluster.tracksRequestSizes)
        #expect(cluster.closesConnectionsOnHealthFailure && cluster.ignoresHealthOnRemoval)
        #expect(cluster.streamDurationMaxMilliseconds == 9_000)
    }
}

import Model
import Testing

@testable import XDS

/// What TCP proxies become.
struct RelayValuesTests {
    @Test func withoutAWordTheDefaultsHold() throws {
        let relay = try ListenerFixture.relay("cluster: c")
        guard case .cluster("c") = relay.destination else {
            Issue.record("the destination is not the cluster")
            return
        }
        #expect(relay.statPrefix == "t")
        #expect(relay.idleTimeoutMilliseconds == 3_600_000)
        #expect(relay.durationMaxMilliseconds == nil)
        #expect(relay.connectAttemptsMax == 1)
        #expect(!relay.hashesSourceAddress)
        #expect(relay.metadataMatch.isEmpty)
        #expect(relay.accessLogs.isEmpty)
        #expect(relay.logTimes == TCPProxyConfiguration.LogTimes())
    }

    @Test func everyFieldIsKept() throws {
        let relay = try ListenerFixture.relay(
            """
            weighted_clusters: {clusters: [{name: c, weight: 3}, {name: c, weight: 1}]}, \
            idle_timeout: 0s, max_downstream_connection_duration: 90s, max_connect_attempts: 4, \
            hash_policy: [{source_ip: {}}], \
            metadata_match: {filter_metadata: {envoy.lb: {stage: canary}}}, \
            access_log: [{name: l, typed_config: {"@type": type.googleapis.com/\
            envoy.extensions.access_loggers.stream.v3.StderrAccessLog}}], \
            access_log_options: {flush_access_log_on_connected: true, \
            flush_access_log_on_start: true, access_log_flush_interval: 2s}
            """
        )
        guard case .weighted(let shares) = relay.destination else {
            Issue.record("the destination is not weighted")
            return
        }
        #expect(shares.map { $0.weight } == [3, 1])
        #expect(relay.idleTimeoutMilliseconds == nil)
        #expect(relay.durationMaxMilliseconds == 90_000)
        #expect(relay.connectAttemptsMax == 4)
        #expect(relay.hashesSourceAddress)
        #expect(relay.metadataMatch == ["stage": .string("canary")])
        #expect(relay.accessLogs.map(\.sink) == [.standardError])
        #expect(relay.logTimes.onConnected && relay.logTimes.atStart)
        #expect(relay.logTimes.everyMilliseconds == 2_000)
    }
}

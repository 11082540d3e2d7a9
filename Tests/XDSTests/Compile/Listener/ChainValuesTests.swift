import Model
import Testing

@testable import XDS

/// What listeners, their chains and filters become.
struct ChainValuesTests {
    private static let inspector =
        "{name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters."
        + "listener.tls_inspector.v3.TlsInspector}}"

    @Test func everyConditionOfAMatchIsKept() throws {
        let match = try #require(
            try ListenerFixture.listener(
                """
                destination_port: 443, prefix_ranges: [{address_prefix: 10.1.0.0, prefix_len: 16}], \
                server_names: [A.Example, "*.b.example"], transport_protocol: tls, \
                application_protocols: [h2, http/1.1], source_type: EXTERNAL, \
                direct_source_prefix_ranges: [{address_prefix: "fd00::", prefix_len: 8}], \
                source_prefix_ranges: [{address_prefix: 192.0.2.0, prefix_len: 24}], \
                source_ports: [1000, 1001]
                """,
                in: .inspectedMatch
            ).filterChains.first
        ).match
        #expect(match.destinationPort == 443)
        #expect(match.destinationRanges.map(\.prefix) == [[10, 1, 0, 0]])
        #expect(match.destinationRanges.map(\.length) == [16])
        #expect(match.serverNames == ["a.example", "*.b.example"])
        #expect(match.transportProtocol == "tls")
        #expect(match.applicationProtocols == ["h2", "http/1.1"])
        #expect(match.sourceType == .external)
        #expect(match.directSourceRanges.first?.length == 8)
        #expect(match.sourceRanges.map(\.prefix) == [[192, 0, 2, 0]])
        #expect(match.sourcePorts == [1000, 1001])
    }

    @Test func chainsKeepTheirOrderAndTheDefaultOneIsApart() throws {
        let listener = try ListenerFixture.listener(
            """
            listener_filters: [\(Self.inspector)], filter_chains: [\
            {name: one, filter_chain_match: {server_names: [a.example]}, filters: [HCM]}, \
            {name: two, filter_chain_match: {destination_port: 80}, filters: [TCP]}], \
            default_filter_chain: {name: rest, filters: [TCP]}
            """
        )
        #expect(listener.filterChains.map(\.name) == ["one", "two"])
        #expect(listener.defaultFilterChain?.name == "rest")
        #expect(
            listener.filterChains.map { $0.filter.isSameKind(as: listener.chains[2].filter) }
                == [false, true]
        )
    }

    @Test func aDefaultChainMayStandAlone() throws {
        let listener = try ListenerFixture.listener("default_filter_chain: {filters: [TCP]}")
        #expect(listener.filterChains.isEmpty)
        #expect(listener.defaultFilterChain != nil)
    }

    static let raw =
        "transport_socket: {name: raw, typed_config: {'@type': "
        + "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}"

    @Test(
        arguments: [
            (
                ChainValuesTests.raw,
                nil
            ),
            (
                ChainValuesTests.raw
                    + ", transport_socket_connect_timeout: 2s", 2_000
            ),
            (
                ChainValuesTests.raw
                    + ", transport_socket_connect_timeout: 0s", Compilation.neverMilliseconds
            ),
        ] as [(String, Int64?)]
    )
    func theTimeOfAHandshakeIsWhatIsGiven(fields: String, milliseconds: Int64?) throws {
        let chain = try #require(
            try ListenerFixture.listener(fields, in: .chain).filterChains.first
        )
        #expect(chain.tls == nil)
        #expect(chain.transportConnectTimeoutMilliseconds == milliseconds)
    }

    // MARK: - Fingerprints

    private static func fingerprints(_ first: String, _ second: String) throws -> [[UInt8]] {
        let listener = try ListenerFixture.listener(
            """
            filter_chains: [{filter_chain_match: {destination_port: 80}, \(first)filters: [HCM]}, \
            {filter_chain_match: {destination_port: 81}, \(second)filters: [HCM]}]
            """
        )
        return listener.filterChains.map(\.fingerprint) + [listener.fingerprint]
    }

    @Test func aChainThatIsTheSameKeepsItsFingerprint() throws {
        let before = try Self.fingerprints("", "")
        let after = try Self.fingerprints("", "name: new, ")
        #expect(before[0] == after[0])
        #expect(before[1] != after[1])
        #expect(before[2] != after[2])
        #expect(before[0] != before[1])
        #expect(try Self.fingerprints("", "") == before)
    }

    // MARK: - The listener

    @Test func whatAListenerDoesWithConnectionsIsKept() throws {
        let listener = try ListenerFixture.listener(
            """
            filter_chains: [{filters: [TCP]}], transparent: true, freebind: true, \
            use_original_dst: true, listener_filters_timeout: 0s, \
            continue_on_listener_filters_timeout: true, traffic_direction: INBOUND, \
            access_log: [{name: l, filter: {duration_filter: {comparison: {op: GE, value: \
            {default_value: 9, runtime_key: a}}}}, typed_config: {"@type": type.googleapis.com/\
            envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}}]
            """
        )
        #expect(listener.isTransparent)
        #expect(listener.isFreebind)
        #expect(listener.handsOffOriginalDestination)
        #expect(listener.filters.originalDestination)
        #expect(listener.filters.timeoutMilliseconds == nil)
        #expect(listener.filters.continuesOnTimeout)
        #expect(listener.accessLogs.map(\.sink) == [.standardOutput])
        #expect(listener.accessLogFilters.count == 1)
    }

    @Test func withoutAWordTheDefaultsHold() throws {
        let listener = try ListenerFixture.listener("filter_chains: [{filters: [TCP]}]")
        #expect(listener.filters == ListenerFilters())
        #expect(listener.filters.timeoutMilliseconds == 15_000)
        #expect(!listener.handsOffOriginalDestination)
        #expect(!listener.isTransparent)
    }

    @Test func everyListenerFilterIsRead() throws {
        let type = "\"@type\": type.googleapis.com/envoy.extensions.filters.listener"
        let filters = try ListenerFixture.listener(
            """
            {name: a, typed_config: {\(type).proxy_protocol.v3.ProxyProtocol, \
            allow_requests_without_proxy_protocol: true, disallowed_versions: [V1]}}, \
            {name: b, typed_config: {\(type).original_dst.v3.OriginalDst}}, \
            {name: c, typed_config: {\(type).original_src.v3.OriginalSrc, mark: 7, \
            bind_port: true}}, \
            {name: d, typed_config: {\(type).tls_inspector.v3.TlsInspector}}, \
            {name: e, typed_config: {\(type).http_inspector.v3.HttpInspector}}
            """,
            in: .listenerFilters
        ).filters
        #expect(
            filters.proxyProtocol
                == ListenerFilters.ProxyProtocol(allowsMissing: true, acceptsV1: false)
        )
        #expect(filters.originalDestination)
        #expect(
            filters.originalSource == ListenerFilters.OriginalSource(mark: 7, bindsPort: true)
        )
        #expect(filters.tlsInspector)
        #expect(filters.httpInspector)
    }
}

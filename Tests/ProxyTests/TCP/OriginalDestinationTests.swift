import Model
import Telemetry
import Testing

@testable import Proxy

/// ORIGINAL_DST: the endpoint is where the client wanted to go.
///
/// The PROXY header says so here, which the kernel says of connections that it has redirected.
@Suite(.serialized)
struct OriginalDestinationTests {
    private func relay(_ options: OriginalDestination = OriginalDestination()) throws -> TCPPlane {
        var filters = ListenerFilters()
        filters.proxyProtocol = .init(allowsMissing: true)
        return try TCPPlane(
            chain: .tcp(TCPProxyConfiguration(statPrefix: "test", destination: .cluster("app"))),
            filters: filters,
            discovery: .originalDestination(options),
            endpoints: []
        )
    }

    private func header(_ destination: SocketAddress) -> String {
        "PROXY TCP4 10.0.0.1 \(destination.host) 1000 \(destination.port ?? 0)\r\n"
    }

    @Test
    func aConnectionGoesWhereItsClientWantedTo() throws {
        let live = try relay()
        for _ in 0..<2 {
            let upstream = try LoopbackListener()
            let client = try live.client()
            client.send(header(upstream.address) + "hello")
            let endpoint = try #require(try upstream.accept())
            #expect(endpoint.read(count: 5).count == 5)
            endpoint.send("welcome")
            #expect(client.read(upTo: "welcome") == "welcome")
            client.finishSending()
            endpoint.finishSending()
            #expect(client.readToEnd() == "")
        }
        #expect(live.leavesNothing())
        #expect(live.value(.downstreamCxRxBytesTotal) == 10)
    }

    @Test
    func thePortMayBeAnother() throws {
        let upstream = try LoopbackListener()
        let live = try relay(OriginalDestination(portOverride: upstream.address.port))
        let client = try live.client()
        client.send(header(upstream.address.with(port: 9)))
        #expect(try upstream.accept() != nil)
        client.close()
        #expect(live.leavesNothing())
    }

    @Test
    func aConnectionThatWasNotRedirectedEnds() throws {
        let live = try relay()
        let client = try live.client()
        client.send("no header at all")
        _ = client.readToEnd()
        #expect(live.leavesNothing())
        #expect(live.value(.upstreamCxNoneHealthy) == 1)
        #expect(live.value(.upstreamCxTotal) == 0)
    }

    @Test
    func theProxyIsNeverConnectedToItself() throws {
        let live = try relay()
        let client = try live.client()
        client.send(header(live.address))
        #expect(client.readToEnd() == "")
        #expect(live.leavesNothing())
        #expect(live.value(.upstreamCxNoneHealthy) == 1)
        #expect(live.value(TCPStat.downstreamCxTotal) == 1)
    }

    @Test
    func anAddressInAHeaderHasAPort() {
        func address(_ text: String) -> SocketAddress? {
            let bytes = Array(text.utf8)
            return OriginalDestinations.address(bytes.span)
        }
        #expect(address("10.0.0.1:80") == .ipv4(0x0a00_0001, port: 80))
        #expect(address("[::1]:80") == .ipv6(high: 0, low: 1, port: 80, scope: 0))
        for wrong in [
            "", ":", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "10.0.0.1:x",
            "::1:80", "[::1]", "[10.0.0.1]:80", "[]:80", "[", "host:80", "10.0.0.1:-1",
        ] {
            #expect(address(wrong) == nil, "\(wrong)")
        }
    }

    // MARK: - HTTP

    private func plane(_ options: OriginalDestination) throws -> TCPPlane {
        let route = Route(
            name: "",
            explanation: "route 0",
            match: RouteMatch(path: .prefix("/")),
            action: .forward(ForwardAction(destination: .cluster("app")))
        )
        return try TCPPlane(
            chain: .http(.only(route)),
            discovery: .originalDestination(options),
            endpoints: []
        )
    }

    @Test
    func aHeaderMayNameTheAddress() throws {
        let upstream = try LoopbackListener()
        let live = try plane(OriginalDestination(header: "x-envoy-original-dst-host"))
        let client = try live.client()
        client.send(
            "GET / HTTP/1.1\r\nhost: a\r\nx-envoy-original-dst-host: \(upstream.address)\r\n\r\n"
        )
        let endpoint = try #require(try upstream.accept())
        _ = endpoint.read(upTo: "\r\n\r\n")
        endpoint.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        #expect(client.read(upTo: "ok").hasPrefix("HTTP/1.1 200 OK"))
    }

    @Test
    func aRequestThatNamesNoAddressIsRefusedInWords() throws {
        let live = try plane(OriginalDestination(header: "x-envoy-original-dst-host"))
        let client = try live.client()
        for (value, words) in [
            ("nonsense", "does not know where to"),
            ("\(live.address)", "would connect the proxy to itself"),
        ] {
            client.send(
                "GET / HTTP/1.1\r\nhost: a\r\nx-envoy-original-dst-host: \(value)\r\n\r\n"
            )
            let head = client.read(upTo: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 503 "))
            #expect(head.contains(words), "\(head)")
            _ = client.read(upTo: "\n")
        }
        client.close()
        #expect(live.leavesNothing())
        #expect(live.value(.originalDstHostInvalid) == 1)
    }
}

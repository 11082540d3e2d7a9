import Model
import Telemetry
import Testing

@testable import Proxy

/// The way of a relayed connection to an endpoint.
@Suite(.serialized)
struct TCPConnectTests {
    @Test
    func anotherEndpointIsTriedWhereAttemptsAreLeft() throws {
        let upstream = try LoopbackListener()
        let dead = try TCPPlane.deadAddress()
        let live = try TCPPlane(to: [dead, upstream.address], attemptsMax: 2)
        for _ in 0..<4 {
            let client = try live.client()
            client.send("x")
            client.finishSending()
            let endpoint = try #require(try upstream.accept())
            #expect(endpoint.readToEnd() == "x")
            endpoint.finishSending()
            #expect(client.readToEnd() == "")
        }
        #expect(live.leavesNothing())
        #expect(live.value(.upstreamCxConnectAttemptsExceeded) == 0)
        #expect(live.value(.upstreamCxConnectFail) >= 2)
    }

    @Test
    func aConnectionEndsWhenNoAttemptIsLeft() throws {
        let live = try TCPPlane(to: [try TCPPlane.deadAddress()], attemptsMax: 3)
        let client = try live.client()
        #expect(client.readToEnd() == "")
        #expect(live.leavesNothing())
        #expect(live.value(.upstreamCxConnectFail) == 3)
        #expect(live.value(.upstreamCxConnectAttemptsExceeded) == 1)
        #expect(live.value(.upstreamRqPendingFailureEject) == 3)
    }

    @Test
    func aConnectionBeyondTheLimitIsEndedAtOnce() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(
            to: [upstream.address],
            limits: CircuitBreakerThresholds(connectionsMax: 1)
        )
        let first = try live.client()
        let endpoint = try #require(try upstream.accept())
        let second = try live.client()
        #expect(second.readToEnd() == "")
        #expect(live.value(.upstreamCxOverflow) == 1)
        first.send("x")
        #expect(endpoint.read(count: 1).count == 1)
        first.close()
        #expect(endpoint.readToEnd() == "")
        endpoint.close()
        #expect(live.eventually { live.value(.upstreamCxActive) == 0 })
        let third = try live.client()
        #expect(try upstream.accept() != nil)
        third.close()
        #expect(live.leavesNothing())
    }

    @Test
    func withoutAClusterOrAnEndpointAConnectionEnds() throws {
        let unknown = try TCPPlane(to: [], cluster: "unknown")
        #expect(try unknown.client().readToEnd() == "")
        #expect(unknown.leavesNothing())
        #expect(unknown.value(.downstreamCxNoRoute) == 1)
        let empty = try TCPPlane(to: [])
        #expect(try empty.client().readToEnd() == "")
        #expect(empty.leavesNothing())
        #expect(empty.value(.upstreamCxNoneHealthy) == 1)
    }
}

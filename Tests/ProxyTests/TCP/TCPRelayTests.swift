import Model
import Telemetry
import Testing

@testable import Proxy

/// Relayed connections, over real sockets.
@Suite(.serialized)
struct TCPRelayTests {
    @Test
    func aClientThatHasFinishedStillGetsTheAnswer() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        client.send("question")
        client.finishSending()
        #expect(endpoint.readToEnd() == "question")
        endpoint.send("answer")
        endpoint.finishSending()
        #expect(client.readToEnd() == "answer")
        #expect(live.leavesNothing())
        #expect(live.value(.downstreamCxRxBytesTotal) == 8)
        #expect(live.value(.downstreamCxTxBytesTotal) == 6)
        #expect(live.value(.upstreamCxTxBytesTotal) == 8)
        #expect(live.value(.upstreamCxRxBytesTotal) == 6)
        #expect(live.value(.upstreamCxDestroyRemote) == 1)
    }

    @Test
    func aClientMayGoOnAfterTheServerHasFinished() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        endpoint.send("all")
        endpoint.finishSending()
        #expect(client.readToEnd() == "all")
        client.send("late")
        client.finishSending()
        #expect(endpoint.readToEnd() == "late")
        #expect(live.leavesNothing())
        #expect(live.value(.upstreamCxDestroyLocal) == 1)
    }

    @Test
    func aServerMaySpeakFirstAndEndAtOnce() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        for _ in 0..<50 {
            let client = try live.client()
            let endpoint = try #require(try upstream.accept())
            endpoint.send("banner")
            endpoint.finishSending()
            #expect(client.readToEnd() == "banner")
            client.close()
        }
        #expect(live.leavesNothing())
    }

    @Test
    func aResetOfTheServerResetsTheClient() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        client.send("read")
        #expect(endpoint.read(count: 4).count == 4)
        client.send("unread")
        #expect(live.eventually { live.value(.downstreamCxRxBytesTotal) == 10 })
        // Closed with bytes unread, a socket sends a reset.
        endpoint.close()
        #expect(client.readToEnd() == nil)
        #expect(live.leavesNothing())
    }

    @Test
    func theServerGetsWhatAClientHadSentBeforeItsReset() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        endpoint.send("unread")
        client.send("last words")
        #expect(live.eventually { live.value(.downstreamCxRxBytesTotal) == 10 })
        #expect(live.eventually { live.value(.downstreamCxTxBytesTotal) == 6 })
        client.close()
        #expect(endpoint.readToEnd() == "last words")
        #expect(live.leavesNothing())
    }

    @Test
    func aSlowReaderMakesTheOtherSideWait() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        let piece = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var sent = 0
        // As much as fits into the kernel's buffers, again and again, until reading has paused.
        let isStuck = live.eventually {
            sent += client.sendWhatFits(Array(piece[(sent % piece.count)...]))
            return live.value(.downstreamFlowControlPausedReadingTotal) > 0
                && client.sendWhatFits([]) == 0 && live.value(.downstreamCxRxBytesBuffered) > 0
        }
        #expect(isStuck)
        #expect(live.value(.downstreamCxRxBytesBuffered) <= UInt64(EventLoop.scratchBytes))
        client.finishSending()
        let received = endpoint.read(count: sent)
        #expect(received.count == sent)
        let isWhole = received.indices.allSatisfy { received[$0] == piece[$0 % piece.count] }
        #expect(isWhole)
        endpoint.close()
        #expect(live.leavesNothing())
        #expect(live.value(.downstreamFlowControlResumedReadingTotal) > 0)
    }

    @Test
    func anIdleConnectionIsEndedOnBothSides() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address], idleTimeout: 50)
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        #expect(client.readToEnd() == "")
        #expect(endpoint.readToEnd() == "")
        #expect(live.leavesNothing())
        #expect(live.value(.idleTimeout) == 1)
    }

    @Test
    func aConnectionLastsNoLongerThanItMay() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address], durationMax: 50)
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        #expect(client.readToEnd() == "")
        #expect(endpoint.readToEnd() == "")
        #expect(live.leavesNothing())
        #expect(live.value(.maxDownstreamConnectionDuration) == 1)
    }

    @Test
    func aDrainingWorkerLetsAConnectionGoOn() throws {
        let upstream = try LoopbackListener()
        let live = try TCPPlane(to: [upstream.address])
        let client = try live.client()
        let endpoint = try #require(try upstream.accept())
        live.drain()
        client.send("still")
        #expect(endpoint.read(count: 5).count == 5)
        client.finishSending()
        endpoint.finishSending()
        #expect(client.readToEnd() == "")
        #expect(live.leavesNothing())
    }
}

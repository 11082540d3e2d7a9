import Glibc
import Model
import Telemetry
import Testing

@testable import Proxy

/// Requests through a whole worker, over real sockets: what must hold when clients and endpoints
/// misbehave.
@Suite(.serialized)
struct ExchangeTests {
    private static let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    private func response(_ body: String, _ fields: String = "") -> String {
        "HTTP/1.1 200 OK\r\n\(fields)content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test
    func bytesAfterAResponseNeverReachTheNextRequest() throws {
        let live = try LivePlane(connectionsMax: 1)
        let first = try live.client()
        first.send(Self.get)
        let poisoned = try #require(try live.upstream.accept())
        _ = poisoned.read(upTo: "\r\n\r\n")
        let second = try live.client()
        second.send(Self.get)
        #expect(
            live.eventually { live.registry.value(cluster: "app", .upstreamRqPendingActive) == 1 }
        )
        poisoned.send(response("first") + response("poison"))
        #expect(first.read(upTo: "first").hasSuffix("first"))
        let fresh = try #require(try live.upstream.accept())
        _ = fresh.read(upTo: "\r\n\r\n")
        fresh.send(response("second"))
        #expect(second.read(upTo: "second").hasSuffix("\r\n\r\nsecond"))
        live.stop()
        #expect(live.activeCounts().allSatisfy { $0 == 0 })
    }

    @Test
    func aConnectionIsKeptWhoseHeadCameInPieces() throws {
        let live = try LivePlane()
        let client = try live.client()
        client.send(Self.get)
        let endpoint = try #require(try live.upstream.accept())
        _ = endpoint.read(upTo: "\r\n\r\n")
        // The interim response shows the client that its piece of the next head has been read too.
        endpoint.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-le")
        _ = client.read(upTo: "\r\n\r\n")
        endpoint.send("ngth: 3\r\n\r\none")
        #expect(client.read(upTo: "one").hasSuffix("one"))
        client.send(Self.get)
        #expect(endpoint.read(upTo: "\r\n\r\n").hasPrefix("GET / "))
        endpoint.send(response("two"))
        #expect(client.read(upTo: "two").hasSuffix("two"))
    }

    @Test
    func aMalformedChunkAfterTheResponseBeganEndsTheExchangeOnce() throws {
        let live = try LivePlane()
        let broken = try live.client()
        broken.send("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        let endpoint = try #require(try live.upstream.accept())
        _ = endpoint.read(upTo: "1\r\na\r\n")
        endpoint.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345")
        _ = broken.read(upTo: "12345")
        broken.send("zz\r\n")
        #expect(broken.readToEnd() != nil)
        // The next request takes the same exchange from the pool.
        let client = try live.client()
        client.send("GET /direct HTTP/1.1\r\nhost: a\r\n\r\n")
        #expect(client.read(upTo: "\r\n\r\ndirect").hasPrefix("HTTP/1.1 200 OK\r\n"))
        live.stop()
        #expect(live.activeCounts().allSatisfy { $0 == 0 })
    }

    @Test
    func trailersOfBothDirectionsMayArriveInterleaved() throws {
        let live = try LivePlane()
        let client = try live.client()
        client.send(
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nq\r\n0\r\nx-of: req"
        )
        let endpoint = try #require(try live.upstream.accept())
        _ = endpoint.read(upTo: "1\r\nq\r\n")
        endpoint.send(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\nx-of: res"
        )
        _ = client.read(upTo: "1\r\nz\r\n")
        client.send("uest\r\n\r\n")
        #expect(endpoint.read(upTo: "\r\n\r\n") == "0\r\nx-of: request\r\n\r\n")
        endpoint.send("ponse\r\n\r\n")
        #expect(client.read(upTo: "\r\n\r\n") == "0\r\nx-of: response\r\n\r\n")
        live.stop()
        #expect(live.activeCounts().allSatisfy { $0 == 0 })
    }

    @Test
    func whoWaitsGetsThePlaceOfAConnectionThatClosedWhileOthersAreBusy() throws {
        let live = try LivePlane(connectionsMax: 2)
        let clients = [try live.client(), try live.client(), try live.client()]
        clients[0].send(Self.get)
        let closing = try #require(try live.upstream.accept())
        _ = closing.read(upTo: "\r\n\r\n")
        clients[1].send(Self.get)
        let busy = try #require(try live.upstream.accept())
        _ = busy.read(upTo: "\r\n\r\n")
        clients[2].send(Self.get)
        #expect(
            live.eventually { live.registry.value(cluster: "app", .upstreamRqPendingActive) == 1 }
        )
        closing.send(response("gone", "connection: close\r\n"))
        #expect(clients[0].read(upTo: "gone").hasSuffix("gone"))
        let next = try #require(try live.upstream.accept())
        _ = next.read(upTo: "\r\n\r\n")
        next.send(response("third"))
        #expect(clients[2].read(upTo: "third").hasSuffix("third"))
        busy.send(response("busy"))
        #expect(clients[1].read(upTo: "busy").hasSuffix("busy"))
        live.stop()
        #expect(live.activeCounts().allSatisfy { $0 == 0 })
    }

    @Test
    func aClientThatLeavesGivesBackItsPlaceWhereverItsRequestIs() throws {
        let live = try LivePlane(connectionsMax: 1)
        let sending = try live.client()
        sending.send(Self.get)
        let endpoint = try #require(try live.upstream.accept())
        _ = endpoint.read(upTo: "\r\n\r\n")
        let waiting = try live.client()
        waiting.send(Self.get)
        #expect(
            live.eventually { live.registry.value(cluster: "app", .upstreamRqPendingActive) == 1 }
        )
        waiting.close()
        #expect(
            live.eventually { live.registry.value(cluster: "app", .upstreamRqPendingActive) == 0 }
        )
        sending.close()
        #expect(live.eventually { live.registry.value(cluster: "app", .upstreamRqActive) == 0 })
        #expect(endpoint.readToEnd() != nil)
        live.stop()
        #expect(live.activeCounts().allSatisfy { $0 == 0 })
    }

    @Test
    func everyPipelinedRequestIsAnsweredAlsoWhereTheClientReadsLate() throws {
        let live = try LivePlane()
        let client = try live.client()
        let count = 4_000
        let one = "GET /direct HTTP/1.1\r\nhost: a\r\n\r\n"
        let last = "GET /direct HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        #expect(client.send(String(repeating: one, count: count - 1) + last))
        let answers = try #require(client.readToEnd())
        #expect(answers.split(separator: "HTTP/1.1 200 OK").count == count)
    }

    @Test
    func anAnswerThatComesEarlyReachesTheClientAlthoughTheEndpointCloses() throws {
        let live = try LivePlane()
        let client = try live.client()
        let half = [UInt8](repeating: 0x78, count: 128 * 1024)
        client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: \(half.count * 2)\r\n\r\n")
        client.send(half)
        let endpoint = try #require(try live.upstream.accept())
        _ = endpoint.read(upTo: "\r\n\r\n")
        endpoint.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig")
        endpoint.close()
        client.send(half)
        let answer = client.read(upTo: "\r\n\r\nbig")
        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        live.stop()
        #expect(live.activeCounts().allSatisfy { $0 == 0 })
    }

    @Test
    func aSlowReaderGetsAllThatAUnixSocketSentBeforeItClosed() throws {
        let live = try LivePlane(upstream: .unix(path: "@pillion-test-\(getpid())"))
        let client = try live.client()
        client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        let endpoint = try #require(try live.upstream.accept())
        _ = endpoint.read(upTo: "\r\n\r\n")
        endpoint.send("HTTP/1.1 200 OK\r\n\r\n")
        let piece = [UInt8](repeating: 0x7a, count: 32 * 1024)
        var sent = 0
        #expect(
            live.eventually {
                sent += endpoint.sendWhatFits(piece)
                return live.registry.value(cluster: "app", .upstreamFlowControlPausedReadingTotal)
                    > 0
            }
        )
        sent += endpoint.sendWhatFits(piece)
        endpoint.close()
        let answer = try #require(client.readToEnd())
        #expect(answer.hasSuffix("\r\n0\r\n\r\n"))
        #expect(answer.utf8.count { $0 == 0x7a } == sent)
    }

    @Test
    func aWorkerWithoutConnectionsIsDrainedAtOnce() throws {
        let live = try LivePlane()
        let drained = Semaphore()
        live.drain { drained.signal() }
        #expect(drained.wait(milliseconds: 5_000))
    }
}

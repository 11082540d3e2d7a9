import Model
import Telemetry
import Testing

@testable import Proxy

/// CONNECT that ends here (`connect_config`).
@Suite(.serialized)
struct ConnectTerminationTests {
    private func plane(
        to address: SocketAddress,
        _ match: RouteMatch.PathCondition,
        _ termination: ConnectTermination
    ) throws -> TCPPlane {
        let upgrade = UpgradeConfiguration(type: "connect", connect: termination)
        let route = Route(
            name: "",
            explanation: "route 0",
            match: RouteMatch(path: match),
            action: .forward(
                ForwardAction(destination: .cluster("app"), upgrades: [upgrade])
            )
        )
        return try TCPPlane(chain: .http(.only(route)), endpoints: [address])
    }

    @Test
    func theTunnelsBytesGoToTheEndpointAsTheyAre() throws {
        let upstream = try LoopbackListener()
        let live = try plane(to: upstream.address, .connect, ConnectTermination())
        let client = try live.client()
        client.send("CONNECT db:5432 HTTP/1.1\r\nhost: db:5432\r\n\r\nearly ")
        let endpoint = try #require(try upstream.accept())
        let head = client.read(upTo: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(!head.contains("content-length") && !head.contains("transfer-encoding"))
        client.send("late")
        #expect(endpoint.read(upTo: "late") == "early late")
        endpoint.send("answer")
        #expect(client.read(upTo: "answer") == "answer")
        endpoint.finishSending()
        #expect(client.readToEnd() == "")
        client.close()
        #expect(live.leavesNothing())
    }

    @Test
    func whoHasFinishedSendingGetsTheRest() throws {
        let upstream = try LoopbackListener()
        let live = try plane(to: upstream.address, .connect, ConnectTermination())
        let client = try live.client()
        client.send("CONNECT db:5432 HTTP/1.1\r\nhost: db:5432\r\n\r\nquestion")
        let endpoint = try #require(try upstream.accept())
        #expect(client.read(upTo: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
        client.finishSending()
        #expect(endpoint.readToEnd() == "question")
        endpoint.send("answer")
        endpoint.close()
        #expect(client.readToEnd() == "answer")
        client.close()
        #expect(live.leavesNothing())
    }

    @Test
    func theEndpointIsToldOfTheClientWhereItAsksFor() throws {
        let upstream = try LoopbackListener()
        let live = try plane(
            to: upstream.address,
            .connect,
            ConnectTermination(proxyProtocol: .v1)
        )
        let client = try live.client()
        client.send("CONNECT db:5432 HTTP/1.1\r\nhost: db:5432\r\n\r\nhello")
        let endpoint = try #require(try upstream.accept())
        #expect(endpoint.read(upTo: "hello").hasPrefix("PROXY TCP4 127.0.0.1 127.0.0.1 "))
        client.close()
        endpoint.close()
        #expect(live.leavesNothing())
    }

    @Test
    func aRequestToPostMayBecomeATunnel() throws {
        let upstream = try LoopbackListener()
        let live = try plane(
            to: upstream.address,
            .prefix("/"),
            ConnectTermination(allowsPOST: true)
        )
        let client = try live.client()
        client.send(
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
        )
        let endpoint = try #require(try upstream.accept())
        #expect(endpoint.read(count: 5).count == 5)
        #expect(client.read(upTo: "\r\n\r\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
        endpoint.send("world")
        #expect(client.read(upTo: "world\r\n") == "5\r\nworld\r\n")
        client.send("0\r\n\r\n")
        #expect(endpoint.readToEnd() == "")
        endpoint.close()
        #expect(client.read(upTo: "0\r\n\r\n") == "0\r\n\r\n")
        client.close()
        #expect(live.leavesNothing())
    }

    @Test
    func anEndpointThatRefusesIsAnErrorInWords() throws {
        let live = try plane(to: try TCPPlane.deadAddress(), .connect, ConnectTermination())
        let client = try live.client()
        client.send("CONNECT db:5432 HTTP/1.1\r\nhost: db:5432\r\n\r\n")
        let head = client.read(upTo: "\r\n\r\n")
        #expect(head.hasPrefix("HTTP/1.1 503 "))
        #expect(head.contains("upstream connect error"))
        client.close()
        #expect(live.leavesNothing())
    }
}

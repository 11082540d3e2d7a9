import CompanionKit
import Testing

@Suite struct GRPCClientTests {
    // MARK: - Frames

    private static func frame(
        _ type: UInt8,
        _ flags: UInt8,
        _ stream: UInt8,
        _ payload: [UInt8]
    )
        -> [UInt8]
    {
        let count = payload.count
        return [UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
            + [type, flags, 0, 0, 0, stream] + payload
    }

    private static func field(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)]
            + Array(value.utf8)
    }

    private static let settings = frame(4, 0, 0, [])
    private static func head(_ stream: UInt8) -> [UInt8] {
        frame(1, 4, stream, [0x88] + field("content-type", "application/grpc"))
    }
    private static func message(_ stream: UInt8, _ text: String) -> [UInt8] {
        frame(0, 0, stream, [0, 0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8))
    }
    private static func trailers(
        _ stream: UInt8,
        _ status: String,
        _ message: String = ""
    ) -> [UInt8] {
        frame(1, 5, stream, field("grpc-status", status) + field("grpc-message", message))
    }

    /// Reads frames of a client until one that ends the stream; the types and lengths of them.
    private static func readCall(_ peer: ScriptedServer.Peer, _ pending: inout [UInt8]) -> [String]?
    {
        var seen: [String] = []
        while true {
            if pending.starts(with: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)) {
                pending.removeFirst(24)
                seen.append("preface")
            }
            let length =
                pending.count >= 9
                ? Int(pending[0]) << 16 | Int(pending[1]) << 8 | Int(pending[2]) : 0
            if pending.count >= 9, pending.count >= 9 + length, pending[0] != UInt8(ascii: "P") {
                let type = pending[3], flags = pending[4]
                seen.append("\(type):\(length)\(flags & 1 == 1 ? "!" : "")")
                pending.removeFirst(9 + length)
                if type <= 1, flags & 1 == 1 { return seen }
                continue
            }
            let more = peer.read()
            if more.isEmpty { return nil }
            pending += more
        }
    }

    private func client(_ server: ScriptedServer, timeout: Int64 = 5000) -> GRPCClient {
        guard let endpoint = HTTPEndpoint(server.url()) else { preconditionFailure("no URL") }
        return GRPCClient(endpoint: endpoint, tls: nil, timeout: timeout)
    }

    private func call(_ client: GRPCClient, _ message: [UInt8] = [1, 2, 3]) throws -> GRPCAnswer {
        try client.call("/a.B/C", message: message, cancellation: Cancellation())
    }

    /// A server that answers each call on a connection with the next of the answers.
    private func server(_ answers: [[UInt8]]) -> ScriptedServer {
        ScriptedServer { number, peer, notes in
            var pending: [UInt8] = []
            notes.add("connection \(number)")
            peer.write(Self.settings)
            for answer in answers {
                guard Self.readCall(peer, &pending) != nil else { return }
                peer.write(answer)
            }
            peer.waitForEnd()
        }
    }

    // MARK: - Calls

    @Test func callsFollowEachOtherOnOneConnection() throws {
        let server = server([
            Self.head(1) + Self.message(1, "one") + Self.trailers(1, "0"),
            Self.head(3) + Self.message(3, "two") + Self.trailers(3, "0"),
        ])
        let client = client(server)
        #expect(try call(client) == GRPCAnswer(status: GRPCStatus(.ok), message: Array("one".utf8)))
        #expect(try call(client).message == Array("two".utf8))
        client.close()
        #expect(server.notes.all == ["connection 0"])
    }

    @Test func aStatusIsTakenFromTrailersOrFromAHeadAlone() throws {
        let server = server([
            Self.head(1) + Self.trailers(1, "14", "no%20one%0Ais here"),
            Self.frame(
                1,
                5,
                3,
                [0x88] + Self.field("content-type", "application/grpc")
                    + Self.field("grpc-status", "3")
            ),
        ])
        let client = client(server)
        #expect(try call(client).status == GRPCStatus(.unavailable, "no one is here"))
        #expect(try call(client).status == GRPCStatus(.invalidArgument, ""))
    }

    @Test func anAnswerThatIsNoGRPCIsTakenByItsStatus() throws {
        let server = server([Self.frame(1, 5, 1, [0x08, 3] + Array("503".utf8))])
        #expect(try call(client(server)).status.code == .unavailable)
    }

    @Test func aLargeMessageWaitsForTheWindow() throws {
        let server = ScriptedServer { _, peer, notes in
            peer.write(Self.settings + Self.frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]))
            var pending: [UInt8] = []
            var total = 0
            var sawPong = false
            while total < 200_005 {
                while pending.starts(with: Array("PRI".utf8)) {
                    if pending.count >= 24 {
                        pending.removeFirst(24)
                    } else {
                        pending += peer.read()
                    }
                }
                guard pending.count >= 9 else {
                    let more = peer.read()
                    if more.isEmpty { return }
                    pending += more
                    continue
                }
                let length = Int(pending[0]) << 16 | Int(pending[1]) << 8 | Int(pending[2])
                guard pending.count >= 9 + length else {
                    pending += peer.read()
                    continue
                }
                let type = pending[3]
                if type == 6, pending[4] == 1 { sawPong = true }
                pending.removeFirst(9 + length)
                guard type == 0 else { continue }
                total += length
                if length > 16_384 { notes.add("too large") }
                let increment =
                    [UInt8(length >> 24 & 255), UInt8(length >> 16 & 255)]
                    + [UInt8(length >> 8 & 255), UInt8(length & 255)]
                if length > 0 {
                    peer.write(Self.frame(8, 0, 0, increment) + Self.frame(8, 0, 1, increment))
                }
            }
            notes.add("\(total) \(sawPong)")
            peer.write(Self.head(1) + Self.trailers(1, "0"))
            peer.waitForEnd()
        }
        let message = [UInt8](repeating: 7, count: 200_000)
        #expect(try call(client(server), message).status.code == .ok)
        #expect(server.notes.all == ["200005 true"])
    }

    @Test func aConnectionThatSaysGoodbyeIsReplaced() throws {
        let goodbye = Self.frame(7, 0, 0, [0, 0, 0, 1, 0, 0, 0, 0])
        let server = server([Self.head(1) + Self.message(1, "x") + Self.trailers(1, "0") + goodbye])
        let client = client(server)
        for _ in 0..<2 { #expect(try call(client).status.code == .ok) }
        #expect(server.notes.all == ["connection 0", "connection 1"])
    }

    @Test func whatBreaksTheRulesIsAFailure() {
        let broken: [[UInt8]] = [
            Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
            Self.frame(1, 4, 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
            Self.frame(3, 0, 1, [0, 0, 0, 2]), Self.frame(3, 0, 1, [0, 0, 0, 7]),
            Self.frame(7, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), Self.frame(8, 0, 0, [0, 0, 0, 0]),
            Self.frame(8, 0, 0, [0x7f, 0xff, 0xff, 0xff]),
        ]
        for answer in broken {
            #expect(throws: GRPCClient.Failure.self, "\(answer)") {
                try call(client(server([answer])))
            }
        }
        let torn = ScriptedServer { _, peer, _ in
            var pending: [UInt8] = []
            peer.write(Self.settings)
            _ = Self.readCall(peer, &pending)
            peer.write(Array(Self.head(1).dropLast(3)))
        }
        #expect(throws: GRPCClient.Failure.stream(.closed)) { try call(client(torn)) }
        let silent = ScriptedServer { _, peer, _ in peer.waitForEnd() }
        #expect(throws: GRPCClient.Failure.stream(.timedOut("waiting for an answer"))) {
            try call(client(silent, timeout: 80))
        }
    }

    @Test func aTornMessageIsNone() throws {
        let torn = Self.frame(0, 0, 1, [0, 0, 0, 0, 9, 1])
        let server = server([Self.head(1) + torn + Self.trailers(1, "0")])
        #expect(try call(client(server)).status.code == .internal)
    }
}

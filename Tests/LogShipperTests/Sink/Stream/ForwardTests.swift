import CompanionKit
import Identity
import Testing

@testable import LogShipper

@Suite struct ForwardTests {
    private func encoder() -> ForwardEncoder {
        var inject = InjectOptions()
        inject.tagKey = "tag"
        return ForwardEncoder(inject, hostname: "box")
    }

    @Test func aMessageIsPackedAsTheProtocolSays() {
        let chunk = SinkFixtures.chunk(
            encoder(),
            [SinkFixtures.record([("m", "hé"), ("n", "=1")])]
        )
        let plain = ForwardMessage.packed(chunk, id: "x", timeAsInteger: false, deflater: nil)
        // Seconds and nanoseconds of 2026-11-21T16:20:00.123456789Z.
        let entry =
            "92" + "d7006b01c4b0075bcd15" + "83" + "a16d" + "a368c3a9" + "a16e" + "01"
            + "a3746167" + "a76170702e776562"
        let size = String(entry.utf8.count / 2, radix: 16)
        #expect(
            hexadecimal(plain) == "93" + "a76170702e776562" + "c4" + size + entry
                + "82" + "a473697a65" + "01" + "a56368756e6b" + "a178"
        )
    }

    @Test func secondsAloneStandWhereTheyAreAskedForOrDoNotFit() {
        var out: [UInt8] = []
        ForwardMessage.append(time: 1_500_000_000, asInteger: true, &out)
        ForwardMessage.append(time: -1, asInteger: false, &out)
        ForwardMessage.append(time: (1 << 32) * 1_000_000_000, asInteger: false, &out)
        #expect(hexadecimal(out) == "01" + "ff" + "cf0000000100000000")
    }

    @Test func theKeyIsTheTag() {
        let record = SinkFixtures.record([("m", "x")], tag: "kube.pod")
        #expect(SinkFixtures.key(encoder(), record) == "kube.pod")
    }

    // MARK: - The handshake

    private let handshake = ForwardHandshake(
        hostname: "me",
        sharedKey: "secret",
        user: "u",
        password: "p",
        salt: "5a17"
    )

    private func digest(_ text: String) -> String {
        let bytes = Array(text.utf8)
        return Digest.hexadecimal(Digest.sha512(bytes.span))
    }

    @Test func thePingProvesTheKeyAndThePassword() throws {
        let hello = ForwardHandshake.Hello(
            nonce: Array("n".utf8),
            auth: Array("a".utf8),
            keepsAlive: true
        )
        var index = 0
        let ping = try MessagePackValue.read(handshake.ping(hello), &index)
        let expected = [
            "PING", "me", "5a17", digest("5a17mensecret"), "u", digest("aup"),
        ].map { MessagePackValue.bytes(Array($0.utf8)) }
        #expect(ping == .array(expected))
    }

    @Test func onlyAServerThatKnowsTheKeyIsTrusted() {
        let hello = ForwardHandshake.Hello(nonce: Array("n".utf8), auth: [], keepsAlive: true)
        func pong(_ isLetIn: Bool, _ reason: String, _ digest: String) -> MessagePackValue {
            .array([
                .bytes(Array("PONG".utf8)), .bool(isLetIn), .bytes(Array(reason.utf8)),
                .bytes(Array("server".utf8)), .bytes(Array(digest.utf8)),
            ])
        }
        let good = digest("5a17servernsecret")
        #expect(handshake.problem(pong(true, "", good), hello) == nil)
        #expect(
            handshake.problem(pong(true, "", digest("5a17servernother")), hello)?
                .contains("shared key") == true
        )
        #expect(
            handshake.problem(pong(false, "who are you", good), hello)?
                .contains("who are you") == true
        )
        #expect(handshake.problem(.null, hello) != nil)
    }

    // MARK: - The sender

    private func send(
        _ server: ScriptedServer,
        count: Int = 1,
        change: (inout ForwardOptions) -> Void = { _ in }
    ) throws -> [SendOutcome] {
        var target = StreamTarget(addresses: ["127.0.0.1:\(server.port)"])
        target.timeout = 2000
        var options = ForwardOptions(target: target)
        change(&options)
        let (sink, sender) = try SinkFixtures.sink(.forward(options))
        defer { sender.close() }
        let chunk = SinkFixtures.chunk(sink.encoder, 2)
        return (0..<count).map { _ in sender.send(chunk, cancellation: Cancellation()) }
    }

    /// The chunk's id in a message that a test server got.
    private static func id(_ bytes: [UInt8]) -> String {
        var index = 0
        guard case .array(let parts)? = try? MessagePackValue.read(bytes, &index), parts.count == 3
        else { return "" }
        return parts[2]["chunk"]?.text ?? ""
    }

    private static func acknowledgement(_ id: String) -> [UInt8] {
        var out: [UInt8] = []
        MessagePackWriter.appendMapHead(1, &out)
        MessagePackWriter.append("ack", &out)
        MessagePackWriter.append(id, &out)
        return out
    }

    @Test func anAcknowledgementInPiecesIsOne() throws {
        let server = ScriptedServer { _, peer, _ in
            for _ in 0..<2 {
                let id = Self.id(peer.read())
                for byte in Self.acknowledgement(id) { peer.write([byte]) }
            }
            peer.waitForEnd()
        }
        #expect(try send(server, count: 2).map(words) == ["delivered 0", "delivered 0"])
    }

    @Test(arguments: [
        ("another's id", "another chunk"), ("garbage", "no MessagePack"),
        ("end", "closed"), ("hello", "wants a shared key"), ("reset", ""),
    ])
    func nothingElseIsAnAcknowledgement(_ fault: String, _ reason: String) throws {
        let server = ScriptedServer { _, peer, _ in
            _ = peer.read()
            switch fault {
            case "another's id": peer.write(Self.acknowledgement("AAAA"))
            case "garbage": peer.write([0xc1, 0xc1])
            case "hello":
                peer.write([0x92, 0xa4] + Array("HELO".utf8) + [0x80])
            case "reset": peer.reset()
            default: break
            }
        }
        let outcome = try send(server)[0]
        #expect(words(outcome) == "again")
        #expect(why(outcome).contains(reason))
    }

    @Test func aServerWithoutTheHandshakeIsNotTrustedWithRecords() throws {
        let server = ScriptedServer { _, peer, notes in
            peer.write([0xc0])
            notes.add(peer.read().isEmpty ? "nothing" : "records")
        }
        let outcome = try send(server) { $0.sharedKey = "secret" }[0]
        #expect(why(outcome).contains("handshake"))
    }

    @Test func aServerThatIsDownIsPassedOverForTheNext() throws {
        let server = ScriptedServer { _, peer, _ in
            peer.write(Self.acknowledgement(Self.id(peer.read())))
            peer.waitForEnd()
        }
        let outcome = try send(server) { options in
            options.target.addresses.insert("127.0.0.1:1", at: 0)
        }[0]
        #expect(words(outcome) == "delivered 0")
    }
}

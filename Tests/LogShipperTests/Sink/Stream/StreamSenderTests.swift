import CompanionKit
import Glibc
import Testing

@testable import LogShipper

@Suite struct StreamSenderTests {
    private func sender(
        _ server: ScriptedServer,
        timeout: Int64 = 2000
    ) throws -> (
        Sink, any ChunkSender
    ) {
        var target = StreamTarget(addresses: ["127.0.0.1:\(server.port)"])
        target.timeout = timeout
        return try SinkFixtures.sink(.tcp(target))
    }

    @Test func linesArriveOverOneConnection() throws {
        let server = ScriptedServer { number, peer, notes in
            var text = ""
            while true {
                let more = peer.read()
                if more.isEmpty { break }
                text += String(decoding: more, as: UTF8.self)
            }
            notes.add("\(number): \(text)")
        }
        let (sink, sender) = try sender(server)
        let chunk = SinkFixtures.chunk(sink.encoder, 2)
        for _ in 0..<2 {
            #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
        }
        sender.close()
        while server.notes.all.isEmpty { sched_yield() }
        let lines = "{\"n\":0}\n{\"n\":1}\n"
        #expect(server.notes.all == ["0: " + lines + lines])
    }

    @Test func aChunkThatThePeerDoesNotTakeIsNotDelivered() throws {
        // It never reads, and its window is full long before the chunk's end.
        let server = ScriptedServer { _, peer, _ in
            _ = poll(nil, 0, 1500)
            _ = peer.read()
        }
        let (sink, sender) = try sender(server, timeout: 500)
        defer { sender.close() }
        let big = SinkFixtures.record([("m", String(repeating: "x", count: 16 << 20))])
        let chunk = SinkFixtures.chunk(sink.encoder, [big])
        let outcome = sender.send(chunk, cancellation: Cancellation())
        #expect(words(outcome) == "again")
        #expect(why(outcome).contains("too long"))
    }

    @Test func aPeerThatResetsHasNotTakenIt() throws {
        let server = ScriptedServer { number, peer, _ in
            if number == 0 {
                peer.reset()
            } else {
                _ = peer.read()
                peer.waitForEnd()
            }
        }
        let (sink, sender) = try sender(server)
        defer { sender.close() }
        // More than a socket's buffer: it can't be acknowledged before the reset.
        let big = SinkFixtures.record([("m", String(repeating: "x", count: 16 << 20))])
        let chunk = SinkFixtures.chunk(sink.encoder, [big])
        #expect(words(sender.send(chunk, cancellation: Cancellation())) == "again")
        #expect(words(sender.send(chunk, cancellation: Cancellation())) == "delivered 0")
    }

    @Test(arguments: ["h:1", "127.0.0.1:65535", "[::1]:514"])
    func anAddressIsANameAndAPort(_ text: String) {
        #expect(StreamAddress(text)?.description == text)
    }

    @Test(arguments: [
        "", "h", "h:", "h:0", "h:65536", ":1", "::1:514", "a b:1", "tcp://h:1", "h:x",
    ])
    func whatIsNoAddressIsRefused(_ text: String) {
        #expect(StreamAddress(text) == nil)
    }
}

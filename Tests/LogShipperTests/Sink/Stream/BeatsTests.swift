import CompanionKit
import Testing

@testable import LogShipper

@Suite struct BeatsTests {
    private let metadata = #"{"@metadata":{"beat":"pillion","type":"_doc","version":"8.0.0"}"#

    private func encoder() -> BeatsEncoder { BeatsEncoder(InjectOptions(), hostname: "box") }

    @Test func aDocumentHasWhatLogstashWants() {
        let record = SinkFixtures.record([("message", "m")])
        #expect(
            SinkFixtures.encode(encoder(), record).text
                == metadata + #","@timestamp":"2026-11-21T16:20:00.123Z","message":"m"}"#
        )
    }

    @Test func aTimestampOfTheRecordStays() {
        let record = SinkFixtures.record([("@timestamp", "2020-01-01T00:00:00Z")])
        #expect(
            SinkFixtures.encode(encoder(), record).text
                == metadata + #","@timestamp":"2020-01-01T00:00:00Z"}"#
        )
    }

    @Test func aWindowIsItsNumberAndItsDocuments() {
        var chunk = Chunk(number: 1, key: [], began: 0)
        chunk.bytes = Array("{}{1}".utf8)
        for (start, end) in [(0, 2), (2, 5)] as [(UInt32, UInt32)] {
            chunk.items.append(
                Chunk.Item(start: start, end: end, origin: RecordOrigin(), time: 0)
            )
        }
        #expect(
            hexadecimal(LumberjackFrame.window(chunk)) == "3257" + "00000002"
                + "324a" + "00000001" + "00000002" + "7b7d"
                + "324a" + "00000002" + "00000003" + "7b317d"
        )
    }

    @Test func aCompressedWindowIsZlib() throws {
        let chunk = SinkFixtures.chunk(encoder(), 50)
        let deflater = Deflater(level: 3, format: .zlib)
        let frames = try #require(LumberjackFrame.compressedWindow(chunk, deflater))
        let plain = LumberjackFrame.window(chunk)
        #expect(Array(frames[..<6]) == Array(plain[..<6]))
        #expect(Array(frames[6..<8]) == Array("2C".utf8))
        let length = frames[8..<12].reduce(0) { $0 << 8 | Int($1) }
        #expect(length == frames.count - 12)
        // A head of zlib, which is a multiple of 31, and no head of gzip.
        #expect((Int(frames[12]) << 8 | Int(frames[13])) % 31 == 0)
        #expect(frames[12] == 0x78)
        #expect(frames.count < plain.count / 2)
    }

    // MARK: - Acknowledgements

    private static func acknowledgement(_ number: UInt8) -> [UInt8] {
        Array("2A".utf8) + [0, 0, 0, number]
    }

    private func send(_ script: @escaping ScriptedServer.Script) throws -> SendOutcome {
        let server = ScriptedServer(script)
        var target = StreamTarget(addresses: ["127.0.0.1:\(server.port)"])
        target.timeout = 1000
        let (sink, sender) = try SinkFixtures.sink(.beats(target, compression: false))
        defer { sender.close() }
        return sender.send(SinkFixtures.chunk(sink.encoder, 4), cancellation: Cancellation())
    }

    @Test func theLastNumberIsAllOfThem() throws {
        let outcome = try send { _, peer, _ in
            _ = peer.read()
            for byte in Self.acknowledgement(0) + Self.acknowledgement(2) + Self.acknowledgement(4)
            {
                peer.write([byte])
            }
            peer.waitForEnd()
        }
        #expect(words(outcome) == "delivered 0")
    }

    @Test func onlyWhatWasNotAcknowledgedIsSentAgain() throws {
        let outcome = try send { _, peer, _ in
            _ = peer.read()
            peer.write(Self.acknowledgement(3))
        }
        #expect(words(outcome) == "again [3] refused [] duplicates 0")
        #expect(why(outcome).contains("3 of 4"))
    }

    @Test func aPeerThatFallsSilentAfterSomeIsBelievedForThose() throws {
        let outcome = try send { _, peer, _ in
            _ = peer.read()
            peer.write(Self.acknowledgement(1))
            peer.waitForEnd()
        }
        #expect(words(outcome) == "again [1, 2, 3] refused [] duplicates 0")
        #expect(why(outcome).contains("too long"))
    }

    @Test(
        arguments: [
            ("more than were sent", [0x32, 0x41, 0, 0, 0, 5], "5 of 4"),
            ("another version", [0x31, 0x41, 0, 0, 0, 4], "no acknowledgement"),
            ("another frame", [0x32, 0x57, 0, 0, 0, 4], "no acknowledgement"),
            ("a part of one", [0x32, 0x41, 0], "closed"),
            ("nothing", [], "closed"),
        ] as [(String, [UInt8], String)]
    )
    func nothingElseIsBelieved(_ what: String, _ bytes: [UInt8], _ reason: String) throws {
        let outcome = try send { _, peer, _ in
            _ = peer.read()
            peer.write(bytes)
        }
        #expect(words(outcome) == "again", "\(what)")
        #expect(why(outcome).contains(reason), "\(what)")
    }

    @Test func aNumberBelowTheLastIsALie() throws {
        let outcome = try send { _, peer, _ in
            _ = peer.read()
            peer.write(Self.acknowledgement(3) + Self.acknowledgement(2))
            peer.waitForEnd()
        }
        #expect(words(outcome) == "again [3] refused [] duplicates 0")
        #expect(why(outcome).contains("after 3 before"))
    }
}

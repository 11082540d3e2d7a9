import CompanionKit
import Testing

@testable import LogShipper

@Suite struct ReceivedMessageTests {
    private typealias Value = ForwardBytes.Value

    private let record = Value.map([(.text("a"), .text("b")), (.text("n"), .integer(-3))])
    private let shown = #"{"a":"b","n":-3}"#

    @Test func messageModeIsOneRecord() {
        let bytes = ForwardBytes.pack(.array([.text("t"), .integer(5), record]))
        #expect(ForwardBytes.records(bytes) == ["5000000000 t \(shown)"])
    }

    @Test func forwardModeIsSeveralRecords() {
        let entry = Value.array([ForwardBytes.time(5, 9), record])
        let bytes = ForwardBytes.pack(.array([.text("t"), .array([entry, entry])]))
        #expect(
            ForwardBytes.records(bytes) == ["5000000009 t \(shown)", "5000000009 t \(shown)"]
        )
    }

    @Test(arguments: [true, false])
    func packedForwardModeIsATextOrBinary(isText: Bool) {
        let entries = ForwardBytes.pack(.array([.integer(5), record]))
        let packed: Value =
            isText
            ? .raw([0xdb] + ForwardBytes.big(UInt64(entries.count), 4) + entries)
            : .binary(entries)
        let bytes = ForwardBytes.pack(.array([.text("t"), packed, .map([])]))
        #expect(ForwardBytes.records(bytes) == ["5000000000 t \(shown)"])
    }

    @Test func compressedEntriesAreInflated() throws {
        let entries = ForwardBytes.pack(.array([.integer(5), record]))
        let bytes = ForwardBytes.pack(compressed(entries + entries))
        #expect(ForwardBytes.records(bytes).count == 2)
        #expect(ForwardBytes.records(bytes, bytesMax: 20) == ["tooLarge"])
    }

    private func compressed(_ entries: [UInt8]) -> Value {
        let deflater = Deflater()
        let input = entries
        let packed = deflater.gzip(input.span) ?? []
        return .array([
            .text("t"), .binary(packed), .map([(.text("compressed"), .text("gzip"))]),
        ])
    }

    @Test func aFewBytesThatInflateToManyAreRefused() {
        let bytes = ForwardBytes.pack(compressed([UInt8](repeating: 0, count: 8 << 20)))
        #expect(bytes.count < 64 << 10)
        #expect(ForwardBytes.records(bytes) == ["tooLarge"])
    }

    @Test func anUnknownCompressionIsNamed() {
        let message = Value.array([
            .text("t"), .binary([1]), .map([(.text("compressed"), .text("zstd"))]),
        ])
        #expect(ForwardBytes.records(ForwardBytes.pack(message))[0].contains("zstd"))
    }

    @Test func theChunkIsReadFromTheOptions() throws {
        let bytes = ForwardBytes.pack(
            .array([.text("t"), .integer(5), record, .map([(.text("chunk"), .text("id"))])])
        )
        let message = try ReceivedMessage.read(bytes.span, bytesMax: 1000)
        #expect(message?.chunk == Array("id".utf8))
    }

    @Test func nothingIsAHeartbeat() {
        #expect(ForwardBytes.records([0xc0]) == ["heartbeat"])
    }

    @Test func aTimeOfZeroIsNow() {
        let bytes = ForwardBytes.pack(.array([.text("t"), .integer(0), record]))
        #expect(ForwardBytes.records(bytes) == ["7 t \(shown)"])
    }

    @Test func metadataOfFluentBitIsLeftOutAndGroupsAreMarks() {
        let entry = Value.array([.array([ForwardBytes.time(5, 0), .map([])]), record])
        let mark = Value.array([.array([ForwardBytes.time(.max, 0), .map([])]), .map([])])
        let bytes = ForwardBytes.pack(.array([.text("t"), .array([mark, entry])]))
        #expect(ForwardBytes.records(bytes) == ["mark", "5000000000 t \(shown)"])
    }

    @Test func everyKindOfValueBecomesTextOrJSON() {
        let map = Value.map([
            (.text("null"), .null), (.text("yes"), .bool(true)), (.text("f"), .float(1.5)),
            (.text("nan"), .float(.nan)), (.text("bin"), .binary([0x68, 0x69])),
            (.text("list"), .array([.integer(1), .text("x\"")])),
            (.text("map"), .map([(.integer(1), .null)])),
            (.text("at"), ForwardBytes.time(3, 4)), (.integer(9), .text("key")),
            (.text("yes"), .bool(false)),
        ])
        let bytes = ForwardBytes.pack(.array([.text("t"), .integer(1), map]))
        #expect(
            ForwardBytes.records(bytes) == [
                #"1000000000 t {"null":null,"yes":false,"f":1.5,"nan":null,"bin":"hi","#
                    + #""list":[1,"x\""],"map":{"1":null},"at":3.000000004,"9":"key"}"#
            ]
        )
    }

    @Test func entriesThatAreNoneAreLeftOutAndTheOthersAreNot() {
        let entry = Value.array([.integer(5), record])
        let bytes = ForwardBytes.pack(
            .array([
                .text("t"),
                .array([
                    .integer(1), .array([.integer(5)]), .array([.integer(5), .text("x")]), entry,
                ]),
            ])
        )
        let found = ForwardBytes.records(bytes)
        #expect(found.count == 4)
        #expect(found.filter { $0.hasPrefix("skipped") }.count == 3)
        #expect(found.last == "5000000000 t \(shown)")
    }

    @Test func whatIsNestedTooDeepIsLeftOut() {
        var value = Value.integer(1)
        for _ in 0..<200 { value = .array([value]) }
        let bytes = ForwardBytes.pack(
            .array([.text("t"), .integer(1), .map([(.text("deep"), value)])])
        )
        #expect(ForwardBytes.records(bytes).first?.hasPrefix("skipped") == true)
    }

    @Test func packedEntriesThatBreakOffKeepWhatWasWhole() {
        let entry = ForwardBytes.pack(.array([.integer(5), record]))
        let bytes = ForwardBytes.pack(.array([.text("t"), .binary(entry + entry.dropLast(2))]))
        #expect(ForwardBytes.records(bytes) == ["5000000000 t \(shown)", "broken"])
    }

    @Test(
        arguments: [
            [0x01], [0x90], [0x91, 0xa1, 0x74], [0x93, 0xa1, 0x74, 0x01], [0x92, 0x01, 0x90],
            [0xc1], [0x92, 0xa1, 0x74, 0x01], [0xdd, 0xff, 0xff, 0xff, 0xff],
            [0x92, 0xa1, 0x74, 0xdd, 0xff, 0xff, 0xff, 0xff], [0x95, 0, 0, 0, 0, 0],
            [0x93, 0xa1, 0x74, 0x01, 0xdf, 0xff, 0xff, 0xff, 0xff],
            [0x92, 0xa1, 0x74, 0xc6, 0xff, 0xff, 0xff, 0xff],
        ] as [[UInt8]]
    )
    func whatIsNoMessageIsRefused(bytes: [UInt8]) {
        #expect(ForwardBytes.records(bytes).first?.hasPrefix("malformed") == true)
    }

    @Test func changedBytesNeverTrap() {
        let entry = Value.array([ForwardBytes.time(5, 9), record])
        let good = ForwardBytes.pack(
            .array([.text("t"), .array([entry, entry]), .map([(.text("chunk"), .text("id"))])])
        )
        var generator = SplitMix(seed: 5)
        var refused = 0
        for _ in 0..<5000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                    UInt8.random(in: 0...255, using: &generator)
            }
            if ForwardBytes.records(bytes).first?.hasPrefix("malformed") == true { refused += 1 }
        }
        #expect(refused > 100)
    }
}

@Suite struct MessagePackFramingTests {
    private let message = ForwardBytes.pack(
        .array([.text("tag"), .array([.array([.integer(5), .map([])])]), .map([])])
    )

    @Test func aMessageIsFoundWhereverItIsSplit() {
        let two = message + message
        for split in 0...two.count {
            var framing = MessagePackFraming(bytesMax: 1000)
            var buffer: [UInt8] = []
            var found = 0
            for part in [two[..<split], two[split...]] {
                buffer += part
                while !buffer.isEmpty {
                    let bytes = buffer
                    let outcome = framing.find(bytes.span)
                    guard case .whole(let end) = outcome else {
                        #expect(outcome == .needsMore)
                        break
                    }
                    #expect(end == message.count)
                    buffer.removeFirst(end)
                    found += 1
                }
            }
            #expect(found == 2)
        }
    }

    @Test func bytesOneByOneMakeAMessage() {
        var framing = MessagePackFraming(bytesMax: 1000)
        for count in 1..<message.count {
            let part = Array(message[..<count])
            let outcome = framing.find(part.span)
            #expect(outcome == .needsMore)
        }
        let outcome = framing.find(message.span)
        #expect(outcome == .whole(end: message.count))
    }

    @Test(
        arguments: [
            [0xc6, 0x40, 0, 0, 0], [0xdb, 0x40, 0, 0, 0], [0xdd, 0xff, 0xff, 0xff, 0xff],
            [0xdf, 0xff, 0xff, 0xff, 0xff], [0x92, 0xa1, 0x74, 0xc6, 0xff, 0xff, 0xff, 0xff],
        ] as [[UInt8]]
    )
    func anAnnouncedGigabyteIsRefusedAtOnce(bytes: [UInt8]) {
        var framing = MessagePackFraming(bytesMax: 16 << 20)
        let outcome = framing.find(bytes.span)
        #expect(outcome == .tooLarge)
    }

    @Test func aByteThatBeginsNothingIsBroken() {
        let bytes: [UInt8] = [0x92, 0xc1]
        var framing = MessagePackFraming(bytesMax: 1000)
        let outcome = framing.find(bytes.span)
        #expect(outcome == .broken)
    }
}

@Suite struct PeerHandshakeTests {
    private func ping(_ fields: [String]) -> [UInt8] {
        ForwardBytes.pack(.array(fields.map { .text($0) }))
    }

    private func digest(_ texts: String...) -> String {
        String(decoding: PeerHandshake.digest(texts.map { Array($0.utf8) }), as: UTF8.self)
    }

    private func handshake(users: [NetworkUser] = []) -> PeerHandshake {
        PeerHandshake(
            ForwardSecurityOptions(sharedKey: "key", hostname: "server", users: users),
            nonce: Array("nonce".utf8),
            salt: Array("auth".utf8)
        )
    }

    @Test func whoKnowsTheKeyIsAccepted() {
        let bytes = ping(["PING", "me", "salt", digest("salt", "me", "nonce", "key"), "", ""])
        let (verdict, answer) = handshake().check(bytes.span)
        #expect(verdict == .accepted("me"))
        let proof = digest("salt", "server", "nonce", "key")
        #expect(String(decoding: answer, as: UTF8.self).hasSuffix(proof))
    }

    @Test func anotherKeyIsRefused() {
        let bytes = ping(["PING", "me", "salt", digest("salt", "me", "nonce", "other"), "", ""])
        #expect(handshake().check(bytes.span).verdict == .refused("the shared key is another one"))
    }

    @Test func usersNeedTheirPassword() {
        let server = handshake(users: [NetworkUser(name: "u", password: "p")])
        let key = digest("salt", "me", "nonce", "key")
        let right = ping(["PING", "me", "salt", key, "u", digest("auth", "u", "p")])
        #expect(server.check(right.span).verdict == .accepted("me"))
        let wrong = ping(["PING", "me", "salt", key, "u", digest("auth", "u", "q")])
        #expect(server.check(wrong.span).verdict != .accepted("me"))
        let stranger = ping(["PING", "me", "salt", key, "x", digest("auth", "x", "p")])
        #expect(server.check(stranger.span).verdict != .accepted("me"))
    }

    @Test func aRecordInsteadOfAnAnswerIsRefused() {
        let bytes = ForwardBytes.pack(.array([.text("t"), .integer(1), .map([])]))
        guard case .refused = handshake().check(bytes.span).verdict else {
            Issue.record("a peer without the key was let in")
            return
        }
    }
}

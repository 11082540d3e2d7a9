import Testing

@testable import LogShipper

@Suite struct AnswerRobustnessTests {
    /// The same numbers in each run.
    private struct Dice {
        private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

        mutating func roll(_ sides: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: state >> 33) % sides
        }
    }

    private static let answer = Array(
        (#"{"took":3,"errors":true,"items":[{"create":{"status":201}},{"create":{"status":429,"#
            + #""error":{"type":"a\"\u00e4","reason":"b","caused_by":{"x":[1,{"y":null}]}}}}]}"#)
            .utf8
    )

    @Test func noAnswerThatWasTamperedWithIsTakenForMoreThanItIs() {
        var dice = Dice()
        for _ in 0..<5000 {
            var bytes = Self.answer
            for _ in 0...dice.roll(3) {
                let place = dice.roll(bytes.count)
                switch dice.roll(3) {
                case 0: bytes[place] = UInt8(dice.roll(256))
                case 1: bytes.removeSubrange(place..<min(place + 1 + dice.roll(9), bytes.count))
                default: bytes.insert(contentsOf: bytes[0...dice.roll(bytes.count)], at: place)
                }
                if bytes.isEmpty { bytes = [0x7b] }
            }
            var reply = BulkReply(items: 2, isCreate: true)
            reply.add(bytes.span)
            if case .judged(let again, let refused, let duplicates) = reply.verdict() {
                #expect(again.count + refused.count + duplicates <= 2)
                #expect((again + refused.map(\.position)).allSatisfy { (0..<2).contains($0) })
            }
            if let fields = AnswerFields.read(bytes) { #expect(fields.count <= bytes.count) }
            let partial = OTLPRequest.partialSuccess(protobuf: bytes)
            #expect(partial?.message.utf8.count ?? 0 <= 900)
        }
    }

    @Test func everyPrefixOfAnAnswerIsNotWhole() {
        for end in 0..<Self.answer.count {
            var reply = BulkReply(items: 2, isCreate: true)
            let part = Array(Self.answer[..<end])
            reply.add(part.span)
            guard case .malformed = reply.verdict() else {
                Issue.record("\(end) bytes are taken")
                continue
            }
            #expect(AnswerFields.read(part) == nil)
        }
        var reply = BulkReply(items: 2, isCreate: true)
        let whole = Self.answer
        reply.add(whole.span)
        guard case .judged([1], let refused, 0) = reply.verdict() else {
            Issue.record("\(reply.verdict())")
            return
        }
        #expect(refused.isEmpty)
    }

    @Test func aSmallAnswerNeverBecomesLargePaths() {
        let name = String(repeating: "n", count: 400)
        let deep = String(repeating: "{\"\(name)\":", count: 40) + "1"
        let text = "{\"kept\":{\"a\":\"b\"},\"x\":" + deep + String(repeating: "}", count: 41)
        let fields = AnswerFields.read(Array(text.utf8))
        #expect(fields == ["kept.a": "b"])
    }

    @Test func aDeepAnswerIsRefusedAndALongOneTakesNoMemory() {
        var deep = BulkReply(items: 1, isCreate: true)
        let brackets = [UInt8](repeating: 0x5b, count: 1 << 20)
        deep.add(brackets.span)
        guard case .malformed = deep.verdict() else {
            Issue.record("it is taken")
            return
        }
        var tokenizer = JSONTokenizer(textMax: 10)
        let text = [0x22] + [UInt8](repeating: 0x78, count: 1 << 20) + [0x22]
        var offset = 0
        #expect(throws: Never.self) {
            let token = try tokenizer.next(in: text.span, from: &offset)
            #expect(token == .string)
        }
        #expect(tokenizer.text.count == 10 && tokenizer.isWhole)
    }
}

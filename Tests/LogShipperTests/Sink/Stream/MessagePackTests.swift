import Testing

@testable import LogShipper

/// Bytes as hexadecimal digits, as the specification's examples are written.
func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}

@Suite struct MessagePackTests {
    private func packed(_ json: String) -> [UInt8] {
        var out: [UInt8] = []
        let bytes = Array(json.utf8)
        MessagePackJSON.append(bytes.span, &out)
        return out
    }

    @Test(arguments: [
        ("0", "00"), ("127", "7f"), ("128", "cc80"), ("255", "ccff"), ("256", "cd0100"),
        ("65535", "cdffff"), ("65536", "ce00010000"), ("4294967295", "ceffffffff"),
        ("4294967296", "cf0000000100000000"), ("18446744073709551615", "cfffffffffffffffff"),
        ("-1", "ff"), ("-32", "e0"), ("-33", "d0df"), ("-128", "d080"), ("-129", "d1ff7f"),
        ("-32768", "d18000"), ("-32769", "d2ffff7fff"), ("-2147483648", "d280000000"),
        ("-2147483649", "d3ffffffff7fffffff"), ("-9223372036854775808", "d38000000000000000"),
        ("1.5", "cb3ff8000000000000"), ("1.0", "cb3ff0000000000000"),
        ("1e3", "cb408f400000000000"), ("-0.25", "cbbfd0000000000000"),
    ])
    func aNumberHasItsShortestForm(_ json: String, _ expected: String) {
        #expect(hexadecimal(packed(json)) == expected)
    }

    @Test(arguments: ["18446744073709551616", "-9223372036854775809", "1e999"])
    func aNumberThatNothingHoldsKeepsItsDigits(_ json: String) throws {
        var index = 0
        let value = try MessagePackValue.read(packed(json), &index)
        #expect(value == .bytes(Array(json.utf8)))
    }

    @Test(arguments: [
        ("true", "c3"), ("false", "c2"), ("null", "c0"), ("[]", "90"), ("{}", "80"),
        (#""a""#, "a161"), (#""\u00e9\n""#, "a3c3a90a"), ("[1,[2],{}]", "9301910280"),
        (#"{"a":{"b":[true,null]}, "c" : -1 }"#, "82a16181a16292c3c0a163ff"),
    ])
    func aValueIsWhatTheSpecificationSays(_ json: String, _ expected: String) {
        #expect(hexadecimal(packed(json)) == expected)
    }

    @Test(arguments: [(15, "9f"), (16, "dc0010"), (65_535, "dcffff"), (65_536, "dd00010000")])
    func anArrayHasTheShortestHead(_ count: Int, _ head: String) {
        let bytes = packed("[" + Array(repeating: "1", count: count).joined(separator: ",") + "]")
        #expect(hexadecimal(bytes).hasPrefix(head))
        #expect(bytes.count == head.utf8.count / 2 + count)
    }

    @Test(arguments: [
        (31, "bf"), (32, "d920"), (255, "d9ff"), (256, "da0100"), (65_535, "daffff"),
        (65_536, "db00010000"),
    ])
    func aTextHasTheShortestHead(_ count: Int, _ head: String) {
        let bytes = packed("\"" + String(repeating: "x", count: count) + "\"")
        #expect(hexadecimal(bytes).hasPrefix(head))
        #expect(bytes.count == head.utf8.count / 2 + count)
    }

    @Test(arguments: ["{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "tru", "\"a", "1 2", "", "]"])
    func whatIsNoJSONBecomesAText(_ json: String) throws {
        var index = 0
        let bytes = packed(json)
        #expect(try MessagePackValue.read(bytes, &index) == .bytes(Array(json.utf8)))
        #expect(index == bytes.count)
    }

    @Test func deepValuesEnd() throws {
        let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
        let bytes = packed(deep)
        #expect(bytes[..<100].allSatisfy { $0 == 0x91 })
        #expect(bytes[100] == 0xda)
    }

    @Test func anyBytesAreReadWithinTheirBounds() {
        var random = SplitMix(seed: 7)
        let types: [UInt8] = [
            0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcf, 0xd3, 0xd4, 0xd8, 0xdb, 0xdc, 0xdd,
            0xde, 0xdf, 0x91, 0x81, 0xff,
        ]
        var whole = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...24, using: &random)
            let bytes = (0..<count).map { _ -> UInt8 in
                Bool.random(using: &random)
                    ? types[Int.random(in: 0..<types.count, using: &random)]
                    : UInt8.random(in: 0...255, using: &random)
            }
            var index = 0
            do throws(MessagePackValue.Fault) {
                _ = try MessagePackValue.read(bytes, &index)
                whole += 1
                #expect(index > 0 && index <= bytes.count)
            } catch {
                #expect(index == 0)
            }
        }
        #expect(whole > 100)
    }

    @Test func everyPrefixOfAnAnswerIsIncomplete() throws {
        var answer: [UInt8] = []
        MessagePackWriter.appendMapHead(1, &answer)
        MessagePackWriter.append("ack", &answer)
        MessagePackWriter.append("AAECAwQFBgcICQoLDA0ODw==", &answer)
        for count in answer.indices {
            var index = 0
            #expect(throws: MessagePackValue.Fault.incomplete) {
                try MessagePackValue.read(Array(answer[..<count]), &index)
            }
        }
        var index = 0
        let value = try MessagePackValue.read(answer, &index)
        #expect(value["ack"]?.text == "AAECAwQFBgcICQoLDA0ODw==")
    }
}

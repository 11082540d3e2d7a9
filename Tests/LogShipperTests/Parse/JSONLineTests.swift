import LogShipper
import Model
import Testing

@Suite struct JSONLineTests {
    @Test func valuesStayAsTheyStood() throws {
        let line = #" {"a" : 1.50e+3 , "b":"x\n\u00e9","c": {"d": [1, 2]} ,"e":null,"":true } "#
        let parsed = try ParsedLine(.json, line)
        #expect(parsed.problem == nil)
        #expect(parsed.names == ["a", "b", "c", "e", ""])
        #expect(
            parsed.fields == [
                "a": "1.50e+3", "b": #""x\n\u00e9""#, "c": #"{"d": [1, 2]}"#, "e": "null",
                "": "true",
            ]
        )
    }

    @Test func namesAreUnescaped() throws {
        let parsed = try ParsedLine(.json, #"{"a\u0062\"":1,"\ud83d\ude00":2,"\ud800":3}"#)
        #expect(parsed.names == ["ab\"", "😀", "\u{fffd}"])
    }

    @Test(arguments: [3, 70])
    func ofANameThatComesTwiceTheLastValueCounts(others: Int) throws {
        var text = #"{"twice":"first""#
        for number in 0..<others { text += #","n\#(number)":\#(number)"# }
        let parsed = try ParsedLine(.json, text + #","twi\u0063e":"last"}"#)
        #expect(parsed.problem == nil)
        #expect(parsed.names.count == others + 1)
        #expect(parsed.names.first == "twice")
        #expect(parsed.fields["twice"] == #""last""#)
    }

    @Test(arguments: [
        "{}", " { } ", #"{"a":[]}"#, #"{"a":{}}"#, #"{"a":-0}"#, #"{"a":0.0}"#, #"{"a":1E9}"#,
        #"{"a":1e-9}"#, #"{"a":[1,[2,[3]]]}"#, #"{"a":"\\\/\b\f\n\r\t\"\u1aF0"}"#,
        #"{"a":"é😀"}"#, #"{"a":true,"b":false,"c":null}"#, "{\t\"a\"\r\n:\n1}",
        #"{"a":"\ud800"}"#, #"{"a":"\u0000"}"#, #"{"a":"  12345678 12345678\\ 1234567"}"#,
    ])
    func validLinesAreTaken(line: String) throws {
        #expect(try ParsedLine(.json, line).problem == nil)
    }

    @Test(arguments: [
        "", " ", "[]", "1", "null", #""a""#, "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1"#,
        #"{"a":1,}"#, #"{,"a":1}"#, #"{"a":1 "b":2}"#, #"{a:1}"#, #"{'a':1}"#, #"{"a":01}"#,
        #"{"a":1.}"#, #"{"a":.5}"#, #"{"a":+1}"#, #"{"a":-}"#, #"{"a":1e}"#, #"{"a":1e+}"#,
        #"{"a":0x10}"#, #"{"a":NaN}"#, #"{"a":Infinity}"#, #"{"a":tru}"#, #"{"a":True}"#,
        #"{"a":nul}"#, #"{"a":"x}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\u12g4"}"#,
        #"{"a":"\"}"#, "{\"a\":\"\t\"}", "{\"a\":\"12345678\u{1}\"}", #"{"a":[1,]}"#,
        #"{"a":[1 2]}"#,
        #"{"a":[}"#, #"{"a":{"b"}}"#, #"{"a":{"b":1,}}"#, #"{"a":[1}}"#, #"{"a":{]}"#,
        #"{"a":1}x"#, #"{"a":1}{"b":2}"#, #"{"a":1}]"#, #"{"a"::1}"#, #"{"a":1,,"b":2}"#,
        "\u{feff}{}", #"{"a":/**/1}"#, #"{"a":-01}"#, #"{"a":1.e3}"#, #"{"a":--1}"#, #"{1:1}"#,
    ])
    func otherLinesAreNot(line: String) throws {
        let problem = try #require(try ParsedLine(.json, line).problem)
        #expect(problem.hasPrefix("it is not JSON: ") && problem.contains(" at byte "))
    }

    @Test func theProblemNamesTheByte() throws {
        #expect(
            try ParsedLine(.json, #"{"a":1,"b":tru}"#).problem
                == "it is not JSON: a value is missing at byte 12"
        )
    }

    @Test(
        arguments: [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82],
            [0x80],
        ] as [[UInt8]]
    )
    func bytesThatAreNoUTF8AreRefused(bytes: [UInt8]) throws {
        let parser = try RecordParsers.make(ParserOptions(kind: .json), place: ParsedLine.place)
        for name in [true, false] {
            let before = Array((name ? #"{"a"# : #"{"a":"12345678901"#).utf8)
            let after = Array((name ? #"":1}"# : #""}"#).utf8)
            let parsed = ParsedLine(parser, before + bytes + after)
            #expect(parsed.problem?.contains("not UTF-8") == true)
        }
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: depth - 1)
                + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(try ParsedLine(.json, nested(64)).problem == nil)
        let parsed = try ParsedLine(.json, nested(65))
        #expect(parsed.problem?.contains("deeper than 64") == true)
        let bomb = #"{"a":"# + String(repeating: #"{"a":"#, count: 200_000)
        #expect(try ParsedLine(.json, bomb).problem?.contains("deeper than 64") == true)
    }

    @Test func aNumberIsBounded() throws {
        let long = String(repeating: "9", count: 512)
        #expect(try ParsedLine(.json, #"{"a":\#(long)}"#).problem == nil)
        #expect(try ParsedLine(.json, #"{"a":\#(long)1}"#).problem?.contains("too long") == true)
    }

    @Test func manyMembersTakeLinearTime() throws {
        var line = "{"
        for number in 0..<100_000 { line += "\(number == 0 ? "" : ",")\"k\(number)\":\(number)" }
        let parser = try RecordParsers.make(ParserOptions(kind: .json), place: ParsedLine.place)
        let clock = ContinuousClock()
        let bytes = Array((line + "}").utf8)
        var count = 0
        let time = clock.measure {
            var record = LogRecord()
            _ = parser.parse(bytes.span, into: &record)
            count = record.fields.count
        }
        #expect(count == 100_000)
        #expect(time < .seconds(10))
        let more = ParsedLine(parser, Array((line + #","one more":1}"#).utf8))
        #expect(more.problem?.contains("100000 members") == true)
    }

    @Test func randomBytesEndAndDoNotTrap() throws {
        var random = SplitMix(seed: 7)
        let letters =
            Array(#"{}[]",:\/u0123456789eE+-.truefalsn "#.utf8) + [0xc3, 0xa9, 0xff, 0x00]
        let parsers = try Self.kinds.map {
            try RecordParsers.make(ParserOptions(kind: $0), place: ParsedLine.place)
        }
        var taken = 0
        for round in 0..<4000 {
            var line: [UInt8] = round % 2 == 0 ? Array(#"{"a":"#.utf8) : []
            for _ in 0..<random.next() % 60 {
                line.append(
                    round % 5 == 0
                        ? UInt8(truncatingIfNeeded: random.next())
                        : letters[Int(random.next() % UInt64(letters.count))]
                )
            }
            for parser in parsers where ParsedLine(parser, line).problem == nil { taken += 1 }
        }
        #expect(taken > 0)
    }

    private static let kinds: [ParserOptions.Kind] = [
        .none, .json, .regexp(pattern: "(?<a>[a-z]+)(?<b>.)?"), .logfmt,
        .csv(keys: ["a", "b"], delimiter: 0x2c), .ltsv, .apache2, .nginx, .syslog(.automatic),
        .syslog(.rfc3164), .syslog(.rfc5424), .cri, .docker, .either([ParserOptions(kind: .json)]),
    ]

    @Test func whatIsMutatedEndsToo() throws {
        var random = SplitMix(seed: 11)
        let lines = [
            #"{"time":"2026-11-21T16:20:00.123Z","a":{"b":[1,"x\u00e9"]},"c":-1.5e3}"#,
            #"<34>1 2026-11-21T22:14:15.003Z host su 7 ID47 [a@1 x="y\]"] message"#,
            "<34>Oct 11 22:14:15 host su[7]: message",
            #"1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 23 "-" "x""#,
            #"a=1 b="x\"y" c"#, "a:1\tb:2", "2026-11-21T16:20:00.1Z stdout F x",
        ].map { Array($0.utf8) }
        let parsers = try Self.kinds.map {
            try RecordParsers.make(ParserOptions(kind: $0), place: ParsedLine.place)
        }
        var taken = 0
        for _ in 0..<3000 {
            var line = lines[Int(random.next() % UInt64(lines.count))]
            for _ in 0...random.next() % 3 {
                let place = Int(random.next() % UInt64(line.count))
                switch random.next() % 3 {
                case 0: line[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: line.remove(at: place)
                default: line.insert(UInt8(truncatingIfNeeded: random.next() % 128), at: place)
                }
            }
            for parser in parsers where ParsedLine(parser, line).problem == nil { taken += 1 }
        }
        #expect(taken > 3000)
    }
}

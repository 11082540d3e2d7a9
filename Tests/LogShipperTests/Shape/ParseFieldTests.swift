import LogShipper
import Model
import Testing

@Suite struct ParseFieldTests {
    private func options(_ change: (inout ParseFieldOptions) -> Void) -> RecordFilter {
        var parser = ParserOptions(kind: .json)
        parser.timeKey = "time"
        var options = ParseFieldOptions(key: "log", parser: parser)
        change(&options)
        return .parse(options)
    }

    private let json = #"{"log":"{\"a\":1,\"b\":\"x\",\"time\":\"2020-01-01T00:00:00Z\"}","b":2}"#

    @Test func onlyWhatIsFoundStays() throws {
        let shaped = try Shaped(json, options { _ in })
        #expect(shaped.json == #"{"a":1,"b":"x"}"#)
        #expect(shaped.record.time == 1_577_836_800_000_000_000)
    }

    @Test func otherFieldsAndTheTimeMayStay() throws {
        let shaped = try Shaped(
            json,
            options {
                $0.reservesData = true
                $0.reservesTime = true
                $0.removesKey = true
            }
        )
        #expect(shaped.json == #"{"b":"x","a":1}"#)
        #expect(shaped.record.time == ParsedLine.now)
    }

    @Test func whatIsFoundMayHaveAPrefixOrAnObject() throws {
        #expect(
            try Shaped(
                json,
                options {
                    $0.reservesData = true
                    $0.removesKey = true
                    $0.prefix = "p."
                }
            ).json == #"{"b":2,"p.a":1,"p.b":"x"}"#
        )
        #expect(
            try Shaped(
                json,
                options {
                    $0.hashField = "o"
                    $0.prefix = "\""
                }
            ).json == #"{"o":{"\"a":1,"\"b":"x"}}"#
        )
    }

    @Test func aNestedFieldIsParsed() throws {
        let filter = options {
            $0.key = "k.log"
            $0.parser = ParserOptions(kind: .logfmt)
            $0.reservesData = true
            $0.removesKey = true
        }
        #expect(
            try Shaped(#"{"k":{"log":"x=1 y","z":1}}"#, filter).json
                == #"{"k":{"z":1},"x":"1","y":true}"#
        )
    }

    @Test func whatCannotBeParsedGoesOnOrIsRefused() throws {
        for (json, words) in [
            (#"{"log":"no"}"#, "could not be parsed: it is not JSON"),
            (#"{"b":1}"#, "no field log"),
        ] {
            let kept = try Shaped(json, options { $0.keepsUnmatched = true })
            #expect(kept.outcome == .pass && kept.json == json)
            let refused = try Shaped(json, options { $0.keepsUnmatched = false })
            guard case .refused(let why) = refused.outcome else {
                Issue.record("it was not refused")
                continue
            }
            #expect(why.contains(words))
        }
    }

    @Test func manyFieldsTakeLinearTime() throws {
        var inner = "{"
        for number in 0..<60_000 {
            inner += "\(number == 0 ? "" : ",")\\\"k\(number)\\\":\(number)"
        }
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure {
            let shaped = try Shaped("{\"log\":\"\(inner)}\"}", options { $0.reservesData = true })
            count = shaped.record.fields.count
        }
        #expect(count == 60_001)
        #expect(time < .seconds(20))
    }
}

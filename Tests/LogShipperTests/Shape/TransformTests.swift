import LogShipper
import Model
import Testing

@Suite struct TransformTests {
    private func shape(
        _ json: String,
        _ change: (inout TransformOptions) -> Void
    ) throws -> String {
        var options = TransformOptions()
        change(&options)
        return try Shaped(json, .transform(options)).json
    }

    private func field(_ path: String) -> RecordTemplate { RecordTemplate([.field(path)]) }

    @Test func templatesSeeTheRecordAsItCame() throws {
        #expect(
            try shape(#"{"a":1,"b":"x"}"#) {
                $0.set = [("a", field("b")), ("b", field("a")), ("c", field("a"))]
            } == #"{"a":"x","b":1,"c":1}"#
        )
    }

    @Test func aSingleFieldKeepsItsTypeWhereThatIsWanted() throws {
        let json = #"{"n":1.5,"o":{"p":[true]}}"#
        #expect(
            try shape(json) {
                $0.set = [("a", field("n")), ("b", field("o.p")), ("c", field("x"))]
            }
                == #"{"n":1.5,"o":{"p":[true]},"a":1.5,"b":[true],"c":null}"#
        )
        #expect(
            try shape(json) {
                $0.set = [("a", field("n")), ("c", field("x"))]
                $0.castsTypes = false
            } == #"{"n":1.5,"o":{"p":[true]},"a":"1.5","c":""}"#
        )
    }

    @Test func whatLooksLikeJSONBecomesJSON() throws {
        #expect(
            try shape(#"{"a":"say \"x\"\n"}"#) {
                $0.set = [
                    ("o", RecordTemplate([.literal(#"{"in":""#), .field("a"), .literal(#""}"#)])),
                    ("l", RecordTemplate(literal: "[1,2]")), ("t", RecordTemplate(literal: "[1,")),
                    ("five", RecordTemplate(literal: "5")),
                ]
            }
                == #"{"a":"say \"x\"\n","o":{"in":"say \"x\"\n"},"l":[1,2],"t":"[1,","five":"5"}"#
        )
    }

    @Test func keptFieldsAreAllThatStays() throws {
        #expect(
            try shape(#"{"a":1,"b":2,"c":3}"#) {
                $0.keepOnly = ["c", "x"]
                $0.set = [("d", field("a"))]
            } == #"{"c":3,"d":1}"#
        )
        #expect(
            try shape(#"{"a":1,"b":2}"#) {
                $0.renews = true
                $0.set = [("d", RecordTemplate([.tagPart(0), .literal("!")]))]
            } == #"{"d":"app!"}"#
        )
    }

    @Test func fieldsAreRemovedAfterTheyAreSet() throws {
        #expect(
            try shape(#"{"a":{"b":1,"c":2},"x.y":3,"d":4}"#) {
                $0.set = [("e", field("d"))]
                $0.remove = ["$.a.b", "x.y", "d", "none", "a.none"]
            } == #"{"a":{"c":2},"e":4}"#
        )
    }

    @Test func fieldsAreRenamedAndTakenOut() throws {
        #expect(
            try shape(#"{"a":{"b":"x"},"c":1,"d":2}"#) {
                $0.rename = [("a.b", "top"), ("c", "d"), ("none", "e")]
            } == #"{"a":{},"d":1,"top":"x"}"#
        )
    }

    @Test func onlyMissingFieldsAreSetWhereThatIsWanted() throws {
        #expect(
            try shape(#"{"a":1}"#) {
                $0.onlyMissing = true
                $0.set = [("a", RecordTemplate(literal: "x")), ("b", RecordTemplate(literal: "y"))]
            } == #"{"a":1,"b":"y"}"#
        )
    }

    @Test func theTimeMayComeFromAField() throws {
        var options = TransformOptions()
        options.renewTimeKey = "t"
        let json = #"{"t":1700000000.25}"#
        #expect(
            try Shaped(json, .transform(options)).record.time == 1_700_000_000_250_000_000
        )
        #expect(try Shaped(#"{"t":"x"}"#, .transform(options)).record.time == ParsedLine.now)
        #expect(try Shaped("{}", .transform(options)).record.time == ParsedLine.now)
    }
}

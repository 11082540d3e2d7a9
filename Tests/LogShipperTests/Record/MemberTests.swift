import Model
import Testing

@testable import LogShipper

/// Members of an object that are written as they stood, in one piece.
@Suite struct MemberTests {
    private func parsed(_ line: String) throws -> LogRecord {
        let options = ParserOptions(kind: .json)
        let parser = try RecordParsers.make(options, place: ConfigurationPlace(file: "", line: 0))
        var record = LogRecord()
        let bytes = Array(line.utf8)
        let outcome = parser.parse(bytes.span, into: &record)
        #expect(outcome == .record)
        return record
    }

    /// The same fields in a record that has each by itself.
    private func apart(_ record: borrowing LogRecord) -> LogRecord {
        var copy = LogRecord()
        for field in record.fields {
            copy.append(
                name: record.name(of: field),
                value: record.value(of: field),
                kind: field.kind
            )
        }
        return copy
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func documents(_ record: borrowing LogRecord) -> [String] {
        let writer = DocumentWriter(InjectOptions(), hostname: "h", removing: ["b", "e"])
        var first: [UInt8] = []
        writer.appendObject(record, &first)
        var second: [UInt8] = []
        var isFirst = true
        let one = Array("a".utf8)
        let other = Array("d".utf8)
        let whole = DocumentWriter(InjectOptions(), hostname: "h")
        whole.appendMembers(of: record, isFirst: &isFirst, &second, except: one, or: other)
        return [text(JSONWriter.object(record)), text(first), text(second)]
    }

    static let lines = [
        #"{"a":1,"b":"x\"","c":{"d":[1, 2]},"d":null,"e":"é","f":true}"#,
        #"{"a":1, "b":2,"c" :3,"d": 4,"e":5}"#,
        #"{"a":1,"\u0062":2,"c":3}"#,
        #"{"a":1,"b":2,"a":3,"c":4}"#,
        #"{"":"","b":{},"c":[]}"#,
        #"{"a":1}"#,
        "{}",
    ]

    @Test(arguments: lines)
    func neighboursAreWrittenLikeFieldsApart(_ line: String) throws {
        let record = try parsed(line)
        #expect(documents(record) == documents(apart(record)))
    }

    @Test func anObjectWithoutSpacesIsWrittenAsItStood() throws {
        let record = try parsed(Self.lines[0])
        #expect(text(JSONWriter.object(record)) == Self.lines[0])
    }

    @Test(arguments: 0..<6)
    func aFieldThatGoesLeavesTheOthers(_ position: Int) throws {
        var record = try parsed(Self.lines[0])
        record.remove(at: position)
        #expect(documents(record) == documents(apart(record)))
    }

    @Test(arguments: 0..<6)
    func aFieldThatChangesIsWrittenAsItIs(_ position: Int) throws {
        let new = Array("n\"".utf8)
        var named = try parsed(Self.lines[0])
        named.rename(at: position, to: new.span)
        #expect(documents(named) == documents(apart(named)))
        #expect(text(JSONWriter.object(named)).contains(#""n\"":"#))
        var valued = try parsed(Self.lines[0])
        valued.replaceValue(at: position, value: new.span, kind: .text)
        #expect(documents(valued) == documents(apart(valued)))
        #expect(text(JSONWriter.object(valued)).contains(#":"n\"""#))
    }

    @Test func anyOrderAndAnyRestAreWritten() throws {
        var generator = SplitMix(seed: 11)
        for _ in 0..<300 {
            var record = try parsed(Self.lines.randomElement(using: &generator) ?? "{}")
            for _ in 0..<Int.random(in: 0...3, using: &generator) where !record.fields.isEmpty {
                let position = Int.random(in: 0..<record.fields.count, using: &generator)
                let word = Array(["a", "b", "z"].randomElement(using: &generator)?.utf8 ?? "".utf8)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: record.remove(at: position)
                case 1: record.rename(at: position, to: word.span)
                case 2: record.set(name: word.span, value: word.span, kind: .text)
                default:
                    let kept = position
                    record.removeFields { _, index in index % 2 == kept % 2 }
                }
            }
            #expect(documents(record) == documents(apart(record)))
        }
    }

    @Test func anObjectOnSeveralLinesIsWrittenInOne() throws {
        let record = try parsed(
            "{\n  \"a\": {\n    \"b\": \"x\\ny\",\r\n    \"c\": 1\n  },\n  \"d\\n\": [\n]\n}\n"
        )
        let written = text(JSONWriter.object(record))
        #expect(written == #"{"a":{     "b": "x\ny",      "c": 1   },"d\n":[ ]}"#)
    }

    @Test func numbersAreWrittenWithTheDigitsThatTheyHave() {
        for (value, digits) in [
            (0, "0"), (15, "f"), (16, "10"), (0x1f, "1f"), (UInt64.max, "ffffffffffffffff"),
            (0x0123_4567, "1234567"), (1 << 60, "1000000000000000"),
        ] as [(UInt64, String)] {
            var out = Array("x".utf8)
            JSONWriter.appendHexadecimal(value, &out)
            #expect(text(out) == "x" + digits)
        }
        for (value, width, digits) in [
            (0, 1, "0"), (7, 3, "007"), (1234, 2, "1234"), (-5, 3, "-005"),
            (.max, 1, "9223372036854775807"), (.min, 20, "-09223372036854775808"),
        ] as [(Int, Int, String)] {
            var out: [UInt8] = []
            LogTime.appendNumber(value, width: width, &out)
            #expect(text(out) == digits)
        }
    }
}

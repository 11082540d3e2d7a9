import LogShipper
import Model
import Testing

@Suite struct TemplateRendererTests {
    private func render(
        _ parts: [RecordTemplate.Part],
        _ json: String = "{}",
        tag: String = "a.b.c"
    ) throws -> String {
        let shaped = try Shaped(json, tag: tag)
        var out: [UInt8] = []
        TemplateRenderer(RecordTemplate(parts), hostname: "h1").append(shaped.record, &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func partsOfTheTagAreWritten() throws {
        #expect(try render([.tag]) == "a.b.c")
        #expect(try render([.tagPart(0), .literal("-"), .tagPart(-1), .tagPart(3)]) == "a-c")
        #expect(try render([.tagPrefix(1), .literal("|"), .tagSuffix(1)]) == "a.b|b.c")
        #expect(try render([.tagPrefix(-1), .literal("|"), .tagSuffix(-2)]) == "a.b.c|b.c")
        #expect(try render([.tagPart(-4), .tagPart(99)]) == "")
        #expect(try render([.tagPart(0)], tag: "") == "")
        #expect(try render([.tagPart(1), .literal("|"), .tagPart(2)], tag: "a..b") == "|b")
    }

    @Test func fieldsAreWrittenAsTexts() throws {
        let json = #"{"a":{"b":"x\n"},"n":12.50,"z":null,"l":[1, 2]}"#
        #expect(
            try render(
                [.field("a.b"), .field("n"), .field("z"), .field("l"), .field("none")],
                json
            )
                == "x\n12.50[1, 2]"
        )
    }

    @Test func timesAreWritten() throws {
        #expect(
            try render([.time("%Y.%m.%d"), .literal(" "), .isoTime, .literal(" "), .unixTime])
                == "2026.11.21 2026-11-21T12:00:00.000Z 1795262400"
        )
        #expect(try render([.hostname, .literal("/"), .time("%L")]) == "h1/000")
    }

    @Test func eachSecondIsWrittenAnew() throws {
        var shaped = try Shaped("{}")
        let renderer = TemplateRenderer(RecordTemplate([.time("%H:%M:%S")]))
        var out: [UInt8] = []
        for time in [0, 999_999_999, 1_000_000_000, -1, 0] as [Int64] {
            shaped.record.time = time
            renderer.append(shaped.record, &out)
            out.append(0x20)
        }
        #expect(
            String(decoding: out, as: UTF8.self)
                == "00:00:00 00:00:00 00:00:01 23:59:59 00:00:00 "
        )
    }
}

import Model
import Testing

@testable import Telemetry

@Suite struct ForgedLineTests {
    private func record(_ value: [UInt8]) -> ExchangeRecord {
        let head = Head()
        head.methodSlice = head.append("GET")
        head.path = head.append(value.span)
        head.authority = head.append(value.span)
        let name = Array("user-agent".utf8)
        head.addLine(name: head.append(name.span), value: head.append(value.span))
        var record = ExchangeRecord()
        record.request = head
        return record
    }

    @Test func everyByteInAValueKeepsTheLineALine() throws {
        let text = try AccessLogFormat(text: "\"%REQ(USER-AGENT)%\"\n")
        for byte in UInt8.min ... .max {
            let line = LineBuffer()
            text.render(record([0x61, byte, 0x62]), into: line)
            let bytes = line.copy()
            #expect(bytes.count { $0 == 0x0a } == 1)
            #expect(bytes.count { $0 == 0x22 } == 2)
            #expect(!bytes.dropLast().contains { $0 < 0x20 || $0 == 0x7f })
        }
    }

    @Test func escapesCanBeReadBack() throws {
        let format = try AccessLogFormat(text: "%REQ(USER-AGENT)%")
        let rendered = RecordFixture.render(
            format,
            record(Array("a\n\"b\\\u{7f}\r\u{1b}[31mä".utf8))
        )
        #expect(rendered == "a\\x0a\\x22b\\x5c\\x7f\\x0d\\x1b[31mä")
    }

    @Test func aForgedSecondLineIsOneLine() {
        let forged = "x\"\n[2026-01-01T00:00:00.000Z] \"GET /admin HTTP/1.1\" 200"
        let rendered = RecordFixture.render(.standard, record(Array(forged.utf8)))
        #expect(rendered.split(separator: "\n").count == 1)
        #expect(rendered.filter { $0 == "\"" }.count == 12)
    }

    @Test func everyByteInAJSONValueKeepsItValid() throws {
        let format = try AccessLogFormat(json: .object([("a", .text("%REQ(USER-AGENT)%"))]))
        for byte in UInt8.min ... .max {
            let line = LineBuffer()
            format.render(record([0x61, byte, 0x62]), into: line)
            let bytes = line.copy()
            #expect(bytes.dropLast().allSatisfy { $0 >= 0x20 && $0 < 0x80 })
            let inner = bytes.dropFirst(6).dropLast(3)
            let quotes = zip([0x5c] + inner, inner).contains { $0.1 == 0x22 && $0.0 != 0x5c }
            #expect(!quotes)
        }
    }

    @Test(arguments: [
        ("ä€😀", "ä€😀"), ("a\"b\\c\u{8}\t\r\n", "a\\\"b\\\\c\\u0008\\t\\r\\n"),
        ("\u{7f}", "\\u007f"),
    ])
    func jsonEscapesAndKeepsUTF8(value: String, expected: String) throws {
        let format = try AccessLogFormat(json: .object([("a", .text("%REQ(USER-AGENT)%"))]))
        #expect(
            RecordFixture.render(format, record(Array(value.utf8))) == "{\"a\":\"\(expected)\"}\n"
        )
    }

    @Test(
        arguments: [
            [0xff], [0xc3], [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80],
            [0xf4, 0x90, 0x80, 0x80],
            [0xf0, 0x9f, 0x98], [0x80],
        ] as [[UInt8]]
    )
    func whatIsNoUTF8IsShownAsBytes(bytes: [UInt8]) throws {
        let format = try AccessLogFormat(json: .object([("a", .text("%REQ(USER-AGENT)%"))]))
        let shown = bytes.map { "\\\\x" + String($0, radix: 16) }.joined()
        #expect(RecordFixture.render(format, record(bytes)) == "{\"a\":\"\(shown)\"}\n")
    }

    @Test func keysAndLiteralsOfAFormatAreEscaped() throws {
        let format = try AccessLogFormat(
            json: .object([
                ("k\"\n", .text("l\"\n%BYTES_SENT%")), ("n", .literal("1.5")),
                ("o", .object([("p", .list([.text("%BYTES_SENT%"), .literal("null")]))])),
                ("t", .text("%START_TIME(\"%Y\")%")), ("plain", .text("x")), ("e", .text("")),
            ])
        )
        #expect(
            RecordFixture.render(format, ExchangeRecord())
                == "{\"k\\\"\\n\":\"l\\\"\\n0\",\"n\":1.5,\"o\":{\"p\":[0,null]},"
                + "\"t\":\"\\\"1970\\\"\",\"plain\":\"x\",\"e\":\"\"}\n"
        )
    }

    @Test func theLengthCutsBeforeEscaping() throws {
        let format = try AccessLogFormat(text: "%REQ(USER-AGENT):2%")
        #expect(RecordFixture.render(format, record(Array("\n\n\n".utf8))) == "\\x0a\\x0a")
    }
}

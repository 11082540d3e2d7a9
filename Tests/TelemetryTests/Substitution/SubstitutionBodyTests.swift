import Model
import Testing

@testable import Telemetry

@Suite struct SubstitutionBodyTests {
    private func record(_ body: String) -> ExchangeRecord {
        var record = ExchangeRecord()
        record.localReplyBody = Array(body.utf8)
        record.responseCode = 503
        return record
    }

    @Test func aTextIsNeitherEscapedNorEnded() throws {
        let format = try SubstitutionBody(text: "<%LOCAL_REPLY_BODY%|%ROUTE_NAME%|%RESPONSE_CODE%>")
        let body = format.body(of: record("a\"b\\c\n"))
        #expect(String(decoding: body, as: UTF8.self) == "<a\"b\\c\n|-|503>")
    }

    @Test func anEmptyTextIsThere() throws {
        let text = try SubstitutionBody(text: "[%LOCAL_REPLY_BODY%]")
        #expect(text.body(of: record("")) == Array("[]".utf8))
        let json = try SubstitutionBody(json: .object([("a", .text("%LOCAL_REPLY_BODY%"))]))
        #expect(json.body(of: record("")) == Array("{\"a\":\"\"}\n".utf8))
    }

    @Test func anObjectIsEscapedAndEndsItsLine() throws {
        let format = try SubstitutionBody(
            json: .object([
                ("a", .text("%LOCAL_REPLY_BODY%")), ("b", .text("%RESPONSE_CODE%")),
                ("c", .text("%ROUTE_NAME%")), ("d", .text("x %LOCAL_REPLY_BODY%")),
            ])
        )
        #expect(
            String(decoding: format.body(of: record("i\"n")), as: UTF8.self)
                == "{\"a\":\"i\\\"n\",\"b\":503,\"c\":null,\"d\":\"x i\\\"n\"}\n"
        )
    }

    @Test func anUnknownOperatorIsRefused() {
        #expect(throws: AccessLogFormatFailure.self) { try SubstitutionBody(text: "%NONE%") }
    }
}

import Model
import Testing

@testable import Telemetry

@Suite struct FormatFailureTests {
    private func failure(_ text: String) -> AccessLogFormatFailure? {
        do throws(AccessLogFormatFailure) {
            _ = try AccessLogFormat(text: text)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("a %RESPONCE_CODE%", 2, "%RESPONSE_CODE%"), ("%BYTES_SEND%", 0, "%BYTES_SENT%"),
        ("%response_code%", 0, "%RESPONSE_CODE%"), ("%UPSTREAM_HOSTS%", 0, "%UPSTREAM_HOST%"),
        ("%RES(X)%", 0, "%RE"), ("%XXXXXXXXXXXXXXXXXXXXXXXX%", 0, "docs/reference/access-log.md"),
    ])
    func anUnknownOperatorNamesItsPlaceAndTheNearest(text: String, position: Int, hint: String) {
        let failure = failure(text)
        #expect(failure?.position == position)
        #expect(failure?.message.contains("unknown operator") == true)
        #expect(failure?.hint.contains(hint) == true, "\(failure?.hint ?? "")")
    }

    @Test(arguments: [
        "%", "%%%", "%REQ%", "%REQ()%", "%REQ(X", "%REQ(X)", "%REQ(X):%", "%REQ(X):a%",
        "%REQ(X):99999999999999999999%", "%REQ(X?)%", "%REQ(?X)%", "%REQ(a b)%", "%REQ(:STATUS)%",
        "%RESP(:PATH)%", "%TRAILER(:STATUS)%", "%BYTES_SENT(X)%", "%BYTES_SENT:5%", "% %",
        "%START_TIME(%Q)%", "%START_TIME(%)%", "%START_TIME(%4s)%", "%START_TIME(%E3)%",
        "%PATH(X)%", "%PATH(WQ:X)%", "%PATH(WQ:PATH:X)%", "%COMMON_DURATION(A:B:ms)%",
        "%COMMON_DURATION(DS_RX_BEG:DS_RX_END)%", "%COMMON_DURATION%", "%GRPC_STATUS(X)%",
        "%DYNAMIC_METADATA%", "%METADATA(ROUTE)%", "%FILTER_STATE(x)%", "%REQ(X)Y%",
        "100% of %BYTES_SENT%",
    ])
    func badFormatsAreRefused(text: String) {
        #expect(failure(text) != nil)
    }

    @Test func whatEnvoyHasAndWeDoNotYetSaysSo() {
        #expect(failure("%FILTER_STATE(x)%")?.message == "%FILTER_STATE% is not supported yet")
    }

    @Test func jsonFailuresNameTheMember() throws {
        let shape: AccessLogConfiguration.JSONShape = .object([
            ("a", .object([("b", .list([.text("ok"), .text("x %NOPE%")]))]))
        ])
        let failure = #expect(throws: AccessLogFormatFailure.self) {
            try AccessLogFormat(json: shape)
        }
        #expect(failure?.member == "a.b[1]")
        #expect(failure?.position == 2)
    }

    @Test func jsonRefusesWhatIsNoObjectNoScalarOrThereTwice() {
        func refuses(_ shape: AccessLogConfiguration.JSONShape) -> Bool {
            (try? AccessLogFormat(json: shape)) == nil
        }
        #expect(refuses(.text("x")))
        #expect(refuses(.list([])))
        #expect(refuses(.object([("a", .text("1")), ("a", .text("2"))])))
        for text in ["", "01", "1.", ".5", "1e", "+1", "NaN", "tru", "1 ", "-", "\"x\"", "{}"] {
            #expect(refuses(.object([("a", .literal(text))])), "\(text)")
        }
        for text in ["0", "-1", "1.5", "1e9", "-0.1E-2", "true", "false", "null"] {
            #expect(!refuses(.object([("a", .literal(text))])), "\(text)")
        }
        var deep: AccessLogConfiguration.JSONShape = .text("x")
        for _ in 0..<40 { deep = .list([deep]) }
        #expect(refuses(.object([("a", deep)])))
    }
}

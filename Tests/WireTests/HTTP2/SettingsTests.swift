import Testing
import Wire

@Suite("Settings of HTTP/2")
struct SettingsTests {
    private func details(
        _ payload: [UInt8],
        fromServer: Bool = false,
        to settings: HTTP2Settings = HTTP2Settings()
    ) -> String? {
        var settings = settings
        do throws(HTTP2Violation) {
            try settings.apply(payload.span, fromServer: fromServer)
            return nil
        } catch {
            return "\(error.details) \(error.code.name) \(error.streamID)"
        }
    }

    @Test("Values that RFC 9113 does not allow end the connection")
    func invalid() {
        let invalid = "http2.invalid_setting PROTOCOL_ERROR 0"
        #expect(details(Frame.setting(2, 2)) == invalid)
        #expect(details(Frame.setting(2, 1)) == nil)
        #expect(details(Frame.setting(2, 1), fromServer: true) == invalid)
        #expect(details(Frame.setting(2, 0), fromServer: true) == nil)
        let window = "http2.initial_window_too_large FLOW_CONTROL_ERROR 0"
        #expect(details(Frame.setting(4, 0x8000_0000)) == window)
        #expect(details(Frame.setting(4, 0x7fff_ffff)) == nil)
        #expect(details(Frame.setting(5, 16_383)) == invalid)
        #expect(details(Frame.setting(5, 16_384)) == nil)
        #expect(details(Frame.setting(5, 0x100_0000)) == invalid)
        #expect(details(Frame.setting(8, 2)) == invalid)
        #expect(details(Frame.setting(9, 2)) == invalid)
        #expect(details(Frame.setting(77, .max)) == nil)
        #expect(details([0, 1, 0]) == "http2.settings_size_error FRAME_SIZE_ERROR 0")
        var connect = HTTP2Settings()
        connect.enablesConnectProtocol = true
        #expect(details(Frame.setting(8, 0), to: connect) == invalid)
        #expect(details(Frame.setting(8, 1), to: connect) == nil)
    }

    @Test("A change tells the lowest table and what windows gain or lose")
    func changes() throws {
        var settings = HTTP2Settings()
        let payload =
            Frame.setting(1, 100) + Frame.setting(1, 0) + Frame.setting(1, 8_192)
            + Frame.setting(4, 10) + Frame.setting(4, 20)
        let changes = try settings.apply(payload.span)
        #expect(changes.lowestHeaderTableSize == 0)
        #expect(changes.initialWindowDelta == 20 - 65_535)
        #expect(settings.headerTableSize == 8_192)
        #expect(settings.initialWindowSize == 20)
    }
}

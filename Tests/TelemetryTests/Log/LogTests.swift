import Glibc
import Testing

@testable import Telemetry

@Suite struct LogTests {
    private func text(
        _ message: String,
        _ fields: KeyValuePairs<String, String> = [:]
    ) -> String {
        let line = LineBuffer()
        Log.renderText(1_795_243_405_123_456, .warning, message, fields, line)
        return line.text
    }

    private func json(
        _ message: String,
        _ fields: KeyValuePairs<String, String> = [:]
    ) -> String {
        let line = LineBuffer()
        Log.renderJSON(1_795_243_405_123_456, .error, message, fields, line)
        return line.text
    }

    @Test func aTextLineHasTimeLevelMessageAndFields() {
        #expect(
            text("listener bound", ["address": "127.0.0.1:80", "note": "two words", "none": ""])
                == "2026-11-21T06:43:25.123Z warning listener bound address=127.0.0.1:80 "
                + "note=\"two words\" none=\"\"\n"
        )
    }

    @Test func aJSONLineIsOneObject() {
        #expect(
            json("said \"no\"", ["a\n": "b\u{1}"])
                == "{\"time\":\"2026-11-21T06:43:25.123Z\",\"level\":\"error\","
                + "\"message\":\"said \\\"no\\\"\",\"a\\n\":\"b\\u0001\"}\n"
        )
    }

    @Test func nothingForgesALine() {
        #expect(text("a\nb", ["c\n": "d\n\"e"]).filter { $0 == "\n" }.count == 1)
        #expect(json("a\nb", ["c\n": "d\n"]).filter { $0 == "\n" }.count == 1)
    }

    @Test func whatIsBelowTheLevelIsNotEvenEvaluated() {
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        defer { for end in ends { _ = close(end) } }
        let log = Log(descriptor: ends[1], level: .warning)
        var evaluated = 0
        func message() -> String {
            evaluated += 1
            return "m\(evaluated)"
        }
        log.log(.info, message())
        #expect(evaluated == 0)
        log.level = .trace
        log.log(.trace, message())
        log.format = .json
        log.log(.critical, message(), ["k": "v"])
        log.level = .off
        log.log(.critical, message())
        log.log(.off, message())
        #expect(evaluated == 2)
        var buffer: [UInt8] = Array(repeating: 0, count: 4096)
        let count = unsafe read(ends[0], &buffer, buffer.count)
        let lines = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
            .split(separator: "\n").map(String.init)
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix("Z trace m1") == true)
        #expect(
            lines.last?.hasSuffix("\"level\":\"critical\",\"message\":\"m2\",\"k\":\"v\"}") == true
        )
    }

    @Test func levelsHaveNames() {
        for level in Log.Level.allCases { #expect(Log.Level(name: level.name) == level) }
        #expect(Log.Level(name: "INFO") == nil)
        #expect(Log.Level(name: "") == nil)
    }
}

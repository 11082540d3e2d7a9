import Model
import Testing

@testable import XDS

@Suite struct AccessLogValuesTests {
    private func log(_ type: String, _ fields: String) throws -> AccessLogConfiguration {
        let text = """
            \(Fixture.statPrefix)
                            access_log:
                              - name: log
                                typed_config:
                                  "@type": type.googleapis.com/envoy.extensions.access_loggers.\(type)
            \(fields.split(separator: "\n").map { "                      \($0)" }
                .joined(separator: "\n"))
            """
        let snapshot = try Fixture.snapshot(Fixture.statPrefix, text)
        return try #require(snapshot.listeners.first?.http.accessLogs.first)
    }

    @Test func aFileWithoutAFormatGetsTheStandardOne() throws {
        let file = try log("file.v3.FileAccessLog", "path: /tmp/a.log")
        #expect(file == AccessLogConfiguration(sink: .file(path: "/tmp/a.log"), format: .standard))
    }

    @Test(arguments: [
        ("file.v3.FileAccessLog", "path: /dev/stdout", AccessLogConfiguration.Sink.standardOutput),
        ("file.v3.FileAccessLog", "path: /dev/stderr", .standardError),
        ("stream.v3.StdoutAccessLog", "", .standardOutput),
        ("stream.v3.StderrAccessLog", "", .standardError),
    ])
    func sinksAreWhatTheySay(
        type: String,
        fields: String,
        sink: AccessLogConfiguration.Sink
    ) throws {
        let log = try log(type, fields)
        #expect(log == AccessLogConfiguration(sink: sink, format: .standard))
    }

    @Test(arguments: [
        #"format: "%RESPONSE_CODE%\n""#,
        #"log_format: {text_format: "%RESPONSE_CODE%\n"}"#,
        #"log_format: {text_format_source: {inline_string: "%RESPONSE_CODE%\n"}}"#,
    ])
    func textsAreTakenAsTheyAre(format: String) throws {
        let log = try log("file.v3.FileAccessLog", "path: /tmp/a.log\n" + format)
        #expect(log.format == .text("%RESPONSE_CODE%\n"))
    }

    @Test func membersOfJSONKeepTheirOrderAndTypes() throws {
        let log = try log(
            "stream.v3.StdoutAccessLog",
            """
            log_format:
              json_format:
                zebra: "%RESPONSE_CODE%"
                apple: {two: 2, one: 1.5, on: true, none: null}
                list: ["%PROTOCOL%", 3]
            """
        )
        #expect(
            log.format
                == .json(
                    .object([
                        ("zebra", .text("%RESPONSE_CODE%")),
                        (
                            "apple",
                            .object([
                                ("two", .literal("2")), ("one", .literal("1.5")),
                                ("on", .literal("true")), ("none", .literal("null")),
                            ])
                        ),
                        ("list", .list([.text("%PROTOCOL%"), .literal("3")])),
                    ])
                )
        )
    }
}

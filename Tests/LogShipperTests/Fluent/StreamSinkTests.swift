import Testing

@testable import LogShipper

/// What files of fluentd and fluent-bit say about sinks that speak over streams.
@Suite struct StreamSinkTests {
    private struct Missing: Error {}

    private func bit(_ body: String) throws -> SinkConfiguration.Kind {
        let configuration = try FluentTexts.fluentBit(
            "[INPUT]\n    Name tail\n    Path /a\n[OUTPUT]\n    Match *\n\(body)\n"
        )
        guard let sink = configuration.sinks.first else { throw Missing() }
        return sink.kind
    }

    @Test func remoteSyslogIsTaken() throws {
        let text = """
            @type remote_syslog
            host h
            protocol tcp
            facility local3
            severity err
            packet_size 4k
            """
        guard case .syslog(let options) = try FluentTexts.sink(text).kind else { throw Missing() }
        var target = StreamTarget(addresses: ["h:25"])
        target.timeout = options.target.timeout
        var expected = SyslogOptions(target: target)
        expected.transport = .tcp
        expected.form = .rfc3164
        expected.framing = .lines
        expected.facility = 19
        expected.severity = 3
        expected.severityKey = ""
        expected.messageKey = ""
        expected.appName = RecordTemplate(literal: "fluentd")
        expected.bytesMax = 4096
        #expect(options == expected)
    }

    @Test func syslogOfFluentBitIsTaken() throws {
        let kind = try bit(
            """
                Name syslog
                Host h
                Port 601
                Mode tcp
                Syslog_Severity_Preset 3
                Syslog_Facility_Key f
                Syslog_Procid_Key pid
                Syslog_Msgid_Preset ID
                Syslog_SD_Key sd@1
                Syslog_MaxSize 2048
            """
        )
        guard case .syslog(let options) = kind else { throw Missing() }
        #expect(options.target.addresses == ["h:601"])
        #expect(options.transport == .tcp && options.framing == .lines)
        #expect(options.severity == 3 && options.facilityKey == "f")
        #expect(options.processID == RecordTemplate([.field("pid")]))
        #expect(options.messageID == RecordTemplate(literal: "ID"))
        #expect(options.structuredKeys == ["sd@1"])
        #expect(options.bytesMax == 2048)
    }

    @Test func forwardIsTaken() throws {
        let text = """
            @type forward
            ack_response_timeout 90s
            <security>
            shared_key k
            </security>
            <server>
            host a
            </server>
            <server>
            host b
            port 1
            username u
            password p
            </server>
            """
        guard case .forward(let options) = try FluentTexts.sink(text).kind else { throw Missing() }
        #expect(options.target.addresses == ["a:24224", "b:1"])
        #expect(options.target.timeout == 90_000)
        #expect(options.sharedKey == "k" && options.user == "u" && options.password == "p")
        #expect(options.requiresAck)
    }

    @Test func anEmptySharedKeyIsOne() throws {
        guard
            case .forward(let options) = try bit(
                "    Name forward\n    Empty_Shared_Key on\n    Username u\n    Password p"
            )
        else { throw Missing() }
        #expect(options.sharedKey == "")
    }

    @Test(arguments: [
        ("    Name syslog\n    allow_longer_sd_id on", "allow_longer_sd_id"),
        ("    Name forward\n    Unix_Path /x", "Unix_Path"),
        ("    Name forward\n    Tag other", "Tag"),
        ("    Name tcp\n    Format json_lines\n    Raw_Message_Key m", "Raw_Message_Key"),
        ("    Name tcp", "msgpack"),
        ("    Name tcp\n    Format json", "format json"),
    ])
    func whatCanNotBeHonouredIsRefusedByName(_ body: String, _ name: String) {
        let words = FluentTexts.refusal(
            "[INPUT]\n    Name tail\n    Path /a\n[OUTPUT]\n    Match *\n\(body)\n",
            isBit: true
        )
        #expect(!words.hasPrefix("taken"))
        #expect(words.contains(name), "\(words)")
    }

    @Test(arguments: [
        ("@type remote_syslog\nhost h\n<format>\n@type csv\nfields a\n</format>", "format"),
        ("@type remote_syslog\nhost h\nseverity loud", "severity"),
        ("@type forward\ncompress zstd\n<server>\nhost a\n</server>", "zstd"),
    ])
    func whatFluentdsFilesAskInVainIsRefusedByName(_ body: String, _ name: String) {
        let words = FluentTexts.refusal(FluentTexts.match(body))
        #expect(!words.hasPrefix("taken"))
        #expect(words.contains(name), "\(words)")
    }
}

import Testing

@testable import LogShipper

struct FluentBitTests {
    private struct Missing: Error {}

    private func sink(_ body: String) throws -> SinkConfiguration {
        guard let sink = try FluentTexts.fluentBit(FluentTexts.output(body)).sinks.first else {
            throw Missing()
        }
        return sink
    }

    private func filters(_ body: String) throws -> [RecordFilter] {
        FluentTexts.filters(
            of: try FluentTexts.fluentBit(
                FluentTexts.output("Name null") + "[FILTER]\n\(FluentTexts.indented(body))\n"
            )
        )
    }

    // MARK: - Reading

    @Test func sectionsAndVariablesAreRead() throws {
        let sections = try FluentBitReader.read(
            text: Array(
                "# c\n@SET a=b\n[Input]\n\tName tail\n\t# c\n\n\tPath ${a}/${HOME:-/h}/${NO}x # y\r\n"
                    .utf8
            ),
            file: "b.conf",
            environment: FluentTexts.environment()
        )
        #expect(sections.map(\.name) == ["input"])
        #expect(sections[0].entries.map(\.key) == ["Name", "Path"])
        #expect(sections[0].entries[1].value == .text("b//h/x # y"))
        #expect(sections[0].entries[1].unset == ["NO"])
        #expect(sections[0].entries[1].place.description == "b.conf:7:2")
    }

    @Test(
        "What is wrong is refused with its place",
        arguments: [
            ("", "b.conf: there is no [INPUT], so nothing would be read"),
            ("[INPUT\n", "b.conf:1:1: the name of a section does not end with ]"),
            (
                "[INPUT]\nName tail",
                "b.conf:2:1: \"Name tail\" stands at the begin of its line (indent it under its [SECTION])"
            ),
            ("    a b", "b.conf:1:1: a value stands outside of any section"),
            (
                "[INPUT]\n    Name tail\n  Path /a",
                "b.conf:3:1: the line is indented otherwise than the first one of the file (the first one has 4 spaces, this one 2 spaces)"
            ),
            (
                "[INPUT]\n    Name tail\n\tPath /a",
                "b.conf:3:1: the line is indented otherwise than the first one of the file (the first one has 4 spaces, this one 1 tab)"
            ),
            ("[INPUT]\n    Name", "b.conf:2:5: \"Name\" has no value"),
            ("@INCLUD x", "b.conf:1:1: \"@INCLUD\" is not known (did you mean \"@INCLUDE\"?)"),
            ("@SET x", "b.conf:1:1: @SET needs name=value (write @SET name=value)"),
            ("[INPTU]\n    a b", "b.conf:1:1: [INPTU] is not supported (did you mean \"INPUT\"?)"),
            ("[INPUT]\n    Path x", "b.conf:1:1: [INPUT] does not say its Name"),
            (
                "[INPUT]\n    Name tial",
                "b.conf:2:5: the input plugin \"tial\" is not supported (did you mean \"tail\"? there are exec, forward, opentelemetry, stdin, syslog, tail)"
            ),
            ("[INPUT]\n    Name tail", "b.conf:1:1: input tail: path is missing"),
            (
                "[INPUT]\n    Name tail\n    Pth /a\n    Path /a",
                "b.conf:3:5: input tail has no parameter \"Pth\" (did you mean \"path\"?)"
            ),
            (
                "[INPUT]\n    Name tail\n    Path /a\n    Parser no",
                "b.conf:4:5: there is no parser \"no\" (write it as [PARSER], or name its file with Parsers_File in [SERVICE])"
            ),
            (
                "[INPUT]\n    Name tail\n    Path /a\n    Parser jsno",
                "b.conf:4:5: there is no parser \"jsno\" (did you mean \"json\"?)"
            ),
            (
                "[INPUT]\n    Name tail\n    Path /a\n    Rotate_Wait 5x",
                "b.conf:4:5: Rotate_Wait is \"5x\", which is not a time (write whole seconds, or a number with s, m, h or d)"
            ),
            (
                "[INPUT]\n    Name tail\n    Path /a\n    Skip_Long_Lines maybe",
                "b.conf:4:5: Skip_Long_Lines is \"maybe\", which is neither true nor false (write on or off)"
            ),
            (
                "[FILTER]\n    Name lua\n    Match *",
                "b.conf:2:5: the filter plugin \"lua\" is not supported (scripts are not run: write modify, nest, grep or record_modifier)"
            ),
            (
                "[FILTER]\n    Name rewrite_tag\n    Match *",
                "b.conf:2:5: the filter plugin \"rewrite_tag\" is not supported (give each input a tag of its own)"
            ),
            (
                "[OUTPUT]\n    Name elasticsearch",
                "b.conf:2:5: the output plugin \"elasticsearch\" is not supported (fluent-bit calls it es)"
            ),
            (
                "[OUTPUT]\n    Name es\n    Match_Regex x",
                "b.conf:3:5: output es: Match_Regex is not supported (write Match with *)"
            ),
        ] as [(String, String)]
    )
    func refuses(text: String, expected: String) {
        #expect(FluentTexts.refusal(text, isBit: true) == expected)
    }

    // MARK: - Inputs

    @Test func tailIsTaken() throws {
        let configuration = try FluentTexts.fluentBit(
            """
            [SERVICE]
                Flush 5
                Grace 10
                Log_Level info
                storage.path /state
            [INPUT]
                Name              tail
                Tag               kube.*
                Path              /a/*.log, /b/*.log
                Exclude_Path      /a/x.log
                DB                /var/tail.db
                Mem_Buf_Limit     5MB
                Skip_Long_Lines   On
                Refresh_Interval  10
                Rotate_Wait       30
                Read_from_Head    true
                Path_Key          file
                multiline.parser  docker, cri
            [INPUT]
                Name tail
                Path /c
            [OUTPUT]
                Name  es
                Match kube.*
            """
        )
        guard case .tail(let tail) = configuration.sources[0].kind else { throw Missing() }
        var expected = TailOptions(paths: ["/a/*.log", "/b/*.log"])
        expected.excluded = ["/a/x.log"]
        expected.importedPositions = ImportedPositions(
            path: "/var/tail.db",
            form: .fluentBitDatabase
        )
        expected.longLines = .skip
        expected.lineBytesMax = 32768
        expected.refreshInterval = 10_000
        expected.rotateWait = 30_000
        expected.readsFromHead = true
        #expect(tail == expected)
        #expect(configuration.sources[0].tag == "kube.*")
        #expect(configuration.sources[0].pathKey == "file")
        #expect(configuration.sources[0].multiline?.rule == .cri)
        #expect(configuration.sources[1].tag == "tail.1")
        #expect(configuration.sources[1].parser.messageKey == "log")
        #expect(configuration.stateDirectory == "/state")
        #expect(configuration.sinks[0].buffer.flushInterval == 5000)
        #expect(configuration.sinks[0].buffer.drainTime == 10_000)
        let step = configuration.pipelines[0].steps[0]
        #expect(step.tags == TagPattern(["kube.*"], dialect: .fluentBit))
        #expect(step.action == .output([.sink(0)], isFinal: false))
    }

    @Test func parsersAreTaken() throws {
        let source = try FluentTexts.fluentBit(
            """
            [PARSER]
                Name   mine
                Format regex
                Regex  ^(?<time>[^ ]*) (?<code>\\d+)$
                Time_Key time
                Time_Format %Y-%m-%dT%H:%M:%S.%L
                Time_Offset +0200
                Time_Keep On
                Types code:integer size:float
            [INPUT]
                Name tail
                Path /a
                Parser mine
            """
        ).sources[0]
        #expect(
            source.parser.kind == .regexp(pattern: #"(?m)^(?P<time>[^ ]*) (?P<code>\d+)$"#)
        )
        #expect(source.parser.timeKey == "time")
        #expect(source.parser.time.form == .format("%Y-%m-%dT%H:%M:%S.%L"))
        #expect(source.parser.time.zone == .offset(seconds: 7200))
        #expect(source.parser.keepsTimeKey)
        #expect(source.parser.types == ["code": .integer, "size": .float])
    }

    @Test func linesAreJoinedByRules() throws {
        let source = try FluentTexts.fluentBit(
            """
            [MULTILINE_PARSER]
                name          trace
                type          regex
                flush_timeout 1000
                rule "start_state" "/^\\d+ \\"x/" "cont"
                rule "cont" "/^\\s+at/" "cont"
            [INPUT]
                Name tail
                Path /a
                multiline.parser trace
            """
        ).sources[0]
        #expect(source.multiline?.rule == .continuation(pattern: #"(?m)^\s+at"#))
        #expect(source.multiline?.flushAfter == 1000)
    }

    @Test func otherInputsAreTaken() throws {
        let configuration = try FluentTexts.fluentBit(
            """
            [INPUT]
                Name forward
                Listen 127.0.0.1
                Port 24225
            [INPUT]
                Name syslog
                Mode tcp
                Parser syslog-rfc5424
            [INPUT]
                Name exec
                Command ls
                Interval_Sec 5
            [INPUT]
                Name opentelemetry
            """
        )
        #expect(
            configuration.sources[0].kind
                == .forward(ListenOptions(host: "127.0.0.1", port: 24225), sharedKey: nil)
        )
        #expect(configuration.sources[1].parser.kind == .syslog(.rfc5424))
        var process = ProcessOptions(command: ["/bin/sh", "-c", "ls"], restartAfter: 5000)
        process.isPeriodic = true
        process.readsStandardError = false
        process.streamKey = nil
        #expect(configuration.sources[2].kind == .process(process))
        #expect(configuration.sources[3].kind == .otlp(ListenOptions(host: "0.0.0.0", port: 4318)))
        #expect(configuration.sources[3].tag == "v1_logs")
    }

    @Test func aCommandMayBeWhatTheShipperLivesFor() throws {
        func process(_ more: String) throws -> ProcessOptions {
            let text = "[INPUT]\n    Name exec\n    Command app\n" + more
            guard case .process(let options) = try FluentTexts.fluentBit(text).sources[0].kind
            else { throw Missing() }
            return options
        }
        let quiet = try process("    Exit_After_Oneshot on\n")
        #expect(quiet.endsShipper && !quiet.passesExitCode && quiet.restartAfter == nil)
        let loud = try process("    Exit_After_Oneshot on\n    Propagate_Exit_Code on\n")
        #expect(loud.endsShipper && loud.passesExitCode)
        let once = try process("    Oneshot on\n")
        #expect(!once.endsShipper && once.restartAfter == nil && !once.isPeriodic)
        #expect(throws: LogConfigurationFailure.self) {
            _ = try process("    Propagate_Exit_Code on\n")
        }
    }

    // MARK: - Filters

    @Test func grepIsTaken() throws {
        guard
            case .grep(let legacy) = try filters(
                "Name grep\nRegex log error\nExclude $k8s['ns'] ^x$"
            )[0],
            case .grep(let either) = try filters(
                "Name grep\nLogical_Op or\nRegex a 1\nRegex b 2"
            )[0]
        else { throw Missing() }
        #expect(legacy.all == [.init(key: "log", pattern: "error")])
        #expect(legacy.none == [.init(key: "k8s.ns", pattern: "(?m)^x$")])
        #expect(either.anyOf == [[.init(key: "a", pattern: "1"), .init(key: "b", pattern: "2")]])
    }

    @Test func modifyKeepsTheOrderOfItsRules() throws {
        let filters = try filters(
            "Name modify\nRename a b\nAdd c \"x y\"\nRemove d\nCopy e f\nSet g h"
        )
        let options = filters.compactMap { filter -> TransformOptions? in
            if case .transform(let options) = filter { return options }
            return nil
        }
        #expect(options.count == 5)
        #expect(options[0].rename.map(\.to) == ["b"])
        #expect(options[1].set.map(\.value) == [RecordTemplate(literal: "x y")])
        #expect(options[1].onlyMissing)
        #expect(options[2].remove == ["d"])
        #expect(options[3].set.map(\.key) == ["f"])
        #expect(options[3].set.map(\.value) == [RecordTemplate([.field("e")])])
        #expect(!options[4].onlyMissing)
    }

    @Test func fieldsAreAddedNestedAndParsed() throws {
        guard
            case .transform(let record) = try filters(
                "Name record_modifier\nRecord host a b\nRemove_key x\nAllowlist_key y"
            )[0],
            case .nest(let nest) = try filters(
                "Name nest\nOperation nest\nWildcard a.*\nNest_under a"
            )[0],
            case .nest(let lift) = try filters(
                "Name nest\nOperation lift\nNested_under k\nAdd_prefix k_"
            )[0],
            case .parse(let parse) = try filters(
                "Name parser\nKey_Name log\nParser json\nReserve_Data On"
            )[0],
            case .rateLimit(let limit) = try filters(
                "Name throttle\nRate 100\nWindow 3\nInterval 1m"
            )[0]
        else { throw Missing() }
        #expect(record.set.map(\.value) == [RecordTemplate(literal: "a b")])
        #expect(record.remove == ["x"])
        #expect(record.keepOnly == ["y"])
        #expect(nest.keys == ["a.*"] && nest.under == "a")
        #expect(lift.under == "k" && lift.prefix == "k_")
        #expect(parse.reservesData && parse.removesKey && parse.keepsUnmatched)
        #expect(limit.perSecond == 100.0 / 60 && limit.burst == 300)
    }

    @Test func kubernetesMergesTheLog() throws {
        let filters = try filters("Name kubernetes\nMerge_Log On\nKeep_Log Off")
        guard case .parse(let parse) = filters[0] else { throw Missing() }
        #expect(parse.key == "log" && parse.removesKey && parse.reservesData)
        #expect(filters[1] == .kubernetes(KubernetesOptions()))
    }

    // MARK: - Outputs

    @Test func elasticsearchIsTaken() throws {
        let sink = try sink(
            """
            Name es
            Match *
            Host es
            Port 9201
            tls On
            tls.verify Off
            HTTP_User u
            HTTP_Passwd p
            Logstash_Format On
            Logstash_Prefix app
            Include_Tag_Key On
            Retry_Limit False
            Suppress_Type_Name On
            Trace_Error On
            storage.total_limit_size 5M
            """
        )
        guard case .elasticsearch(let options) = sink.kind else { throw Missing() }
        #expect(options.target.urls == ["https://es:9201"])
        #expect(options.target.auth == .basic(user: "u", password: "p"))
        #expect(!options.target.tls.verifies)
        #expect(options.logstash?.prefix == RecordTemplate(literal: "app"))
        #expect(options.logstash?.timePrecision == 3)
        #expect(options.includesTimestamp)
        #expect(sink.inject.tagKey == "flb-key")
        #expect(sink.retry.attemptsMax == nil)
        #expect(sink.buffer.diskMax == 5_000_000)
    }

    @Test func theOtherOutputsAreTaken() throws {
        guard
            case .kafka(let kafka) = try sink(
                "Name kafka\nBrokers a:1,b:2\nTopics t\nrdkafka.compression.codec lz4\n"
                    + "rdkafka.linger.ms 5"
            ).kind,
            case .loki(let loki) = try sink(
                "Name loki\nHost l\nLabels job=x, app=$k['app'], $level\nRemove_Keys a"
            ).kind,
            case .http(let http) = try sink(
                "Name http\nHost h\nURI /in\nFormat json_lines\nHeader A b c\nCompress gzip"
            ).kind,
            case .forward(let forward) = try sink("Name forward\nHost f\nShared_Key k").kind,
            case .s3(let s3) = try sink(
                "Name s3\nbucket b\nregion r\ns3_key_format /x/$TAG[1]/%Y-$UUID.gz"
            ).kind,
            case .cloudWatch(let watch) = try sink(
                "Name cloudwatch_logs\nregion r\nlog_group_name g\nlog_stream_prefix p-"
            ).kind,
            case .splunk(let splunk) = try sink("Name splunk\nSplunk_Token t\nevent_source $TAG")
                .kind,
            case .datadog(let datadog) = try sink(
                "Name datadog\nHost http-intake.logs.datadoghq.eu\nTLS on\napikey k"
            ).kind,
            case .syslog(let syslog) = try sink("Name syslog\nHost s\nMode tls").kind,
            case .otlp(let otlp) = try sink(
                "Name opentelemetry\nHost o\nPort 4318\nadd_label a b"
            ).kind,
            case .azure(let azure) = try sink(
                "Name azure_logs_ingestion\ntenant_id t\nclient_id c\nclient_secret s\n"
                    + "dce_url https://d\ndcr_id dcr-1\ntable_name T_CL\ntime_generated on"
            ).kind,
            case .file(let file) = try sink("Name file\nPath /out").kind,
            case .tcp(let tcp) = try sink("Name tcp\nHost h\nPort 1\nFormat json_lines").kind
        else { throw Missing() }
        #expect(kafka.compression == "lz4" && kafka.properties.map(\.name) == ["linger.ms"])
        #expect(loki.labels.map(\.name) == ["job", "app", "level"])
        #expect(loki.labels[1].value == RecordTemplate([.field("k.app")]))
        #expect(http.target.urls == ["http://h:80/in"] && http.frame == .lines)
        #expect(http.target.headers.map(\.value) == ["b c"] && http.target.compression)
        #expect(forward.target.addresses == ["f:24224"] && forward.sharedKey == "k")
        #expect(
            s3.objectKey
                == RecordTemplate([
                    .literal("x/"), .tagPart(1), .literal("/"), .time("%Y"), .literal("-.gz"),
                ])
        )
        #expect(watch.stream == RecordTemplate([.literal("p-"), .tag]))
        #expect(splunk.source == RecordTemplate([.tag]))
        #expect(datadog.site == "datadoghq.eu" && datadog.target.urls.isEmpty)
        #expect(syslog.transport == .tls)
        #expect(otlp.resource.map(\.name) == ["a"])
        #expect(azure.stream == "Custom-T_CL" && azure.timeKey == "TimeGenerated")
        #expect(file.path == RecordTemplate([.literal("/out/"), .tag]))
        #expect(tcp.addresses == ["h:1"])
    }
}

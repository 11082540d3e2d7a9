import Testing

@testable import LogShipper

struct FluentdCompilerTests {
    private func tail(
        _ more: String,
        parse: String = "@type none"
    ) throws -> (SourceConfiguration, TailOptions) {
        let source = try FluentTexts.fluentd(FluentTexts.tail(more, parse: parse)).sources[0]
        guard case .tail(let tail) = source.kind else { throw Missing() }
        return (source, tail)
    }

    private struct Missing: Error {}

    // MARK: - Sources

    @Test func tailHasFluentdsDefaults() throws {
        let (source, tail) = try tail("")
        var expected = TailOptions(paths: ["/a"])
        expected.readsFromHead = false
        #expect(tail == expected)
        #expect(!tail.readsFromHead)
        #expect(source.tag == "t")
        #expect(!source.emitsUnmatched)
        #expect(source.parser == ParserOptions(kind: .none, zone: .local))
    }

    @Test func tailTakesItsParameters() throws {
        let (source, tail) = try tail(
            """
            path /a/*.log, /b/%Y/{x,y}.log
            exclude_path ["/a/x.log", "/a/y.log"]
            rotate_wait 10s
            pos_file /var/p.pos
            read_from_head true
            refresh_interval 1m
            read_bytes_limit_per_second 64k
            max_line_size 8k
            limit_recently_modified 2h
            from_encoding iso-8859-1
            encoding utf-8
            path_key file
            emit_unmatched_lines yes
            follow_inodes true
            """
        )
        var expected = TailOptions(paths: ["/a/*.log", "/b/%Y/{x,y}.log"])
        expected.excluded = ["/a/x.log", "/a/y.log"]
        expected.rotateWait = 10_000
        expected.importedPositions = ImportedPositions(path: "/var/p.pos", form: .fluentdPosFile)
        expected.readsFromHead = true
        expected.refreshInterval = 60_000
        expected.bytesPerSecond = 65536
        expected.lineBytesMax = 8192
        expected.longLines = .skip
        expected.ignoreOlder = 7200
        expected.encoding = .latin1
        #expect(tail == expected)
        #expect(source.pathKey == "file")
        #expect(source.emitsUnmatched)
    }

    @Test func parametersWithoutEffectAreSaid() throws {
        let configuration = try FluentTexts.fluentd(
            FluentTexts.tail("enable_watch_timer false\n@log_level debug")
        )
        #expect(
            configuration.warnings.map { "\($0.place): \($0.what)" } == [
                "f.conf:6:1: @log_level has no effect here",
                "f.conf:5:1: enable_watch_timer has no effect here",
            ]
        )
    }

    @Test(
        "Parsers become what they are",
        arguments: [
            ("@type json", ParserOptions.Kind.json),
            ("@type logfmt", .logfmt),
            ("@type ltsv", .ltsv),
            ("@type apache2", .apache2),
            ("@type nginx", .nginx),
            ("@type syslog", .syslog(.rfc3164)),
            ("@type syslog\nmessage_format auto", .syslog(.automatic)),
            ("@type cri", .cri),
            ("@type docker", .docker),
            ("@type csv\nkeys a,b", .csv(keys: ["a", "b"], delimiter: 0x2c)),
            ("@type tsv\nkeys [\"a\"]", .csv(keys: ["a"], delimiter: 0x09)),
            (
                #"@type regexp"# + "\n" + #"expression /^(?<a>\h+) (?<b>[^"]*)$/i"#,
                .regexp(pattern: #"(?im)^(?P<a>[0-9a-fA-F]+) (?P<b>[^"]*)$"#)
            ),
            (#"@type regexp"# + "\n" + #"expression (?<a>.*)"#, .regexp(pattern: "(?P<a>.*)")),
            (
                #"@type regexp"# + "\n" + #"expression /(?<a>\/x\_y)/m"#,
                .regexp(pattern: "(?s)(?P<a>/x_y)")
            ),
        ] as [(String, ParserOptions.Kind)]
    )
    func parsers(parse: String, kind: ParserOptions.Kind) throws {
        #expect(try tail("", parse: parse).0.parser.kind == kind)
    }

    @Test func parserOptionsAreTaken() throws {
        let parser = try tail(
            "",
            parse: """
                @type json
                time_key at
                time_type string
                time_format %Y-%m-%d
                timezone +09:00
                keep_time_key true
                types code:integer, ok:bool
                null_value_pattern /^(-|null)$/
                null_empty_string true
                estimate_current_event false
                """
        ).0.parser
        #expect(parser.timeKey == "at")
        #expect(parser.time.form == .format("%Y-%m-%d"))
        #expect(parser.time.zone == .offset(seconds: 32400))
        #expect(parser.keepsTimeKey)
        #expect(parser.types == ["code": .integer, "ok": .boolean])
        #expect(parser.nullValues == ["-", "null"])
        #expect(parser.nullEmptyString)
        #expect(!parser.estimatesTime)
    }

    @Test(
        "Times are read by their parameters",
        arguments: [
            ("", TimeOptions.Form.automatic, TimeOptions.Zone.local),
            ("time_type float", .float, .local),
            ("time_type unixtime\nutc true", .unix, .utc),
            ("time_format %iso8601\nlocaltime false", .iso8601, .utc),
            ("time_format %s\ntimezone Asia/Tokyo", .format("%s"), .named("Asia/Tokyo")),
        ] as [(String, TimeOptions.Form, TimeOptions.Zone)]
    )
    func times(more: String, form: TimeOptions.Form, zone: TimeOptions.Zone) throws {
        let time = try tail("", parse: "@type json\n\(more)").0.parser.time
        #expect(time.form == form)
        #expect(time.zone == zone)
    }

    @Test func severalLinesBecomeOneRecord() throws {
        let (source, _) = try tail(
            "multiline_flush_interval 2s",
            parse:
                "@type multiline\nformat_firstline /^\\d/\nformat1 /^(?<a>\\d+) /\nformat2 /(?<b>.*)/"
        )
        #expect(source.multiline?.rule == .start(pattern: #"(?m)^\d"#))
        #expect(source.multiline?.flushAfter == 2000)
        #expect(source.parser.kind == .regexp(pattern: #"(?ms)^(?P<a>\d+) (?P<b>.*)"#))
    }

    @Test func severalParsersAreTriedInTheirOrder() throws {
        let (source, _) = try tail(
            "",
            parse: "@type multi_format\n<pattern>\nformat json\n</pattern>\n<pattern>\n"
                + "format /^(?<x>.*)/\ntime_key z\n</pattern>\n<pattern>\nformat none\n</pattern>"
        )
        guard case .either(let parsers) = source.parser.kind else { throw Missing() }
        #expect(
            parsers.map(\.kind) == [.json, .regexp(pattern: "(?m)^(?P<x>.*)"), .none]
        )
        #expect(parsers[1].timeKey == "z")
    }

    @Test func oldFilesNameTheirFormatInTheSource() throws {
        let configuration = try FluentTexts.fluentd(
            "<source>\ntype tail\npath /a\ntag t\nformat /^(?<a>.*)$/\ntime_format %s\n</source>"
        )
        #expect(configuration.sources[0].parser.kind == .regexp(pattern: "(?m)^(?P<a>.*)$"))
        #expect(configuration.sources[0].parser.time.form == .format("%s"))
    }

    @Test func listeningSourcesAreTaken() throws {
        let configuration = try FluentTexts.fluentd(
            """
            <source>
              @type forward
              bind 127.0.0.1
              <security>
                self_hostname a
                shared_key k
              </security>
              <transport tls>
                cert_path /c
                private_key_path /k
                client_cert_auth true
                ca_cert_path /ca
              </transport>
            </source>
            <source>
              @type syslog
              port 514
              tag sys
              <transport tcp>
              </transport>
              <parse>
                message_format rfc5424
              </parse>
            </source>
            <source>
              @type exec
              command date
              run_interval 5s
              tag d
              <parse>
                keys t
              </parse>
            </source>
            """
        )
        let tls = ListenTLSOptions(
            certificateFile: "/c",
            keyFile: "/k",
            clientAuthorityFile: "/ca"
        )
        #expect(
            configuration.sources[0].kind
                == .forward(
                    ListenOptions(host: "127.0.0.1", port: 24224, tls: tls),
                    sharedKey: "k"
                )
        )
        guard case .syslog(let options, .tcp) = configuration.sources[1].kind else {
            throw Missing()
        }
        #expect(options.port == 514)
        #expect(configuration.sources[1].parser.kind == .syslog(.rfc5424))
        var process = ProcessOptions(command: ["/bin/sh", "-c", "date"], restartAfter: 5000)
        process.isPeriodic = true
        process.readsStandardError = false
        process.streamKey = nil
        #expect(configuration.sources[2].kind == .process(process))
        #expect(configuration.sources[2].parser.kind == .csv(keys: ["t"], delimiter: 0x09))
    }

    @Test func openTelemetryIsTakenByBothOfItsTransports() throws {
        func source(_ sections: String) throws -> SourceConfiguration {
            try FluentTexts.fluentd(
                "<source>\n@type opentelemetry\ntag otel.${type}\n\(sections)\n</source>"
            ).sources[0]
        }
        let both = try source("<http>\nbind 127.0.0.1\nport 4318\nbody_size_limit 1m\n</http>")
        var options = ListenOptions(host: "127.0.0.1", port: 4318)
        options.messageBytesMax = 1 << 20
        #expect(both.kind == .otlp(options))
        #expect(both.tag == "otel.logs")
        let calls = try source("<grpc>\nbind 127.0.0.1\n</grpc>")
        #expect(calls.kind == .otlp(ListenOptions(host: "127.0.0.1", port: 4317)))
        #expect(throws: LogConfigurationFailure.self) {
            _ = try source("<http>\n</http>\n<grpc>\n</grpc>")
        }
    }

    // MARK: - Structure

    @Test func labelsBecomePipelines() throws {
        let configuration = try FluentTexts.fluentd(
            """
            <source>
              @type tail
              path /a
              tag t
              @label @B
              <parse>
                @type none
              </parse>
            </source>
            <match a.** {b,c d}>
              @type relabel
              @label @B
            </match>
            <label @ERROR>
              <match **>
                @type null
              </match>
            </label>
            <label @B>
              <filter x>
                @type grep
                regexp1 a b
              </filter>
              <match **>
                @type copy
                <store>
                  @type stdout
                  @id out
                </store>
                <store ignore_error>
                  @type relabel
                  @label @ERROR
                </store>
                <store>
                  @type stdout
                </store>
              </match>
            </label>
            """
        )
        #expect(configuration.pipelines.map(\.name) == ["", "@ERROR", "@B"])
        #expect(configuration.sources[0].pipeline == 2)
        #expect(configuration.pipelines[0].steps[0].tags == TagPattern(["a.**", "{b,c d}"]))
        #expect(
            configuration.pipelines[0].steps[0].action == .output([.pipeline(2)], isFinal: true)
        )
        #expect(
            configuration.pipelines[1].steps[0].action == .output([.nowhere], isFinal: true)
        )
        #expect(
            configuration.pipelines[2].steps[1].action
                == .output([.sink(0), .pipeline(1), .sink(1)], isFinal: true)
        )
        #expect(configuration.sinks.map(\.name) == ["out", "stdout"])
    }

    @Test func workersAndSystemAreSaid() throws {
        let configuration = try FluentTexts.fluentd(
            "<system>\nworkers 4\nroot_dir /state\n</system>\n<worker 0>\n"
                + FluentTexts.tail("") + "</worker>"
        )
        #expect(configuration.stateDirectory == "/state")
        #expect(configuration.sources.count == 1)
        #expect(
            configuration.warnings.map(\.what) == [
                "<worker> has no effect here: there is one process",
                "workers has no effect here: one process does the work",
            ]
        )
    }

    @Test func thereAreSixtyFourSinksAtMost() {
        let text = FluentTexts.match(
            "@type copy"
                + String(
                    repeating: "\n<store>\n@type stdout\n</store>",
                    count: 65
                )
        )
        #expect(FluentTexts.refusal(text).hasSuffix("there are more than 64 outputs"))
    }

    // MARK: - Filters

    @Test func recordTransformerSetsFields() throws {
        let filters = try FluentTexts.filter(
            """
            @type record_transformer
            remove_keys a, $.b.c
            renew_time_key at
            <record>
              host ${hostname}
              where "x-${tag_parts[1]}-${tag_prefix[0]}-${tag_suffix[-1]}"
              deep ${record["x"]["y"]}
              when ${time}
              me "#{hostname}"
              where2 ${tag}
            </record>
            """
        )
        guard case .transform(let options) = filters[0] else { throw Missing() }
        #expect(
            options.set.map(\.key) == ["host", "where", "deep", "when", "me", "where2"]
        )
        #expect(
            options.set.map(\.value) == [
                RecordTemplate([.hostname]),
                RecordTemplate([
                    .literal("x-"), .tagPart(1), .literal("-"), .tagPrefix(0), .literal("-"),
                    .tagSuffix(-1),
                ]),
                RecordTemplate([.field("x.y")]), RecordTemplate([.isoTime]),
                RecordTemplate(literal: "box"), RecordTemplate([.tag]),
            ]
        )
        #expect(options.remove == ["a", "b.c"])
        #expect(options.renewTimeKey == "at")
        #expect(options.castsTypes)
    }

    @Test func rubyThatNeedsNoRubyIsTaken() throws {
        let filters = try FluentTexts.filter(
            """
            @type record_transformer
            enable_ruby
            renew_record true
            keep_keys a,b
            <record>
              x ${record.dig("a", "b")}
              y ${tag_parts.last}
              z ${time.to_i}
            </record>
            """
        )
        guard case .transform(let options) = filters[0] else { throw Missing() }
        #expect(
            options.set.map(\.value) == [
                RecordTemplate([.field("a.b")]), RecordTemplate([.tagPart(-1)]),
                RecordTemplate([.unixTime]),
            ]
        )
        #expect(options.keepOnly == ["a", "b"])
    }

    @Test func grepHasItsFourGroups() throws {
        let filters = try FluentTexts.filter(
            """
            @type grep
            regexp1 level ^(error|warn)$
            exclude1 path /health
            <regexp>
              key $.a.b
              pattern /x/i
            </regexp>
            <or>
              <regexp>
                key c
                pattern 1
              </regexp>
              <regexp>
                key d
                pattern 2
              </regexp>
            </or>
            <and>
              <exclude>
                key e
                pattern 3
              </exclude>
            </and>
            """
        )
        guard case .grep(let options) = filters[0] else { throw Missing() }
        #expect(
            options.all == [
                .init(key: "level", pattern: "(?m)^(error|warn)$"),
                .init(key: "a.b", pattern: "(?i)x"),
            ]
        )
        #expect(options.none == [.init(key: "path", pattern: "/health")])
        #expect(
            options.anyOf == [[.init(key: "c", pattern: "1"), .init(key: "d", pattern: "2")]]
        )
        #expect(options.notAllOf == [[.init(key: "e", pattern: "3")]])
    }

    @Test func aFieldIsParsed() throws {
        let filters = try FluentTexts.filter(
            """
            @type parser
            key_name log
            reserve_data true
            remove_key_name_field true
            inject_key_prefix p.
            hash_value_field h
            <parse>
              @type json
            </parse>
            """
        )
        guard case .parse(let options) = filters[0] else { throw Missing() }
        #expect(options.key == "log")
        #expect(options.reservesData && options.removesKey && options.keepsUnmatched)
        #expect(options.prefix == "p.")
        #expect(options.hashField == "h")
        #expect(options.parser.kind == .json)
    }

    @Test func thirdPartyFiltersMapWhereTheyCan() throws {
        #expect(
            try FluentTexts.filter("@type kubernetes_metadata\ncache_size 1")
                == [.kubernetes(KubernetesOptions())]
        )
        #expect(try FluentTexts.filter("@type elasticsearch_genid\nhash_id_key _h").isEmpty)
    }
}

extension ParserOptions {
    init(kind: Kind, zone: TimeOptions.Zone) {
        self.init(kind: kind)
        time.zone = zone
    }
}

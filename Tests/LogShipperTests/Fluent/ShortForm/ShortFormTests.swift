import Testing

@testable import LogShipper

/// The short form as people write it.
struct ShortFormTests {
    @Test func theCommonCaseTakesFourLines() throws {
        let configuration = try ShortLogs.read(
            """
            logs:
              sources: {tail: /var/log/app/*.log, parse: json}
              sinks: {elasticsearch: 'https://es:9200', index: app-%Y.%m.%d}
            """
        )
        var tail = SourceConfiguration(
            kind: .tail(TailOptions(paths: ["/var/log/app/*.log"])),
            tag: "tail",
            parser: ParserOptions(kind: .json),
            place: ConfigurationPlace(file: "", line: 0)
        )
        tail.pipeline = 0
        var options = ElasticsearchOptions(target: HTTPTarget(urls: ["https://es:9200"]))
        options.index = RecordTemplate([.literal("app-"), .time("%Y.%m.%d")])
        #expect(configuration.withoutPlaces.sources == [tail])
        #expect(configuration.sinks.map(\.kind) == [.elasticsearch(options)])
        #expect(configuration.sinks.map(\.name) == ["elasticsearch"])
        #expect(configuration.sources[0].place.description == "logs.yaml:2:12")
        let steps = configuration.pipelines[0].steps
        #expect(steps.map(\.action) == [.output([.sink(0)], isFinal: false)])
        ShortLogs.checkRoundTrip(configuration)
    }

    @Test(
        "Templates are read as they are printed",
        arguments: [
            ("app-%Y.%m.%d", [.literal("app-"), .time("%Y.%m.%d")]),
            ("%{a.b}-%{@tag[-1]}", [.field("a.b"), .literal("-"), .tagPart(-1)]),
            ("%{@tag}%{@tagPrefix[1]}%{@tagSuffix[2]}", [.tag, .tagPrefix(1), .tagSuffix(2)]),
            (
                "%{@hostname} %{@time} %{@unixTime}",
                [
                    .hostname, .literal(" "), .isoTime, .literal(" "), .unixTime,
                ]
            ),
            ("100%", [.literal("100%")]), ("50% of", [.literal("50% of")]),
            ("%%d%%{x}", [.literal("%d%{x}")]), ("%{@timestamp}", [.field("@timestamp")]),
            ("", []),
        ] as [(String, [RecordTemplate.Part])]
    )
    func templates(text: String, parts: [RecordTemplate.Part]) throws {
        let configuration = try ShortLogs.read(
            "logs: {sources: [{stdin: true}], sinks: [{file: '\(text)'}]}"
        )
        guard case .file(let options) = configuration.sinks[0].kind else {
            Issue.record("no file")
            return
        }
        #expect(options.path.parts == parts)
        ShortLogs.checkRoundTrip(configuration)
    }

    @Test func variablesAreTheEnvironments() throws {
        let text = """
            logs:
              sources: {stdin: true, tag: '${TAG:-none}'}
              sinks: {loki: 'http://l:3100', tenant: '$${TAG}', user: a, password: '${SECRET}'}
            """
        let configuration = try ShortLogs.read(text, variables: ["SECRET": "x: [y"])
        #expect(configuration.sources[0].tag == "none")
        guard case .loki(let options) = configuration.sinks[0].kind else {
            Issue.record("no loki")
            return
        }
        #expect(options.tenant == "${TAG}")
        #expect(options.target.auth == .basic(user: "a", password: "x: [y"))
        ShortLogs.checkRoundTrip(configuration)
    }

    @Test func stepsDoWhatSinksAloneCant() throws {
        let configuration = try ShortLogs.read(
            """
            logs:
              sources:
                - {tail: /a, tag: a.b}
                - {tail: /b, pipeline: audit}
              steps:
                - {match: a.**, set: {x: '%{@tag[1]}'}}
                - {match: [a.*, 'b.{c,d}'], to: one, continue: true}
                - {match: {fluentBit: 'a*'}, to: [one, audit]}
                - {to: drop}
              pipelines:
                audit:
                  - {drop: {path: ^/health}}
                  - {to: two}
              sinks:
                - {name: one, stdout: true}
                - {name: two, discard: true}
            """
        )
        let steps = configuration.pipelines[0].steps
        #expect(configuration.pipelines.map(\.name) == ["", "audit"])
        #expect(configuration.sources.map(\.pipeline) == [0, 1])
        #expect(
            steps.dropFirst().map(\.action) == [
                .output([.sink(0)], isFinal: false),
                .output([.sink(0), .pipeline(1)], isFinal: true),
                .output([.nowhere], isFinal: true),
            ]
        )
        #expect(steps.last?.tags == .all)
        ShortLogs.checkRoundTrip(configuration)
    }

    @Test(
        "What says everything is printed and read as the same",
        arguments: everything.indices
    )
    func everythingIsKept(number: Int) throws {
        let configuration = try ShortLogs.read(Self.everything[number])
        ShortLogs.checkRoundTrip(configuration)
    }

    /// An option that no text has would not be tried.
    @Test func theTextsHaveEveryField() {
        let texts = Self.everything.joined(separator: "\n")
        let words = Set(LogParserTables.shapes.all.map(\.name))
        let missing = LogReference.names.filter { name in
            !texts.contains("\(name):") && !name.hasSuffix("File") && !words.contains(name)
        }
        // Those of another test.
        #expect(missing.sorted() == ["pipeline", "pipelines", "steps"])
    }

    private static func sinks(_ text: String) -> String {
        "logs:\n  sources: [{stdin: true}]\n  sinks:\n" + text
    }

    static let everything = [
        """
        logs:
          state: /s
          sources:
            - tail: [/a, '/b/{c,d}*.log']
              exclude: /a/x
              from: end
              positions: {fluentBit: /p.db}
              rotateWait: 1m30s
              refresh: 5s
              lineMax: 64KiB
              longLines: truncate
              encoding: latin1
              bytesPerSecond: 1MiB
              compressed: false
              ignoreOlder: 1h
              allowedRoots: [/a, /b]
              partialLine: 250ms
              tag: t.*
              parse:
                regexp: '^(?P<a>\\d+) (?P<t>.*)$'
                messageField: m
                time: {field: t, format: '%Y-%m-%d', zone: '+09:30', keep: true, estimate: false}
                types: {a: integer, b: float, c: boolean, d: string}
                nullValues: ['-', '']
                nullEmpty: true
              multiline: {start: '^\\S', flush: 1s, linesMax: 5, bytesMax: 1KiB}
              pathField: path
              tagField: tag
              hostnameField: host
              unmatched: deadLetter
            - process: [a, b]
              restart: 1s
              periodic: true
              endsShipper: true
              passExitCode: false
              stderr: false
              streamField: ''
              lineMax: 5
              longLines: skip
              multiline: {continuation: '^\\s'}
            - {process: my-app --flag, multiline: {end: ';$'}}
            - {stdin: true, multiline: {traces: python}}
            - forward: '[::]:24224'
              sharedKey: k
              tls: {certificate: /c, key: /k, clientCA: /ca}
              connectionsMax: 5
              messageMax: 1MiB
              users: {a: b}
              selfHostname: h
              tagPrefix: p
              addressField: [a, b]
            - syslog: 0.0.0.0:5140
              transport: tcp
              priorityTag: true
              priorityFields: false
              facilityField: f
              severityField: s
              stripPriority: true
              rawField: r
              addressField: a
            - {otlp: true, tag: ''}
            - {tail: /l, parse: logfmt, multiline: go}
            - {tail: /c, parse: {csv: [a, b], delimiter: ';'}, multiline: {runtime: docker}}
            - {tail: /s, parse: {syslog: rfc3164, time: {format: unixMs, zone: Europe/Paris}}}
            - {tail: /e, parse: {either: [json, '/^(?P<x>.)/', {syslog: true}, none]}}
            - {tail: /m, parse: ltsv}
            - {tail: /n, parse: apache2}
            - {tail: /o, parse: nginx}
            - {tail: /q, parse: cri, multiline: cri}
            - {tail: /r, parse: docker, time: x}
          filters:
            - {match: a.**, keep: {level: 'error|warn'}, drop: {path: ^/health}}
            - keep: [{a: x}, {a: y}]
              keepAny: [{a: x, b: y}, [{a: x}, {a: y}]]
              dropAll: {a: x}
            - set: {a: '%{b}-%Y', c: '100%'}
              remove: [x, y]
              rename: {a: b}
              keepOnly: [a, b]
              renew: true
              timeFrom: t
              onlyMissing: true
              castTypes: false
            - set: {}
            - parse: json
              field: log
              keepOthers: true
              keepTime: true
              removeField: true
              prefix: p_
              into: o
              unmatched: deadLetter
            - {redact: [creditCard, token, email, '/\\d{9}/'], fields: [a], replacement: '***'}
            - {hash: [a, b], secret: s}
            - {sample: 10%, by: user}
            - {rateLimit: 100, burst: 5, by: '%{user}', keysMax: 7}
            - {severity: true, fields: [l], words: {oops: error}}
            - {nest: n, fields: [a*], prefix: p}
            - {lift: n, prefix: p}
            - {kubernetes: k8s, labelsFile: /l, annotationsFile: /a}
            - trace: /var/log/access.log
              requestField: r
              traceField: t
              spanField: s
              rememberedMax: 5
          sinks:
            - name: one
              match: [a.**, b]
              elasticsearch: [http://a:9200, https://b:9200]
              index: '%{app}-%Y'
              dataStream: true
              operation: index
              idField: i
              indexField: x
              ingestPipeline: p
              routingField: r
              remove: [a]
              timestamp: true
              timeField: t
              timeFieldOnly: true
              type: _doc
              user: u
              password: p
              headers: {x-a: b}
              tls:
                on: true
                ca: /ca
                certificate: /c
                key: /k
                serverName: n
                verify: false
              gzip: true
              timeout: 5s
              buffer:
                memory: 1MiB
                disk: 0
                directory: /d
                overflow: dropOldest
                chunk: 10KiB
                chunkRecords: 5
                flush: 50ms
                threads: 2
                drain: 1s
              retry: {first: 1s, max: 5s, base: 1.5, attempts: 3, timeout: 1h}
              deadLetters: /dl
              add: {tagField: t, timeField: u, timeFormat: unix, hostnameField: h}
        """.split(separator: "\n").filter { !$0.contains("time: x}") }.joined(separator: "\n"),
        sinks(
            """
                - opensearch: http://a:9200
                  logstash: {prefix: 'l-%{a}', separator: _, date: '%Y', utc: false, timeDigits: 3}
                  sigV4:
                    region: r
                    accessKey: a
                    secretKey: s
                    sessionToken: t
                    endpoint: http://e
                    role: arn:x
                    service: aoss
                - {elasticsearch: http://a:9200, logstash: true, bearer: b}
                - {elasticsearch: http://a:9200, apiKey: k}
                - loki: http://l:3100
                  tenant: t
                  labels: {app: '%{app}'}
                  metadata: {pod: '%{pod}'}
                  remove: [app]
                  format: logfmt
                - otlp: https://o:4318
                  protocol: grpc
                  resource: {service.name: a}
                  messageField: m
                  severityField: s
                  traceField: t
                  spanField: u
                - splunk: https://s:8088
                  token: t
                  index: i
                  source: s
                  sourcetype: y
                  host: h
                  acknowledge: true
                  channel: c
                - datadog: datadoghq.eu
                  apiKey: k
                  service: s
                  source: o
                  tags: a:b
                  hostname: h
                  messageField: m
                  url: http://d
                - http: http://h
                  method: PUT
                  frame: array
                  format: {message: m}
                  contentType: text/plain
                  retryOn: [500, 503]
            """
        ),
        sinks(
            """
                - cloudwatch: g
                  stream: s
                  aws: eu-west-1
                  createGroup: true
                  createStream: false
                  messageField: m
                  retentionDays: 7
                  url: http://c
                - s3: b
                  object: '%Y/%m/%{app}'
                  aws: {region: r, accessKey: a, secretKey: s}
                  format: {csv: [a, b]}
                  pathStyle: true
                  storageClass: STANDARD_IA
                - azure: https://a
                  tenant: t
                  client: c
                  secret: s
                  rule: dcr-1
                  stream: Custom-A_CL
                  authority: https://login
                  timeField: T
                - kafka: [a, 'b:9093']
                  topic: '%{app}'
                  defaultTopic: d
                  key: '%{k}'
                  defaultKey: e
                  headers: {h: '%{x}'}
                  format: json
                  compression: zstd
                  idempotent: false
                  acks: 1
                  sasl: {mechanism: SCRAM-SHA-512, user: u, password: p}
                  tls: true
                  properties: {linger.ms: '5'}
                  timeout: 1s
                - forward: [a, 'b:1']
                  sharedKey: k
                  user: u
                  password: p
                  ack: false
                  gzip: true
                  integerTime: true
                  tls: {verify: false}
                - {beats: l, gzip: true}
                - {tcp: 'l:5000', tls: {on: false, ca: /c}}
                - syslog: s
                  transport: tls
                  format: rfc3164
                  framing: lines
                  facility: 3
                  facilityField: f
                  severity: 2
                  severityField: s
                  messageField: m
                  appName: a
                  hostname: h
                  processID: p
                  messageID: i
                  structuredFields: [x]
                  structuredID: f@1
                  size: 2KiB
                - {file: /out/%Y.log, format: outFile, gzip: true, mode: '0600'}
                - {stdout: {message: m}}
                - {discard: true}
            """
        ),
    ]
}

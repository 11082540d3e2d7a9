import Testing

@testable import LogShipper

struct LogConfigurationTextTests {
    @Test func theShortFormIsShort() throws {
        let configuration = try FluentTexts.fluentd(
            """
            <source>
              @type tail
              path /var/log/myapp/*.log
              pos_file /var/log/fluentd.pos
              tag app.logs
              <parse>
                @type json
              </parse>
            </source>
            <filter app.**>
              @type record_transformer
              <record>
                service ${tag_parts[0]}
              </record>
            </filter>
            <match app.logs>
              @type elasticsearch
              host es
              logstash_format true
              logstash_prefix myapp-logs
              flush_interval 5s
            </match>
            """
        )
        #expect(
            LogConfigurationText.print(configuration) == """
                logs:
                  sources:
                    - tail: /var/log/myapp/*.log
                      from: end
                      positions: {fluentd: /var/log/fluentd.pos}
                      tag: app.logs
                      parse: {json: true, time: {field: time, zone: local}}
                      unmatched: deadLetter
                  filters:
                    - match: app.**
                      set: {service: "%{@tag[0]}"}
                  sinks:
                    - elasticsearch: http://es:9200
                      logstash: myapp-logs
                      match: app.logs
                      buffer: {flush: 5s}

                """
        )
    }

    @Test(
        "Texts are in quotes where YAML would take them for something else",
        arguments: [
            ("plain", "plain"), ("", "\"\""), ("true", "\"true\""), ("No", "\"No\""),
            ("12", "\"12\""), ("1e3", "\"1e3\""), ("5s", "5s"), ("8MiB", "8MiB"),
            ("a: b", "\"a: b\""), ("a:b", "a:b"), ("a:", "\"a:\""), ("*x", "\"*x\""),
            ("@x", "\"@x\""), ("-", "\"-\""), ("a b", "\"a b\""), ("a\nb", "\"a\\nb\""),
            ("é", "\"é\""), ("{a}", "\"{a}\""), ("null", "\"null\""), (".5", "\".5\""),
            ("~", "\"~\""), ("0x1F", "\"0x1F\""), ("a\"b\\", "'a\"b\\'"), ("^\\d+ %", "'^\\d+ %'"),
            ("%Y", "\"%Y\""), ("app-%Y.%m", "app-%Y.%m"),
        ] as [(String, String)]
    )
    func quotes(text: String, expected: String) {
        #expect(LogTree.text(text).yaml == expected + "\n")
    }

    @Test func nestedListsAndMapsAreIndented() {
        var inner = LogTreeMap()
        inner.add("a", "1x")
        inner.add("b", .list([.list([.integer(1)]), .map(LogTreeMap())]))
        let tree = LogTree.list([.map(inner), .text("t"), .list([.map(inner)])])
        #expect(
            tree.yaml == """
                - a: "1x"
                  b:
                    - [1]
                    - {}
                - t
                -\u{20}
                  - a: "1x"
                    b:
                      - [1]
                      - {}

                """
        )
    }

    /// What the printer says nothing about would be lost in a conversion.
    @Test func whatDiffersIsPrintedDifferently() throws {
        let bodies = [
            "@type elasticsearch", "@type elasticsearch\nhost b", "@type elasticsearch\nuser u",
            "@type elasticsearch\nindex_name x", "@type elasticsearch\nlogstash_format true",
            "@type elasticsearch\npipeline p", "@type elasticsearch\nssl_verify false",
            "@type elasticsearch\nwrite_operation index", "@type elasticsearch\nid_key i",
            "@type elasticsearch\n<buffer>\n@type memory\n</buffer>",
            "@type elasticsearch\n<buffer>\nretry_max_times 3\n</buffer>",
            "@type elasticsearch\n<buffer>\noverflow_action drop_oldest_chunk\n</buffer>",
            "@type elasticsearch\n<inject>\nhostname_key h\n</inject>",
            "@type stdout", "@type stdout\n<format>\n@type json\n</format>",
            "@type kafka2\ndefault_topic a", "@type kafka2\ndefault_topic b",
            "@type loki\nurl http://a", "@type http\nendpoint http://a",
            "@type forward\n<server>\nhost a\n</server>", "@type file\npath /a",
            "@type s3\ns3_bucket b", "@type splunk_hec\nhec_host h\nhec_token t",
            "@type datadog\napi_key k", "@type remote_syslog\nhost h", "@type logstash\nhost h",
            "@type cloudwatch_logs\nregion r\nlog_group_name g\nlog_stream_name s",
        ]
        var seen: Set<String> = []
        for body in bodies {
            let text = LogConfigurationText.print(
                try FluentTexts.fluentd(FluentTexts.match(body))
            )
            #expect(seen.insert(text).inserted, "\(body)")
        }
        #expect(seen.count == bodies.count)
    }
}

struct LogConfigurationFileTests {
    @Test(
        "Languages are told apart",
        arguments: [
            ("<source>\n", "", true, false), ("# c\n\n  <match **>\n", "", true, false),
            ("@include x.conf\n", "", true, false), ("<system>\n", "f.conf", true, false),
            ("<source>\n", "a.yaml", false, false), ("<?xml version='1'?>", "", false, false),
            ("<html>", "", false, false), ("[INPUT]\n", "", false, true),
            ("[service]\n  a b", "", false, true), ("@SET a=b\n[INPUT]", "", false, true),
            ("@INCLUDE x.conf", "", false, true), ("[section]\n", "", false, false),
            ("static_resources:\n", "", false, false), ("{\"a\": 1}", "", false, false),
            ("", "", false, false), ("[INPUT]\n", "x.yml", false, false),
            ("\u{feff}<source>\n", "", true, false),
        ] as [(String, String, Bool, Bool)]
    )
    func tells(text: String, path: String, isFluentd: Bool, isFluentBit: Bool) {
        #expect(LogConfigurationFile.isFluentd(Array(text.utf8), path: path) == isFluentd)
        #expect(
            LogConfigurationFile.isFluentBitClassic(Array(text.utf8), path: path) == isFluentBit
        )
    }
}

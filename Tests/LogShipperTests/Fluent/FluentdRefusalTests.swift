import Testing

@testable import LogShipper

/// What is refused, in which words.
struct FluentdRefusalTests {
    @Test(
        "Times that fluentd would read in a surprising way are explained",
        arguments: [
            ("500ms", "500 minutes (30000 seconds)", ": 0.5"),
            ("1.5h", "5 hours (18000 seconds)", ": 5400s"),
            ("1m30s", "30 seconds", ""),
            ("5S", "5 seconds", ": 5s"),
            ("10min", "10 minutes (600 seconds)", ": 600s"),
            ("soon", "0 seconds", ""),
            ("2 s", "2 seconds", ""),
        ] as [(String, String, String)]
    )
    func explainsTimes(text: String, read: String, better: String) {
        #expect(
            FluentTexts.refusal(
                FluentTexts.match(
                    "@type forward\nsend_timeout \(text)\n<server>\nhost a\n</server>"
                )
            )
                == "f.conf:11:1: send_timeout is \"\(text)\", which fluentd reads as \(read) (write "
                + "seconds, with a fraction where needed, or a whole number with s, m, h or d\(better))"
        )
    }

    @Test(
        "Values that are wrong are refused",
        arguments: [
            (
                "read_from_head maybe",
                "f.conf:5:1: read_from_head is \"maybe\", which is neither true nor false (fluentd knows true, yes, false and no, and takes all else for not set)"
            ),
            (
                "max_line_size 1.5m",
                "f.conf:5:1: max_line_size is \"1.5m\", which is not a size (fluentd drops what is before the point: write a whole number with k, m, g or t)"
            ),
            (
                "max_line_size big",
                "f.conf:5:1: max_line_size is \"big\", which is not a size (write a whole number, with k, m, g or t after it)"
            ),
            (
                "max_line_size 99999999999999g",
                "f.conf:5:1: max_line_size is \"99999999999999g\", which is not a size (write a whole number, with k, m, g or t after it)"
            ),
            (
                "encoding EBCDIC",
                "f.conf:5:1: the encoding \"EBCDIC\" is not supported (there are UTF-8, ISO-8859-1, UTF-16, UTF-16LE and UTF-16BE)"
            ),
            (
                "from_encoding UTF-16",
                "f.conf:5:1: from_encoding stands without encoding (write encoding UTF-8)"
            ),
            (
                "path_delimiter ::",
                "f.conf:5:1: path_delimiter is \"::\"; one character was expected"
            ),
            (
                "read_form_head true",
                "f.conf:5:1: source tail has no parameter \"read_form_head\" (did you mean \"read_from_head\"?)"
            ),
            ("zzz 1", "f.conf:5:1: source tail has no parameter \"zzz\""),
            (
                "<prase>\n</prase>",
                "f.conf:5:1: source tail has no section <prase> (did you mean \"parse\"?)"
            ),
            (
                "<group>\n</group>",
                "f.conf:5:1: source tail: <group> is not supported (read_bytes_limit_per_second limits each file)"
            ),
            ("@label @NO", "f.conf:5:1: there is no <label @NO>"),
            (
                "path \"#{ENV['NO']}\"",
                "f.conf:5:1: path is empty (the environment variable NO is not set)"
            ),
        ] as [(String, String)]
    )
    func refusesTail(more: String, expected: String) {
        #expect(FluentTexts.refusal(FluentTexts.tail(more)) == expected)
    }

    @Test(
        "Parsers that can't be had are refused",
        arguments: [
            (
                "@type jsn",
                "f.conf:7:1: the parser plugin \"jsn\" is not supported (did you mean \"json\"? there are apache, apache2, cri, csv, docker, json, logfmt, ltsv, multi_format, multiline, nginx, none, regexp, syslog, tsv)"
            ),
            (
                "@type grok",
                "f.conf:7:1: the parser plugin \"grok\" is not supported (write @type regexp with named groups)"
            ),
            ("@type regexp", "f.conf:6:1: parse regexp: expression is missing"),
            (
                "@type regexp\nexpression /a/",
                "f.conf:8:1: the expression names no groups, so no field would come of it (write (?<name>…))"
            ),
            (
                "@type regexp\nexpression /(?<a>.*",
                "f.conf:8:1: the expression \"/(?<a>.*\" does not end with a slash"
            ),
            (
                "@type regexp\nexpression /(?<a>x)(?=y)/",
                "f.conf:8:1: the expression \"(?<a>x)(?=y)\" uses look-ahead (expressions run in linear time here (RE2), which has none of it)"
            ),
            (
                "@type regexp\nexpression /(?<a>x)(?<!y)/",
                "f.conf:8:1: the expression \"(?<a>x)(?<!y)\" uses look-behind (expressions run in linear time here (RE2), which has none of it)"
            ),
            (
                "@type regexp\nexpression /(?<a>x)\\k<a>/",
                "f.conf:8:1: the expression \"(?<a>x)\\k<a>\" uses a back-reference (expressions run in linear time here (RE2), which has none of it)"
            ),
            (
                "@type regexp\nexpression /(?<a>x++)/",
                "f.conf:8:1: the expression \"(?<a>x++)\" uses a possessive quantifier (expressions run in linear time here (RE2), which has none of it)"
            ),
            ("@type csv", "f.conf:6:1: parse csv: keys is missing"),
            (
                "@type json\ntime_type stamp",
                "f.conf:8:1: time_type: \"stamp\" is none of string, unixtime, float, mixed"
            ),
            (
                "@type json\ntimezone Mars",
                "f.conf:8:1: the time zone \"Mars\" is not known (write +09:00 or a name like Asia/Tokyo)"
            ),
            (
                "@type json\nutc true\nlocaltime true",
                "f.conf:8:1: utc and localtime contradict each other"
            ),
            (
                "@type json\ntypes a:time",
                "f.conf:8:1: the type \"time\" of \"a\" is not supported (there are string, integer, float and bool)"
            ),
            (
                "@type json\nnull_value_pattern -",
                "f.conf:8:1: null_value_pattern is \"-\"; only whole texts are supported (write /^-$/ or /^(-|null)$/)"
            ),
            (
                "@type multiline\nformat1 /(?<a>.*)/",
                "f.conf:6:1: parse multiline: format_firstline is missing (it says by which line a record begins; fluentd would guess it from the formats)"
            ),
            ("@type multi_format", "f.conf:6:1: parse multi_format: there is no <pattern>"),
            (
                "@type json\njson_parsr oj",
                "f.conf:8:1: parse json has no parameter \"json_parsr\" (did you mean \"json_parser\"?)"
            ),
        ] as [(String, String)]
    )
    func refusesParsers(parse: String, expected: String) {
        #expect(FluentTexts.refusal(FluentTexts.tail("#", parse: parse)) == expected)
    }

    @Test(
        "Outputs that can't be had are refused",
        arguments: [
            (
                "@type elasticsearhc",
                "f.conf:10:1: the output plugin \"elasticsearhc\" is not supported (did you mean \"elasticsearch\"? there are "
            ),
            (
                "@type rewrite_tag_filter",
                "f.conf:10:1: the output plugin \"rewrite_tag_filter\" is not supported (give the source a tag of its own, or use a <label>)"
            ),
            (
                "@type azure-loganalytics",
                "f.conf:10:1: the output plugin \"azure-loganalytics\" is not supported (the HTTP Data Collector"
            ),
            ("k v", "f.conf:9:1: <match> does not say its @type"),
            ("@type copy", "f.conf:9:1: match copy: there is no <store>"),
            ("@type relabel", "f.conf:9:1: match relabel: @label is missing"),
            (
                "@type elasticsearch\nhots x",
                "f.conf:11:1: match elasticsearch has no parameter \"hots\" (did you mean \"host\"?)"
            ),
            (
                "@type elasticsearch\nhost \"#{ENV['NO']}\"",
                "f.conf:11:1: host is empty (the environment variable NO is not set)"
            ),
            ("@type elasticsearch\nport 0", "f.conf:11:1: port is 0, outside of 1 to 65535"),
            (
                "@type elasticsearch\nport x",
                "f.conf:11:1: port is \"x\", which is not a whole number"
            ),
            (
                "@type elasticsearch\nscheme ftp",
                "f.conf:11:1: scheme: \"ftp\" is none of http, https"
            ),
            (
                "@type elasticsearch\nhosts a b",
                "f.conf:11:1: hosts has \"a b\", which is no address"
            ),
            (
                "@type elasticsearch\nwrite_operation upsert",
                "f.conf:11:1: write_operation \"upsert\" is not supported (there are create and index: a line of a log is never changed)"
            ),
            (
                "@type elasticsearch\nindex_name a-${chunk_id}",
                "f.conf:11:1: the placeholder ${chunk_id} is not known here (there are ${tag}, ${tag[0]}, ${field}, ${$.path.to.field} and %Y%m%d)"
            ),
            (
                "@type elasticsearch\n<buffer>\n@type redis\n</buffer>",
                "f.conf:12:1: @type: \"redis\" is none of memory, file, file_single, memory2, file2"
            ),
            (
                "@type elasticsearch\n<buffer>\nflush_intervall 1s\n</buffer>",
                "f.conf:12:1: buffer has no parameter \"flush_intervall\" (did you mean \"flush_interval\"?)"
            ),
            (
                "@type elasticsearch\n<buffer>\noverflow_action explode\n</buffer>",
                "f.conf:12:1: overflow_action: \"explode\" is none of throw_exception, block, drop_oldest_chunk"
            ),
            (
                "@type elasticsearch\n<secondary>\n@type s3\n</secondary>",
                "f.conf:11:1: <secondary> of the type \"s3\" is not supported (there are file and secondary_file: what a backend refuses goes to a file)"
            ),
            ("@type kafka2", "f.conf:9:1: match kafka2: topic or default_topic is missing"),
            ("@type forward", "f.conf:9:1: match forward: there is no <server>"),
            ("@type http", "f.conf:9:1: match http: endpoint is missing"),
            (
                "@type http\nendpoint example.com",
                "f.conf:11:1: endpoint is \"example.com\", which is no URL (write https://host:port)"
            ),
            ("@type file", "f.conf:9:1: match file: path is missing"),
            ("@type s3", "f.conf:9:1: match s3: s3_bucket is missing"),
            ("@type cloudwatch_logs", "f.conf:9:1: match cloudwatch_logs: region is missing"),
            ("@type splunk_hec\nhec_host a", "f.conf:9:1: match splunk_hec: hec_token is missing"),
            ("@type datadog", "f.conf:9:1: match datadog: api_key is missing"),
            (
                "@type file\npath /x\n<format>\n@type msgpack\n</format>",
                "f.conf:12:1: the format \"msgpack\" is not supported"
            ),
        ] as [(String, String)]
    )
    func refusesOutputs(body: String, expected: String) {
        let refusal = FluentTexts.refusal(FluentTexts.match(body))
        #expect(refusal.hasPrefix(expected), "\(refusal)")
    }

    @Test(
        "Files as a whole are refused",
        arguments: [
            ("", "f.conf: there is no <source>, so nothing would be read"),
            (
                "k v",
                "f.conf:1:1: \"k\" stands outside of any section (parameters stand in <source>, <filter>, <match>, <label> or <system>)"
            ),
            (
                "<sorce>\n</sorce>",
                "f.conf:1:1: <sorce> is no section of fluentd (did you mean \"source\"?)"
            ),
            ("<label X>\n</label>", "f.conf:1:1: <label X>: a label's name begins with @"),
            (
                "<label @X>\n</label>\n<label @X>\n</label>",
                "f.conf:3:1: <label @X> stands more than once"
            ),
            (
                "<label @X>\n<source>\n</source>\n</label>",
                "f.conf:2:1: <source> may not stand in <label>"
            ),
            (
                "<match>\n@type null\n</match>",
                "f.conf:1:1: <match> does not say which tags it is for (write <match **> for all of them)"
            ),
            (
                "<match /a/>\n@type null\n</match>",
                "f.conf:1:1: a regular expression for tags is not supported: \"/a/\" (write *, ** and {a,b})"
            ),
            (
                "<source>\n@type http\n</source>",
                "f.conf:2:1: the input plugin \"http\" is not supported (send OpenTelemetry's protocol or forward instead, or write a file)"
            ),
            ("<source>\n@type tail\n</source>", "f.conf:1:1: source tail: path is missing"),
            (
                "<source>\n@type tail\npath /a\ntag t\n</source>",
                "f.conf:1:1: source tail: <parse> is missing (write <parse> with @type none for lines as they are)"
            ),
            (
                "<system>\nworkres 2\n</system>",
                "f.conf:2:1: system has no parameter \"workres\" (did you mean \"workers\"?)"
            ),
        ] as [(String, String)]
    )
    func refusesFiles(text: String, expected: String) {
        #expect(FluentTexts.refusal(text) == expected)
    }

    @Test(
        "Filters that can't be had are refused",
        arguments: [
            (
                "@type geoip",
                "f.conf:10:1: the filter plugin \"geoip\" is not supported (Elasticsearch's ingest pipelines can do it)"
            ),
            (
                "@type grep",
                "f.conf:9:1: filter grep: there is no condition (write <regexp> or <exclude>)"
            ),
            (
                "@type grep\nregexp1 a",
                "f.conf:11:1: regexp1 is \"a\"; a field, a space and an expression were expected"
            ),
            (
                "@type grep\n<and>\n<regexp>\nkey a\npattern b\n</regexp>\n<exclude>\nkey a\npattern b\n</exclude>\n</and>",
                "f.conf:11:1: <and> has both <regexp> and <exclude>"
            ),
            (
                "@type record_transformer\nenable_ruby true\n<record>\na ${record[\"x\"].upcase}\n</record>",
                "f.conf:13:1: Ruby is not run: ${record[\"x\"].upcase} (there are ${tag}, ${tag_parts[0]}, ${tag_prefix[0]}, ${tag_suffix[0]}, ${hostname}, ${time} and ${record[\"field\"]})"
            ),
            (
                "@type record_transformer\n<record>\na ${foo}\n</record>",
                "f.conf:12:1: the placeholder ${foo} is not known (there are ${tag}, ${tag_parts[0]}, ${tag_prefix[0]}, ${tag_suffix[0]}, ${hostname}, ${time} and ${record[\"field\"]})"
            ),
            (
                "@type record_transformer\nkeep_keys a",
                "f.conf:11:1: keep_keys needs renew_record true"
            ),
            ("@type parser\nkey_name a", "f.conf:9:1: filter parser: <parse> is missing"),
            (
                "@type parser\n<parse>\n@type json\n</parse>",
                "f.conf:9:1: filter parser: key_name is missing"
            ),
        ] as [(String, String)]
    )
    func refusesFilters(body: String, expected: String) {
        #expect(throws: LogConfigurationFailure.self) { try FluentTexts.filter(body) }
        do {
            _ = try FluentTexts.filter(body)
        } catch {
            #expect(error.description == expected)
        }
    }
}

import LogShipper
import Model
import Testing

@Suite struct RecordParsersTests {
    @Test func aPlainLineIsOneField() throws {
        var options = ParserOptions(kind: .none)
        options.messageKey = "log"
        #expect(try ParsedLine(options, "a \"b\"").fields == ["log": "'a \"b\"'"])
        #expect(try ParsedLine(options, "").fields == ["log": "''"])
    }

    @Test func groupsOfAnExpressionBecomeFields() throws {
        let kind = ParserOptions.Kind.regexp(
            pattern: #"^(?<level>[A-Z]+)(?: (?<code>\d+))? (?P<text>.*)$"#
        )
        #expect(
            try ParsedLine(kind, "WARN 12 hot").fields
                == ["level": "'WARN'", "code": "'12'", "text": "'hot'"]
        )
        #expect(try ParsedLine(kind, "WARN hot").fields == ["level": "'WARN'", "text": "'hot'"])
        #expect(try ParsedLine(kind, "warn").problem == "the expression does not match")
    }

    @Test func anExpressionOfASCIITakesAnyBytes() throws {
        let parser = try RecordParsers.make(
            ParserOptions(kind: .regexp(pattern: "^(?<a>.*)!$")),
            place: ParsedLine.place
        )
        #expect(ParsedLine(parser, [0xff, 0x41, 0x21]).problem == nil)
    }

    @Test(arguments: [
        ("(?<a>x)(?=y)", "look-ahead"), ("(?<!a)(?<b>x)", "look-behind"),
        (#"(?<a>x)\1"#, "back-reference"), ("(?<a>(?>x))", "atomic"), ("(?<a>x", "not valid"),
        ("(?<a>x{1000}){1000}", "not valid"),
    ])
    func whatCannotBeDoneInLinearTimeIsRefused(pattern: String, words: String) throws {
        let failure = try #require(throws: LogConfigurationFailure.self) {
            _ = try ParsedLine(.regexp(pattern: pattern), "x")
        }
        #expect(failure.what.contains(words))
    }

    @Test func logfmtHasQuotesAndFlags() throws {
        let line = #"level=info msg="a \"b\" \n" empty= path=/x?a=b debug other="é""#
        #expect(
            try ParsedLine(.logfmt, line).fields == [
                "level": "'info'", "msg": #""a \"b\" \n""#, "empty": "''", "path": "'/x?a=b'",
                "debug": "true", "other": "\"é\"",
            ]
        )
        #expect(try ParsedLine(.logfmt, #"a="\x y" b=1"#).fields == ["a": "'x y'", "b": "'1'"])
        #expect(try ParsedLine(.logfmt, #"a=1 a=2"#).fields == ["a": "'2'"])
        #expect(try ParsedLine(.logfmt, #"a="x"#).problem == "the quote at byte 3 does not end")
        #expect(try ParsedLine(.logfmt, "plain words").problem == "it has no key=value pair")
        #expect(try ParsedLine(.logfmt, "=1").problem != nil)
    }

    @Test func separatedValuesHaveDoubledQuotes() throws {
        let csv = ParserOptions.Kind.csv(keys: ["a", "b", "c"], delimiter: 0x2c)
        #expect(
            try ParsedLine(csv, #"1,"x ""y"", z",3,4"#).fields
                == ["a": "'1'", "b": #"'x "y", z'"#, "c": "'3'"]
        )
        #expect(try ParsedLine(csv, "1,").fields == ["a": "'1'", "b": "''"])
        #expect(try ParsedLine(csv, "\"1\n2\"").fields == ["a": "'1\n2'"])
        #expect(try ParsedLine(csv, #"1,"x"#).problem == "the quote at byte 3 does not end")
        #expect(try ParsedLine(csv, #"1,"x"y"#).problem?.contains("after the quote") == true)
        let tsv = ParserOptions.Kind.csv(keys: ["a", "b"], delimiter: 0x09)
        #expect(try ParsedLine(tsv, "1,2\t3").fields == ["a": "'1,2'", "b": "'3'"])
    }

    @Test func labelsAndValuesAreTakenApart() throws {
        #expect(
            try ParsedLine(.ltsv, "host:a\turl:http://x\tjunk\tempty:").fields
                == ["host": "'a'", "url": "'http://x'", "empty": "''"]
        )
        #expect(try ParsedLine(.ltsv, "junk").problem != nil)
    }

    @Test func apachesLineHasFluentdsNames() throws {
        let parsed = try ParsedLine(
            .apache2,
            #"192.168.0.1 - - [28/Feb/2013:12:00:00 +0900] "GET /a b HTTP/1.1" 200 777 "-" "Opera \"x\"""#
        )
        #expect(
            parsed.fields == [
                "host": "'192.168.0.1'", "method": "'GET'", "path": "'/a b'", "code": "200",
                "size": "777", "agent": #"'Opera \"x\"'"#,
            ]
        )
        #expect(parsed.time == 1_362_020_400_000_000_000)
        let short = try ParsedLine(
            .apache2,
            #"h - u [28/Feb/2013:12:00:00 +0900] "-" 408 -"#
        )
        #expect(
            short.fields == ["host": "'h'", "user": "'u'", "method": "'-'", "code": "408"]
        )
        #expect(try ParsedLine(.apache2, "GET / HTTP/1.1").problem != nil)
    }

    @Test func nginxsLineKeepsTexts() throws {
        let line =
            #"127.0.0.1 192.168.0.1 - [28/Feb/2013:12:00:00 +0900] "GET / HTTP/1.1" 200 777 "-" "Opera/12.0" 1.2.3.4"#
        #expect(
            try ParsedLine(.nginx, line).fields == [
                "remote": "'127.0.0.1'", "host": "'192.168.0.1'", "user": "'-'",
                "method": "'GET'", "path": "'/'", "code": "'200'", "size": "'777'",
                "referer": "'-'", "agent": "'Opera/12.0'", "http_x_forwarded_for": "'1.2.3.4'",
            ]
        )
        var options = ParserOptions(kind: .nginx)
        options.nullValues = ["-"]
        options.types = ["code": .integer, "size": .integer]
        let typed = try ParsedLine(options, line)
        #expect(typed.fields["user"] == nil && typed.fields["referer"] == nil)
        #expect(typed.fields["code"] == "200")
    }

    @Test func oldSyslogIsTakenApart() throws {
        let parsed = try ParsedLine(
            .syslog(.rfc3164),
            "<34>Nov  1 22:14:15 mymachine su[12]: 'su root' failed: x"
        )
        #expect(
            parsed.fields == [
                "pri": "34", "facility": "'auth'", "severity": "'crit'", "host": "'mymachine'",
                "ident": "'su'", "pid": "'12'", "message": "''su root' failed: x'",
            ]
        )
        #expect(parsed.time == 1_793_571_255_000_000_000)
        let plain = try ParsedLine(.syslog(.automatic), "2026-11-21T10:00:00Z h app text here")
        #expect(plain.fields == ["host": "'h'", "ident": "'app'", "message": "'text here'"])
        #expect(plain.time == 1_795_255_200_000_000_000)
        #expect(try ParsedLine(.syslog(.rfc3164), "<999>x").problem != nil)
        #expect(try ParsedLine(.syslog(.rfc3164), "hello world").problem != nil)
    }

    @Test func newSyslogHasStructuredData() throws {
        let parsed = try ParsedLine(
            .syslog(.automatic),
            #"<165>1 2003-10-11T22:14:15.003Z host app - ID47 [ex@1 a="1" b="x\]\"\\"][y@2] "#
                + "\u{feff}An event"
        )
        #expect(
            parsed.fields == [
                "pri": "165", "facility": "'local4'", "severity": "'notice'", "host": "'host'",
                "ident": "'app'", "msgid": "'ID47'",
                "extradata": #"'[ex@1 a="1" b="x\]\"\\"][y@2]'"#,
                "structured_data": #"{"ex@1":{"a":"1","b":"x]\"\\"},"y@2":{}}"#,
                "message": "'An event'",
            ]
        )
        #expect(parsed.time == 1_065_910_455_003_000_000)
        let bare = try ParsedLine(.syslog(.rfc5424), "<0>1 - - - - - -")
        #expect(bare.fields == ["pri": "0", "facility": "'kern'", "severity": "'emerg'"])
        #expect(bare.time == ParsedLine.now)
        for line in [
            "<1>1 - - - - - [", "<1>1 - - - - - [a b]", "<1>1 - -", #"<1>1 - - - - - [a b="c]"#,
        ] {
            #expect(try ParsedLine(.syslog(.rfc5424), line).problem != nil)
        }
    }

    @Test func aContainersLineHasTimeAndStream() throws {
        let parsed = try ParsedLine(.cri, "2016-10-06T00:17:09.669794202Z stdout F a b ")
        #expect(
            parsed.fields == ["stream": "'stdout'", "logtag": "'F'", "message": "'a b '"]
        )
        #expect(parsed.time == 1_475_713_029_669_794_202)
        #expect(
            try ParsedLine(.cri, "2016-10-06T00:17:09Z stderr F").fields["message"] == "''"
        )
        #expect(try ParsedLine(.cri, "2016-10-06T00:17:09Z stdin F x").problem != nil)
    }

    @Test func dockersLineLosesItsLineFeed() throws {
        let parsed = try ParsedLine(
            .docker,
            #"{"log":"a\\n\n","stream":"stdout","time":"2016-10-06T00:17:09.5Z"}"#
        )
        #expect(parsed.fields == ["log": #""a\\n""#, "stream": "\"stdout\""])
        #expect(parsed.time == 1_475_713_029_500_000_000)
        #expect(try ParsedLine(.docker, #"{"log":"a\\n"}"#).fields["log"] == #""a\\n""#)
    }

    @Test func theFirstParserThatUnderstandsCounts() throws {
        let either = ParserOptions.Kind.either([
            ParserOptions(kind: .json), ParserOptions(kind: .logfmt), ParserOptions(kind: .none),
        ])
        #expect(try ParsedLine(either, #"{"a":1}"#).fields == ["a": "1"])
        #expect(try ParsedLine(either, #"a=1"#).fields == ["a": "'1'"])
        #expect(try ParsedLine(either, #"{"a":1"#).fields == ["message": #"'{"a":1'"#])
        #expect(
            try ParsedLine(.either([ParserOptions(kind: .json)]), "x").problem
                == "none of the 1 parsers understands it"
        )
    }

    // MARK: - Time, types, nothings

    @Test func theTimeComesOutOfItsField() throws {
        var options = ParserOptions(kind: .json)
        options.timeKey = "ts"
        let line = #"{"ts":"2026-01-02T03:04:05\u002e5Z","a":1}"#
        let parsed = try ParsedLine(options, line)
        #expect(parsed.fields == ["a": "1"])
        #expect(parsed.time == 1_767_323_045_500_000_000)
        options.keepsTimeKey = true
        #expect(try ParsedLine(options, line).names == ["ts", "a"])
    }

    @Test func aTimeThatIsWrongIsThatOfReadingOrUnmatched() throws {
        var options = ParserOptions(kind: .json)
        options.timeKey = "ts"
        let parsed = try ParsedLine(options, #"{"ts":"yesterday"}"#)
        #expect(parsed.time == ParsedLine.now && parsed.problem == nil)
        #expect(parsed.fields["ts"] == "\"yesterday\"")
        options.estimatesTime = false
        #expect(try ParsedLine(options, #"{"ts":"x"}"#).problem == "its time is not understood")
        #expect(try ParsedLine(options, "{}").problem == "it does not say its time")
    }

    @Test(arguments: [
        ("12", ParserOptions.ValueType.integer, "12"), ("-0012x", .integer, "-12"),
        ("x", .integer, "0"), ("-", .integer, "0"), ("1.9", .integer, "1"),
        ("1.50", .float, "1.50"),
        (".5", .float, "0.0"), ("1e5", .float, "1.0e5"), ("12.", .float, "12.0"),
        ("-3.5e-2z", .float, "-3.5e-2"), ("x", .float, "0.0"), ("Yes", .boolean, "true"),
        ("1", .boolean, "true"), ("on", .boolean, "false"), ("7", .string, "'7'"),
        ("99999999999999999999999", .integer, "99999999999999999999999"),
    ])
    func textsAreCastAsRubyDoes(text: String, type: ParserOptions.ValueType, wanted: String) throws
    {
        var options = ParserOptions(kind: .ltsv)
        options.types = ["a": type]
        #expect(try ParsedLine(options, "a:\(text)").fields["a"] == wanted)
        options = ParserOptions(kind: .json)
        options.types = ["a": type]
        #expect(try ParsedLine(options, "{\"a\":\"\(text)\"}").fields["a"] == wanted)
        #expect(try ParsedLine(options, "{\"a\":null}").fields["a"] == "null")
    }

    @Test func aNumberMayBecomeAText() throws {
        var options = ParserOptions(kind: .json)
        options.types = ["a": .string]
        #expect(try ParsedLine(options, #"{"a":7}"#).fields["a"] == "'7'")
    }

    @Test func valuesThatCountAsNothingAreLeftOut() throws {
        var options = ParserOptions(kind: .json)
        options.nullValues = ["-", "null"]
        options.nullEmptyString = true
        let parsed = try ParsedLine(options, #"{"a":"-","b":"","c":"x","d":"null","e":[],"f":1}"#)
        #expect(parsed.names == ["c", "e", "f"])
    }
}

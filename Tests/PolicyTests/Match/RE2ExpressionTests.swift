import Model
import Policy
import Testing

@Suite("Regular expressions")
struct RE2ExpressionTests {
    private func matches(_ pattern: String, _ input: [UInt8]) throws -> Bool {
        try RE2Expression(pattern: pattern).matchesWhole(input.span)
    }

    @Test(
        "match the whole input",
        arguments: [
            ("/a", "/a", true), ("/a", "/ab", false), ("/a", "x/a", false), ("/a.*", "/ab", true),
            ("a|ab", "ab", true), ("", "", true), ("", "a", false), (".*", "", true),
            ("(?i)/API", "/api", true), ("/API", "/api", false), ("/v[0-9]+/.*", "/v12/x", true),
            ("a.b", "a\nb", false), ("(?s)a.b", "a\nb", true), ("^/a$", "/a", true),
        ]
    )
    func wholeMatch(pattern: String, input: String, isMatch: Bool) throws {
        #expect(try matches(pattern, Array(input.utf8)) == isMatch)
    }

    @Test("a dot matches every byte but the line feed, valid UTF-8 or not")
    func dotMatchesBytes() throws {
        for byte in UInt8.min...UInt8.max where byte != 0x0a {
            #expect(try matches("/.", [0x2f, byte]), "byte \(byte)")
        }
        #expect(try matches("/admin.*", Array("/admin".utf8) + [0xff, 0x00, 0xc3]))
        #expect(try matches("[^/]", [0xff]))
    }

    @Test("a pattern in plain ASCII counts bytes, so canonically equal texts differ")
    func noUnicodeEquality() throws {
        #expect(try !matches("caf.", Array("café".utf8)))
        #expect(try matches("caf..", Array("café".utf8)))
        #expect(try matches("café", Array("café".utf8)))
        #expect(try !matches("caf\u{e9}", Array("cafe\u{301}".utf8)))
    }

    @Test("a pattern that names characters beyond ASCII is matched in UTF-8")
    func characters() throws {
        #expect(try matches("[äö]", Array("ö".utf8)))
        #expect(try !matches("[äö]", [0xc3]))
        #expect(try matches(#"\p{Greek}+"#, Array("αβγ".utf8)))
        #expect(try matches(#"\x{3b1}"#, Array("α".utf8)))
        #expect(try !matches("[äö].*", Array("ö".utf8) + [0xff]))
    }

    @Test(
        "what RE2 refuses is refused with its words and the place",
        arguments: [
            ("/a(b", "missing )", 0), ("/a[b", "missing ]", 2),
            ("a**", "bad repetition operator", 1),
            (#"(a)\1"#, "invalid escape sequence", 3), ("(?=a)", "invalid perl operator", 0),
            ("a{1,2000}", "invalid repetition size", 1), (#"a\"#, "trailing \\", nil),
        ] as [(String, String, Int?)]
    )
    func refusals(pattern: String, message: String, offset: Int?) {
        let failure = #expect(throws: RegexFailure.self) { try RE2Expression(pattern: pattern) }
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
        if let offset { #expect(failure?.offset == offset) }
    }

    @Test("a program above the limit is refused and says so")
    func programSize() throws {
        let failure = #expect(throws: RegexFailure.self) {
            try RE2Expression(pattern: "[a-z]{100}", programSizeMax: 100)
        }
        #expect(failure?.message.contains("more than 100") == true)
        #expect(try RE2Expression(pattern: "abc").programSize < 20)
        #expect(throws: RegexFailure.self) {
            try RE2Expression(pattern: "((a{100}){100}){100}")
        }
    }

    @Test(
        "patterns that ruin a backtracking matcher take time linear in the input",
        arguments: [
            "(a+)+b", "(a*)*b", "(a|a)*b", "(.*)*c", "(a|aa)+$b", "(x+x+)+y", ".*.*.*.*=.*",
        ]
    )
    func linearTime(pattern: String) throws {
        let expression = try RE2Expression(pattern: pattern)
        func time(_ count: Int) -> Duration {
            let input = [UInt8](
                repeating: UInt8(ascii: pattern.contains("x") ? "x" : "a"),
                count: count
            )
            var best = Duration.seconds(1_000)
            for _ in 0..<5 {
                best = min(
                    best,
                    ContinuousClock().measure {
                        _ = expression.matchesWhole(input.span)
                    }
                )
            }
            return best
        }
        // Sixteen times the input: linear is 16 times the time, quadratic 256. An exponential one
        // would not come back from the first.
        let short = time(20_000)
        let long = time(320_000)
        #expect(long < short * 100 + .milliseconds(5), "\(short) then \(long)")
    }

    @Test(
        "replaces every match, with groups",
        arguments: [
            ("/v[0-9]+", "/v", "/v1/v22/x", "/v/v/x"),
            (
                "^/service/([^/]+)(/.*)$", #"\2/instance/\1"#, "/service/foo/v1/api",
                "/v1/api/instance/foo"
            ),
            ("one", "two", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/two/zzz"),
            ("^(.*?)one(.*)$", #"\1two\2"#, "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/one/zzz"),
            ("(?i)/xxx/", "/yyy/", "/aaa/XxX/bbb", "/aaa/yyy/bbb"),
            ("none", "x", "/abc", "/abc"), ("b*", "-", "abc", "-a-c-"), ("a", #"\\"#, "a", #"\"#),
            ("a", #"[\0]"#, "aa", "[a][a]"), ("/", "", "/a/b", "ab"),
        ]
    )
    func replacements(pattern: String, substitution: String, input: String, output: String) throws {
        let expression = try RE2Expression(pattern: pattern)
        let bytes = Array(input.utf8)
        let replaced = expression.replacingMatches(
            in: bytes.span,
            with: ByteString(substitution)
        )
        #expect(String(decoding: replaced, as: UTF8.self) == output)
    }

    @Test("replaces in bytes that are no UTF-8 and keeps the rest")
    func replacesInBytes() throws {
        let input: [UInt8] = [0xff, 0x61, 0xfe, 0x00]
        let replaced = try RE2Expression(pattern: "a").replacingMatches(
            in: input.span,
            with: "b"
        )
        #expect(replaced == [0xff, 0x62, 0xfe, 0x00])
        let nothing = try RE2Expression(pattern: "x").replacingMatches(
            in: Span<UInt8>(),
            with: "y"
        )
        #expect(nothing == [])
    }

    @Test(
        "a substitution is checked against the groups of its expression",
        arguments: [
            ("(a)(b)", #"\2\1\0"#, true), ("(a)", #"\2"#, false), ("a", #"\1"#, false),
            ("a", #"\x"#, false), ("a", #"end\"#, false), ("a", #"\\"#, true), ("a", "", true),
        ]
    )
    func substitutions(pattern: String, substitution: String, isValid: Bool) throws {
        let problem = try RE2Expression(pattern: pattern)
            .validate(substitution: ByteString(substitution))
        #expect((problem == nil) == isValid, "\(problem ?? "")")
        if !isValid { #expect(problem?.isEmpty == false) }
    }

    @Test("one expression serves several threads at the same time")
    func threads() async throws {
        let expression = try RE2Expression(pattern: "/v[0-9]+/(.*)")
        let matched = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    let input = Array("/v\(task)/\(String(repeating: "x", count: task * 10))".utf8)
                    return (0..<500).count { _ in expression.matchesWhole(input.span) }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(matched == 4_000)
    }
}

import LogShipper
import Model
import Testing

@Suite struct RedactTests {
    private func redact(_ text: String, _ patterns: [RedactOptions.Pattern]) throws -> String {
        var options = RedactOptions(patterns: patterns)
        options.replacement = "#"
        var shaped = try Shaped("{}")
        shaped.setText("t", Array(text.utf8))
        shaped.apply(try RecordStages.make(.redact(options), place: ParsedLine.place))
        let field = shaped.record.fields[0]
        return ParsedLine.text(shaped.record.value(of: field))
    }

    @Test(arguments: [
        ("card 4111111111111111.", "card #."), ("4111 1111 1111 1111", "#"),
        ("4111-1111-1111-1111 x", "# x"), ("5500005555555559,378282246310005", "#,#"),
        ("4111111111111112", "4111111111111112"), ("1700000000000", "1700000000000"),
        ("2026-11-21 4111111111111111", "2026-11-21 #"),
        ("41111111111111111111", "41111111111111111111"),
        ("id=30569309025904", "id=#"), ("4111 1111", "4111 1111"), ("", ""), ("4", "4"),
    ])
    func numbersOfCardsGo(text: String, wanted: String) throws {
        #expect(try redact(text, [.creditCard]) == wanted)
    }

    @Test(arguments: [
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer #"),
        ("Bearer x", "Bearer x"), ("AKIAIOSFODNN7EXAMPLE!", "#!"),
        ("XAKIAIOSFODNN7EXAMPLE", "XAKIAIOSFODNN7EXAMPLE"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345 ok", "# ok"), ("ghp_short", "ghp_short"),
        ("xoxb-123456789012-abcdef", "#"),
        ("t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJ-_x y", "t=# y"),
        ("eyJhbGciOiJIUzI1NiJ9 alone", "eyJhbGciOiJIUzI1NiJ9 alone"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- x", "# x"),
        ("-----BEGIN PRIVATE KEY-----\nabc", "#"),
        ("-----BEGIN CERTIFICATE-----\nabc", "-----BEGIN CERTIFICATE-----\nabc"),
        ("sk_live_0123456789abcdefXYZ", "#"), ("eyJ", "eyJ"), ("-----BEGIN ", "-----BEGIN "),
    ])
    func tokensGo(text: String, wanted: String) throws {
        #expect(try redact(text, [.token]) == wanted)
    }

    @Test(arguments: [
        ("mail a.b+c@example.co.uk.", "mail #."), ("<x@y.de>,z@w.org", "<#>,#"), ("a@b", "a@b"),
        ("@example.com", "@example.com"), ("a@b.c", "a@b.c"), ("a@@b.com", "a@@b.com"),
        ("x@1.2", "x@1.2"),
    ])
    func addressesGo(text: String, wanted: String) throws {
        #expect(try redact(text, [.email]) == wanted)
    }

    @Test func expressionsGo() throws {
        #expect(try redact("a1b22c", [.regexp(#"\d+"#)]) == "a#b#c")
        #expect(throws: LogConfigurationFailure.self) { try redact("", [.regexp("x*")]) }
        #expect(throws: LogConfigurationFailure.self) { try redact("", [.regexp(#"\b"#)]) }
        #expect(
            try redact("4111111111111111 a@b.de x7", [.creditCard, .email, .regexp("x.")])
                == "# # #"
        )
    }

    @Test func textsInsideOfJSONStayValid() throws {
        let json =
            #"{"a@b.de":"n\na@b.de \"q\"","l":[4111111111111111,"é x@y.de",1.5,"\u0041"],"o":{"k":"\\x@y.de\t"}}"#
        let options = RedactOptions(patterns: [.email, .creditCard])
        let shaped = try Shaped(json, .redact(options))
        #expect(
            shaped.json
                == #"{"a@b.de":"n\n[redacted] \"q\"","l":["[redacted]","é [redacted]",1.5,"\u0041"],"o":{"k":"\\[redacted]\t"}}"#
        )
    }

    @Test func onlyTheseFieldsAreLookedAt() throws {
        var options = RedactOptions(patterns: [.email])
        options.keys = ["a", "o.p"]
        options.replacement = "\""
        let json = #"{"a":"x@y.de","b":"x@y.de","o":{"p":"x@y.de","q":"x@y.de"}}"#
        #expect(
            try Shaped(json, .redact(options)).json
                == #"{"a":"\"","b":"x@y.de","o":{"p":"\"","q":"x@y.de"}}"#
        )
    }

    @Test(arguments: ["eyJ-", "a@", "4111 ", "-----BEGIN ", "Bearer", "eyJ.", "AKIA", "x", "1-"])
    func longTextsTakeLinearTime(piece: String) throws {
        let text = String(repeating: piece, count: (1 << 19) / piece.utf8.count)
        let clock = ContinuousClock()
        var result = ""
        let time = try clock.measure {
            result = try redact(text, [.creditCard, .token, .email, .regexp("q.*z|q")])
        }
        #expect(!result.isEmpty)
        #expect(time < .seconds(20))
    }

    @Test func anExpressionThatMatchesTooOftenTakesTheRest() throws {
        let text = String(repeating: "q", count: 300) + "secret"
        let result = try redact(text, [.regexp("q")])
        #expect(result == String(repeating: "#", count: 256))
    }
}

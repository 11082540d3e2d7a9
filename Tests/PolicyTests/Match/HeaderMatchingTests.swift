import Model
import Policy
import Testing

@Suite("Header matchers")
struct HeaderMatchingTests {
    private static let exact = HeaderMatcher.Condition.string(StringMatcher(.exact("v")))
    private static let range = HeaderMatcher.Condition.range(start: 1, end: 10)

    private static let rows:
        [(HeaderMatcher.Condition, inverted: Bool, missingAsEmpty: Bool, String?, Bool)] = [
            (.present, false, false, "v", true), (.present, false, false, "", true),
            (.present, false, false, nil, false), (.present, true, false, "v", false),
            (.present, true, false, nil, true), (.present, false, true, nil, true),
            (.present, true, true, nil, false),
            (.absent, false, false, "v", false), (.absent, false, false, nil, true),
            (.absent, true, false, "v", true), (.absent, true, false, nil, false),
            (.absent, false, true, nil, false), (.absent, true, true, nil, true),
            (exact, false, false, "v", true), (exact, false, false, "w", false),
            (exact, false, false, nil, false), (exact, true, false, "v", false),
            (exact, true, false, "w", true), (exact, true, false, nil, false),
            (exact, false, true, nil, false), (exact, true, true, nil, true),
            (.string(StringMatcher(.exact(""))), false, true, nil, true),
            (.string(StringMatcher(.exact(""))), false, false, nil, false),
            (range, false, false, "1", true), (range, false, false, "9", true),
            (range, false, false, "10", false), (range, false, false, "0", false),
            (range, false, false, "-5", false), (range, false, false, "5x", false),
            (range, false, false, "", false), (range, false, false, "5.5", false),
            (range, false, false, "99999999999999999999", false),
            (range, false, false, nil, false), (range, true, false, "5", false),
            (range, true, false, "50", true), (range, true, false, "x", true),
            (range, true, false, nil, false), (range, true, true, nil, true),
            (.range(start: -10, end: 0), false, false, "-1", true),
            (.range(start: -10, end: 0), false, false, "-10", true),
            (.range(start: -10, end: 0), false, false, "-11", false),
            (.range(start: -10, end: 1), false, false, "-", false),
        ]

    @Test("every condition on a value that is there, empty and missing", arguments: rows.indices)
    func conditions(index: Int) {
        let (condition, inverted, missingAsEmpty, value, isMatch) = Self.rows[index]
        let matcher = HeaderMatcher(
            name: "x-key",
            condition: condition,
            isInverted: inverted,
            treatsMissingAsEmpty: missingAsEmpty
        )
        let head = request("GET", "/", [("Other", "v")] + (value.map { [("X-Key", $0)] } ?? []))
        #expect(matcher.matches(head) == isMatch, "\(Self.rows[index])")
    }

    @Test("each line of a field counts by itself, and an inverted matcher wants none to agree")
    func repeatedLines() {
        let head = request("GET", "/", [("x-key", "a"), ("other", "1"), ("X-KEY", "b")])
        func matches(_ value: String, inverted: Bool = false) -> Bool {
            HeaderMatcher(
                name: "x-key",
                condition: .string(StringMatcher(.exact(ByteString(value)))),
                isInverted: inverted
            ).matches(head)
        }
        #expect(matches("a") && matches("b"))
        #expect(!matches("a,b"))
        #expect(!matches("a", inverted: true) && !matches("b", inverted: true))
        #expect(matches("c", inverted: true))
    }

    @Test("the lines of a field that is kept as one are joined by commas without a space")
    func joinedLines() {
        let head = request(
            "GET",
            "/",
            [("accept", "a"), ("other", "1"), ("Accept", "b"), ("accept", "")]
        )
        func matches(_ value: String) -> Bool {
            HeaderMatcher(
                name: "accept",
                condition: .string(StringMatcher(.exact(ByteString(value))))
            ).matches(head)
        }
        #expect(matches("a,b,"))
        #expect(!matches("a"))
        #expect(!matches("b"))
        #expect(!matches("a, b,"))
    }

    @Test("a line that was removed is not there")
    func removedLines() {
        let head = request("GET", "/", [("x-key", "a"), ("x-key", "b")])
        head.remove(at: 0)
        let exact = HeaderMatcher(name: "x-key", condition: .string(StringMatcher(.exact("b"))))
        #expect(exact.matches(head))
        head.remove(at: 1)
        #expect(HeaderMatcher(name: "x-key", condition: .absent).matches(head))
    }

    @Test(
        "pseudo-headers are those of the request",
        arguments: [
            (":method", "PUT"), (":path", "/a?b=c"), (":authority", "Host:80"), ("host", "Host:80"),
            (":scheme", "https"),
        ]
    )
    func pseudoHeaders(name: String, value: String) {
        let head = request("PUT", "/a?b=c", authority: "Host:80", isTLS: true)
        let key = ByteString(name)
        #expect(
            HeaderMatcher(
                name: key,
                condition: .string(StringMatcher(.exact(ByteString(value))))
            ).matches(head)
        )
        #expect(HeaderMatcher(name: key, condition: .present).matches(head))
        #expect(!HeaderMatcher(name: key, condition: .absent).matches(head))
        #expect(HeaderMatcher(name: key, condition: .absent, isInverted: true).matches(head))
    }

    @Test("the scheme is what x-forwarded-proto says, where that is a scheme")
    func scheme() {
        let https = HeaderMatcher(
            name: ":scheme",
            condition: .string(StringMatcher(.exact("https")))
        )
        #expect(https.matches(request("GET", "/", [("x-forwarded-proto", "https")])))
        #expect(!https.matches(request("GET", "/", isTLS: true, [("x-forwarded-proto", "http")])))
        #expect(https.matches(request("GET", "/", isTLS: true, [("x-forwarded-proto", "gopher")])))
        #expect(!https.matches(request()))
    }

    @Test("a response has a status, a request has none")
    func status() {
        let matcher = HeaderMatcher(name: ":status", condition: .range(start: 500, end: 600))
        #expect(matcher.matches(response(503)))
        #expect(!matcher.matches(response(200)))
        #expect(!matcher.matches(request()))
        #expect(HeaderMatcher(name: ":status", condition: .absent).matches(request()))
    }

    @Test("all matchers of none agree, any of none does not")
    func emptyLists() {
        let none: [HeaderMatcher] = []
        #expect(none.allMatch(request()))
        #expect(!none.anyMatches(request()))
    }
}

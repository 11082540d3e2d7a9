import Model
import Policy
import Testing

@Suite("Conditions on cookies")
struct CookieMatchingTests {
    private static let rows: [([String], matches: Bool, inverted: Bool)] = [
        (["t=a"], true, false), (["t=b"], false, true), ([], false, true),
        (["u=a"], false, true), (["t=b; t=a"], false, true), (["t=a; t=b"], true, false),
        (["t=b", "t=a"], false, true), (["t=a", "t=b"], true, false), (["x=1;t=a"], true, false),
        ([#"t="a""#], true, false), ([#"t="a"#], false, true), (["t=a ; c=d"], false, true),
        (["t = a"], false, true), (["T=a"], false, true), (["t=; t=a"], false, true),
        (["t=a;"], true, false), (["  ;t=a"], true, false), (["t"], false, true),
    ]

    @Test("the first cookie with the name counts, without its quotes", arguments: rows.indices)
    func first(index: Int) {
        let (lines, isMatch, isInverted) = Self.rows[index]
        let head = request("GET", "/", lines.map { ("Cookie", $0) })
        let matcher = CookieMatcher(name: "t", value: StringMatcher(.exact("a")))
        #expect(matcher.matches(head) == isMatch, "\(lines)")
        let other = CookieMatcher(name: "t", value: matcher.value, isInverted: true)
        #expect(other.matches(head) == isInverted, "\(lines)")
    }

    @Test("every cookie of a route has to match")
    func all() {
        let gold = CookieMatcher(name: "tier", value: StringMatcher(.exact("gold")))
        let any = CookieMatcher(name: "u", value: StringMatcher(.prefix("")))
        let routes = table([
            (["*"], [route("r", RouteMatch(path: .prefix("/"), cookies: [gold, any]))])
        ])
        func found(_ line: String) -> String {
            lookup(routes, request("GET", "/", [("cookie", line)]))
        }
        #expect(found("tier=gold; u=1") == "r")
        #expect(found("tier=gold") == "no route in *")
        #expect(found("tier=silver; u=1") == "no route in *")
    }
}

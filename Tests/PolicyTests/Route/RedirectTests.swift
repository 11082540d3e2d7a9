import Model
import Policy
import Testing

@Suite("Redirects")
struct RedirectTests {
    private static let any = RouteMatch(path: .prefix("/"))
    private static let rows: [(RedirectAction, RouteMatch, String, String, Bool, String)] = [
        (RedirectAction(), any, "h", "/a?b", false, "http://h/a?b"),
        (RedirectAction(), any, "h:81", "/a", true, "https://h:81/a"),
        (RedirectAction(scheme: "https"), any, "h", "/a", false, "https://h/a"),
        (RedirectAction(scheme: "https"), any, "h:80", "/", false, "https://h/"),
        (RedirectAction(scheme: "https"), any, "h:443", "/", false, "https://h:443/"),
        (RedirectAction(scheme: "https"), any, "h:8080", "/", false, "https://h:8080/"),
        (RedirectAction(scheme: "https"), any, "h:80", "/", true, "https://h:80/"),
        (RedirectAction(scheme: "http"), any, "h:443", "/", true, "http://h/"),
        (RedirectAction(scheme: "https"), any, "[::1]:80", "/", false, "https://[::1]/"),
        (RedirectAction(scheme: "https"), any, "[fe80::80]", "/", false, "https://[fe80::80]/"),
        (RedirectAction(port: 8443), any, "h:80", "/", false, "http://h:8443/"),
        (RedirectAction(port: 8443), any, "[::1]:80", "/", false, "http://[::1]:8443/"),
        (RedirectAction(port: 8443), any, "[::1]", "/", false, "http://[::1]:8443/"),
        (RedirectAction(host: "new"), any, "h:80", "/a?b", false, "http://new/a?b"),
        (RedirectAction(host: "new", port: 1), any, "h:80", "/", false, "http://new:1/"),
        (RedirectAction(path: .replace("/x")), any, "h", "/a?b=1", false, "http://h/x?b=1"),
        (RedirectAction(path: .replace("/x?y=2")), any, "h", "/a?b=1", false, "http://h/x?b=1"),
        (
            RedirectAction(path: .replace("/x?y=2"), stripsQuery: true), any, "h", "/a?b=1", false,
            "http://h/x?y=2"
        ),
        (
            RedirectAction(path: .replace("/x"), stripsQuery: true), any, "h", "/a?b=1", false,
            "http://h/x"
        ),
        (RedirectAction(stripsQuery: true), any, "h", "/a?b=1", false, "http://h/a"),
        (
            RedirectAction(path: .prefix("/new")), RouteMatch(path: .prefix("/old")), "h",
            "/old/x?q", false, "http://h/new/x?q"
        ),
        (
            RedirectAction(path: .prefix("/new")), RouteMatch(path: .path("/old")), "h", "/old?q",
            false, "http://h/new?q"
        ),
        (
            RedirectAction(path: .regex(expression: regex("^/(.*)$"), substitution: #"/v2/\1"#)),
            any, "h", "/a?b", false, "http://h/v2/a?b"
        ),
        (
            RedirectAction(
                scheme: "https",
                host: "n",
                port: 9,
                path: .prefix("/p/"),
                stripsQuery: true
            ),
            any, "h", "/a?b", false, "https://n:9/p/a"
        ),
    ]

    @Test(
        "the location takes from the request what the action leaves open",
        arguments: rows.indices
    )
    func location(index: Int) {
        let (action, match, authority, path, isTLS, location) = Self.rows[index]
        let head = request("GET", path, authority: authority)
        let made = Redirect.location(action, match: match, head: head, isTLS: isTLS)
        #expect(String(decoding: made, as: UTF8.self) == location)
    }

    @Test("x-forwarded-proto goes before the connection")
    func forwardedProtocol() {
        let head = request("GET", "/", authority: "h:443", [("x-forwarded-proto", "https")])
        let kept = Redirect.location(RedirectAction(), match: Self.any, head: head, isTLS: false)
        #expect(String(decoding: kept, as: UTF8.self) == "https://h:443/")
        let plain = Redirect.location(
            RedirectAction(scheme: "http"),
            match: Self.any,
            head: head,
            isTLS: false
        )
        #expect(String(decoding: plain, as: UTF8.self) == "http://h/")
    }

    @Test("a request that needs TLS is sent to the same place over TLS")
    func tls() {
        let head = request("GET", "/a?b", authority: "h:8080")
        #expect(String(decoding: Redirect.tlsLocation(head), as: UTF8.self) == "https://h:8080/a?b")
    }
}

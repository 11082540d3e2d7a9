import Model
import Policy
import Testing

@Suite("Rewrites")
struct PathRewriteTests {
    private static let prefixes: [(RouteMatch.PathCondition, Bool, String, String, String)] = [
        (.prefix("/api"), true, "/", "/api", "/"), (.prefix("/api"), true, "/", "/apix", "/x"),
        (.prefix("/api/"), true, "/", "/api/x?q=1", "/x?q=1"),
        (.prefix("/api"), true, "/v2", "/api/x", "/v2/x"),
        (.prefix("/api"), false, "/v2", "/API/x", "/v2/x"),
        (.prefix("/"), true, "/base/", "/x", "/base/x"),
        (.prefix("/api"), true, "/", "/api/x", "//x"),
        (.path("/a"), true, "/b", "/a?q", "/b?q"), (.path("/a"), false, "/b", "/A", "/b"),
        (.pathSeparatedPrefix("/a"), true, "/b", "/a", "/b"),
        (.pathSeparatedPrefix("/a"), true, "/b", "/a/c?q", "/b/c?q"),
        (.regex(regex("/x/.*")), true, "/y", "/x/z?q=1", "/y?q=1"),
        (.prefix("/api"), true, "v2", "/api/x", "/v2/x"),
        (.path("/a"), true, "/b", "/a#f", "/b#f"),
    ]

    @Test("a prefix rewrite replaces what the route matched", arguments: prefixes.indices)
    func prefix(index: Int) {
        let (condition, caseSensitive, rewrite, path, result) = Self.prefixes[index]
        let head = request("GET", path)
        let isAllowed = PathRewrite.apply(
            forward(prefixRewrite: rewrite),
            match: RouteMatch(path: condition, isCaseSensitive: caseSensitive),
            to: head,
            setsOriginalPath: true
        )
        #expect(isAllowed)
        #expect(text(head.path, of: head) == result)
        #expect(values("x-envoy-original-path", of: head) == path)
    }

    @Test("a regular expression replaces in the path and leaves the query alone")
    func expression() {
        let head = request("GET", "/service/foo/v1/api?x=/service/a/b")
        PathRewrite.apply(
            forward(regexRewrite: ("^/service/([^/]+)(/.*)$", #"\2/instance/\1"#)),
            match: RouteMatch(path: .prefix("/")),
            to: head,
            setsOriginalPath: false
        )
        #expect(text(head.path, of: head) == "/v1/api/instance/foo?x=/service/a/b")
        #expect(values("x-envoy-original-path", of: head) == nil)
    }

    @Test("a path always starts with a slash, even where nothing is left")
    func leadingSlash() {
        let head = request("GET", "/all?q")
        PathRewrite.apply(
            forward(regexRewrite: (".*all", "")),
            match: RouteMatch(path: .prefix("/")),
            to: head,
            setsOriginalPath: false
        )
        #expect(text(head.path, of: head) == "/?q")
    }

    @Test("without a rewrite nothing changes, and what a client says of the original path stays")
    func noRewrite() {
        let head = request("GET", "/a?b")
        let match = RouteMatch(path: .prefix("/"))
        #expect(PathRewrite.apply(forward(), match: match, to: head, setsOriginalPath: true))
        #expect(
            PathRewrite.apply(
                forward(prefixRewrite: ""),
                match: match,
                to: head,
                setsOriginalPath: true
            )
        )
        #expect(text(head.path, of: head) == "/a?b")
        #expect(values("x-envoy-original-path", of: head) == nil)
    }

    @Test("the original path is this proxy's, not what a client claims")
    func originalPathIsReplaced() {
        let head = request("GET", "/a", [("x-envoy-original-path", "/forged")])
        PathRewrite.apply(
            forward(prefixRewrite: "/b"),
            match: RouteMatch(path: .prefix("/a")),
            to: head,
            setsOriginalPath: true
        )
        #expect(values("x-envoy-original-path", of: head) == "/a")
    }

    @Test(
        "a rewrite that makes a dot segment out of harmless parts is refused",
        arguments: [
            ("/api../secret", "/", false), ("/api..", "/", false), ("/api./x", "/", false),
            ("/api%2e%2e/secret", "/", false), ("/api.%2E/secret", "/", false),
            (#"/api..\secret"#, "/", false), ("/api..?q", "/", false),
            ("/api...", "/", true), ("/api..x/y", "/", true), ("/api/x..", "/", true),
            ("/api?x=../..", "/", true), ("/api%2", "/", true), ("/api../x", "/v", true),
        ]
    )
    func dotSegments(path: String, rewrite: String, isAllowed: Bool) {
        let head = request("GET", path)
        let allowed = PathRewrite.apply(
            forward(prefixRewrite: rewrite),
            match: RouteMatch(path: .prefix("/api")),
            to: head,
            setsOriginalPath: false
        )
        #expect(allowed == isAllowed, "\(text(head.path, of: head))")
    }

    @Test("a dot segment that was there before, as normalization is off, is not the rewrite's")
    func oldDotSegments() {
        let head = request("GET", "/api/../x")
        #expect(
            PathRewrite.apply(
                forward(prefixRewrite: "/v2"),
                match: RouteMatch(path: .prefix("/api")),
                to: head,
                setsOriginalPath: false
            )
        )
    }

    private static let hosts: [(HostRewrite, [(String, String)], String)] = [
        (.none, [], "example.com"), (.literal("internal:81"), [], "internal:81"),
        (.header("x-host"), [("X-Host", "from.header")], "from.header"),
        (.header("x-host"), [("X-Host", "")], "example.com"),
        (.header("x-host"), [], "example.com"),
        (
            .pathRegex(expression: regex("^/t/([^/]+)/.*$"), substitution: #"\1.tenant"#), [],
            "blue.tenant"
        ),
        (.endpoint, [], "example.com"),
    ]

    @Test("the host is rewritten by a literal, a header or the path", arguments: hosts.indices)
    func host(index: Int) {
        let (rewrite, fields, result) = Self.hosts[index]
        let head = request("GET", "/t/blue/x?q", [("Host", "example.com")] + fields)
        HostRewrite.apply(forward(hostRewrite: rewrite), to: head)
        #expect(text(head.authority, of: head) == result)
        #expect(values("host", of: head) == result)
    }

    @Test("the endpoint's name replaces the host where the route asks for it and it has one")
    func endpointHost() {
        let name = Array("backend.local".utf8)
        let head = request("GET", "/", [("Host", "example.com")])
        HostRewrite.apply(forward(), endpointHostname: name.span, to: head)
        #expect(values("host", of: head) == "example.com")
        HostRewrite.apply(
            forward(hostRewrite: .endpoint),
            endpointHostname: Span<UInt8>(),
            to: head
        )
        #expect(values("host", of: head) == "example.com")
        HostRewrite.apply(forward(hostRewrite: .endpoint), endpointHostname: name.span, to: head)
        #expect(values("host", of: head) == "backend.local")
        #expect(text(head.authority, of: head) == "backend.local")
    }
}

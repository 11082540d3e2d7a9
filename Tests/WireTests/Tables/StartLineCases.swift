import Wire

extension RequestCase {
    /// The request line: method, spaces, version, line ends (RFC 9112 sections 2.2 and 3).
    static let startLines: [RequestCase] = [
        .init("a plain request", startLine("GET / HTTP/1.1"), reaches: .none),
        .init("an unknown method", startLine("PROPFIND / HTTP/1.1"), reaches: .none),
        .init(
            "a method of odd token bytes",
            startLine("!#$%&'*+-.^_`|~09 / HTTP/1.1"),
            reaches: .none
        ),
        .init(
            "a method of 32 bytes",
            startLine(String(repeating: "M", count: 32) + " / HTTP/1.1"),
            reaches: .none
        ),
        .init(
            "a method of 33 bytes",
            startLine(String(repeating: "M", count: 33) + " / HTTP/1.1"),
            .invalidMethod
        ),
        .init("a lower-case method is another method", startLine("get / HTTP/1.1"), reaches: .none),
        .init("no method", startLine(" / HTTP/1.1"), .invalidMethod),
        .init("a space before the method", startLine(" GET / HTTP/1.1"), .invalidMethod),
        .init("a tab after the method", startLine("GET\t/ HTTP/1.1"), .invalidMethod),
        .init("a colon in the method", startLine("GET: / HTTP/1.1"), .invalidMethod),
        .init("a NUL in the method", startLine("G\u{0}T / HTTP/1.1"), .invalidMethod),
        .init("a slash in the method", startLine("GET/ HTTP/1.1"), .invalidMethod),
        .init(
            "a byte beyond ASCII in the method",
            startLine("G\u{c9}T / HTTP/1.1"),
            .invalidMethod
        ),
        .init("quotes in the method", startLine("\"GET\" / HTTP/1.1"), .invalidMethod),
        .init("a method alone", "GET\r\nHost: a.example\r\n\r\n", .invalidMethod),
        .init("two spaces before the target", startLine("GET  / HTTP/1.1"), .invalidTarget),
        .init("two spaces before the version", startLine("GET /  HTTP/1.1"), .invalidVersion),
        .init("a tab before the version", startLine("GET /\tHTTP/1.1"), .invalidTarget),
        .init("a vertical tab before the version", startLine("GET /\u{b}HTTP/1.1"), .invalidTarget),
        .init("a form feed before the version", startLine("GET /\u{c}HTTP/1.1"), .invalidTarget),
        .init(
            "a no-break space before the version",
            startLine("GET /\u{a0}HTTP/1.1"),
            .invalidTarget
        ),
        .init("a space after the version", startLine("GET / HTTP/1.1 "), .invalidVersion),
        .init("a tab after the version", startLine("GET / HTTP/1.1\t"), .invalidVersion),
        .init("a word after the version", startLine("GET / HTTP/1.1 x"), .invalidVersion),
        .init("a space in the target", startLine("GET /a b HTTP/1.1"), .invalidVersion),
        .init(
            "two requests in a line",
            startLine("GET /a HTTP/1.1 GET /b HTTP/1.1"),
            .invalidVersion
        ),
        .init("HTTP/0.9", "GET /\r\n\r\n", .invalidVersion),
        .init("HTTP/0.9 with a space", "GET / \r\n\r\n", .invalidVersion),
        .init("HTTP/1.0 with a host", startLine("GET / HTTP/1.0"), reaches: .none),
        .init(
            "HTTP/1.0 without a host",
            "GET /x HTTP/1.0\r\n\r\n",
            .reaches(path: "/x", authority: "", framing: .none)
        ),
        .init("HTTP/1.2", startLine("GET / HTTP/1.2"), .invalidVersion),
        .init("HTTP/1.9", startLine("GET / HTTP/1.9"), .invalidVersion),
        .init("HTTP/2.0", startLine("GET / HTTP/2.0"), .unsupportedVersion),
        .init("HTTP/0.9 spelled out", startLine("GET / HTTP/0.9"), .unsupportedVersion),
        .init("HTTP/3.0", startLine("GET / HTTP/3.0"), .unsupportedVersion),
        .init("HTTP/2", startLine("GET / HTTP/2"), .invalidVersion),
        .init("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        .init("HTTP/1.10", startLine("GET / HTTP/1.10"), .invalidVersion),
        .init("HTTP/01.1", startLine("GET / HTTP/01.1"), .invalidVersion),
        .init("HTTP/1,1", startLine("GET / HTTP/1,1"), .invalidVersion),
        .init("HTTP/1", startLine("GET / HTTP/1"), .invalidVersion),
        .init("HTTP/+1.1", startLine("GET / HTTP/+1.1"), .invalidVersion),
        .init("http/1.1 in lower case", startLine("GET / http/1.1"), .invalidVersion),
        .init("another protocol", startLine("GET / RTSP/1.0"), .invalidVersion),
        .init("no version", startLine("GET / "), .invalidVersion),
        .init("a NUL after the version", startLine("GET / HTTP/1.1\u{0}"), .invalidVersion),
        .init(
            "a bare line feed after the version",
            "GET / HTTP/1.1\nHost: a.example\r\n\r\n",
            .bareLF
        ),
        .init(
            "a bare return after the version",
            "GET / HTTP/1.1\rHost: a.example\r\n\r\n",
            .bareCR
        ),
        .init(
            "two returns after the version",
            "GET / HTTP/1.1\r\r\nHost: a.example\r\n\r\n",
            .bareCR
        ),
        .init(
            "a bare line feed after the target",
            "GET /\nHost: a.example\r\n\r\n",
            .invalidVersion
        ),
        .init(
            "one empty line before",
            "\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            reaches: .none
        ),
        .init(
            "two empty lines before",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            .invalidMethod
        ),
        .init("a bare line feed before", "\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", .bareLF),
        .init("a bare return before", "\rGET / HTTP/1.1\r\nHost: a.example\r\n\r\n", .bareCR),
        .init(
            "an empty line with a space before",
            " \r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            .invalidMethod
        ),
        .init(
            "a TLS hello",
            "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}",
            .invalidMethod
        ),
        .init("a byte order mark", "\u{ef}\u{bb}\u{bf}GET / HTTP/1.1\r\n\r\n", .invalidMethod),
        .init(
            "a PROXY line",
            "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\n\r\n",
            .invalidVersion
        ),
        .init("a response", "HTTP/1.1 200 OK\r\n\r\n", .invalidMethod),
        .init("nothing", "", .incomplete),
        .init("half a request line", "GET /a", .incomplete),
        .init("half a version", "GET / HTTP/1", .incomplete),
        .init("no blank line", "GET / HTTP/1.1\r\nHost: a.example\r\n", .incomplete),
        .init("half a blank line", "GET / HTTP/1.1\r\nHost: a.example\r\n\r", .incomplete),
    ]

    /// The request target (RFC 9112 section 3.2).
    static let targets: [RequestCase] = [
        .init(
            "a query",
            target("/a?b=c&d"),
            .reaches(path: "/a?b=c&d", authority: "a.example", framing: .none)
        ),
        .init(
            "a second question mark",
            target("/?a?b"),
            .reaches(path: "/?a?b", authority: "a.example", framing: .none)
        ),
        .init(
            "two leading slashes stay a path",
            target("//evil.example/x"),
            .reaches(path: "//evil.example/x", authority: "a.example", framing: .none)
        ),
        .init(
            "a backslash",
            target("/a\\b"),
            .reaches(path: "/a\\b", authority: "a.example", framing: .none)
        ),
        .init(
            "a parameter",
            target("/a;b=c/d"),
            .reaches(path: "/a;b=c/d", authority: "a.example", framing: .none)
        ),
        .init(
            "an absolute target",
            target("http://b.example/x?y"),
            .reaches(path: "/x?y", authority: "b.example", framing: .none)
        ),
        .init(
            "an absolute target with a port",
            target("HTTP://b.example:8080/x"),
            .reaches(path: "/x", authority: "b.example:8080", framing: .none)
        ),
        .init(
            "an absolute target without a path",
            target("https://b.example"),
            .reaches(path: "/", authority: "b.example", framing: .none)
        ),
        .init(
            "an absolute target with a query alone",
            target("http://b.example?q=1"),
            .reaches(path: "/?q=1", authority: "b.example", framing: .none)
        ),
        .init(
            "an absolute target with a question mark alone",
            target("http://b.example?"),
            .reaches(path: "/?", authority: "b.example", framing: .none)
        ),
        .init(
            "an absolute target with an IPv6 address",
            target("http://[::1]:80/"),
            .reaches(path: "/", authority: "[::1]:80", framing: .none)
        ),
        .init("an absolute target without a host", target("http:///x"), .invalidHost),
        .init("an absolute target with userinfo", target("http://u:p@b.example/"), .invalidHost),
        .init(
            "an absolute target with userinfo that looks like a host",
            target("http://a.example:80@b.example/"),
            .invalidHost
        ),
        .init(
            "an absolute target with a backslash in the host",
            target("http://b.example\\@c/"),
            .invalidHost
        ),
        .init("an absolute target with an empty port", target("http://b.example:/"), .invalidHost),
        .init(
            "an absolute target with a large port",
            target("http://b.example:65536/"),
            .invalidHost
        ),
        .init(
            "an absolute target with an escape in the host",
            target("http://b%2eexample/"),
            .invalidHost
        ),
        .init("an absolute target with another scheme", target("ftp://b.example/"), .invalidTarget),
        .init("a file URL", target("file:///etc/passwd"), .invalidTarget),
        .init("a scheme with one slash", target("http:/b.example/"), .invalidTarget),
        .init("a scheme without slashes", target("http:b.example"), .invalidTarget),
        .init("a scheme with a space", target("http ://b.example/"), .invalidVersion),
        .init(
            "an absolute target and no Host",
            "GET http://b.example/ HTTP/1.1\r\n\r\n",
            .missingHost
        ),
        .init(
            "an absolute target and an invalid Host",
            "GET http://b.example/ HTTP/1.1\r\nHost: a@b\r\n\r\n",
            .invalidHost
        ),
        .init(
            "an absolute target and an empty Host",
            "GET http://b.example/ HTTP/1.1\r\nHost:\r\n\r\n",
            .invalidHost
        ),
        .init(
            "an absolute target in HTTP/1.0 without Host",
            "GET http://b.example/y HTTP/1.0\r\n\r\n",
            .reaches(path: "/y", authority: "b.example", framing: .none)
        ),
        .init("a relative path", target("a/b"), .invalidTarget),
        .init("a relative dot path", target("../b"), .invalidTarget),
        .init("a query alone", target("?a"), .invalidTarget),
        .init("a host alone", target("b.example:80"), .invalidTarget),
        .init("an asterisk for GET", target("*"), .invalidTarget),
        .init(
            "an asterisk for OPTIONS",
            target("*", method: "OPTIONS"),
            .reaches(path: "*", authority: "a.example", framing: .none)
        ),
        .init("an asterisk and more", target("*a", method: "OPTIONS"), .invalidTarget),
        .init(
            "an asterisk with an empty Host",
            "OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
            .reaches(path: "*", authority: "", framing: .none)
        ),
        .init(
            "OPTIONS for a whole server",
            target("http://b.example", method: "OPTIONS"),
            .reaches(path: "*", authority: "b.example", framing: .none)
        ),
        .init(
            "OPTIONS for the root",
            target("http://b.example/", method: "OPTIONS"),
            .reaches(path: "/", authority: "b.example", framing: .none)
        ),
        .init(
            "CONNECT",
            target("b.example:443", method: "CONNECT"),
            .reaches(path: "", authority: "b.example:443", framing: .none)
        ),
        .init(
            "CONNECT to an IPv6 address",
            target("[2001:db8::1]:443", method: "CONNECT"),
            .reaches(path: "", authority: "[2001:db8::1]:443", framing: .none)
        ),
        .init("CONNECT without a port", target("b.example", method: "CONNECT"), .invalidTarget),
        .init("CONNECT to port 0", target("b.example:0", method: "CONNECT"), .invalidTarget),
        .init("CONNECT with a path", target("/x", method: "CONNECT"), .invalidTarget),
        .init("CONNECT with a URL", target("http://b.example/", method: "CONNECT"), .invalidTarget),
        .init(
            "CONNECT with userinfo",
            target("u@b.example:443", method: "CONNECT"),
            .invalidTarget
        ),
        .init(
            "CONNECT with a length",
            "CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\n",
            .bodyWithConnect
        ),
        .init(
            "CONNECT with chunks",
            "CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n",
            .bodyWithConnect
        ),
        .init("a fragment", target("/a#b"), .invalidTarget),
        .init("a fragment alone", target("#"), .invalidTarget),
        .init("a fragment in a query", target("/?a#b"), .invalidTarget),
        .init("a NUL", target("/a\u{0}b"), .invalidTarget),
        .init("a control character", target("/a\u{1}b"), .invalidTarget),
        .init("an escape character", target("/a\u{1b}[31m"), .invalidTarget),
        .init("a DEL", target("/a\u{7f}"), .invalidTarget),
        .init("a byte beyond ASCII", target("/caf\u{e9}"), .invalidTarget),
        .init("UTF-8", target("/caf\u{c3}\u{a9}"), .invalidTarget),
        .init("an overlong slash", target("/..\u{c0}\u{af}"), .invalidTarget),
        .init("a bare return in the target", target("/a\rb"), .invalidVersion),
        .init("a bare line feed in the target", target("/a\nb"), .invalidVersion),
        .init(
            "an escaped line end stays escaped",
            target("/%0d%0aX:y"),
            .reaches(path: "/%0d%0aX:y", authority: "a.example", framing: .none)
        ),
        .init("a line end in the target", target("/\r\nX: y"), .invalidVersion),
    ]
}

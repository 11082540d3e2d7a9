import Wire

extension RequestCase {
    /// Host (RFC 9112 section 3.2).
    static let hosts: [RequestCase] = [
        .init(
            "a host in upper case",
            host("A.Example"),
            .reaches(path: "/", authority: "A.Example", framing: .none)
        ),
        .init(
            "a host with a port",
            host("a.example:8080"),
            .reaches(path: "/", authority: "a.example:8080", framing: .none)
        ),
        .init("a host with blanks around", host(" \ta.example \t"), reaches: .none),
        .init("a host without a blank", "GET / HTTP/1.1\r\nhost:a.example\r\n\r\n", reaches: .none),
        .init(
            "a host with an underscore",
            host("a_b.example"),
            .reaches(path: "/", authority: "a_b.example", framing: .none)
        ),
        .init(
            "an IPv4 address",
            host("192.0.2.1:80"),
            .reaches(path: "/", authority: "192.0.2.1:80", framing: .none)
        ),
        .init(
            "an IPv6 address",
            host("[2001:db8::1]"),
            .reaches(path: "/", authority: "[2001:db8::1]", framing: .none)
        ),
        .init(
            "an IPv6 address with an IPv4 tail",
            host("[::ffff:192.0.2.1]:1"),
            .reaches(path: "/", authority: "[::ffff:192.0.2.1]:1", framing: .none)
        ),
        .init(
            "the largest port",
            host("a.example:65535"),
            .reaches(path: "/", authority: "a.example:65535", framing: .none)
        ),
        .init("no host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", .missingHost),
        .init("no fields", "GET / HTTP/1.1\r\n\r\n", .missingHost),
        .init("two hosts", get("Host: b.example"), .multipleHosts),
        .init("two equal hosts", get("Host: a.example"), .multipleHosts),
        .init("two hosts in two cases", get("HOST: b.example"), .multipleHosts),
        .init("two hosts in HTTP/1.0", get("Host: b.example", version: "1.0"), .multipleHosts),
        .init("two hosts, one empty", get("Host:"), .multipleHosts),
        .init("an empty host", host(""), .invalidHost),
        .init("a blank host", host(" \t "), .invalidHost),
        .init("an empty host in HTTP/1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n", .invalidHost),
        .init("a list of hosts", host("a.example, b.example"), .invalidHost),
        .init("a list of hosts without a blank", host("a.example,b.example"), .invalidHost),
        .init("two hosts with a space", host("a.example b.example"), .invalidHost),
        .init("two hosts with a tab", host("a.example\tb.example"), .invalidHost),
        .init("userinfo", host("u@a.example"), .invalidHost),
        .init("userinfo with a password", host("u:p@a.example"), .invalidHost),
        .init("a path in the host", host("a.example/admin"), .invalidHost),
        .init("a backslash in the host", host("a.example\\b"), .invalidHost),
        .init("a query in the host", host("a.example?b"), .invalidHost),
        .init("a fragment in the host", host("a.example#b"), .invalidHost),
        .init("a URL as the host", host("http://a.example"), .invalidHost),
        .init("an escape in the host", host("a%2eexample"), .invalidHost),
        .init("a byte beyond ASCII in the host", host("a.ex\u{e4}mple"), .invalidHost),
        .init("sub-delims in the host", host("a'or'1.example"), .invalidHost),
        .init("quotes around the host", host("\"a.example\""), .invalidHost),
        .init("an empty port", host("a.example:"), .invalidHost),
        .init("port 0", host("a.example:0"), .invalidHost),
        .init("a port with leading zeros", host("a.example:0080"), .invalidHost),
        .init("a large port", host("a.example:65536"), .invalidHost),
        .init("a port of many digits", host("a.example:18446744073709551696"), .invalidHost),
        .init("a signed port", host("a.example:+80"), .invalidHost),
        .init("a negative port", host("a.example:-1"), .invalidHost),
        .init("a port of letters", host("a.example:http"), .invalidHost),
        .init("two ports", host("a.example:80:80"), .invalidHost),
        .init("a port alone", host(":80"), .invalidHost),
        .init("an IPv6 address without brackets", host("::1"), .invalidHost),
        .init("an IPv6 address that does not end", host("[::1"), .invalidHost),
        .init("an IPv6 address with a zone", host("[fe80::1%25eth0]"), .invalidHost),
        .init("a name in brackets", host("[a.example]"), .invalidHost),
        .init("empty brackets", host("[]"), .invalidHost),
        .init("brackets and a name", host("[::1]a.example"), .invalidHost),
        .init("brackets and an empty port", host("[::1]:"), .invalidHost),
        .init("a NUL in the Host line", host("a.example\u{0}"), .invalidFieldValue),
    ]

    /// Field lines (RFC 9112 section 5).
    static let fields: [RequestCase] = [
        .init("an empty value", get("X:"), reaches: .none),
        .init("blanks around a value", get("X: \t a \t "), reaches: .none),
        .init("an underscore in a name", get("X_Forwarded_For: a"), reaches: .none),
        .init("every token byte in a name", get("!#$%&'*+-.^_`|~09AZaz: a"), reaches: .none),
        .init("a tab in a value", get("X: a\tb"), reaches: .none),
        .init("bytes beyond ASCII in a value", get("X: \u{80}\u{ff}"), reaches: .none),
        .init("a colon in a value", get("X: a: b"), reaches: .none),
        .init("a space before the colon", get("X : a"), .spaceBeforeColon),
        .init("a tab before the colon", get("X\t: a"), .spaceBeforeColon),
        .init(
            "a space before the colon of a length",
            post("Content-Length : 5"),
            .spaceBeforeColon
        ),
        .init(
            "a space before the colon of an encoding",
            post("Transfer-Encoding : chunked"),
            .spaceBeforeColon
        ),
        .init("a space in a name", get("X Y: a"), .spaceBeforeColon),
        .init("no colon", get("Xabc"), .invalidFieldName),
        .init("an empty name", get(": a"), .invalidFieldName),
        .init("a field name in brackets", get("X[0]: a"), .invalidFieldName),
        .init("a name in quotes", get("\"X\": a"), .invalidFieldName),
        .init("a slash in a name", get("X/Y: a"), .invalidFieldName),
        .init("a NUL in a name", get("X\u{0}Y: a"), .invalidFieldName),
        .init("a NUL before a name", get("\u{0}Content-Length: 5"), .invalidFieldName),
        .init("a DEL in a name", get("X\u{7f}: a"), .invalidFieldName),
        .init(
            "a vertical tab before a name",
            get("\u{b}Transfer-Encoding: chunked"),
            .invalidFieldName
        ),
        .init("a byte beyond ASCII in a name", get("Transf\u{e9}r: a"), .invalidFieldName),
        .init(
            "the Kelvin sign in a name",
            get("Content-\u{e2}\u{84}\u{aa}ey: a"),
            .invalidFieldName
        ),
        .init("a pseudo-header", get(":path: /admin"), .invalidFieldName),
        .init("a folded line", get("X: a", " b"), .obsFold),
        .init("a line folded with a tab", get("X: a", "\tb"), .obsFold),
        .init("a folded length", post("Content-Length: 5", " 6"), .obsFold),
        .init(
            "a folded encoding",
            post("Transfer-Encoding:", " chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "a blank before the first field",
            "GET / HTTP/1.1\r\n Host: a.example\r\n\r\n",
            .obsFold
        ),
        .init("a line of blanks", get("X: a", " "), .obsFold),
        .init("a NUL in a value", get("X: a\u{0}b"), .invalidFieldValue),
        .init("a backspace in a value", get("X: a\u{8}b"), .invalidFieldValue),
        .init("a vertical tab in a value", get("X: a\u{b}b"), .invalidFieldValue),
        .init("a form feed in a value", get("X: a\u{c}b"), .invalidFieldValue),
        .init("an escape character in a value", get("X: \u{1b}[2J"), .invalidFieldValue),
        .init("a DEL in a value", get("X: a\u{7f}"), .invalidFieldValue),
        .init("a bare return in a value", get("X: a\rb"), .bareCR),
        .init(
            "a bare return before a forged field",
            get("X: a\rTransfer-Encoding: chunked"),
            .bareCR
        ),
        .init("two returns at a line's end", get("X: a\r"), .bareCR),
        .init("a bare line feed in a value", get("X: a\nb"), .bareLF),
        .init("a bare line feed before a forged field", get("X: a\nContent-Length: 5"), .bareLF),
        .init("a bare line feed at the end", "GET / HTTP/1.1\r\nHost: a.example\n\r\n", .bareLF),
        .init(
            "a bare line feed as the blank line",
            "GET / HTTP/1.1\r\nHost: a.example\r\n\n",
            .bareLF
        ),
        .init("bare line feeds only", "GET / HTTP/1.1\nHost: a.example\n\n", .bareLF),
        .init(
            "a bare return as the blank line",
            "GET / HTTP/1.1\r\nHost: a.example\r\n\rX",
            .bareCR
        ),
        .init(
            "a line end with feed and return swapped",
            "GET / HTTP/1.1\r\nHost: a.example\n\r\n",
            .bareLF
        ),
        .init("the next line character", get("X: a\u{85}b"), reaches: .none),
        .init(
            "Connection with every option",
            get("Connection: close, Keep-Alive ,, upgrade"),
            reaches: .none
        ),
        .init("an empty Connection", get("Connection:"), reaches: .none),
        .init("Connection with a quoted option", get("Connection: \"close\""), .invalidConnection),
        .init("Connection with two words", get("Connection: keep alive"), .invalidConnection),
        .init("Connection with a semicolon", get("Connection: close;a"), .invalidConnection),
        .init(
            "Connection with 64 options",
            get("Connection: " + Array(repeating: "a", count: 64).joined(separator: ",")),
            reaches: .none
        ),
        .init(
            "Connection with 65 options",
            get("Connection: " + Array(repeating: "a", count: 65).joined(separator: ",")),
            .tooManyConnectionOptions
        ),
        .init(
            "Connection with 65 options on two lines",
            get(
                "Connection: " + Array(repeating: "a", count: 64).joined(separator: ","),
                "Connection: b"
            ),
            .tooManyConnectionOptions
        ),
        .init("Expect", post("Expect: 100-continue", "Content-Length: 1"), reaches: .length(1)),
        .init(
            "Expect in capitals",
            post("Expect: 100-Continue", "Content-Length: 1"),
            reaches: .length(1)
        ),
        .init("another expectation", post("Expect: 200-ok"), .unsupportedExpectation),
        .init("an empty expectation", post("Expect:"), .unsupportedExpectation),
        .init("a list of expectations", post("Expect: 100-continue, x"), .unsupportedExpectation),
        .init(
            "a folded-looking expectation",
            post("Expect: y 100-continue"),
            .unsupportedExpectation
        ),
        .init(
            "one expectation we know, one we don't",
            post("Expect: 100-continue", "Expect: x"),
            .unsupportedExpectation
        ),
    ]
}

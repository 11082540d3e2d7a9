import Model
import Policy
import Testing

@Suite("Virtual hosts")
struct VirtualHostLookupTests {
    private let hosts = table([
        (["www.foo.com", "Bar.Example"], []), (["*.foo.com"], []), (["*.com"], []),
        (["*-edge.foo.com"], []), (["api.*"], []), (["api.internal.*"], []), (["*"], []),
        (["[::1]:8080"], []),
    ])

    private func name(of table: RouteTable, _ authority: String) -> String? {
        let bytes = Array(authority.utf8)
        return table.virtualHost(authority: bytes.span)?.name
    }

    @Test(
        "exact before suffix before prefix before the star, the longest first",
        arguments: [
            ("www.foo.com", "www.foo.com"), ("WWW.Foo.COM", "www.foo.com"),
            ("bar.example", "www.foo.com"), ("a.foo.com", "*.foo.com"),
            ("a.b.foo.com", "*.foo.com"), ("x-edge.foo.com", "*-edge.foo.com"),
            ("X-EDGE.FOO.COM", "*-edge.foo.com"), ("bar.com", "*.com"), ("foo.com", "*.com"),
            ("api.net", "api.*"), ("api.internal.net", "api.internal.*"),
            ("API.net", "api.*"), ("api.com", "*.com"), ("other", "*"), ("", "*"),
            ("[::1]:8080", "[::1]:8080"),
        ]
    )
    func order(authority: String, host: String) {
        #expect(name(of: hosts, authority) == host)
    }

    @Test(
        "a star stands for at least one byte",
        arguments: [
            (".foo.com", "*.com"), ("api.", "*"), (".com", "*"), ("-edge.foo.com", "*.foo.com"),
        ]
    )
    func starIsNotEmpty(authority: String, host: String) {
        #expect(name(of: hosts, authority) == host)
    }

    @Test(
        "the port belongs to the name",
        arguments: [("www.foo.com:80", "*"), ("a.foo.com:443", "*"), ("api.net:80", "api.*")]
    )
    func ports(authority: String, host: String) {
        #expect(name(of: hosts, authority) == host)
    }

    @Test("without a star, an unknown name has no virtual host")
    func noDefault() {
        let only = table([(["a.example"], [])])
        #expect(name(of: only, "b.example") == nil)
        #expect(lookup(only, request(authority: "b.example")) == "no virtual host")
        #expect(lookup(only, request(authority: "a.example")) == "no route in a.example")
    }

    @Test("a long name in capitals is compared whole")
    func longNames() {
        let long = String(repeating: "a", count: 5_000)
        let only = table([([long], [])])
        #expect(name(of: only, long.uppercased()) == long)
    }

    @Test(
        "TLS is required of all, of outsiders, or of nobody",
        arguments: [
            (VirtualHost.TLSRequirement.none, false, false, false),
            (.all, false, false, true), (.all, false, true, true), (.all, true, false, false),
            (.externalOnly, false, false, true), (.externalOnly, false, true, false),
            (.externalOnly, true, false, false),
        ]
    )
    func tls(
        requirement: VirtualHost.TLSRequirement,
        isTLS: Bool,
        isInternal: Bool,
        redirects: Bool
    ) {
        let host = VirtualHost(name: "h", domains: [], routes: [], tlsRequirement: requirement)
        let head = request(
            "GET",
            "/",
            isTLS: isTLS,
            isInternal ? [("x-envoy-internal", "true")] : []
        )
        #expect(host.redirectsToTLS(head) == redirects)
    }
}

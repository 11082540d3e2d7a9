import Model
import Policy
import Testing

@Suite("Where a request comes from")
struct OriginTests {
    private func apply(
        _ manager: HTTPConnectionManager,
        to head: Head,
        remote: SocketAddress = .ipv4(0xcb00_7107, port: 5),
        own: ByteString = "",
        node: ByteString = ""
    ) -> ForwardedHeaders.Origin {
        var random = Xoshiro256(seed: 1)
        let bytes = Array(remote.host.utf8)
        return ForwardedHeaders.apply(
            to: head,
            manager: manager,
            remoteText: bytes.span,
            isTLS: false,
            connection: .init(
                remote: remote,
                local: .ipv4(0x7f00_0001, port: 15_001),
                ownAddress: own,
                nodeName: node
            ),
            random: &random
        )
    }

    private func ranges(_ prefix: [UInt8], _ length: UInt8) -> [AddressRange] {
        AddressRange(prefix: prefix, length: length).map { [$0] } ?? []
    }

    private func detecting(
        _ detection: HTTPConnectionManager.OriginalIPDetection
    ) -> HTTPConnectionManager {
        HTTPConnectionManager(
            statPrefix: "t",
            routes: table([]),
            originalIPDetection: [detection],
            internalAddresses: .init(ranges: ranges([10, 0, 0, 0], 8))
        )
    }

    @Test("a loopback peer is told as this machine's own address where that is known")
    func ownAddress() {
        let manager = HTTPConnectionManager(
            statPrefix: "t",
            routes: table([]),
            usesRemoteAddress: true
        )
        let head = request()
        let origin = apply(manager, to: head, remote: .ipv4(0x7f00_0001, port: 9), own: "192.0.2.2")
        let other = request()
        _ = apply(manager, to: other, remote: .ipv4(0x7f00_0002, port: 9), own: "192.0.2.2")
        #expect(values("x-forwarded-for", of: other) == "127.0.0.2")
        #expect(values("x-forwarded-for", of: head) == "192.0.2.2")
        #expect(values("x-envoy-external-address", of: head) == "127.0.0.1")
        #expect(origin.address == .ipv4(0x7f00_0001, port: 9))
    }

    private static let trustedRanges: [([String], peerIsTrusted: Bool, String?, isInternal: Bool)] =
        [
            (["1.2.3.4"], true, "1.2.3.4", false), (["1.2.3.4"], false, nil, false),
            (["1.2.3.4,192.168.0.1"], true, "1.2.3.4", false),
            (["1.2.3.4", "192.168.0.1, 192.168.0.2"], true, "1.2.3.4", false),
            (["9.9.9.9,1.2.3.4,192.168.0.1"], true, "1.2.3.4", false),
            (["192.168.0.3,192.168.0.1"], true, "192.168.0.3", false),
            (["rubbish,192.168.0.1"], true, nil, false), (["10.0.0.1"], true, "10.0.0.1", true),
            ([], true, nil, false),
        ]

    @Test("trusted proxies are skipped by their ranges", arguments: trustedRanges.indices)
    func byRanges(index: Int) {
        let (lines, trusted, client, isInternal) = Self.trustedRanges[index]
        let manager = detecting(
            .forwardedFor(
                trustedHops: 0,
                trustedRanges: ranges([192, 168, 0, 0], 16),
                skipsAppend: true
            )
        )
        let head = request("GET", "/", lines.map { ("x-forwarded-for", $0) })
        let peer: SocketAddress =
            trusted ? .ipv4(0xc0a8_0101, port: 5) : .ipv4(0x0808_0808, port: 5)
        let origin = apply(manager, to: head, remote: peer)
        #expect(origin.client.map { text($0, of: head) } == client)
        #expect(origin.address?.host == client ?? peer.host)
        #expect(origin.isInternal == isInternal)
        #expect(
            values("x-forwarded-for", of: head)
                == (lines.isEmpty ? nil : lines.joined(separator: "|"))
        )
    }

    @Test("an extension that does not skip it appends the peer")
    func appendsPeer() {
        let manager = detecting(
            .forwardedFor(trustedHops: 0, trustedRanges: nil, skipsAppend: false)
        )
        let head = request("GET", "/", [("x-forwarded-for", "1.2.3.4")])
        let origin = apply(manager, to: head)
        #expect(values("x-forwarded-for", of: head) == "1.2.3.4,203.0.113.7")
        #expect(origin.address == .ipv4(0x0102_0304, port: 0))
    }

    @Test("a custom header names the client, or the request is refused")
    func customHeader() {
        func origin(
            _ value: String?,
            trusted: Bool = false,
            status: UInt16? = nil
        ) -> ForwardedHeaders.Origin {
            let manager = detecting(
                .header("x-real-ip", makesTrusted: trusted, rejectedStatus: status)
            )
            return apply(manager, to: request("GET", "/", value.map { [("X-Real-IP", $0)] } ?? []))
        }
        #expect(origin("10.0.0.1").address?.host == "10.0.0.1")
        #expect(!origin("10.0.0.1").isInternal)
        #expect(origin("10.0.0.1", trusted: true).isInternal)
        #expect(!origin("8.8.8.8", trusted: true).isInternal)
        #expect(origin("fe80::1").address?.host == "fe80::1")
        #expect(origin("x").address?.host == "203.0.113.7")
        #expect(origin("x", status: 401).rejection == 401)
        #expect(origin(nil, status: 401).rejection == 401)
        #expect(origin("1.2.3.4", status: 401).rejection == nil)
    }

    @Test("port, user agent, node and via are told where the configuration says so")
    func additions() {
        let manager = HTTPConnectionManager(
            statPrefix: "t",
            routes: table([]),
            usesRemoteAddress: true,
            appendsForwardedPort: true,
            addsUserAgent: "shop",
            via: "1.1 pillion"
        )
        let head = request("GET", "/", [("via", "a"), ("Via", "b"), ("x-forwarded-port", "1")])
        _ = apply(manager, to: head, node: "node-1")
        #expect(values("x-forwarded-port", of: head) == "15001")
        #expect(values("user-agent", of: head) == "shop")
        #expect(values("x-envoy-downstream-service-cluster", of: head) == "shop")
        #expect(values("x-envoy-downstream-service-node", of: head) == "node-1")
        #expect(values("via", of: head) == "a, b, 1.1 pillion")
        let named = request("GET", "/", [("user-agent", "me")])
        _ = apply(manager, to: named)
        #expect(values("user-agent", of: named) == "me")
        #expect(values("via", of: named) == "1.1 pillion")
    }

    @Test("a protocol that is none stays, and says nothing of the connection")
    func wrongProtocol() {
        let manager = HTTPConnectionManager(statPrefix: "t", routes: table([]))
        let head = request("GET", "/", [("x-forwarded-proto", "ftp")])
        _ = apply(manager, to: head)
        #expect(values("x-forwarded-proto", of: head) == "ftp")
        #expect(!head.isSecure)
        head.isTLS = true
        #expect(head.isSecure)
    }

    @Test(
        "the scheme of the configuration goes before what a client says",
        arguments: [true, false]
    )
    func overwrittenScheme(usesRemote: Bool) {
        let manager = HTTPConnectionManager(
            statPrefix: "t",
            routes: table([]),
            usesRemoteAddress: usesRemote,
            schemeOverwrite: "https"
        )
        let head = request("GET", "/", [("x-forwarded-proto", "http")])
        _ = apply(manager, to: head)
        #expect(values("x-forwarded-proto", of: head) == "https")
        #expect(head.isSecure)
    }

    @Test("nobody outside can vouch for a client certificate")
    func clientCertificate() {
        let manager = HTTPConnectionManager(statPrefix: "t", routes: table([]))
        let head = request("GET", "/", [("x-forwarded-client-cert", "By=x")])
        _ = apply(manager, to: head)
        #expect(values("x-forwarded-client-cert", of: head) == nil)
    }

    @Test(
        "the authority loses its port and its last dot where the configuration says so",
        arguments: [
            ("shop.test:8080", true, false, nil, "shop.test"),
            ("shop.test:80", false, false, 80, "shop.test"),
            ("shop.test:81", false, false, 80, "shop.test:81"),
            ("shop.test.:8080", false, true, nil, "shop.test:8080"),
            ("shop.test.", false, true, nil, "shop.test"), (".", false, true, nil, "."),
            ("shop.test.:80", true, true, nil, "shop.test"),
            ("[::1]:80", true, false, nil, "[::1]"),
            ("[::1]", true, false, nil, "[::1]"), ("shop.test:x", true, false, nil, "shop.test:x"),
            ("shop.test:", true, false, nil, "shop.test:"), ("", true, true, nil, ""),
        ] as [(String, Bool, Bool, UInt16?, String)]
    )
    func authority(before: String, any: Bool, dot: Bool, port: UInt16?, after: String) {
        let manager = HTTPConnectionManager(
            statPrefix: "t",
            routes: table([]),
            stripsPort: any ? .any : port == nil ? .none : .matching,
            stripsTrailingDot: dot
        )
        let head = request("GET", "/", authority: before, [("host", before)])
        AuthorityStripping.apply(to: head, manager: manager, listenerPort: port ?? 15_001)
        #expect(text(head.authority, of: head) == after)
        #expect(values("host", of: head) == after)
    }

    @Test("names with an underscore are kept, dropped or refused")
    func underscores() {
        let fields = [("x_a", "1"), ("x-b", "2"), ("X_C", "3")]
        #expect(UnderscoredNames.apply(.allow, to: request("GET", "/", fields)) == .kept)
        #expect(UnderscoredNames.apply(.reject, to: request("GET", "/", fields)) == .rejected)
        let head = request("GET", "/", fields)
        #expect(UnderscoredNames.apply(.drop, to: head) == .dropped(2))
        #expect(values("x_a", of: head) == nil)
        #expect(values("x-b", of: head) == "2")
        #expect(UnderscoredNames.apply(.reject, to: request()) == .kept)
    }
}

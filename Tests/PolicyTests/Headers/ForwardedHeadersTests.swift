import Model
import Policy
import Testing

@Suite("Forwarded headers")
struct ForwardedHeadersTests {
    private func manager(
        usesRemote: Bool = true,
        skips: Bool = false,
        hops: UInt32 = 0,
        generates: Bool = true,
        preserves: Bool = false
    ) -> HTTPConnectionManager {
        HTTPConnectionManager(
            statPrefix: "test",
            routes: table([]),
            usesRemoteAddress: usesRemote,
            skipsXFFAppend: skips,
            xffTrustedHopCount: hops,
            generatesRequestID: generates,
            preservesExternalRequestID: preserves
        )
    }

    /// Which addresses count as internal.
    private enum Inside { case none, privateNetworks }

    private func with(_ inside: Inside, _ manager: HTTPConnectionManager) -> HTTPConnectionManager {
        func range(_ prefix: [UInt8], _ length: UInt8) -> [AddressRange] {
            AddressRange(prefix: prefix, length: length).map { [$0] } ?? []
        }
        let v6 = Array(repeating: UInt8(0), count: 15)
        let all =
            range([10, 0, 0, 0], 8) + range([127, 0, 0, 0], 8) + range([172, 16, 0, 0], 12)
            + range([192, 168, 0, 0], 16) + range(v6 + [1], 128) + range([0xfd] + v6, 8)
        return HTTPConnectionManager(
            statPrefix: "test",
            routes: manager.routes,
            usesRemoteAddress: manager.usesRemoteAddress,
            skipsXFFAppend: manager.skipsXFFAppend,
            xffTrustedHopCount: manager.xffTrustedHopCount,
            internalAddresses: .init(ranges: inside == .none ? [] : all),
            generatesRequestID: manager.generatesRequestID,
            preservesExternalRequestID: manager.preservesExternalRequestID
        )
    }

    @discardableResult
    private func apply(
        _ manager: HTTPConnectionManager,
        to head: Head,
        remote: String = "203.0.113.7",
        isTLS: Bool = false,
        inside: Inside = .none,
        seed: UInt64 = 1
    ) -> ForwardedHeaders.Origin {
        var random = Xoshiro256(seed: seed)
        let bytes = Array(remote.utf8)
        return ForwardedHeaders.apply(
            to: head,
            manager: with(inside, manager),
            remoteText: bytes.span,
            isTLS: isTLS,
            random: &random
        )
    }

    private static let forwardedFor: [(Bool, Bool, [String], String?)] = [
        (true, false, [], "203.0.113.7"), (true, false, ["1.2.3.4"], "1.2.3.4,203.0.113.7"),
        (true, false, ["1.2.3.4", "5.6.7.8"], "1.2.3.4|5.6.7.8,203.0.113.7"),
        (true, false, [""], "203.0.113.7"), (true, false, ["rubbish"], "rubbish,203.0.113.7"),
        (true, true, ["1.2.3.4"], "1.2.3.4"), (true, true, [], nil),
        (false, false, ["1.2.3.4"], "1.2.3.4"), (false, false, [], nil),
    ]

    @Test("the peer is appended where remote addresses are used", arguments: forwardedFor.indices)
    func appendsPeer(index: Int) {
        let (usesRemote, skips, before, after) = Self.forwardedFor[index]
        let head = request("GET", "/", before.map { ("X-Forwarded-For", $0) })
        apply(manager(usesRemote: usesRemote, skips: skips), to: head)
        #expect(values("x-forwarded-for", of: head) == after)
    }

    @Test("a peer without an address appends nothing")
    func unixSocket() {
        let head = request("GET", "/", [("x-forwarded-for", "1.2.3.4")])
        apply(manager(), to: head, remote: "")
        #expect(values("x-forwarded-for", of: head) == "1.2.3.4")
        #expect(values("x-envoy-external-address", of: head) == nil)
    }

    private static let protocols: [(Bool, UInt32, String?, Bool, String)] = [
        (true, 0, nil, false, "http"), (true, 0, nil, true, "https"),
        (true, 0, "https", false, "http"), (true, 0, "http", true, "https"),
        (true, 1, "https", false, "https"), (true, 1, nil, false, "http"),
        (false, 0, "https", false, "https"), (false, 0, nil, true, "https"),
        (false, 0, nil, false, "http"),
    ]

    @Test("x-forwarded-proto is believed of trusted hops only", arguments: protocols.indices)
    func forwardedProtocol(index: Int) {
        let (usesRemote, hops, before, isTLS, after) = Self.protocols[index]
        let fields =
            before.map { [("X-Forwarded-Proto", $0), ("x-forwarded-proto", "twice")] } ?? []
        let head = request("GET", "/", usesRemote && hops == 0 ? fields : Array(fields.prefix(1)))
        apply(manager(usesRemote: usesRemote, hops: hops), to: head, isTLS: isTLS)
        #expect(values("x-forwarded-proto", of: head) == after)
    }

    private static let requestIDs: [(Bool, Bool, Bool, String?, kept: Bool?)] = [
        (true, true, false, "mine", false), (true, true, true, "mine", true),
        (false, true, false, "mine", true), (true, true, true, nil, false),
        (false, true, false, nil, false), (true, false, false, "mine", true),
        (true, false, false, nil, nil),
    ]

    @Test(
        "an edge request gets a new identifier, another keeps the one it has",
        arguments: requestIDs.indices
    )
    func requestID(index: Int) {
        let (usesRemote, generates, preserves, before, kept) = Self.requestIDs[index]
        let head = request("GET", "/", before.map { [("X-Request-ID", $0)] } ?? [])
        apply(
            manager(usesRemote: usesRemote, generates: generates, preserves: preserves),
            to: head
        )
        let after = values("x-request-id", of: head)
        switch kept {
        case nil: #expect(after == nil)
        case true?: #expect(after == "mine")
        case false?: #expect(after?.utf8.count == 36)
        }
    }

    private static let steering = [
        "x-envoy-retry-on", "x-envoy-retry-grpc-on", "x-envoy-max-retries",
        "x-envoy-retriable-status-codes", "x-envoy-retriable-header-names",
        "x-envoy-hedge-on-per-try-timeout", "x-envoy-upstream-rq-timeout-ms",
        "x-envoy-upstream-rq-per-try-timeout-ms", "x-envoy-upstream-rq-timeout-alt-response",
        "x-envoy-expected-rq-timeout-ms", "x-envoy-upstream-alt-stat-name", "x-envoy-force-trace",
        "x-envoy-ip-tags", "x-envoy-original-url", "x-envoy-upstream-stream-duration-ms",
    ]
    private static let edgeOnly = [
        "x-envoy-decorator-operation", "x-envoy-downstream-service-cluster",
        "x-envoy-downstream-service-node", "x-envoy-original-path", "x-envoy-original-host",
    ]
    private static let harmless = [
        "x-envoy-attempt-count", "x-envoy-retry-onx", "x-envoyretry-on-x",
    ]

    @Test("a request from outside cannot steer this proxy, in whatever case it writes the names")
    func sanitizing() {
        for usesRemote in [true, false] {
            let names = Self.steering + Self.edgeOnly + Self.harmless
            let head = request(
                "GET",
                "/",
                names.map { ($0.uppercased(), "1") } + names.map { ($0, "2") }
            )
            apply(manager(usesRemote: usesRemote), to: head)
            for name in Self.steering { #expect(values(name, of: head) == nil, "\(name)") }
            for name in Self.edgeOnly {
                #expect(values(name, of: head) == (usesRemote ? nil : "1|2"), "\(name)")
            }
            for name in Self.harmless { #expect(values(name, of: head) == "1|2", "\(name)") }
        }
    }

    @Test("a request from inside keeps them and is marked")
    func internalRequest() {
        let head = request(
            "GET",
            "/",
            [("x-envoy-retry-on", "5xx"), ("x-request-id", "mine")]
        )
        let origin = apply(
            manager(),
            to: head,
            remote: "10.1.2.3",
            inside: .privateNetworks
        )
        #expect(origin.client == nil)
        #expect(origin.isInternal)
        #expect(!origin.isEdge)
        #expect(values("x-envoy-internal", of: head) == "true")
        #expect(values("x-envoy-retry-on", of: head) == "5xx")
        #expect(values("x-request-id", of: head) == "mine")
        #expect(values("x-envoy-external-address", of: head) == nil)
    }

    @Test("nobody can claim to be inside")
    func forgedInternal() {
        for usesRemote in [true, false] {
            let head = request(
                "GET",
                "/",
                [("X-Envoy-Internal", "true"), ("x-envoy-internal", "true")]
            )
            apply(manager(usesRemote: usesRemote), to: head)
            #expect(values("x-envoy-internal", of: head) == nil)
        }
    }

    @Test("a peer inside that forwards somebody else's request is not inside itself")
    func forwardedThroughInside() {
        let head = request("GET", "/", [("x-forwarded-for", "10.0.0.1")])
        let origin = apply(manager(), to: head, remote: "10.1.2.3", inside: .privateNetworks)
        #expect(!origin.isInternal)
        #expect(origin.isEdge)
    }

    private static let trusted: [(Bool, UInt32, [String], String?, isInternal: Bool)] = [
        (false, 0, ["1.2.3.4"], "1.2.3.4", false), (false, 0, ["10.0.0.1"], "10.0.0.1", true),
        (false, 0, ["1.1.1.1, 10.0.0.1 "], "10.0.0.1", false),
        (false, 0, ["10.0.0.1", "10.0.0.2"], "10.0.0.2", false),
        (false, 1, ["10.0.0.1,10.0.0.2"], "10.0.0.1", false),
        (false, 1, ["10.0.0.1", "10.0.0.2"], "10.0.0.1", false),
        (false, 2, ["10.0.0.1", "10.0.0.2"], nil, false), (false, 0, ["unknown"], nil, false),
        (false, 0, ["1.2.3.4:80"], nil, false), (false, 0, ["::1"], "::1", true),
        (false, 0, ["fd00::1"], "fd00::1", true), (false, 0, ["2001:db8::1"], "2001:db8::1", false),
        (false, 0, ["::ffff:10.0.0.1"], "::ffff:10.0.0.1", true), (false, 0, [""], nil, false),
        (false, 0, [","], nil, false), (false, 0, [], nil, false),
        (true, 0, ["1.2.3.4"], nil, false), (true, 1, ["9.9.9.9,1.2.3.4"], "1.2.3.4", false),
        (true, 2, ["9.9.9.9,1.2.3.4"], "9.9.9.9", false),
        (true, 3, ["9.9.9.9,1.2.3.4"], nil, false),
    ]

    @Test("the client is the address that the last trusted hop saw", arguments: trusted.indices)
    func trustedHops(index: Int) {
        let (usesRemote, hops, lines, client, isInternal) = Self.trusted[index]
        let head = request("GET", "/", lines.map { ("x-forwarded-for", $0) })
        let origin = apply(
            manager(usesRemote: usesRemote, hops: hops),
            to: head,
            inside: .privateNetworks
        )
        #expect(origin.client.map { text($0, of: head) } == client, "\(Self.trusted[index])")
        #expect(origin.isInternal == isInternal, "\(Self.trusted[index])")
        if usesRemote {
            #expect(values("x-envoy-external-address", of: head) == client ?? "203.0.113.7")
        } else {
            #expect(values("x-envoy-external-address", of: head) == nil)
        }
    }

    @Test(
        "private addresses are loopback, RFC 1918 and unique local ones",
        arguments: [
            ("10.0.0.0", true), ("10.255.255.255", true), ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("127.0.0.1", true), ("172.15.255.255", false), ("172.16.0.0", true),
            ("172.31.255.255", true), ("172.32.0.0", false), ("192.168.0.1", true),
            ("192.169.0.1", false), ("192.167.255.255", false), ("0.0.0.0", false),
            ("010.0.0.1", false), ("10.0.0", false), ("10.0.0.1.1", false), ("10.0.0.256", false),
            ("10.0.0.1x", false), ("::1", true), ("::2", false), ("::", false),
            ("fd12:3456::", true),
            ("FDFF::1", true), ("fc00::1", false), ("fe80::1", false), ("::ffff:127.0.0.1", true),
            ("::ffff:8.8.8.8", false), ("::7f00:1", false), (":::1", false), ("::1::", false),
            ("1:2:3:4:5:6:7:8:9", false), ("fd00:2:3:4:5:6:7:8", true), ("fd00:2:3:4:5:6:7", false),
            ("fd00:2:3:4:5:6:1.2.3.4", true), ("fd00::1.2.3.4:5", false), ("fd00:", false),
            ("fd00:::", false), ("fd00::12345", false), ("fd00::g", false), ("[::1]", false),
        ]
    )
    func privateAddresses(address: String, isInternal: Bool) {
        let head = request()
        let origin = apply(manager(), to: head, remote: address, inside: .privateNetworks)
        #expect(origin.isInternal == isInternal)
    }

    @Test("by default no address is inside, as in Envoy without internal_address_config")
    func defaultIsOutside() {
        let head = request()
        #expect(!apply(manager(), to: head, remote: "127.0.0.1").isInternal)
    }
}

import Model
import Policy

/// A few chains, and which of them connections get.
struct FilterChainCase: Sendable, CustomStringConvertible {
    var name: String
    var chains: [FilterChainMatch]
    var connection: ConnectionFacts
    /// nil: the default chain.
    var expected: Int?

    init(
        _ name: String,
        _ chains: [FilterChainMatch],
        _ connection: ConnectionFacts,
        _ expected: Int?
    ) {
        self.name = name
        self.chains = chains
        self.connection = connection
        self.expected = expected
    }

    var description: String { name }
}

func address(_ text: String, _ port: UInt16 = 0) -> SocketAddress {
    SocketAddress(literal: text, port: port) ?? .unix(path: text)
}

func range(_ text: String, _ length: UInt8) -> AddressRange {
    var bytes: [UInt8] = []
    switch address(text) {
    case .ipv4(let value, _):
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    case .ipv6(let high, let low, _, _):
        for word in [high, low] {
            for index in 0..<8 {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * index)))
            }
        }
    case .unix: break
    }
    return AddressRange(prefix: bytes, length: length) ?? range("0.0.0.0", 0)
}

func match(
    port: UInt16? = nil,
    to: [AddressRange] = [],
    names: [ByteString] = [],
    transport: ByteString = "",
    protocols: [ByteString] = [],
    directly: [AddressRange] = [],
    type: FilterChainMatch.SourceType = .any,
    from: [AddressRange] = [],
    ports: [UInt16] = []
) -> FilterChainMatch {
    var match = FilterChainMatch()
    match.destinationPort = port
    match.destinationRanges = to
    match.serverNames = names
    match.transportProtocol = transport
    match.applicationProtocols = protocols
    match.directSourceRanges = directly
    match.sourceType = type
    match.sourceRanges = from
    match.sourcePorts = ports
    return match
}

func facts(
    to: SocketAddress = address("10.0.0.1", 80),
    name: ByteString? = nil,
    transport: ByteString = "raw_buffer",
    protocols: [ByteString] = [],
    directly: SocketAddress? = nil,
    from: SocketAddress = address("192.0.2.7", 4_000)
) -> ConnectionFacts {
    ConnectionFacts(
        destination: to,
        serverName: name,
        transportProtocol: transport,
        applicationProtocols: protocols,
        directRemote: directly ?? from,
        remote: from
    )
}

extension FilterChainCase {
    static let destinations: [FilterChainCase] = {
        let ports = [match(), match(port: 80), match(port: 8080)]
        let failing = [match(), match(port: 80, transport: "tls")]
        let ranges = [
            match(to: [range("10.0.0.0", 8)]), match(to: [range("10.0.0.9", 24)]), match(),
            match(to: [range("10.0.0.1", 32), range("::1", 128)]),
            match(to: [range("0.0.0.0", 0)]), match(to: [range("2001:db8::", 33)]),
        ]
        return [
            FilterChainCase("no chains", [], facts(), nil),
            FilterChainCase("one for all", [match()], facts(), 0),
            FilterChainCase("its port", ports, facts(), 1),
            FilterChainCase("another port", ports, facts(to: address("10.0.0.1", 81)), 0),
            FilterChainCase("a path has no port", ports, facts(to: .unix(path: "/80")), 0),
            FilterChainCase("no way back from a port", failing, facts(), nil),
            FilterChainCase("a port that fits whole", failing, facts(transport: "tls"), 1),
            FilterChainCase("the whole address", ranges, facts(), 3),
            FilterChainCase("24 bits", ranges, facts(to: address("10.0.0.2")), 1),
            FilterChainCase("8 bits", ranges, facts(to: address("10.9.0.2")), 0),
            FilterChainCase("no bits, but asked for", ranges, facts(to: address("11.0.0.1")), 4),
            FilterChainCase("the other family", ranges, facts(to: address("2001:db9::1")), 2),
            FilterChainCase("33 bits", ranges, facts(to: address("2001:db8:7fff::1")), 5),
            FilterChainCase("not 33 bits", ranges, facts(to: address("2001:db8:8000::1")), 2),
            FilterChainCase("the second range", ranges, facts(to: address("::1")), 3),
            FilterChainCase("a path is in no bits", ranges, facts(to: .unix(path: "/a")), 4),
            FilterChainCase(
                "a path is in no range",
                [match(to: [range("10.0.0.0", 8)])],
                facts(to: .unix(path: "/a")),
                nil
            ),
            FilterChainCase(
                "no way back from an address",
                [
                    match(to: [range("10.0.0.0", 8)]),
                    match(to: [range("10.0.0.1", 32)], ports: [1]),
                ],
                facts(),
                nil
            ),
        ]
    }()

    static let handshakes: [FilterChainCase] = {
        let names = [
            match(names: ["*.com"]), match(names: ["*.example.com"]),
            match(names: ["www.example.com", "b.example.org"]), match(),
            match(names: ["example.com"]),
        ]
        let alpn = [
            match(protocols: ["http/1.1"]), match(protocols: ["h2", "istio"]), match(),
        ]
        let tls = [match(transport: "tls"), match(transport: "raw_buffer"), match()]
        func named(_ name: ByteString?) -> ConnectionFacts { facts(name: name, transport: "tls") }
        return [
            FilterChainCase("the whole name", names, named("www.example.com"), 2),
            FilterChainCase("the second name", names, named("b.example.org"), 2),
            FilterChainCase("the nearest parent", names, named("a.example.com"), 1),
            FilterChainCase("a grandchild", names, named("b.a.example.com"), 1),
            FilterChainCase("no child of itself", names, named("example.com"), 4),
            FilterChainCase("the farthest parent", names, named("example2.com"), 0),
            FilterChainCase("part of a label", names, named("aexample.com"), 0),
            FilterChainCase("another name", names, named("a.org"), 3),
            FilterChainCase("no name", names, named(nil), 3),
            FilterChainCase("the parent's label alone", names, named("com"), 3),
            FilterChainCase("an empty first label", names, named(".com"), 0),
            FilterChainCase("a dot at the end", names, named("a.com."), 3),
            FilterChainCase("no name and none without", [match(names: ["a"])], named(nil), nil),
            FilterChainCase(
                "no way back from a name",
                [
                    match(names: ["a.b"], transport: "raw_buffer"), match(names: ["*.b"]), match(),
                ],
                named("a.b"),
                nil
            ),
            FilterChainCase("TLS", tls, facts(transport: "tls"), 0),
            FilterChainCase("in clear", tls, facts(), 1),
            FilterChainCase("another transport", tls, facts(transport: "quic"), 2),
            FilterChainCase("the client's first", alpn, facts(protocols: ["h2", "http/1.1"]), 1),
            FilterChainCase("the order counts", alpn, facts(protocols: ["http/1.1", "h2"]), 0),
            FilterChainCase("the first known", alpn, facts(protocols: ["x", "istio"]), 1),
            FilterChainCase("none known", alpn, facts(protocols: ["x"]), 2),
            FilterChainCase("none offered", alpn, facts(), 2),
            FilterChainCase(
                "none offered and none without",
                [match(protocols: ["h2"])],
                facts(),
                nil
            ),
            FilterChainCase(
                "a name comes before protocols",
                [match(protocols: ["h2"]), match(names: ["a.b"])],
                facts(name: "a.b", protocols: ["h2"]),
                1
            ),
        ]
    }()

    static let sources: [FilterChainCase] = {
        let direct = [
            match(directly: [range("10.1.0.0", 16)]), match(from: [range("192.0.2.0", 24)]),
        ]
        let types = [match(), match(type: .sameIPOrLoopback), match(type: .external)]
        let local = [match(), match(type: .sameIPOrLoopback, ports: [1])]
        let sources = [
            match(from: [range("192.0.2.0", 24)]), match(from: [range("192.0.2.7", 32)]),
            match(from: [range("192.0.2.8", 32)], ports: [4_000, 5_000]), match(ports: [4_000]),
        ]
        return [
            FilterChainCase(
                "the peer's address",
                direct,
                facts(directly: address("10.1.2.3"), from: address("192.0.2.1")),
                0
            ),
            FilterChainCase("the client's address", direct, facts(), 1),
            FilterChainCase("neither", direct, facts(from: address("198.51.100.1")), nil),
            FilterChainCase("from outside", types, facts(), 2),
            FilterChainCase("from 127.0.0.1", types, facts(from: address("127.0.0.1")), 1),
            FilterChainCase("from 127.0.0.2", types, facts(from: address("127.0.0.2")), 2),
            FilterChainCase("from ::1", types, facts(from: address("::1")), 1),
            FilterChainCase("from itself", types, facts(from: address("10.0.0.1", 9)), 1),
            FilterChainCase("from a path", types, facts(from: .unix(path: "")), 1),
            FilterChainCase(
                "local or any",
                [match(type: .external), match()],
                facts(from: address("127.0.0.1")),
                1
            ),
            FilterChainCase(
                "external and local",
                [match(type: .external)],
                facts(from: address("127.0.0.1")),
                nil
            ),
            FilterChainCase(
                "no way back from a type",
                local,
                facts(from: address("127.0.0.1", 2)),
                nil
            ),
            FilterChainCase("the type does not fit", local, facts(), 0),
            FilterChainCase("the client's whole address", sources, facts(), 1),
            FilterChainCase(
                "the client's network",
                sources,
                facts(from: address("192.0.2.9", 4_000)),
                0
            ),
            FilterChainCase(
                "the client's port",
                sources,
                facts(from: address("192.0.2.8", 5_000)),
                2
            ),
            FilterChainCase(
                "no way back from an address of the client",
                sources,
                facts(from: address("192.0.2.8", 1)),
                nil
            ),
            FilterChainCase(
                "the port alone",
                sources,
                facts(from: address("198.51.100.1", 4_000)),
                3
            ),
            FilterChainCase(
                "another port",
                sources,
                facts(from: address("198.51.100.1", 4_001)),
                nil
            ),
        ]
    }()
}

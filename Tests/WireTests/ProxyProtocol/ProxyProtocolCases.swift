import Model
import Wire

/// A start of a connection and the header that it is.
struct ProxyProtocolCase: Sendable, CustomStringConvertible {
    var name: String
    var bytes: [UInt8]
    var expected: ProxyProtocolResult

    init(_ name: String, _ bytes: [UInt8], _ expected: ProxyProtocolResult) {
        self.name = name
        self.bytes = bytes
        self.expected = expected
    }

    var description: String { name }

    static let all = lines + refusedLines + binaries + refusedBinaries
}

let proxySignature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]

func proxyBinary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
    proxySignature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
}

extension ProxyProtocolCase {
    private static let a = SocketAddress.ipv4(0xae02_02de, port: 50_000)
    private static let b = SocketAddress.ipv4(0xac00_0001, port: 80)
    private static let c = SocketAddress.ipv6(
        high: 0x0001_0002_0003_0000,
        low: 4,
        port: 5,
        scope: 0
    )
    private static let d = SocketAddress.ipv6(high: 0, low: 1, port: 2, scope: 0)
    private static let v4: [UInt8] = [174, 2, 2, 222, 172, 0, 0, 1, 0xc3, 0x50, 0, 80]
    private static let v6: [UInt8] =
        [0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4]
        + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] + [0, 5, 0, 2]

    private static func header(
        _ version: ProxyProtocolHeader.Version,
        _ source: SocketAddress?,
        _ destination: SocketAddress?,
        tlvs: Range<Int>,
        _ consumed: Int
    ) -> ProxyProtocolResult {
        var header = ProxyProtocolHeader(
            version: version,
            isLocal: source == nil,
            tlvs: tlvs,
            consumed: consumed
        )
        header.source = source
        header.destination = destination
        return .header(header)
    }

    private static func line(
        _ text: String,
        _ source: SocketAddress?,
        _ destination: SocketAddress?
    ) -> ProxyProtocolCase {
        let bytes = Array("\(text)\r\n".utf8)
        return ProxyProtocolCase(
            text,
            bytes + Array("GET".utf8),
            header(.v1, source, destination, tlvs: 0..<0, bytes.count)
        )
    }

    private static let lines = [
        line("PROXY TCP4 174.2.2.222 172.0.0.1 50000 80", a, b),
        line("PROXY TCP6 1:2:3::4 ::1 5 2", c, d),
        line("PROXY TCP6 0001:0002:0003:0000:0000:0000:0000:0004 0:0:0:0:0:0:0:1 5 2", c, d),
        line("PROXY TCP4 174.2.2.222 172.0.0.1 50000 80  ", a, b),
        line("PROXY TCP4 174.2.2.222 172.0.0.1 0 65535", a.with(port: 0), b.with(port: 65_535)),
        line(
            "PROXY TCP6 ::ffff:1.2.3.4 ::1 5 2",
            .ipv6(high: 0, low: 0xffff_0102_0304, port: 5, scope: 0),
            d
        ),
        line("PROXY UNKNOWN", nil, nil),
        line("PROXY UNKNOWN what ever 1 2 3", nil, nil),
        line("PROXY UNKNOWN a\nb", nil, nil),
        line("PROXY UNKNOWN " + String(repeating: "f", count: 91), nil, nil),
    ]

    private static func bad(_ text: String, _ why: ProxyProtocolFailure) -> ProxyProtocolCase {
        ProxyProtocolCase(text, Array(text.utf8), .malformed(why))
    }

    private static let refusedLines = [
        ProxyProtocolCase("no signature", Array("GET / HTTP/1.1\r\n".utf8), .none),
        ProxyProtocolCase("a word that begins alike", Array("PROXYING".utf8), .none),
        ProxyProtocolCase("lower case", Array("proxy TCP4".utf8), .none),
        ProxyProtocolCase("nothing", [], .more),
        ProxyProtocolCase("a part", Array("PROXY TCP4 1.2.3".utf8), .more),
        bad("PROXY UNKNOWN " + String(repeating: "f", count: 92) + "\r\n", .lineTooLong),
        bad("PROXY TCP4" + String(repeating: " ", count: 97), .lineTooLong),
        bad("PROXY \r\n", .line),
        bad("PROXY  UNKNOWN\r\n", .line),
        bad("PROXY UNKNOWNS\r\n", .line),
        bad("PROXY UDP4 1.2.3.4 1.2.3.5 1 2\r\n", .line),
        bad("PROXY TCP4\r\n", .line),
        bad("PROXY TCP4 1.2.3.4 1.2.3.5 1\r\n", .line),
        bad("PROXY TCP4 1.2.3.4 1.2.3.5 1 2 3\r\n", .line),
        bad("PROXY TCP4 1.2.3.4  1.2.3.5 1 2\r\n", .line),
        bad("PROXY TCP4 1.2.3 1.2.3.5 1 2\r\n", .address),
        bad("PROXY TCP4 1.2.3.256 1.2.3.5 1 2\r\n", .address),
        bad("PROXY TCP4 ::1 ::1 1 2\r\n", .address),
        bad("PROXY TCP6 1.2.3.4 1.2.3.5 1 2\r\n", .address),
        bad("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", .address),
        bad("PROXY TCP4 1.2.3.4 1.2.3.5 65536 2\r\n", .port),
        bad("PROXY TCP4 1.2.3.4 1.2.3.5 -1 2\r\n", .port),
        bad("PROXY TCP4 1.2.3.4 1.2.3.5 01 2\r\n", .port),
        bad("PROXY TCP4 1.2.3.4 1.2.3.5 1 99999999999999999999\r\n", .port),
        bad("PROXY TCP4 0.0.0.0 1.2.3.5 1 2\r\n", .notUnicast),
        bad("PROXY TCP4 1.2.3.4 224.0.0.1 1 2\r\n", .notUnicast),
        bad("PROXY TCP4 255.255.255.255 1.2.3.5 1 2\r\n", .notUnicast),
        bad("PROXY TCP6 :: ::1 1 2\r\n", .notUnicast),
        bad("PROXY TCP6 ::1 ff02::1 1 2\r\n", .notUnicast),
    ]

    /// A field with the checksum of the header for `v4` and nothing else.
    private static let checksum: [UInt8] = [3, 0, 4, 0x8b, 0xd8, 0xe1, 0x55]

    private static let binaries = [
        ProxyProtocolCase(
            "IPv4 and data",
            proxyBinary(0x21, 0x11, v4) + [1, 2, 3],
            header(.v2, a, b, tlvs: 28..<28, 28)
        ),
        ProxyProtocolCase(
            "IPv6",
            proxyBinary(0x21, 0x21, v6),
            header(.v2, c, d, tlvs: 52..<52, 52)
        ),
        ProxyProtocolCase(
            "datagrams, as Envoy takes them",
            proxyBinary(0x21, 0x12, v4),
            header(.v2, a, b, tlvs: 28..<28, 28)
        ),
        ProxyProtocolCase(
            "fields, one of them empty",
            proxyBinary(0x21, 0x11, v4 + [1, 0, 2, 0x68, 0x32, 4, 0, 0]),
            header(.v2, a, b, tlvs: 28..<36, 36)
        ),
        ProxyProtocolCase(
            "a right checksum",
            proxyBinary(0x21, 0x11, v4 + checksum),
            header(.v2, a, b, tlvs: 28..<35, 35)
        ),
        ProxyProtocolCase(
            "local",
            proxyBinary(0x20, 0, []),
            header(.v2, nil, nil, tlvs: 16..<16, 16)
        ),
        ProxyProtocolCase(
            "local with what is ignored",
            proxyBinary(0x20, 0x11, [9, 9, 9]) + [1],
            header(.v2, nil, nil, tlvs: 16..<16, 19)
        ),
    ]

    private static func bad(
        _ name: String,
        _ bytes: [UInt8],
        _ why: ProxyProtocolFailure
    ) -> ProxyProtocolCase {
        ProxyProtocolCase(name, bytes, .malformed(why))
    }

    private static let refusedBinaries = [
        ProxyProtocolCase("a line of its own", [13, 10, 13, 10, 1], .none),
        ProxyProtocolCase("the signature alone", proxySignature, .more),
        ProxyProtocolCase(
            "half the addresses",
            Array(proxyBinary(0x21, 0x11, v4).prefix(20)),
            .more
        ),
        bad("version 1", proxySignature + [0x11], .version),
        bad("version 3", proxyBinary(0x31, 0x11, v4), .version),
        bad("another command", proxyBinary(0x22, 0x11, v4), .command),
        bad("no family", proxyBinary(0x21, 0x00, []), .family),
        bad("a path", proxyBinary(0x21, 0x31, .init(repeating: 0, count: 216)), .family),
        bad("another family", proxyBinary(0x21, 0x41, v4), .family),
        bad("no transport", proxyBinary(0x21, 0x10, v4), .transport),
        bad("another transport", proxyBinary(0x21, 0x13, v4), .transport),
        bad("too short for IPv4", proxyBinary(0x21, 0x11, Array(v4.dropLast())), .length),
        bad("too short for IPv6", proxyBinary(0x21, 0x21, v4), .length),
        bad("no bytes for a length", proxyBinary(0x21, 0x11, v4 + [1, 0]), .tlv),
        bad("no bytes for a value", proxyBinary(0x21, 0x11, v4 + [1, 0, 2, 0]), .tlv),
        bad(
            "a checksum that is wrong",
            proxyBinary(0x21, 0x11, v4 + [3, 0, 4, 0, 0, 0, 0]),
            .checksum
        ),
        bad("a checksum that is short", proxyBinary(0x21, 0x11, v4 + [3, 0, 2, 0, 0]), .checksum),
        bad("two checksums", proxyBinary(0x21, 0x11, v4 + checksum + checksum), .checksum),
        bad(
            "to all hosts",
            proxyBinary(0x21, 0x11, [174, 2, 2, 222, 255, 255, 255, 255, 0, 1, 0, 2]),
            .notUnicast
        ),
        bad(
            "from nobody",
            proxyBinary(0x21, 0x11, [0, 0, 0, 0, 172, 0, 0, 1, 0, 1, 0, 2]),
            .notUnicast
        ),
    ]
}

import Model
import Testing
import Wire

/// A header block and what RFC 9113 section 8 says about it.
struct MessageCase: Sendable, CustomTestStringConvertible {
    var name: String
    var kind = HTTP2HeadKind.request
    var fields: [Pair]
    /// The details of the violation without `http2.`; nil where there is none.
    var details: String?

    struct Pair: Sendable {
        var name: String
        var value: String
        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    var testDescription: String { name }
    var block: [UInt8] { fields.flatMap { Block.literal($0.name, $0.value) } }

    static func request(_ name: String, _ more: [Pair], _ details: String? = nil) -> MessageCase {
        MessageCase(name: name, fields: start + more, details: details)
    }

    static func other(_ name: String, _ fields: [Pair], _ details: String? = nil) -> MessageCase {
        MessageCase(name: name, fields: fields, details: details)
    }

    static func response(_ name: String, _ fields: [Pair], _ details: String? = nil) -> MessageCase
    {
        MessageCase(name: name, kind: .response, fields: fields, details: details)
    }

    static func trailers(_ name: String, _ fields: [Pair], _ details: String? = nil) -> MessageCase
    {
        MessageCase(name: name, kind: .trailers, fields: fields, details: details)
    }

    private static let method = Pair(":method", "GET")
    private static let scheme = Pair(":scheme", "https")
    private static let path = Pair(":path", "/")
    private static let authority = Pair(":authority", "a.example")
    private static let start = [method, scheme, path, authority]

    static let all = requests + tunnels + names + connections + lengths + responses + sections

    private static let requests = [
        request("a request", []),
        other("a request with host alone", [method, scheme, path, Pair("host", "a.example")]),
        other("a request without authority and host", [method, scheme, path]),
        other("no method", [scheme, path, authority], "missing_pseudo_header"),
        other("no scheme", [method, path, authority], "missing_pseudo_header"),
        other("no path", [method, scheme, authority], "missing_pseudo_header"),
        other("nothing", [], "missing_pseudo_header"),
        other("two methods", start + [method], "repeated_pseudo_header"),
        other("two paths", start + [Pair(":path", "/b")], "repeated_pseudo_header"),
        other("two authorities", start + [authority], "repeated_pseudo_header"),
        other("an unknown pseudo-header", start + [Pair(":x", "y")], "unknown_pseudo_header"),
        other("a colon alone", start + [Pair(":", "y")], "unknown_pseudo_header"),
        other("a status", start + [Pair(":status", "200")], "unknown_pseudo_header"),
        other(
            "a pseudo-header after a header",
            [method, scheme, Pair("a", "b"), path, authority],
            "pseudo_header_after_header"
        ),
        other("an empty path", [method, scheme, Pair(":path", ""), authority], "invalid_path"),
        other("a relative path", [method, scheme, Pair(":path", "a"), authority], "invalid_path"),
        other("a fragment", [method, scheme, Pair(":path", "/#a"), authority], "invalid_path"),
        other("a space", [method, scheme, Pair(":path", "/a b"), authority], "invalid_path"),
        other("beyond ASCII", [method, scheme, Pair(":path", "/ä"), authority], "invalid_path"),
        other("an asterisk for GET", [method, scheme, Pair(":path", "*")], "invalid_path"),
        other(
            "an asterisk for OPTIONS",
            [Pair(":method", "OPTIONS"), scheme, Pair(":path", "*"), authority]
        ),
        other("a query alone", [method, scheme, Pair(":path", "?a"), authority], "invalid_path"),
        other("an empty method", [Pair(":method", ""), scheme, path], "invalid_method"),
        other("no token", [Pair(":method", "G T"), scheme, path], "invalid_method"),
        other(
            "a long method",
            [Pair(":method", String(repeating: "A", count: 33)), scheme, path],
            "invalid_method"
        ),
        other("an empty scheme", [method, Pair(":scheme", ""), path], "invalid_scheme"),
        other("no scheme's bytes", [method, Pair(":scheme", "ht/tp"), path], "invalid_scheme"),
        other(
            "an empty authority",
            [method, scheme, path, Pair(":authority", "")],
            "invalid_authority"
        ),
        other(
            "userinfo",
            [method, scheme, path, Pair(":authority", "a@b.example")],
            "invalid_authority"
        ),
        request("the same host", [Pair("host", "A.example")]),
        request("another host", [Pair("host", "b.example")], "host_differs_from_authority"),
        request(
            "two hosts",
            [Pair("host", "a.example"), Pair("host", "a.example")],
            "multiple_hosts"
        ),
        other(
            "an invalid host alone",
            [method, scheme, path, Pair("host", "a b")],
            "invalid_authority"
        ),
    ]

    private static let tunnels = [
        other("CONNECT", [Pair(":method", "CONNECT"), Pair(":authority", "a.example:443")]),
        other(
            "CONNECT without a port",
            [Pair(":method", "CONNECT"), authority],
            "invalid_authority"
        ),
        other("CONNECT to nowhere", [Pair(":method", "CONNECT")], "missing_pseudo_header"),
        other(
            "CONNECT with a path",
            [Pair(":method", "CONNECT"), path, authority],
            "unexpected_pseudo_header"
        ),
        other(
            "CONNECT with a scheme",
            [Pair(":method", "CONNECT"), scheme, authority],
            "unexpected_pseudo_header"
        ),
        other(
            "extended CONNECT",
            [
                Pair(":method", "CONNECT"), scheme, path, authority,
                Pair(":protocol", "websocket"),
            ]
        ),
        other(
            "extended CONNECT without a path",
            [Pair(":method", "CONNECT"), scheme, authority, Pair(":protocol", "websocket")],
            "missing_pseudo_header"
        ),
        other(
            "extended CONNECT to nowhere",
            [Pair(":method", "CONNECT"), scheme, path, Pair(":protocol", "websocket")],
            "missing_pseudo_header"
        ),
        other(
            "a protocol with GET",
            start + [Pair(":protocol", "websocket")],
            "unexpected_pseudo_header"
        ),
        other(
            "an empty protocol",
            [Pair(":method", "CONNECT"), scheme, path, authority, Pair(":protocol", "")],
            "invalid_protocol"
        ),
    ]

    private static let names = [
        request("upper case", [Pair("Accept", "a")], "invalid_header_name"),
        request("upper case far on", [Pair("abcdefghijkL", "a")], "invalid_header_name"),
        request("an empty name", [Pair("", "a")], "invalid_header_name"),
        request("a space in a name", [Pair("a b", "a")], "invalid_header_name"),
        request("a colon in a name", [Pair("a:b", "a")], "invalid_header_name"),
        request("a line feed in a name", [Pair("a\n", "a")], "invalid_header_name"),
        request("a name beyond ASCII", [Pair("ä", "a")], "invalid_header_name"),
        request("a name of all kinds", [Pair("!#$%&'*+-.^_`|~09az", "a")]),
        request("a NUL", [Pair("a", "b\0c")], "invalid_header_value"),
        request("a line feed", [Pair("a", "b\nc")], "invalid_header_value"),
        request("a carriage return", [Pair("a", "b\rc")], "invalid_header_value"),
        request("DEL", [Pair("a", "b\u{7f}")], "invalid_header_value"),
        request("a leading space", [Pair("a", " b")], "invalid_header_value"),
        request("a trailing space", [Pair("a", "b ")], "invalid_header_value"),
        request("a trailing tab", [Pair("a", "b\t")], "invalid_header_value"),
        request("a space alone", [Pair("a", " ")], "invalid_header_value"),
        request("white space inside", [Pair("a", "b \tc")]),
        request("an empty value", [Pair("a", "")]),
        request("a value beyond ASCII", [Pair("a", "ä")]),
        other(
            "a line feed in the path",
            [method, scheme, Pair(":path", "/\n"), authority],
            "invalid_header_value"
        ),
    ]

    private static let connections = [
        request("connection", [Pair("connection", "close")], "connection_specific_header"),
        request("keep-alive", [Pair("keep-alive", "1")], "connection_specific_header"),
        request("proxy-connection", [Pair("proxy-connection", "a")], "connection_specific_header"),
        request("upgrade", [Pair("upgrade", "h2c")], "connection_specific_header"),
        request(
            "transfer-encoding",
            [Pair("transfer-encoding", "chunked")],
            "connection_specific_header"
        ),
        request("te: gzip", [Pair("te", "gzip")], "connection_specific_header"),
        request("te: trailers, gzip", [Pair("te", "trailers, gzip")], "connection_specific_header"),
        request("te: trailers", [Pair("te", "trailers")]),
    ]

    private static let lengths = [
        request("a length", [Pair("content-length", "5")]),
        request("no number", [Pair("content-length", "5a")], "invalid_content_length"),
        request("a sign", [Pair("content-length", "+5")], "invalid_content_length"),
        request("an empty length", [Pair("content-length", "")], "invalid_content_length"),
        request(
            "a huge length",
            [Pair("content-length", "9223372036854775808")],
            "invalid_content_length"
        ),
        request("a list", [Pair("content-length", "5, 5")], "invalid_content_length"),
        request("the same twice", [Pair("content-length", "5"), Pair("content-length", "5")]),
        request(
            "two lengths",
            [Pair("content-length", "5"), Pair("content-length", "6")],
            "different_content_lengths"
        ),
    ]

    private static let responses = [
        response("a response", [Pair(":status", "200")]),
        response("an odd status", [Pair(":status", "999")]),
        response("an interim response", [Pair(":status", "103"), Pair("link", "<a>")]),
        response("no status", [Pair("a", "b")], "missing_pseudo_header"),
        response(
            "two statuses",
            [Pair(":status", "200"), Pair(":status", "200")],
            "repeated_pseudo_header"
        ),
        response("101", [Pair(":status", "101")], "invalid_status"),
        response("two digits", [Pair(":status", "20")], "invalid_status"),
        response("four digits", [Pair(":status", "0200")], "invalid_status"),
        response("below 100", [Pair(":status", "099")], "invalid_status"),
        response("letters", [Pair(":status", "2xx")], "invalid_status"),
        response("a path", [Pair(":status", "200"), path], "unknown_pseudo_header"),
        response(
            "connection in a response",
            [Pair(":status", "200"), Pair("connection", "close")],
            "connection_specific_header"
        ),
    ]

    private static let sections = [
        trailers("trailers", [Pair("grpc-status", "0"), Pair("grpc-message", "")]),
        trailers("no trailers", []),
        trailers("a pseudo-header", [Pair(":path", "/")], "pseudo_header_in_trailers"),
        trailers("a status", [Pair(":status", "200")], "pseudo_header_in_trailers"),
        trailers("upper case", [Pair("A", "b")], "invalid_header_name"),
        trailers("keep-alive", [Pair("keep-alive", "b")], "connection_specific_header"),
    ]
}

@Suite("The rules for messages in HTTP/2")
struct MessageRulesTests {
    @Test(
        "A message that keeps the rules is decoded, another one is an error of its stream",
        arguments: MessageCase.all
    )
    func rules(_ message: MessageCase) {
        var decoder = HPACKDecoder(allowsConnectProtocol: true)
        let result = decoder.read(message.block, as: message.kind)
        #expect(result.details == message.details.map { "http2.\($0)" })
        if case .refused(_, let streamID) = result { #expect(streamID == 1) }
    }

    @Test("After a malformed message the table is that of the sender")
    func tableStays() {
        for message in MessageCase.all {
            var decoder = HPACKDecoder(allowsConnectProtocol: true)
            let block = message.fields.flatMap { Block.literal($0.name, $0.value, .incremental) }
            _ = decoder.read(block + Block.literal("x-mark", "here", .incremental))
            let again = decoder.read([0xbe], as: .trailers).understood
            #expect(again?.fields.map(\.description) == ["x-mark: here"])
        }
    }

    @Test("An indexed field breaks the rules as a literal does")
    func indexedFaults() {
        for pair in [("a", "b\n"), ("connection", "close"), ("te", "gzip"), ("A", "b")] {
            var decoder = HPACKDecoder()
            let first = decoder.read(
                Block.get([]) + Block.literal(pair.0, pair.1, .incremental)
            )
            let second = decoder.read(Block.get([]) + [0xbe])
            #expect(first.details != nil)
            #expect(second == first)
            // With the name of the entry and another value only the name counts.
            let named = decoder.read(Block.get([]) + [0x0f, 0x2f] + Block.string([0x63]))
            #expect((named.details == nil) == (pair.0 == "a"))
        }
    }

    @Test("Without the setting an extended CONNECT is malformed")
    func connectProtocol() {
        let block = Block.of([
            (":method", "CONNECT"), (":scheme", "http"), (":path", "/"),
            (":authority", "a.example"), (":protocol", "websocket"),
        ])
        var strict = HPACKDecoder()
        #expect(strict.read(block).details == "http2.unknown_pseudo_header")
        var open = HPACKDecoder(allowsConnectProtocol: true)
        guard case .message(let info, let head, _, let name) = open.read(block) else {
            Issue.record("refused")
            return
        }
        #expect(info.hasUpgradeProtocol)
        #expect(name == "websocket")
        #expect(head.path == "/")
    }

    @Test("A head says what follows from its fields")
    func info() throws {
        var decoder = HPACKDecoder()
        let fields = [("content-length", "7"), ("te", "trailers"), ("expect", "100-continue")]
        let result = decoder.read(Block.get(fields))
        let info = try #require(result.info)
        #expect(info.contentLength == 7)
        #expect(info.expectsContinue)
        #expect(!info.hasUnsupportedExpectation)
        let other = decoder.read(Block.get([("expect", "tea")])).info
        #expect(other?.hasUnsupportedExpectation == true)
        let empty = decoder.read(
            Block.of([(":status", "204"), ("content-length", "0")]),
            as: .response
        )
        #expect(empty.info == HTTP2HeadInfo())
        #expect(decoder.read(Block.of([(":status", "103")]), as: .response).info?.isInterim == true)
    }

    @Test("A head is filled as that of HTTP/1")
    func head() throws {
        var decoder = HPACKDecoder()
        let head = Head()
        let block = Block.get([("x-request-id", "1"), ("host", "a.example"), ("x-b", "")])
        #expect(decoder.read(block, into: head).details == nil)
        #expect(head.method == .get)
        #expect(head.majorVersion == 2)
        #expect(head.minorVersion == 1)
        #expect(Understood.text(head, head.authority) == "a.example")
        #expect(Understood.text(head, head.scheme) == "http")
        #expect(!head.has(.host))
        let value = try #require(head.first(.xRequestID))
        #expect(Understood.text(head, value) == "1")
        let bytes = written(request: head, framing: .none)
        let expected = "GET / HTTP/1.1\r\nhost: a.example\r\nx-request-id: 1\r\nx-b: \r\n\r\n"
        #expect(Understood.latin1(bytes.span) == expected)
    }

    @Test("The host alone is the authority")
    func hostAlone() {
        var decoder = HPACKDecoder()
        let block = [0x82, 0x84, 0x86] + Block.literal("host", "b.example:80")
        #expect(decoder.read(block).understood?.authority == "b.example:80")
    }

    @Test(
        "Cookies are joined where the first stood",
        arguments: [
            (["c a=1", "c b=2"], ["cookie: a=1; b=2"]),
            (["c a=1"], ["cookie: a=1"]),
            (["x 1", "c a=1", "c b=2", "y 2"], ["x: 1", "cookie: a=1; b=2", "y: 2"]),
            (["c", "c a=1", "c", "c b=2", "c"], ["cookie: a=1; b=2"]),
            (["c", "x 1", "c", "c a=1", "c", "c b=2"], ["cookie: a=1; b=2", "x: 1"]),
            (["c", "c"], ["cookie: "]),
            (["c a=1", "x 1", "c b=2", "c c=3"], ["cookie: a=1; b=2; c=3", "x: 1"]),
            (
                ["c a=1", "c b=2", "x 1", "c c=3", "y 2", "c d=4"],
                ["cookie: a=1; b=2; c=3; d=4", "x: 1", "y: 2"]
            ),
        ]
    )
    func cookies(fields: [String], lines: [String]) {
        var decoder = HPACKDecoder()
        let pairs = fields.map { field in
            let parts = field.split(separator: " ")
            let value = parts.count > 1 ? String(parts[1]) : ""
            return (parts[0] == "c" ? "cookie" : String(parts[0]), value)
        }
        let head = decoder.read(Block.get(pairs)).understood
        #expect(head?.fields.map(\.description) == lines)
    }
}

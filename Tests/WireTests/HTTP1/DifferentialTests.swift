import Model
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing
import Wire

/// What llhttp, through NIOHTTP1, makes of some bytes.
private struct Oracle: Equatable {
    var method = ""
    var target = ""
    var status: UInt = 0
    var fields: [String] = []
    var body = ""
    var trailers: [String] = []
    var isComplete = false
    var isRefused = false

    static func request(_ bytes: [UInt8]) -> Oracle {
        var oracle = Oracle()
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
        )
        do {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            while !oracle.isComplete,
                let part = try channel.readInbound(as: HTTPServerRequestPart.self)
            {
                switch part {
                case .head(let head):
                    oracle.method = head.method.rawValue
                    oracle.target = head.uri
                    oracle.fields = head.headers.map { "\($0.name): \($0.value)" }
                case .body(let body): oracle.append(body)
                case .end(let trailers): oracle.end(trailers)
                }
            }
        } catch {
            oracle.isRefused = true
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return oracle
    }

    static func response(_ bytes: [UInt8], to method: HTTPMethod) -> Oracle {
        var oracle = Oracle()
        let channel = EmbeddedChannel()
        do {
            try channel.pipeline.syncOperations.addHandlers([
                HTTPRequestEncoder(),
                ByteToMessageHandler(
                    HTTPResponseDecoder(
                        leftOverBytesStrategy: .dropBytes,
                        informationalResponseStrategy: .forward
                    )
                ),
            ])
            let head = HTTPRequestHead(version: .http1_1, method: method, uri: "/")
            try channel.writeOutbound(HTTPClientRequestPart.head(head))
            try channel.writeInbound(ByteBuffer(bytes: bytes))
            // A body until close ends so.
            channel.pipeline.fireChannelInactive()
            while !oracle.isComplete,
                let part = try channel.readInbound(as: HTTPClientResponsePart.self)
            {
                switch part {
                case .head(let head):
                    oracle.status = head.status.code
                    oracle.fields = head.headers.map { "\($0.name): \($0.value)" }
                    if oracle.status < 200 { oracle.isComplete = true }
                case .body(let body): oracle.append(body)
                case .end(let trailers): oracle.end(trailers)
                }
            }
        } catch {
            oracle.isRefused = true
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return oracle
    }

    private mutating func append(_ buffer: ByteBuffer) {
        body += buffer.readableBytesView.map { String(Unicode.Scalar($0)) }.joined()
    }

    private mutating func end(_ fields: HTTPHeaders?) {
        trailers = fields?.map { "\($0.name): \($0.value)" } ?? []
        isComplete = true
    }
}

@Suite("The same bytes, read by llhttp")
struct DifferentialTests {
    /// A body that fits the framing, and its data.
    private func body(_ framing: BodyFraming) -> (bytes: [UInt8], data: String)? {
        switch framing {
        case .none: ([], "")
        case .length(let count):
            count > 100
                ? nil
                : (
                    [UInt8](repeating: 0x62, count: Int(count)),
                    String(repeating: "b", count: Int(count))
                )
        case .chunked: ("3\r\nabc\r\n2\r\nde\r\n0\r\nX-T: u\r\n\r\n".latin1, "abcde")
        case .untilClose: ("until close".latin1, "until close")
        }
    }

    @Test("Each request that is passed on reads as what we understood", arguments: RequestCase.all)
    func forwarded(_ request: RequestCase) {
        let bytes = request.bytes
        let head = Head()
        guard case .message(let parsed, let message) = readRequest(bytes.span, into: head) else {
            return
        }
        // Made-up methods are refused by llhttp, which knows a fixed list.
        guard !Self.unknownToLLHTTP.contains(message.method) else { return }
        if head.authority.isEmpty { head.authority = head.append("default.example") }
        HopByHop.strip(head)
        let expected = Understood(head, framing: parsed.framing)
        guard let body = body(parsed.framing) else { return }
        let oracle = Oracle.request(written(request: head, framing: parsed.framing) + body.bytes)
        #expect(!oracle.isRefused && oracle.isComplete)
        #expect(oracle.method == expected.method)
        #expect(oracle.target == (expected.path.isEmpty ? expected.authority : expected.path))
        #expect(oracle.body == body.data)
        let others = oracle.fields.filter { field in
            !["host:", "content-length:", "transfer-encoding:"].contains {
                field.lowercased().hasPrefix($0)
            }
        }
        #expect(others.count == expected.fields.count)
        // NIOHTTP1 shows values as strings, in which bytes beyond ASCII are not what they were.
        for (theirs, ours) in zip(others, expected.fields.map(\.description))
        where ours.unicodeScalars.allSatisfy(\.isASCII) {
            #expect(theirs == ours)
        }
        #expect(oracle.fields.first == "host: \(expected.authority)")
    }

    /// Methods of the table that llhttp does not know.
    private static let unknownToLLHTTP: Set<String> = [
        "!#$%&'*+-.^_`|~09", "get", String(repeating: "M", count: 32),
    ]

    @Test(
        "Each response that is passed on reads as what we understood",
        arguments: ResponseCase.all
    )
    func forwardedResponse(_ response: ResponseCase) {
        let bytes = response.bytes
        let head = Head()
        guard
            case .message(let parsed, let message) = readResponse(
                bytes.span,
                to: response.method,
                into: head
            ),
            response.method != .connect, message.status != 101
        else { return }
        HopByHop.strip(head)
        guard let body = body(parsed.framing) else { return }
        let oracle = Oracle.response(
            written(response: head, framing: parsed.framing) + body.bytes,
            to: response.method == .head ? .HEAD : .GET
        )
        #expect(!oracle.isRefused && oracle.isComplete)
        #expect(oracle.status == UInt(message.status))
        #expect(oracle.body == body.data)
    }

    /// Requests that we accept and llhttp does not, each with its reason.
    private static let acceptedByUsOnly: [String: String] = [
        "a method of odd token bytes": "llhttp knows a fixed list of methods",
        "a method of 32 bytes": "llhttp knows a fixed list of methods",
        "a lower-case method is another method": "llhttp knows a fixed list of methods",
        "chunks with blanks around": "llhttp does not trim HTAB here, RFC 9110 section 5.5 does",
    ]

    @Test("What we accept, llhttp accepts, except for a reason", arguments: RequestCase.all)
    func converse(_ request: RequestCase) {
        let bytes = request.bytes
        guard case .message(let parsed, _) = readRequest(bytes.span),
            let body = body(parsed.framing)
        else { return }
        let oracle = Oracle.request(bytes + body.bytes)
        let accepts = !oracle.isRefused && oracle.isComplete
        #expect(accepts == (Self.acceptedByUsOnly[request.name] == nil))
    }

    @Test(
        "What we accept of a chunked body, llhttp reads as the same data",
        arguments: ChunkedCase.all
    )
    func chunked(_ body: ChunkedCase) {
        guard case .body(let text, _, let rest) = body.verdict else { return }
        let head = post("Transfer-Encoding: chunked").latin1
        let oracle = Oracle.request(head + body.bytes.dropLast(rest))
        if Self.chunksAcceptedByUsOnly[body.name] != nil {
            #expect(oracle.isRefused)
        } else {
            #expect(!oracle.isRefused && oracle.isComplete)
            #expect(oracle.body == text)
        }
    }

    private static let chunksAcceptedByUsOnly: [String: String] = [
        "forbidden trailers are dropped":
            "llhttp takes lengths in trailers for framing; we drop them, RFC 9110 section 6.5.1"
    ]

    @Test("What llhttp lets pass and we refuse is known by name")
    func stricter() {
        let names = RequestCase.all.filter { request in
            guard case .refused = request.verdict, request.bytes.count < 10_000 else {
                return false
            }
            let oracle = Oracle.request(request.bytes)
            return !oracle.isRefused && !oracle.target.isEmpty
        }.map(\.name)
        #expect(Set(names) == Self.refusedByUsOnly)
    }

    private static let refusedByUsOnly: Set<String> = [
        "101 fields",
        "CONNECT to port 0",
        "CONNECT with a URL",
        "CONNECT with a length",
        "CONNECT with a path",
        "CONNECT with chunks",
        "CONNECT with userinfo",
        "CONNECT without a port",
        "Connection with 65 options",
        "Connection with 65 options on two lines",
        "Connection with a quoted option",
        "Connection with a semicolon",
        "Connection with two words",
        "a URL as the host",
        "a backslash in the host",
        "a bare line feed before",
        "a bare return before",
        "a blank host",
        "a byte beyond ASCII in the host",
        "a file URL",
        "a folded-looking expectation",
        "a fragment",
        "a fragment in a query",
        "a fragment in the host",
        "a large port",
        "a length of 20 digits",
        "a length of 2^63",
        "a list of expectations",
        "a list of hosts",
        "a list of hosts without a blank",
        "a name in brackets",
        "a negative port",
        "a path in the host",
        "a port alone",
        "a port of letters",
        "a port of many digits",
        "a port with leading zeros",
        "a query in the host",
        "a signed port",
        "an IPv6 address that does not end",
        "an IPv6 address with a zone",
        "an IPv6 address without brackets",
        "an absolute target and an empty Host",
        "an absolute target and an invalid Host",
        "an absolute target and no Host",
        "an absolute target with a large port",
        "an absolute target with an empty port",
        "an absolute target with an escape in the host",
        "an absolute target with another scheme",
        "an absolute target with userinfo",
        "an absolute target with userinfo that looks like a host",
        "an absolute target without a host",
        "an asterisk and more",
        "an asterisk for GET",
        "an empty encoding",
        "an empty expectation",
        "an empty host",
        "an empty host in HTTP/1.0",
        "an empty port",
        "an escape in the host",
        "another expectation",
        "another protocol",
        "brackets and a name",
        "brackets and an empty port",
        "chunked after a comma",
        "chunks in HTTP/1.0",
        "empty brackets",
        "gzip and chunked",
        "gzip and chunked on two lines",
        "no fields",
        "no host",
        "one expectation we know, one we don\'t",
        "port 0",
        "quotes around the host",
        "sub-delims in the host",
        "two empty lines before",
        "two equal hosts",
        "two hosts",
        "two hosts in HTTP/1.0",
        "two hosts in two cases",
        "two hosts with a space",
        "two hosts with a tab",
        "two hosts, one empty",
        "two ports",
        "two spaces before the target",
        "two spaces before the version",
        "userinfo",
        "userinfo with a password",
    ]
}

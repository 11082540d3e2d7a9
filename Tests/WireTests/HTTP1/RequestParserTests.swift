import Model
import Testing
import Wire

@Suite("Requests")
struct RequestParserTests {
    @Test("The table holds at least 150 requests that are refused")
    func tableIsLarge() {
        let refused = RequestCase.all.filter {
            if case .refused = $0.verdict { true } else { false }
        }
        #expect(refused.count >= 150)
        #expect(Set(RequestCase.all.map(\.name)).count == RequestCase.all.count)
    }

    @Test("Each request of the table gets its verdict", arguments: RequestCase.all)
    func verdict(_ request: RequestCase) {
        let bytes = request.bytes
        switch readRequest(bytes.span) {
        case .incomplete: #expect(request.verdict == .incomplete)
        case .refused(let failure): #expect(request.verdict == .refused(failure))
        case .message(let parsed, let message):
            #expect(
                request.verdict
                    == .reaches(
                        path: message.path,
                        authority: message.authority,
                        framing: parsed.framing
                    )
            )
        }
    }

    @Test(
        "Bytes that come one by one, or in two parts, get the same verdict",
        arguments: RequestCase.all
    )
    func pieces(_ request: RequestCase) {
        let bytes = request.bytes
        let whole = readRequest(bytes.span)
        let head = Head()
        // Long requests are cut at some offsets only: parsing each prefix is a square.
        let step = max(1, bytes.count / 2_000)
        for end in stride(from: 0, through: bytes.count, by: step) {
            let part = readRequest(bytes.span.extracting(0..<end), into: head)
            if part != .incomplete && part != whole {
                Issue.record("after \(end) bytes \(part), in the end \(whole)")
                return
            }
        }
    }

    @Test(
        "The boundary is found by the time the parser comes to its verdict",
        arguments: RequestCase.all
    )
    func boundary(_ request: RequestCase) {
        let bytes = request.bytes
        var piecewise = HeadBoundary()
        var foundAt: Int?
        for end in 0...bytes.count where piecewise.isComplete(bytes.span.extracting(0..<end)) {
            foundAt = end
            break
        }
        var whole = HeadBoundary()
        #expect(whole.isComplete(bytes.span) == (foundAt != nil))
        if case .message(let parsed, _) = readRequest(bytes.span) {
            #expect(foundAt == parsed.consumed)
        }
    }

    @Test("A refused or incomplete request leaves an empty head")
    func emptyAfterFailure() {
        let head = Head()
        for request in RequestCase.all {
            let bytes = request.bytes
            if case .message = readRequest(bytes.span, into: head) { continue }
            #expect(head.fieldCount == 0 && head.bytes.isEmpty && head.path.isEmpty)
        }
    }

    @Test("What follows the head is left alone")
    func pipelining() {
        let first = startLine("GET /1 HTTP/1.1").latin1
        let both = first + startLine("GET /2 HTTP/1.1").latin1
        guard case .message(let parsed, let message) = readRequest(both.span) else {
            Issue.record("refused")
            return
        }
        #expect(parsed.consumed == first.count)
        #expect(message.path == "/1")
    }

    @Test(
        "The connection lives as version and Connection say",
        arguments: [
            ("1.1", "X: y", true), ("1.0", "X: y", false), ("1.1", "Connection: close", false),
            ("1.1", "Connection: CLOSE", false), ("1.1", "Connection: a, close", false),
            ("1.1", "Connection: closed", true), ("1.0", "Connection: keep-alive", true),
            ("1.0", "Connection: Keep-Alive", true),
            ("1.0", "Connection: keep-alive, close", false),
            ("1.1", "Connection: keep-alive", true),
        ]
    )
    func keepAlive(version: String, line: String, keepsAlive: Bool) {
        let bytes = get(line, version: version).latin1
        guard case .message(let parsed, _) = readRequest(bytes.span) else {
            Issue.record("refused")
            return
        }
        #expect(parsed.keepsAlive == keepsAlive)
    }

    @Test(
        "100-continue is expected by HTTP/1.1 with a body only",
        arguments: [
            ("1.1", "Content-Length: 1", true), ("1.1", "Content-Length: 0", false),
            ("1.1", "X: y", false), ("1.1", "Transfer-Encoding: chunked", true),
            ("1.0", "Content-Length: 1", false),
        ]
    )
    func expectation(version: String, line: String, expects: Bool) {
        let bytes = post("Expect: 100-continue", line, version: version).latin1
        guard case .message(let parsed, _) = readRequest(bytes.span) else {
            Issue.record("refused")
            return
        }
        #expect(parsed.expectsContinue == expects)
    }

    @Test(
        "An upgrade is requested by both fields together",
        arguments: [
            (["Connection: upgrade", "Upgrade: websocket"], true), (["Upgrade: websocket"], false),
            (["Connection: upgrade"], false),
            (["Connection: keep-alive, Upgrade", "Upgrade: h2c"], true),
        ]
    )
    func upgrade(lines: [String], requests: Bool) {
        let text = (["GET / HTTP/1.1", "Host: a.example"] + lines + ["", ""]).joined(
            separator: "\r\n"
        )
        let bytes = text.latin1
        guard case .message(let parsed, _) = readRequest(bytes.span) else {
            Issue.record("refused")
            return
        }
        #expect(parsed.requestsUpgrade == requests)
    }

    @Test(
        "Methods are told apart by their bytes",
        arguments: [
            ("GET", Method.get), ("HEAD", .head), ("POST", .post), ("PUT", .put),
            ("DELETE", .delete),
            ("OPTIONS", .options), ("TRACE", .trace), ("PATCH", .patch), ("GETS", .other),
            ("GE", .other), ("get", .other), ("XOPTIONS", .other), ("AGET", .other),
        ]
    )
    func methods(name: String, method: Method) {
        let bytes = startLine("\(name) / HTTP/1.1").latin1
        let head = Head()
        guard case .message = readRequest(bytes.span, into: head) else {
            Issue.record("refused")
            return
        }
        #expect(head.method == method)
    }

    @Test("An absolute target replaces the Host line too")
    func absoluteReplacesHost() throws {
        let bytes = target("http://b.example:81/x").latin1
        let head = Head()
        _ = readRequest(bytes.span, into: head)
        let host = try #require(head.first(.host))
        #expect(Understood.text(head, host) == "b.example:81")
    }

    @Test("Limits given by the caller are kept to the byte and the line")
    func limits() {
        let bytes = get("A: b").latin1
        let exact = HeadLimits(headBytesMax: bytes.count, headerCountMax: 2)
        let small = HeadLimits(headBytesMax: bytes.count - 1, headerCountMax: 2)
        let few = HeadLimits(headBytesMax: bytes.count, headerCountMax: 1)
        #expect(readRequest(bytes.span, limits: exact) == readRequest(bytes.span))
        #expect(readRequest(bytes.span, limits: small) == .refused(.headTooLarge))
        #expect(readRequest(bytes.span, limits: few) == .refused(.tooManyHeaders))
    }

    @Test("Each failure has a status, details and an explanation of its own")
    func failures() {
        var details: Set<String> = []
        for failure in HeadFailure.allCases {
            #expect((400...505).contains(failure.status))
            let text = "\(failure.details)"
            #expect(text.hasPrefix("http1.") && !text.contains(" "))
            #expect("\(failure.explanation)".hasSuffix("."))
            details.insert(text)
        }
        #expect(details.count == HeadFailure.allCases.count)
    }
}

import Model
import Testing
import Wire

/// One response as bytes, the method that it answers, and what must become of it.
struct ResponseCase: Sendable, CustomTestStringConvertible {
    enum Verdict: Equatable, Sendable {
        case refused(HeadFailure)
        case incomplete
        case accepted(status: UInt16, framing: BodyFraming, keepsAlive: Bool)
    }
    let name: String
    let bytes: [UInt8]
    let method: Method
    let verdict: Verdict
    var testDescription: String { name }

    init(_ name: String, _ text: String, to method: Method = .get, _ failure: HeadFailure) {
        self.init(name, text, to: method, .refused(failure))
    }

    init(
        _ name: String,
        _ text: String,
        to method: Method = .get,
        _ status: UInt16,
        _ framing: BodyFraming,
        keepsAlive: Bool = true
    ) {
        self.init(
            name,
            text,
            to: method,
            .accepted(status: status, framing: framing, keepsAlive: keepsAlive)
        )
    }

    init(_ name: String, _ text: String, to method: Method = .get, _ verdict: Verdict) {
        self.name = name
        self.bytes = text.latin1
        self.method = method
        self.verdict = verdict
    }
}

private func status(_ line: String, _ fields: String...) -> String {
    ([line] + fields + ["", ""]).joined(separator: "\r\n")
}

private func ok(_ fields: String...) -> String {
    (["HTTP/1.1 200 OK"] + fields + ["", ""]).joined(separator: "\r\n")
}

extension ResponseCase {
    static let all: [ResponseCase] = [
        .init("a length", ok("Content-Length: 5"), 200, .length(5)),
        .init("chunks", ok("Transfer-Encoding: chunked"), 200, .chunked),
        .init("neither", ok("X: y"), 200, .untilClose, keepsAlive: false),
        .init("no fields", ok(), 200, .untilClose, keepsAlive: false),
        .init(
            "HTTP/1.0",
            status("HTTP/1.0 200 OK", "Content-Length: 5"),
            200,
            .length(5),
            keepsAlive: false
        ),
        .init(
            "HTTP/1.0 that lives on",
            status("HTTP/1.0 200 OK", "Content-Length: 5", "Connection: keep-alive"),
            200,
            .length(5)
        ),
        .init(
            "close",
            ok("Content-Length: 5", "Connection: close"),
            200,
            .length(5),
            keepsAlive: false
        ),
        .init("no reason", status("HTTP/1.1 200 ", "Content-Length: 0"), 200, .length(0)),
        .init(
            "no reason and no space",
            status("HTTP/1.1 200", "Content-Length: 0"),
            200,
            .length(0)
        ),
        .init(
            "a reason of many words",
            status("HTTP/1.1 404 Not at all\there \u{e9}", "Content-Length: 0"),
            404,
            .length(0)
        ),
        .init("status 999", status("HTTP/1.1 999 X", "Content-Length: 0"), 999, .length(0)),
        .init("an answer to HEAD", ok("Content-Length: 5"), to: .head, 200, .none),
        .init(
            "an answer to HEAD with chunks",
            ok("Transfer-Encoding: chunked"),
            to: .head,
            200,
            .none
        ),
        .init("304", status("HTTP/1.1 304 Not Modified", "Content-Length: 5"), 304, .none),
        .init("204", status("HTTP/1.1 204 No Content"), 204, .none),
        .init(
            "204 with a length",
            status("HTTP/1.1 204 No Content", "Content-Length: 5"),
            204,
            .none,
            keepsAlive: false
        ),
        .init(
            "204 with a length of zero",
            status("HTTP/1.1 204 No Content", "Content-Length: 0"),
            204,
            .none
        ),
        .init(
            "204 with chunks",
            status("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked"),
            204,
            .none,
            keepsAlive: false
        ),
        .init("100", status("HTTP/1.1 100 Continue"), 100, .none),
        .init("103 with fields", status("HTTP/1.1 103 Early Hints", "Link: </a>"), 103, .none),
        .init(
            "100 with a length",
            status("HTTP/1.1 100 Continue", "Content-Length: 5"),
            100,
            .none,
            keepsAlive: false
        ),
        .init(
            "101",
            status("HTTP/1.1 101 Switching Protocols", "Upgrade: x"),
            101,
            .none,
            keepsAlive: false
        ),
        .init(
            "an answer to CONNECT",
            ok("Content-Length: 5"),
            to: .connect,
            200,
            .none,
            keepsAlive: false
        ),
        .init(
            "a refusal of CONNECT",
            status("HTTP/1.1 403 No", "Content-Length: 5"),
            to: .connect,
            403,
            .length(5)
        ),
        .init(
            "both lengths",
            ok("Content-Length: 5", "Transfer-Encoding: chunked"),
            .lengthWithTransferEncoding
        ),
        .init(
            "both lengths to HEAD",
            ok("Content-Length: 5", "Transfer-Encoding: chunked"),
            to: .head,
            .lengthWithTransferEncoding
        ),
        .init("two lengths", ok("Content-Length: 5", "Content-Length: 5"), .repeatedContentLength),
        .init("a list of lengths", ok("Content-Length: 5, 5"), .repeatedContentLength),
        .init("a negative length", ok("Content-Length: -1"), .invalidContentLength),
        .init(
            "a length too large",
            ok("Content-Length: 99999999999999999999"),
            .invalidContentLength
        ),
        .init("another encoding", ok("Transfer-Encoding: gzip"), .unsupportedTransferEncoding),
        .init(
            "two encodings",
            ok("Transfer-Encoding: gzip, chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunked twice",
            ok("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            .unsupportedTransferEncoding
        ),
        .init(
            "chunks in HTTP/1.0",
            status("HTTP/1.0 200 OK", "Transfer-Encoding: chunked"),
            .transferEncodingInHTTP10
        ),
        .init("a folded line", ok("X: a", " b"), .obsFold),
        .init("a space before the colon", ok("Content-Length : 5"), .spaceBeforeColon),
        .init("a NUL in a value", ok("X: a\u{0}"), .invalidFieldValue),
        .init("a bare return", ok("X: a\rb"), .bareCR),
        .init("a bare line feed", "HTTP/1.1 200 OK\nX: y\n\n", .bareLF),
        .init("a bare line feed after the status", "HTTP/1.1 200\nX: y\r\n\r\n", .bareLF),
        .init("an empty line before", "\r\nHTTP/1.1 200 OK\r\n\r\n", .invalidVersion),
        .init("a request", "GET / HTTP/1.1\r\n\r\n", .invalidVersion),
        .init("HTTP/2", status("HTTP/2.0 200 OK"), .unsupportedVersion),
        .init("ICY", status("ICY 200 OK"), .invalidVersion),
        .init("two digits", status("HTTP/1.1 20 OK"), .invalidStatusLine),
        .init("four digits", status("HTTP/1.1 2000 OK"), .invalidStatusLine),
        .init("letters", status("HTTP/1.1 2x0 OK"), .invalidStatusLine),
        .init("a sign", status("HTTP/1.1 +20 OK"), .invalidStatusLine),
        .init("status 099", status("HTTP/1.1 099 X"), .invalidStatusLine),
        .init("status 000", status("HTTP/1.1 000 X"), .invalidStatusLine),
        .init("two spaces", status("HTTP/1.1  200 OK"), .invalidStatusLine),
        .init("a tab", status("HTTP/1.1\t200 OK"), .invalidStatusLine),
        .init("a tab before the reason", status("HTTP/1.1 200\tOK"), .invalidStatusLine),
        .init(
            "a control character in the reason",
            status("HTTP/1.1 200 O\u{1}K"),
            .invalidStatusLine
        ),
        .init("a TLS alert", "\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}\u{46}abc", .invalidVersion),
        .init("half a head", "HTTP/1.1 200 OK\r\nX", .incomplete),
        .init(
            "an endless head",
            "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 70_000),
            .headTooLarge
        ),
    ]
}

@Suite("Responses")
struct ResponseParserTests {
    @Test("Each response of the table gets its verdict", arguments: ResponseCase.all)
    func verdict(_ response: ResponseCase) {
        let bytes = response.bytes
        switch readResponse(bytes.span, to: response.method) {
        case .incomplete: #expect(response.verdict == .incomplete)
        case .refused(let failure): #expect(response.verdict == .refused(failure))
        case .message(let parsed, let message):
            #expect(
                response.verdict
                    == .accepted(
                        status: message.status,
                        framing: parsed.framing,
                        keepsAlive: parsed.keepsAlive
                    )
            )
            #expect(parsed.consumed == bytes.count)
            #expect(parsed.isInterim == (message.status < 200 && message.status != 101))
        }
    }

    @Test("Bytes that come in two parts get the same verdict", arguments: ResponseCase.all)
    func pieces(_ response: ResponseCase) {
        let bytes = response.bytes
        let whole = readResponse(bytes.span, to: response.method)
        let head = Head()
        let step = max(1, bytes.count / 2_000)
        for end in stride(from: 0, through: bytes.count, by: step) {
            let part = readResponse(
                bytes.span.extracting(0..<end),
                to: response.method,
                into: head
            )
            if part != .incomplete && part != whole {
                Issue.record("after \(end) bytes \(part), in the end \(whole)")
                return
            }
        }
    }

    @Test("A length that 204 may not have is not passed on")
    func lengthOf204() {
        let bytes = "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nX: y\r\n\r\n".latin1
        let head = Head()
        _ = readResponse(bytes.span, into: head)
        let out = written(response: head, framing: .none)
        #expect(Understood.latin1(out.span) == "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n")
    }
}

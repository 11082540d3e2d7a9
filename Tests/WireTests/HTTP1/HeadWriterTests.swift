import Model
import Testing
import Wire

@Suite("Writing heads")
struct HeadWriterTests {
    @Test(
        "Each accepted request is written so that it reads as the same, and again",
        arguments: RequestCase.all
    )
    func requestRoundTrip(_ request: RequestCase) throws {
        let bytes = request.bytes
        let head = Head()
        guard case .message(let parsed, let message) = readRequest(bytes.span, into: head) else {
            return
        }
        // HTTP/1.0 without a host gets one from the configuration before it is passed on.
        if head.authority.isEmpty, head.path != .empty, message.path != "*" {
            head.authority = head.append("default.example")
        }
        let expected = Understood(head, framing: parsed.framing)
        let once = written(request: head, framing: parsed.framing)
        let again = Head()
        guard case .message(let reparsed, let rereading) = readRequest(once.span, into: again)
        else {
            Issue.record("what was written is refused: \(Understood.latin1(once.span))")
            return
        }
        #expect(rereading == expected)
        #expect(reparsed.consumed == once.count)
        let twice = written(request: again, framing: reparsed.framing)
        #expect(Understood.latin1(twice.span) == Understood.latin1(once.span))
    }

    @Test(
        "Each accepted response is written so that it reads as the same",
        arguments: ResponseCase.all
    )
    func responseRoundTrip(_ response: ResponseCase) throws {
        let bytes = response.bytes
        let head = Head()
        guard
            case .message(let parsed, let message) = readResponse(
                bytes.span,
                to: response.method,
                into: head
            )
        else { return }
        let once = written(response: head, framing: parsed.framing)
        guard
            case .message(let reparsed, let rereading) = readResponse(
                once.span,
                to: response.method
            )
        else {
            Issue.record("what was written is refused: \(Understood.latin1(once.span))")
            return
        }
        #expect(rereading == message)
        #expect(reparsed.framing == parsed.framing)
    }

    private func request(
        _ lines: String...,
        framing: BodyFraming,
        change: (Head) -> Void = { _ in }
    )
        -> String
    {
        let bytes = (["POST /x HTTP/1.1", "HOST: a.example"] + lines + ["", ""])
            .joined(separator: "\r\n").latin1
        let head = Head()
        _ = readRequest(bytes.span, into: head)
        change(head)
        let out = written(request: head, framing: framing)
        return Understood.latin1(out.span)
    }

    private let start = "POST /x HTTP/1.1\r\nhost: a.example\r\n"

    @Test("Names keep their case, blanks are set right")
    func cases() {
        #expect(request("x-AbC:y", "D:  e  ", framing: .none) == start + "x-AbC: y\r\nD: e\r\n\r\n")
    }

    @Test("The framing that is stated is written once, whatever the fields say")
    func framing() {
        let length = "Content-Length: 5"
        #expect(request(length, framing: .length(5)) == start + length + "\r\n\r\n")
        #expect(request(framing: .length(5)) == start + "content-length: 5\r\n\r\n")
        #expect(request(length, framing: .length(6)) == start + "content-length: 6\r\n\r\n")
        #expect(request(length, framing: .chunked) == start + "transfer-encoding: chunked\r\n\r\n")
        #expect(request(length, framing: .none) == start + "\r\n")
        #expect(
            request("Content-Length: 0", framing: .none) == start + "Content-Length: 0\r\n\r\n"
        )
        #expect(
            request("Transfer-Encoding: chunked", framing: .chunked)
                == start + "transfer-encoding: chunked\r\n\r\n"
        )
        #expect(request("Connection: close", "A: b", framing: .none) == start + "A: b\r\n\r\n")
        #expect(
            request(framing: .length(.max)) == start
                + "content-length: 18446744073709551615\r\n\r\n"
        )
    }

    @Test("Changed, added and removed lines are written as the table says")
    func changes() {
        let text = request("A: b", "User-Agent: c", "D: e", framing: .none) { head in
            head.set(.userAgent, head.append("new"))
            head.addLine(name: head.append("x-added"), value: head.append("1"))
            head.path = head.append("/y")
            head.authority = head.append("b.example")
        }
        #expect(
            text == "POST /y HTTP/1.1\r\nhost: b.example\r\nA: b\r\nUser-Agent: new\r\nD: e\r\n"
                + "x-added: 1\r\n\r\n"
        )
        let removed = request("A: b", "User-Agent: c", "D: e", framing: .none) { head in
            head.remove(.userAgent)
        }
        #expect(removed == start + "A: b\r\nD: e\r\n\r\n")
    }

    private func response(
        _ lines: String...,
        framing: BodyFraming,
        keepsAlive: Bool = true,
        minor: UInt8 = 1
    ) -> String {
        let bytes = (["HTTP/1.1 200 Fine"] + lines + ["", ""]).joined(separator: "\r\n").latin1
        let head = Head()
        _ = readResponse(bytes.span, into: head)
        let out = written(
            response: head,
            framing: framing,
            keepsAlive: keepsAlive,
            clientMinorVersion: minor
        )
        return Understood.latin1(out.span)
    }

    @Test("A response says how its connection goes on, and where its body ends")
    func responses() {
        let start = "HTTP/1.1 200 Fine\r\n"
        let length = "Content-Length: 5\r\n"
        #expect(response("Content-Length: 5", framing: .length(5)) == start + length + "\r\n")
        #expect(
            response("Content-Length: 5", framing: .length(5), keepsAlive: false)
                == start + length + "connection: close\r\n\r\n"
        )
        #expect(
            response("Content-Length: 5", framing: .length(5), minor: 0)
                == start + length + "connection: keep-alive\r\n\r\n"
        )
        #expect(
            response("Connection: x", framing: .untilClose, keepsAlive: false, minor: 0)
                == start + "connection: close\r\n\r\n"
        )
        #expect(response("Content-Length: 5", framing: .none) == start + length + "\r\n")
        #expect(
            response("Content-Length: 5", framing: .chunked)
                == start + "transfer-encoding: chunked\r\n\r\n"
        )
        #expect(response("Content-Length: 5", framing: .untilClose) == start + "\r\n")
    }

    @Test("A response made here gets the usual reason")
    func reason() {
        let head = Head()
        head.status = 503
        head.addLine(name: head.append("A"), value: head.append("b"))
        let out = written(response: head, framing: .length(0))
        #expect(
            Understood.latin1(out.span)
                == "HTTP/1.1 503 Service Unavailable\r\nA: b\r\ncontent-length: 0\r\n\r\n"
        )
    }

    @Test("The bound holds for heads that consist of additions only")
    func bound() {
        let head = Head()
        let name = head.append("n")
        let value = head.append("a value that many lines share")
        for _ in 0..<200 { head.addLine(name: name, value: value) }
        head.methodSlice = head.append("GET")
        head.path = head.append("/")
        head.authority = head.append("a")
        let out = written(request: head, framing: .length(.max))
        #expect(out.count <= HeadWriter.byteCount(request: head, framing: .length(.max)))
        head.status = 431
        let reply = written(response: head, framing: .length(.max), keepsAlive: false)
        #expect(reply.count <= HeadWriter.byteCount(response: head, framing: .length(.max)))
    }
}

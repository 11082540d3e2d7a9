import Testing
import Wire

@Suite("The protocol of a connection in clear")
struct ProtocolDetectionTests {
    struct Case: Sendable, CustomStringConvertible {
        var text: String
        var expected: ProtocolDetection
        var description: String { text.debugDescription }

        init(_ text: String, _ expected: ProtocolDetection) {
            self.text = text
            self.expected = expected
        }
    }

    static let cases = [
        Case("GET / HTTP/1.1\r\nHost: a\r\n\r\n", .http11),
        Case("GET /a?b=c HTTP/1.0\r\n", .http10),
        Case("GET / HTTP/1.1\n", .http11),
        Case("GET  /  HTTP/1.1 \r\n", .http11),
        Case("GET /\r\n", .http10),
        Case("GET / HTTP/0.9\r\n", .http10),
        Case("GET / HTTP/2.1\r\n", .http10),
        Case("PURGE * HTTP/1.1\r\n", .http11),
        Case("BREW /pot HTTP/1.1\r\n", .http11),
        Case("M-SEARCH * HTTP/1.1\r\n", .http11),
        Case("GET http://a.example:80/b HTTP/1.1\r\n", .http11),
        Case("CONNECT a.example:443 HTTP/1.1\r\n", .http11),
        Case("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .http2),
        Case("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", .http2),
        Case("PRI * HTTP/2.0\r\n\r\nXX", .http10),
        Case("PRI * HTTP/1.1\r\n", .http11),
        Case("", .more),
        Case("GE", .more),
        Case("GET /a", .more),
        Case("GET / HTTP/1.", .more),
        Case("PRI * HTTP/2.0\r\n\r\nSM", .more),
        Case("\r\nGET / HTTP/1.1\r\n", .unknown),
        Case(" GET / HTTP/1.1\r\n", .unknown),
        Case("GET\r\n", .unknown),
        Case("SSH-2.0-OpenSSH_9.6\r\n", .unknown),
        Case("GET / HTTP/1.10\r\n", .unknown),
        Case("GET / HTTP/1,1\r\n", .unknown),
        Case("GET / HTTPS/1.1\r\n", .unknown),
        Case("GET / b HTTP/1.1\r\n", .unknown),
        Case("GET a.example:443 HTTP/1.1\r\n", .unknown),
        Case("GET http:/a HTTP/1.1\r\n", .unknown),
        Case("GET 1http://a HTTP/1.1\r\n", .unknown),
        Case("GET http://a@@b HTTP/1.1\r\n", .unknown),
        Case("GET http://a<b/ HTTP/1.1\r\n", .unknown),
        Case("G\u{0}T / HTTP/1.1\r\n", .unknown),
        Case("GET /\u{1} HTTP/1.1\r\n", .http11),
        Case("GET\r/ HTTP/1.1\n", .http11),
        Case("GET /\u{0}HTTP/1.1\r\n", .http11),
        Case("GET\t/\tHTTP/1.1\t\r\n", .http11),
        Case("GET\u{1}/ HTTP/1.0\r\n", .unknown),
        Case("GET /\u{e9} HTTP/1.1\r\n", .unknown),
        Case("GET /\u{7f} HTTP/1.1\r\n", .unknown),
        Case("\u{16}\u{3}\u{1}", .unknown),
        Case("\u{4}\u{0}\u{0}", .unknown),
    ]

    @Test("Each start is what it is, however it arrives", arguments: cases)
    func detect(_ start: Case) {
        let bytes = Array(start.text.utf8)
        #expect(ProtocolDetection.detect(bytes.span) == start.expected)
        for cut in 0..<bytes.count {
            let part = ProtocolDetection.detect(bytes.span.extracting(0..<cut))
            if part != .more && part != start.expected { Issue.record("\(part) at \(cut)") }
        }
    }

    @Test("What cannot be HTTP is told at the first wrong byte")
    func tellsEarly() {
        for text in ["SSH-2.0-(", "{\"", "GET (", "GET http:x", "GET /\u{7f}"] {
            let bytes = Array(text.utf8)
            #expect(ProtocolDetection.detect(bytes.span) == .unknown)
            let part = bytes.span.extracting(0..<(bytes.count - 1))
            #expect(text == "{\"" || ProtocolDetection.detect(part) == .more)
        }
    }

    @Test("A request line has an end within the limit")
    func limit() {
        let start = Array("GET /".utf8)
        let long = start + [UInt8](repeating: 0x61, count: 70_000)
        let limit = ProtocolDetection.maxBytesDefault
        #expect(ProtocolDetection.detect(long.span) == .tooLong)
        #expect(ProtocolDetection.detect(long.span.extracting(0..<limit)) == .tooLong)
        #expect(ProtocolDetection.detect(long.span.extracting(0..<(limit - 1))) == .more)
        let line = Array("GET / HTTP/1.1\r\n".utf8)
        #expect(ProtocolDetection.detect(line.span, maxBytes: 16) == .http11)
        #expect(ProtocolDetection.detect(line.span, maxBytes: 15) == .tooLong)
    }

    @Test("No mutation traps or depends on how it arrives")
    func mutations() {
        var random = Mutations(seed: 80)
        for round in 0..<20_000 {
            let bytes = random.mutate(Array(Self.cases[round % Self.cases.count].text.utf8))
            let whole = ProtocolDetection.detect(bytes.span)
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let part = ProtocolDetection.detect(bytes.span.extracting(0..<cut))
            if part != .more && part != whole { Issue.record("\(part) at \(cut) of \(bytes)") }
        }
    }
}

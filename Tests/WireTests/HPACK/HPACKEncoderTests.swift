import Model
import Testing
import Wire

@Suite("Encoding heads")
struct HPACKEncoderTests {
    /// A head as HTTP/1 brings it.
    private func request(_ text: String) -> Head {
        let head = Head()
        let bytes = Array(text.replacing("\n", with: "\r\n").utf8)
        #expect(readRequest(bytes.span, into: head) != .incomplete)
        return head
    }

    private func fields(_ block: [UInt8], as kind: HTTP2HeadKind = .request) -> [String]? {
        var decoder = HPACKDecoder(allowsConnectProtocol: true)
        return decoder.read(block, as: kind).understood?.fields.map(\.description)
    }

    @Test("A request of HTTP/1 loses what HTTP/2 does not have")
    func fromHTTP1() {
        let head = request(
            """
            GET /a?b HTTP/1.1
            Host: a.example
            Connection: close
            Keep-Alive: 1
            Upgrade: h2c
            HTTP2-Settings: x
            Proxy-Connection: a
            TE: gzip
            X-Mixed-CASE-name: Value
            Accept: */*
            User-Agent: t


            """
        )
        var encoder = HPACKEncoder()
        let block = encoder.block(head, as: .request)
        var decoder = HPACKDecoder()
        guard case .message(_, let read, let scheme, _) = decoder.read(block) else {
            Issue.record("refused")
            return
        }
        #expect(read.method == "GET")
        #expect(read.path == "/a?b")
        #expect(read.authority == "a.example")
        #expect(scheme == "http")
        let lines = ["x-mixed-case-name: Value", "accept: */*", "user-agent: t"]
        #expect(read.fields.map(\.description) == lines)
    }

    @Test("The scheme is the head's, or follows from TLS")
    func scheme() {
        for (scheme, isTLS, expected) in [
            ("", false, "http"), ("", true, "https"), ("http", true, "http"),
            ("HTTPS", false, "https"), ("ws", false, "http"), ("ws", true, "https"),
        ] {
            let head = request("GET / HTTP/1.1\nHost: a\n\n")
            head.isTLS = isTLS
            head.scheme = head.append(Array(scheme.utf8).span)
            var encoder = HPACKEncoder()
            var decoder = HPACKDecoder()
            let read = decoder.read(encoder.block(head, as: .request))
            guard case .message(_, _, expected, _) = read else {
                Issue.record("\(read)")
                continue
            }
        }
    }

    @Test("What the proxy before said is the scheme of a request that names none")
    func forwardedScheme() {
        for (forwarded, named, expected) in [
            ("https", "", "https"), ("http", "", "http"), ("HTTPS", "", "https"),
            ("ftp", "", "http"), ("https", "http", "http"),
        ] {
            let head = request("GET / HTTP/1.1\nHost: a\nX-Forwarded-Proto: \(forwarded)\n\n")
            head.scheme = head.append(Array(named.utf8).span)
            var encoder = HPACKEncoder()
            var decoder = HPACKDecoder()
            let read = decoder.read(encoder.block(head, as: .request))
            guard case .message(_, _, let scheme, _) = read else {
                Issue.record("\(read)")
                continue
            }
            #expect(scheme == expected)
        }
    }

    /// The names of what a block marks as never to be indexed.
    private func secrets(
        _ block: [UInt8],
        into head: Head,
        _ decoder: inout HPACKDecoder
    ) throws(HTTP2Violation) -> [String] {
        let limits = HeadLimits()
        _ = try decoder.decode(block.span, into: head, as: .request, limits: limits, streamID: 1)
        let fields = (0..<head.fieldCount).map { head.field(at: $0) }
        return (head.isPathNeverIndexed ? [":path"] : [])
            + fields.filter(\.isNeverIndexed).map { Understood.text(head, $0.name) }
    }

    @Test("What was received as never to be indexed is sent so")
    func neverIndexed() throws {
        let block: [UInt8] =
            [0x82, 0x86] + Block.literal(":authority", "a") + Block.literal(":path", "/x", .never)
            + Block.literal("x-secret", "b", .never) + Block.literal("x-plain", "c")
            + Block.literal("cookie", "first=123456789012345")
            + Block.literal("cookie", "next=123456789012345", .never)
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        var next = HPACKDecoder()
        let head = Head()
        for _ in 0..<5 {
            #expect(try secrets(block, into: head, &decoder) == [":path", "x-secret", "cookie"])
            let sent = encoder.block(head, as: .request)
            let names = try secrets(sent, into: Head(), &next)
            #expect(names == [":path", "x-secret", "cookie"])
        }
        // The authority and the plain field alone.
        let size = encoder.tableSize
        #expect(size == 32 + 10 + 1 + 32 + 7 + 1)
        let copy = Head()
        copy.copy(from: head)
        #expect(copy.isPathNeverIndexed)
        head.reset()
        #expect(!head.isPathNeverIndexed)
    }

    @Test("CONNECT has an authority alone, extended CONNECT all")
    func connect() {
        let head = request("CONNECT a.example:1 HTTP/1.1\nHost: a.example:1\n\n")
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder(allowsConnectProtocol: true)
        let plain = decoder.read(encoder.block(head, as: .request))
        #expect(plain.understood?.authority == "a.example:1")
        #expect(plain.understood?.path == "")
        head.upgradeProtocol = head.append("websocket")
        head.path = head.append("/chat")
        let extended = decoder.read(encoder.block(head, as: .request))
        #expect(extended.info?.hasUpgradeProtocol == true)
        #expect(extended.understood?.path == "/chat")
    }

    @Test("Removed lines, pseudo-headers and white space are not written")
    func lines() {
        let head = request("GET / HTTP/1.1\nHost: a\nA: 1\nB: 2\n\n")
        head.remove(named: Array("a".utf8).span)
        head.addLine(name: head.append(":path"), value: head.append("/evil"))
        head.addLine(name: head.append("x"), value: head.append(" \ty\t "))
        var encoder = HPACKEncoder()
        #expect(fields(encoder.block(head, as: .request)) == ["b: 2", "x: y"])
    }

    @Test(
        "Responses of each status are read as they were written",
        arguments: [
            100, 103, 200, 201,
            204, 206, 302, 304, 400, 404, 500, 503, 999,
        ]
    )
    func statuses(status: UInt16) {
        let head = Head()
        head.status = status
        head.addLine(name: head.append("Server"), value: head.append("x"))
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        let read = decoder.read(encoder.block(head, as: .response), as: .response)
        #expect(read.understood?.status == status)
        #expect(read.understood?.fields.map(\.description) == ["server: x"])
    }

    @Test("What repeats takes one byte from the third time on")
    func repetition() {
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        var sizes: [Int] = []
        for _ in 0..<4 {
            let head = request(
                "GET /some/path HTTP/1.1\nHost: a.example\nUser-Agent: test/1.0\nX-App: abc\n\n"
            )
            let block = encoder.block(head, as: .request)
            sizes.append(block.count)
            let lines = decoder.read(block).understood?.fields.map(\.description)
            #expect(lines == ["user-agent: test/1.0", "x-app: abc"])
        }
        #expect(sizes[0] > 40)
        // Method, scheme, path, authority and two fields.
        #expect(sizes[2] == 6)
        #expect(sizes[3] == 6)
    }

    @Test("Credentials and what changes each time never enter the table")
    func secrets() {
        var encoder = HPACKEncoder()
        for _ in 0..<5 {
            let head = request(
                """
                GET / HTTP/1.1
                Host: a
                Authorization: Basic abc
                Cookie: a=1
                Proxy-Authorization: x
                Date: Mon, 21 Oct 2013 20:13:21 GMT
                X-Request-Id: 12345
                Content-Length: 0


                """
            )
            let block = encoder.block(head, as: .request)
            // Never-indexed literals with the names of the static table.
            #expect(block.contains([0x1f, 0x08]))
            #expect(block.contains([0x1f, 0x11]))
            #expect(block.contains([0x1f, 0x22]))
        }
        // The authority alone.
        let size = encoder.tableSize
        #expect(size == 32 + 10 + 1)
    }

    @Test("A smaller table of the peer is announced, from the lowest on")
    func sizeUpdates() {
        let head = request("GET / HTTP/1.1\nHost: a.example\nX-App: abc\n\n")
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        func exchange() -> [UInt8] {
            let block = encoder.block(head, as: .request)
            #expect(decoder.read(block).understood?.fields.count == 1)
            let sizes = (encoder.tableSize, decoder.tableSize)
            #expect(sizes.0 == sizes.1)
            return block
        }
        for _ in 0..<3 { _ = exchange() }
        // More than 4096 changes nothing.
        encoder.limitTable(to: 65_536)
        #expect(exchange().first == 0x82)
        encoder.limitTable(to: 0)
        #expect(exchange().first == 0x20)
        let empty = encoder.tableSize
        #expect(empty == 0)
        #expect(exchange().first == 0x82)
        encoder.limitTable(to: 100)
        for _ in 0..<3 { _ = exchange() }
        encoder.limitTable(to: 0)
        encoder.limitTable(to: 4_096)
        #expect(Array(exchange().prefix(4)) == [0x20, 0x3f, 0xe1, 0x1f])
        for _ in 0..<3 { _ = exchange() }
    }

    @Test("Random heads come back as they were, whatever the size of the table")
    func roundTrips() {
        var random = Mutation(seed: 7)
        let names = [
            "Accept", "user-agent", "X-Custom-\u{41}", "content-type", "x-request-id", "cookie",
            "x_y", "cache-control", "traceparent", "via", "te", "x-forwarded-for", "etag",
        ]
        var encoder = HPACKEncoder()
        var decoder = HPACKDecoder()
        for round in 0..<3_000 {
            let head = Head()
            head.method = .other
            head.methodSlice = head.append(["GET", "PATCH", "FOO"][random.below(3)])
            head.path = head.append(["/", "/a", "/b?c=d", "/long/path/here"][random.below(4)])
            head.authority = head.append(["a.example", "b.example:80"][random.below(2)])
            var expected: [String] = []
            var hasCookie = false
            for _ in 0..<random.below(12) {
                let name = random.below(4) == 0 ? "x-n\(random.below(200))" : random.pick(names)
                if name == "cookie" {
                    if hasCookie { continue }
                    hasCookie = true
                }
                var value = ""
                for _ in 0..<random.below(random.below(9) == 0 ? 900 : 30) {
                    value.append(Character(UnicodeScalar(UInt8(0x21 + random.below(0x5e)))))
                }
                if random.below(2) == 0 { value = "v\(random.below(5))" }
                if name == "te" { value = "trailers" }
                head.addLine(
                    name: head.append(Array(name.utf8).span),
                    value: head.append(Array(value.utf8).span)
                )
                expected.append("\(name.lowercased()): \(value)")
            }
            if random.below(40) == 0 {
                encoder.limitTable(to: UInt32(random.below(5_000)))
            }
            let read = decoder.read(encoder.block(head, as: .request)).understood
            #expect(read?.fields.map(\.description) == expected, "round \(round)")
            #expect(read?.path == Understood.text(head, head.path))
            #expect(read?.authority == Understood.text(head, head.authority))
            let sizes = (encoder.tableSize, decoder.tableSize)
            #expect(sizes.0 == sizes.1)
        }
    }
}

@Suite("Header blocks that an attacker made")
struct HPACKMutationTests {
    @Test("No mutation of header blocks traps the decoder or loses anything")
    func mutations() {
        var random = Mutation(seed: 99)
        let messages = MessageCase.all.map(\.block).filter { $0.count < 250 }
        let coded = [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6",
        ].map(hex)
        for round in 0..<20_000 {
            var bytes = [UInt8(truncatingIfNeeded: random.next())]
            for _ in 0...random.below(3) {
                var block = round % 2 == 0 ? random.pick(messages) : random.pick(coded)
                if random.below(3) > 0 { random.mutate(&block) }
                bytes += [UInt8(min(255, block.count))] + block.prefix(255)
            }
            #expect(HPACKProperty.violation(in: bytes) == nil)
        }
    }
}

import Model
import Testing
import Wire

/// One chunked body, and what must become of it.
struct ChunkedCase: Sendable, CustomTestStringConvertible {
    enum Verdict: Equatable, Sendable {
        case refused(HeadFailure)
        case incomplete
        /// The data, the trailers that may go on, and how many bytes were left over.
        case body(String, trailers: [String], rest: Int)
    }
    let name: String
    let bytes: [UInt8]
    let verdict: Verdict
    var testDescription: String { name }

    init(_ name: String, _ text: String, _ failure: HeadFailure) {
        self.init(name, text, .refused(failure))
    }
    init(_ name: String, _ text: String, _ verdict: Verdict) {
        self.name = name
        self.bytes = text.latin1
        self.verdict = verdict
    }
    init(_ name: String, _ text: String, body: String, trailers: [String] = [], rest: Int = 0) {
        self.init(name, text, .body(body, trailers: trailers, rest: rest))
    }
}

private func trailer(_ lines: String...) -> String {
    "0\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
}

extension ChunkedCase {
    static let all: [ChunkedCase] = [
        .init("an empty body", "0\r\n\r\n", body: ""),
        .init("one chunk", "5\r\nhello\r\n0\r\n\r\n", body: "hello"),
        .init("two chunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", body: "hello!"),
        .init("a size in capitals", "A\r\n0123456789\r\n0\r\n\r\n", body: "0123456789"),
        .init("a size in lower case", "a\r\n0123456789\r\n0\r\n\r\n", body: "0123456789"),
        .init("leading zeros", "0005\r\nhello\r\n000\r\n\r\n", body: "hello"),
        .init("16 digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", body: "hello"),
        .init("data that looks like an end", "5\r\n0\r\n\r\n\r\n0\r\n\r\n", body: "0\r\n\r\n"),
        .init("another message after it", "0\r\n\r\nGET /", body: "", rest: 5),
        .init("an extension", "5;a\r\nhello\r\n0\r\n\r\n", body: "hello"),
        .init("an extension with a value", "5;a=b;c=d\r\nhello\r\n0;e\r\n\r\n", body: "hello"),
        .init("a quoted extension", "5;a=\"b c;\\\"=\"\r\nhello\r\n0\r\n\r\n", body: "hello"),
        .init("an empty quoted extension", "5;a=\"\"\r\nhello\r\n0\r\n\r\n", body: "hello"),
        .init("a trailer", trailer("X: y"), body: "", trailers: ["X: y"]),
        .init(
            "trailers with blanks",
            trailer("X: \t a b \t ", "Y:z", "Z:", "W:  "),
            body: "",
            trailers: ["X: a b", "Y: z", "Z: ", "W: "]
        ),
        .init(
            "forbidden trailers are dropped",
            trailer(
                "Content-Length: 5",
                "X: y",
                "Transfer-Encoding: chunked",
                "HOST: a",
                "Authorization: b",
                "Set-Cookie: c",
                "Cookie: d",
                "x-forwarded-for: e",
                "X-Envoy-Internal: true",
                "Connection: close",
                "TE: trailers",
                "Content-Type: f",
                "If-Match: g",
                "Expect: h",
                "Trailer: i",
                "Range: j",
                "Cache-Control: k",
                "x-request-id: l"
            ),
            body: "",
            trailers: ["X: y"]
        ),
        .init(
            "gRPC's trailers stay",
            trailer("grpc-status: 0", "Grpc-Message: ok"),
            body: "",
            trailers: ["grpc-status: 0", "Grpc-Message: ok"]
        ),
        .init("nothing", "", .incomplete),
        .init("half a size", "5", .incomplete),
        .init("half a line", "5\r", .incomplete),
        .init("half the data", "5\r\nhel", .incomplete),
        .init("no last chunk", "5\r\nhello\r\n", .incomplete),
        .init("no blank line", "0\r\n", .incomplete),
        .init("half a blank line", "0\r\n\r", .incomplete),
        .init("half a trailer", "0\r\nX: y\r\n", .incomplete),
        .init("no size", "\r\n", .invalidChunkSize),
        .init("an extension without a size", ";a\r\n", .invalidChunkSize),
        .init("a space before the size", " 5\r\nhello\r\n", .invalidChunkSize),
        .init("a space after the size", "5 \r\nhello\r\n", .invalidChunkSize),
        .init("a tab after the size", "5\t\r\nhello\r\n", .invalidChunkSize),
        .init("a space before the extension", "5 ;a\r\nhello\r\n", .invalidChunkSize),
        .init("a plus", "+5\r\nhello\r\n", .invalidChunkSize),
        .init("a minus", "-5\r\nhello\r\n", .invalidChunkSize),
        .init("0x", "0x5\r\nhello\r\n", .invalidChunkSize),
        .init("an underscore", "1_0\r\n", .invalidChunkSize),
        .init("a letter beyond F", "g\r\n", .invalidChunkSize),
        .init("a NUL", "5\u{0}\r\nhello", .invalidChunkSize),
        .init("a byte beyond ASCII", "\u{b5}\r\n", .invalidChunkSize),
        .init("a comma", "5,5\r\nhello", .invalidChunkSize),
        .init("17 digits", "00000000000000005\r\nhello", .invalidChunkSize),
        .init("endless zeros", String(repeating: "0", count: 9_000), .invalidChunkSize),
        .init("more than 2^62", "4000000000000001\r\n", .chunkTooLarge),
        .init("2^64 - 1", "ffffffffffffffff\r\n", .chunkTooLarge),
        .init("2^63", "8000000000000000\r\n", .chunkTooLarge),
        .init("2^64 + 5", "10000000000000005\r\nhello", .invalidChunkSize),
        .init("2^62", "4000000000000000\r\nx", .incomplete),
        .init("a bare line feed after the size", "5\nhello\r\n", .bareLF),
        .init("a bare return after the size", "5\rhello", .bareCR),
        .init("two returns after the size", "5\r\r\nhello", .bareCR),
        .init("a bare line feed as the size", "\n", .bareLF),
        .init("data longer than its size", "5\r\nhello!\r\n", .chunkNotTerminated),
        .init("data followed by the next size", "5\r\nhello0\r\n\r\n", .chunkNotTerminated),
        .init("a bare line feed after the data", "5\r\nhello\n0\r\n\r\n", .chunkNotTerminated),
        .init("a bare return after the data", "5\r\nhello\r0\r\n\r\n", .chunkNotTerminated),
        .init("an extension without a name", "5;\r\nhello", .invalidChunkExtension),
        .init("an extension with a value only", "5;=a\r\nhello", .invalidChunkExtension),
        .init("an extension without its value", "5;a=\r\nhello", .invalidChunkExtension),
        .init("two semicolons", "5;;a\r\nhello", .invalidChunkExtension),
        .init("a space in an extension", "5; a\r\nhello", .invalidChunkExtension),
        .init("a space after an extension", "5;a \r\nhello", .invalidChunkExtension),
        .init("a line feed in an extension", "5;a\nhello", .bareLF),
        .init("a return in an extension", "5;a\rb", .bareCR),
        .init("a line end in a quoted extension", "5;a=\"\r\nhello", .invalidChunkExtension),
        .init(
            "an escaped line end in a quoted extension",
            "5;a=\"\\\r\nhello",
            .invalidChunkExtension
        ),
        .init("a word after a quoted extension", "5;a=\"b\"c\r\nhello", .invalidChunkExtension),
        .init("a NUL in a quoted extension", "5;a=\"\u{0}\"\r\nhello", .invalidChunkExtension),
        .init(
            "an extension of 256 bytes",
            "5;" + String(repeating: "a", count: 255) + "\r\nhello\r\n0\r\n\r\n",
            body: "hello"
        ),
        .init(
            "an extension of 257 bytes",
            "5;" + String(repeating: "a", count: 256) + "\r\nhello",
            .chunkExtensionsTooLarge
        ),
        .init(
            "an endless quoted extension",
            "5;a=\"" + String(repeating: "a", count: 9_000),
            .chunkExtensionsTooLarge
        ),
        .init(
            "an extension flood over many chunks",
            String(repeating: "1;" + String(repeating: "a", count: 200) + "\r\nx\r\n", count: 40),
            .chunkExtensionsTooLarge
        ),
        .init(
            "a small extension for each of many chunks",
            String(repeating: "a;a=b\r\n0123456789\r\n", count: 3_000) + "0\r\n\r\n",
            body: String(repeating: "0123456789", count: 3_000)
        ),
        .init("a trailer without a colon", trailer("X"), .invalidFieldName),
        .init("a trailer without a name", trailer(": a"), .invalidFieldName),
        .init("a space before a trailer's colon", trailer("X : a"), .spaceBeforeColon),
        .init("a folded trailer", trailer("X: a", " b"), .obsFold),
        .init("a NUL in a trailer", trailer("X: a\u{0}"), .invalidFieldValue),
        .init("a bare line feed in a trailer", "0\r\nX: a\n\r\n", .bareLF),
        .init("a bare return in a trailer", "0\r\nX: a\rb\r\n", .bareCR),
        .init("a bare line feed as the blank line", "0\r\n\n", .bareLF),
        .init("a bare return as the blank line", "0\r\n\rX", .bareCR),
        .init("a request in the trailers", trailer("GET /admin HTTP/1.1"), .spaceBeforeColon),
        .init(
            "32 trailers",
            "0\r\n" + String(repeating: "X: y\r\n", count: 32) + "\r\n",
            body: "",
            trailers: Array(repeating: "X: y", count: 32)
        ),
        .init("33 trailers", "0\r\n" + String(repeating: "X: y\r\n", count: 33), .tooManyTrailers),
        .init(
            "trailers of 8 KiB",
            trailer("X: " + String(repeating: "y", count: 8_187)),
            body: "",
            trailers: ["X: " + String(repeating: "y", count: 8_187)]
        ),
        .init(
            "trailers of more than 8 KiB",
            trailer("X: " + String(repeating: "y", count: 8_188)),
            .trailersTooLarge
        ),
    ]
}

/// Decodes bytes that come in the given pieces, each in a span of its own.
func decode(_ bytes: [UInt8], cuts: [Int], keepsTrailers: Bool = true) -> ChunkedCase.Verdict {
    var decoder = ChunkedDecoder()
    let trailers = Head()
    var data: [UInt8] = []
    var start = 0
    for cut in cuts + [bytes.count] {
        let piece = Array(bytes[start..<cut])
        var offset = 0
        pieces: while true {
            do throws(HeadFailure) {
                switch try decoder.next(
                    in: piece.span,
                    from: offset,
                    trailers: keepsTrailers ? trailers : nil
                )
                {
                case .data(let range):
                    data += piece[range]
                    offset = range.upperBound
                case .more(let end):
                    if end != piece.count { return .incomplete }
                    break pieces
                case .end(let end):
                    let lines = Understood(trailers, framing: .none).fields.map(\.description)
                    return .body(
                        Understood.latin1(data.span),
                        trailers: lines,
                        rest: bytes.count - start - end
                    )
                }
            } catch {
                return .refused(error)
            }
        }
        start = cut
    }
    return .incomplete
}

@Suite("Chunked bodies")
struct ChunkedDecoderTests {
    @Test("Each body of the table gets its verdict", arguments: ChunkedCase.all)
    func verdict(_ body: ChunkedCase) {
        #expect(decode(body.bytes, cuts: []) == body.verdict)
    }

    @Test("Bytes that come one by one get the same verdict", arguments: ChunkedCase.all)
    func oneByOne(_ body: ChunkedCase) {
        #expect(decode(body.bytes, cuts: Array(body.bytes.indices)) == body.verdict)
    }

    @Test("Bytes split at any offset get the same verdict", arguments: ChunkedCase.all)
    func split(_ body: ChunkedCase) {
        let step = max(1, body.bytes.count / 500)
        for cut in stride(from: 0, through: body.bytes.count, by: step)
        where decode(body.bytes, cuts: [cut]) != body.verdict {
            Issue.record("another verdict when split at \(cut)")
            return
        }
    }

    @Test("Trailers that nobody keeps are checked all the same", arguments: ChunkedCase.all)
    func dropped(_ body: ChunkedCase) {
        let verdict = decode(body.bytes, cuts: [], keepsTrailers: false)
        switch body.verdict {
        case .body(let text, _, let rest): #expect(verdict == .body(text, trailers: [], rest: rest))
        default: #expect(verdict == body.verdict)
        }
    }

    @Test("What the encoder writes is decoded to the same")
    func roundTrip() {
        let trailers = Head()
        trailers.addLine(name: trailers.append("X"), value: trailers.append("y"))
        let end = unsafe [UInt8](
            unsafeUninitializedCapacity: ChunkedEncoder.byteCount(trailers: trailers)
        ) { buffer, count in
            count = unsafe ChunkedEncoder.writeEnd(
                trailers: trailers,
                into: UnsafeMutableRawBufferPointer(buffer)
            )
        }
        for size in [1, 9, 10, 15, 16, 17, 255, 256, 4_095, 4_096, 65_536] {
            let header = unsafe [UInt8](
                unsafeUninitializedCapacity: ChunkedEncoder.headerBytesMax
            ) { buffer, count in
                count = unsafe ChunkedEncoder.writeHeader(
                    size: size,
                    into: UnsafeMutableRawBufferPointer(buffer)
                )
            }
            let data = [UInt8](repeating: 0x61, count: size)
            let body = header + data + [0x0d, 0x0a] + end
            #expect(
                decode(body, cuts: [])
                    == .body(Understood.latin1(data.span), trailers: ["X: y"], rest: 0)
            )
        }
        let none = unsafe [UInt8](unsafeUninitializedCapacity: 5) { buffer, count in
            count = unsafe ChunkedEncoder.writeEnd(
                trailers: nil,
                into: UnsafeMutableRawBufferPointer(buffer)
            )
        }
        #expect(Understood.latin1(none.span) == "0\r\n\r\n")
    }

    @Test("The largest header fits its bound")
    func largestHeader() {
        let header = unsafe [UInt8](
            unsafeUninitializedCapacity: ChunkedEncoder.headerBytesMax
        ) { buffer, count in
            count = unsafe ChunkedEncoder.writeHeader(
                size: .max,
                into: UnsafeMutableRawBufferPointer(buffer)
            )
        }
        #expect(Understood.latin1(header.span) == "7fffffffffffffff\r\n")
    }
}

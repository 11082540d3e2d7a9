import Model
import Testing
import Wire

@Suite("The bodies of gRPC-Web")
struct GRPCWebTests {
    private func decode(_ text: String, cuts: [Int] = []) -> Result<String, GRPCWebFailure> {
        let bytes = Array(text.utf8)
        var decoder = GRPCWebRequestDecoder(form: .text)
        var output: [UInt8] = []
        do throws(GRPCWebFailure) {
            var start = 0
            for end in cuts + [bytes.count] {
                try decoder.decode(bytes.span.extracting(start..<end), into: &output)
                start = end
            }
            try decoder.finish()
        } catch {
            return .failure(error)
        }
        return .success(String(decoding: output, as: UTF8.self))
    }

    @Test(
        "Base64 is decoded, however it arrives",
        arguments: [
            ("", ""), ("YQ==", "a"), ("YWI=", "ab"), ("YWJj", "abc"), ("YWJjZA==", "abcd"),
            // Segments that were encoded one by one.
            ("YQ==YWI=YWJj", "aababc"), ("YQ==YQ==", "aa"), ("Pz8/", "???"), ("fn5+", "~~~"),
        ]
    )
    func decodes(text: String, expected: String) {
        #expect(decode(text) == .success(expected))
        for first in 0...text.utf8.count {
            for second in first...text.utf8.count {
                #expect(decode(text, cuts: [first, second]) == .success(expected))
            }
        }
        #expect(decode(text, cuts: Array(0...text.utf8.count)) == .success(expected))
    }

    @Test(
        "What no encoder writes is refused",
        arguments: [
            ("Y", GRPCWebFailure.incompleteBase64), ("YWJ", .incompleteBase64),
            ("YQ=", .incompleteBase64), ("YWJjY", .incompleteBase64), ("=", .invalidBase64),
            ("Y===", .invalidBase64), ("YQ=a", .invalidBase64), ("YR==", .invalidBase64),
            ("YWJ=", .invalidBase64), ("YQ==\n", .invalidBase64), ("YW-j", .invalidBase64),
            ("YW_j", .invalidBase64), ("====", .invalidBase64), ("YQ======", .invalidBase64),
        ]
    )
    func refuses(text: String, failure: GRPCWebFailure) {
        #expect(decode(text) == .failure(failure))
        for cut in 0...text.utf8.count { #expect(decode(text, cuts: [cut]) == .failure(failure)) }
    }

    @Test("Binary messages pass as they are")
    func binaryPasses() throws {
        let bytes: [UInt8] = [0, 0, 0, 0, 2, 8, 1, 0xff]
        var decoder = GRPCWebRequestDecoder(form: .binary)
        var output: [UInt8] = []
        try decoder.decode(bytes.span, into: &output)
        try decoder.finish()
        #expect(output == bytes)
    }

    private func trailers(_ fields: [(String, String)]) -> Head {
        let head = Head()
        for (name, value) in fields {
            let name = Array(name.utf8)
            let value = Array(value.utf8)
            head.addLine(name: head.append(name.span), value: head.append(value.span))
        }
        return head
    }

    private func encode(_ bytes: [UInt8], step: Int, form: GRPCWebForm) -> [UInt8] {
        var encoder = GRPCWebResponseEncoder(form: form)
        var output: [UInt8] = []
        var start = 0
        while start < bytes.count {
            let end = min(start + step, bytes.count)
            encoder.encode(bytes.span.extracting(start..<end), into: &output)
            start = end
        }
        let fields = [("grpc-status", "0"), ("Grpc-Message", "OK")]
        encoder.encodeTrailers(trailers(fields), into: &output)
        return output
    }

    private static let messages: [UInt8] = [0, 0, 0, 0, 1, 7, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 8, 9]
    private static let frame =
        [0x80, 0, 0, 0, 32] as [UInt8] + Array("grpc-status:0\r\ngrpc-message:OK\r\n".utf8)

    @Test("Trailers are the last frame of a binary answer")
    func binaryAnswer() {
        let expected = Self.messages + Self.frame
        for step in 1...20 {
            #expect(encode(Self.messages, step: step, form: .binary) == expected)
        }
    }

    @Test("Each message and the trailers are one segment of a text answer")
    func textAnswer() {
        let expected =
            "AAAAAAEH" + "AAAAAAA=" + "AQAAAAIICQ=="
            + "gAAAACBncnBjLXN0YXR1czowDQpncnBjLW1lc3NhZ2U6T0sNCg=="
        for step in 1...20 {
            let text = String(
                decoding: encode(Self.messages, step: step, form: .text),
                as: UTF8.self
            )
            #expect(text == expected)
        }
    }

    @Test("A whole message is whole in the answer at once")
    func wholeMessages() {
        var encoder = GRPCWebResponseEncoder(form: .text)
        var output: [UInt8] = []
        let first: [UInt8] = [0, 0, 0, 0, 2, 8, 1]
        encoder.encode(first.span, into: &output)
        #expect(String(decoding: output, as: UTF8.self) == "AAAAAAIIAQ==")
    }

    @Test("A text answer is decoded to the binary one")
    func roundTrip() throws {
        var random = Mutations(seed: 64)
        for _ in 0..<200 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let count = UInt8.random(in: 0...20, using: &random)
                body += [0, 0, 0, 0, count]
                for _ in 0..<count { body.append(UInt8.random(in: 0...255, using: &random)) }
            }
            let step = Int.random(in: 1...30, using: &random)
            let text = encode(body, step: step, form: .text)
            var decoder = GRPCWebRequestDecoder(form: .text)
            var decoded: [UInt8] = []
            try decoder.decode(text.span, into: &decoded)
            try decoder.finish()
            #expect(decoded == encode(body, step: step, form: .binary))
        }
    }

    @Test("Four media types are gRPC-Web, as they are written")
    func mediaTypes() {
        func form(_ text: String) -> GRPCWebForm? {
            let bytes = Array(text.utf8)
            return GRPCWebForm(mediaType: bytes.span)
        }
        #expect(form("application/grpc-web") == .binary)
        #expect(form("application/grpc-web+proto") == .binary)
        #expect(form("application/grpc-web-text") == .text)
        #expect(form("application/grpc-web-text+proto") == .text)
        for other in [
            "", "application/grpc", "application/grpc-web+json", "Application/grpc-web",
            "application/grpc-web; charset=utf-8", "application/grpc-web-text+",
        ] {
            #expect(form(other) == nil)
        }
    }
}

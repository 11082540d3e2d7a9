import Testing
import Wire

@Suite("The messages and paths of gRPC")
struct GRPCMessageTests {
    private static let stream: [UInt8] =
        [0, 0, 0, 0, 3, 1, 2, 3] + [1, 0, 0, 0, 0] + [0, 0, 0, 1, 0]
        + [UInt8](repeating: 9, count: 256) + [0, 0, 0]

    @Test("Messages are counted as they begin, however they arrive")
    func counts() {
        let bytes = Self.stream
        for step in [1, 2, 3, 4, 5, 7, 8, 13, 64, bytes.count] {
            var counter = GRPCMessageCounter()
            var begun: UInt64 = 0
            var start = 0
            while start < bytes.count {
                let end = min(start + step, bytes.count)
                begun += counter.consume(bytes.span.extracting(start..<end))
                start = end
            }
            #expect(counter.count == 4)
            #expect(begun == 4)
            #expect(!counter.isBetweenMessages)
        }
        for cut in 0...bytes.count {
            var counter = GRPCMessageCounter()
            counter.consume(bytes.span.extracting(0..<cut))
            let expected = cut == 0 ? 0 : cut <= 8 ? 1 : cut <= 13 ? 2 : cut <= 274 ? 3 : 4
            #expect(counter.count == UInt64(expected))
            #expect(counter.isBetweenMessages == [0, 8, 13, 274].contains(cut))
        }
    }

    @Test("A message of the largest length does not overflow")
    func largest() {
        var counter = GRPCMessageCounter()
        let bytes: [UInt8] = [0, 255, 255, 255, 255] + [UInt8](repeating: 0, count: 1_000)
        counter.consume(bytes.span)
        #expect(counter.count == 1)
    }

    @Test(
        "A path has a service and a method",
        arguments: [
            ("/a.B/C", "a.B", "C"), ("/a.B/C?x/y", "a.B", "C"), ("//a.B//C/", "a.B", "C"),
            ("a/b", "a", "b"),
        ]
    )
    func splits(path: String, service: String, method: String) throws {
        let bytes = Array(path.utf8)
        let path = GRPCPath(bytes.span)
        let parts = try #require(path)
        #expect(String(decoding: bytes[parts.service], as: UTF8.self) == service)
        #expect(String(decoding: bytes[parts.method], as: UTF8.self) == method)
    }

    @Test(
        "Other paths are none of gRPC",
        arguments: ["", "/", "/a", "/a/", "/a/b/c", "/a?/b", "?"]
    )
    func refuses(path: String) {
        let bytes = Array(path.utf8)
        #expect(GRPCPath(bytes.span) == nil)
    }

    // MARK: - Health

    @Test("A request names the service")
    func healthRequest() {
        let none: [UInt8] = []
        #expect(GRPCHealthMessages.request(service: none.span) == [0, 0, 0, 0, 0])
        let some = Array("a.B".utf8)
        #expect(
            GRPCHealthMessages.request(service: some.span)
                == [0, 0, 0, 0, 5, 0x0a, 3, 0x61, 0x2e, 0x42]
        )
        let long = [UInt8](repeating: 0x61, count: 300)
        let framed = GRPCHealthMessages.request(service: long.span)
        #expect(framed == [0, 0, 0, 1, 0x2f, 0x0a, 0xac, 2] + long)
    }

    @Test(
        "A response has a status",
        arguments: [
            ([0, 0, 0, 0, 0], .status(.unknown)),
            ([0, 0, 0, 0, 2, 8, 0], .status(.unknown)),
            ([0, 0, 0, 0, 2, 8, 1], .status(.serving)),
            ([0, 0, 0, 0, 2, 8, 2], .status(.notServing)),
            ([0, 0, 0, 0, 2, 8, 3], .status(.serviceUnknown)),
            ([0, 0, 0, 0, 3, 8, 0xac, 2], .status(.other(300))),
            // The last value counts, and fields of later versions are skipped.
            ([0, 0, 0, 0, 4, 8, 2, 8, 1], .status(.serving)),
            ([0, 0, 0, 0, 10, 0x12, 1, 5, 8, 1, 0x1d, 1, 2, 3], .more),
            ([0, 0, 0, 0, 10, 0x12, 1, 5, 8, 1, 0x1d, 1, 2, 3, 4], .status(.serving)),
            ([], .more), ([0, 0, 0], .more), ([0, 0, 0, 0, 2, 8], .more),
            ([1], .malformed),
            ([0, 0, 0, 0, 2, 8, 1, 0], .malformed),
            ([0, 0, 0, 16, 1], .malformed),
            ([0, 255, 255, 255, 255], .malformed),
            ([0, 0, 0, 0, 1, 8], .malformed),
            ([0, 0, 0, 0, 2, 0, 1], .malformed),
            ([0, 0, 0, 0, 2, 0x0b, 1], .malformed),
            ([0, 0, 0, 0, 3, 0x12, 9, 1], .malformed),
            ([0, 0, 0, 0, 2, 0x1d, 1], .malformed),
        ] as [([UInt8], GRPCHealthMessages.Response)]
    )
    func healthResponse(bytes: [UInt8], expected: GRPCHealthMessages.Response) {
        #expect(GRPCHealthMessages.response(bytes.span) == expected)
    }

    @Test("A number of more than 64 bits is malformed")
    func hugeNumbers() {
        let nines = [UInt8](repeating: 0xff, count: 9)
        let most: [UInt8] = [0, 0, 0, 0, 11, 8] + nines + [1]
        #expect(GRPCHealthMessages.response(most.span) == .status(.other(.max)))
        let over: [UInt8] = [0, 0, 0, 0, 11, 8] + nines + [2]
        #expect(GRPCHealthMessages.response(over.span) == .malformed)
    }

    @Test("No response traps")
    func mutations() {
        var random = Mutations(seed: 5)
        let original: [UInt8] = [0, 0, 0, 0, 10, 0x12, 1, 5, 8, 1, 0x1d, 1, 2, 3, 4]
        var malformed = 0
        for _ in 0..<20_000 {
            let bytes = random.mutate(original)
            if GRPCHealthMessages.response(bytes.span) == .malformed { malformed += 1 }
        }
        #expect(malformed > 5_000)
    }
}

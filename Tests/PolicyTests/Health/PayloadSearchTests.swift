import Policy
import Testing

@Suite("Payload search")
struct PayloadSearchTests {
    private static func found(_ blocks: [String], in text: String, pieces: Int) -> Bool {
        var search = PayloadSearch(PayloadPattern(blocks.map { Array($0.utf8) }))
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
            search.feed(piece.span)
            start += pieces
        }
        return search.isComplete
    }

    @Test(
        "blocks are found in their order, with anything between them",
        arguments: [
            ([String](), "", true),
            ([""], "", true),
            (["ok"], "", false),
            (["ok"], "it is ok", true),
            (["a", "b"], "xaxbx", true),
            (["b", "a"], "xaxbx", false),
            (["aa", "a"], "aa", false),
            (["aa", "a"], "aaa", true),
            (["aab"], "aaaab", true),
            (["abab", "ab"], "abababab", true),
            (["ababac"], "abababac", true),
            (["PONG"], "+PON", false),
        ]
    )
    func search(_ blocks: [String], _ text: String, _ expected: Bool) {
        // However the bytes are cut.
        for pieces in 1...8 {
            #expect(Self.found(blocks, in: text, pieces: pieces) == expected)
        }
    }
}

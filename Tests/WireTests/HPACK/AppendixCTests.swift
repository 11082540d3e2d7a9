import Model
import Testing
import Wire

@Suite("The examples of RFC 7541 appendix C")
struct AppendixCTests {
    private struct Step {
        var block: String
        var line: String
        var fields: [String]
        var tableSize: Int
    }

    private func check(_ steps: [Step], as kind: HTTP2HeadKind, tableSize: Int? = nil) {
        var decoder = HPACKDecoder()
        for (index, step) in steps.enumerated() {
            var block = hex(step.block)
            if index == 0, let tableSize { block = Block.number(tableSize, 5, 0x20) + block }
            guard let head = decoder.read(block, as: kind).understood else {
                Issue.record("refused: \(step.block)")
                return
            }
            let line =
                kind == .response
                ? "\(head.status)" : "\(head.method) \(head.authority)\(head.path)"
            #expect(line == step.line)
            #expect(head.fields.map(\.description) == step.fields)
            let size = decoder.tableSize
            #expect(size == step.tableSize)
        }
    }

    private func requests(_ blocks: [String]) -> [Step] {
        [
            Step(block: blocks[0], line: "GET www.example.com/", fields: [], tableSize: 57),
            Step(
                block: blocks[1],
                line: "GET www.example.com/",
                fields: ["cache-control: no-cache"],
                tableSize: 110
            ),
            Step(
                block: blocks[2],
                line: "GET www.example.com/index.html",
                fields: ["custom-key: custom-value"],
                tableSize: 164
            ),
        ]
    }

    @Test("C.3: requests without Huffman coding")
    func plainRequests() {
        let blocks = [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ]
        check(requests(blocks), as: .request)
    }

    @Test("C.4: requests with Huffman coding")
    func codedRequests() {
        let blocks = [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ]
        check(requests(blocks), as: .request)
    }

    private func responses(_ blocks: [String]) -> [Step] {
        let early = "date: Mon, 21 Oct 2013 20:13:21 GMT"
        let late = "date: Mon, 21 Oct 2013 20:13:22 GMT"
        let location = "location: https://www.example.com"
        let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"
        return [
            Step(
                block: blocks[0],
                line: "302",
                fields: ["cache-control: private", early, location],
                tableSize: 222
            ),
            Step(
                block: blocks[1],
                line: "307",
                fields: ["cache-control: private", early, location],
                tableSize: 222
            ),
            Step(
                block: blocks[2],
                line: "200",
                fields: [
                    "cache-control: private", late, location, "content-encoding: gzip",
                    "set-cookie: \(cookie)",
                ],
                tableSize: 215
            ),
        ]
    }

    @Test("C.5: responses without Huffman coding, in a table of 256 bytes")
    func plainResponses() {
        let blocks = [
            """
            4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
            2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
            6c65 2e63 6f6d
            """,
            "4803 3330 37c1 c0bf",
            """
            88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
            54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
            5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
            3d31
            """,
        ]
        check(responses(blocks), as: .response, tableSize: 256)
    }

    @Test("C.6: responses with Huffman coding, in a table of 256 bytes")
    func codedResponses() {
        let blocks = [
            """
            4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
            2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3
            """,
            "4883 640e ffc1 c0bf",
            """
            88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
            77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
            9587 3160 65c0 03ed 4ee5 b106 3d50 07
            """,
        ]
        check(responses(blocks), as: .response, tableSize: 256)
    }
}

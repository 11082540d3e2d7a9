import Testing

@testable import LogShipper

/// Items that say nothing but that they were taken are passed over: it must not matter.
@Suite struct BulkReplyTests {
    /// What is made of an answer that comes in pieces of these sizes.
    private func verdict(_ answer: String, _ items: Int, _ isCreate: Bool, _ size: Int) -> String {
        var reply = BulkReply(items: items, isCreate: isCreate)
        let bytes = Array(answer.utf8)
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            reply.add(piece.span)
            start += size
        }
        return "\(reply.verdict()) \(reply.why)"
    }

    @Test(arguments: ["create", "index"])
    func piecesAndSpacesDoNotMatter(_ operation: String) {
        var generator = SplitMix(seed: 5)
        for _ in 0..<200 {
            let statuses = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                [200, 201, 299, 201, 409, 429, 503, 400].randomElement(using: &generator) ?? 200
            }
            let items = statuses.map { #"{"\#(operation)":{"status":\#($0)}}"# }
            let dense = #"{"errors":false,"items":["# + items.joined(separator: ",") + "]}"
            let spaced = #"{"errors":false,"items":[ "# + items.joined(separator: " , ") + "]}"
            let isCreate = operation == "create"
            let expected = verdict(spaced, statuses.count, isCreate, 1 << 20)
            for size in [1, 7, 26, 40, 1 << 20] {
                #expect(verdict(dense, statuses.count, isCreate, size) == expected)
            }
            #expect(verdict(dense, statuses.count + 1, isCreate, 1 << 20).contains("malformed"))
        }
    }

    @Test(arguments: [
        #"{"items":[{"create":{"status":201}},{"create":{"status":201}}"#,
        #"{"items":[{"create":{"status":201}},{"create":{"status":201}},]}"#,
        #"{"items":[{"create":{"status":201}},{"create":{"status":2x1}}]}"#,
        #"{"items":[{"create":{"status":201}},{"create":{"status":201}}}"#,
        #"{"items":[{"create":{"x":[1,{"create":{"status":201}}],"status":201}}]}"#,
        #"{"a":[1,{"create":{"status":201}}],"items":[{"create":{"status":201}}]}"#,
    ])
    func itemsThatAreNoneDoNotCount(_ answer: String) {
        for size in [1, 1 << 20] {
            #expect(verdict(answer, 2, true, size).contains("malformed"))
        }
    }
}

import Model
import Testing
import Wire

@Suite("The first message of TLS")
struct ClientHelloParserTests {
    @Test("Each start of a connection is what it is", arguments: ClientHelloCase.all)
    func whole(_ start: ClientHelloCase) {
        #expect(ClientHelloParser.parse(start.bytes.span) == start.expected)
    }

    @Test("No split changes the verdict", arguments: ClientHelloCase.all)
    func split(_ start: ClientHelloCase) {
        for cut in 0...start.bytes.count {
            let part = ClientHelloParser.parse(start.bytes.span.extracting(0..<cut))
            if part != .more && part != start.expected { Issue.record("\(part) at \(cut)") }
        }
    }

    @Test("A whole hello is needed, and nothing more", arguments: RecordedHello.all)
    func exactEnd(_ bytes: [UInt8]) {
        let short = bytes.span.extracting(0..<(bytes.count - 1))
        #expect(ClientHelloParser.parse(short) == .more)
        guard case .clientHello = ClientHelloParser.parse(bytes.span) else {
            Issue.record("no hello")
            return
        }
    }

    @Test("A hello as large as the limit is read, one byte more is refused")
    func limit() {
        let bytes = RecordedHello.bothVersions
        let expected = ClientHelloParser.parse(bytes.span)
        #expect(ClientHelloParser.parse(bytes.span, maxBytes: bytes.count) == expected)
        let over = ClientHelloParser.parse(bytes.span, maxBytes: bytes.count - 1)
        #expect(over == .malformed(.tooLarge))
        // The headers of records count.
        let records = TLSRecords.of(Array(bytes.dropFirst(5)), size: 10)
        #expect(ClientHelloParser.parse(records.span, maxBytes: records.count) == expected)
        for cut in 0..<records.count {
            let part = ClientHelloParser.parse(
                records.span.extracting(0..<cut),
                maxBytes: records.count - 1
            )
            if part != .more && part != .malformed(.tooLarge) { Issue.record("\(part)") }
        }
        let less = ClientHelloParser.parse(records.span, maxBytes: records.count - 1)
        #expect(less == .malformed(.tooLarge))
    }

    @Test("Each case keeps the properties", arguments: ClientHelloCase.all)
    func properties(_ start: ClientHelloCase) {
        #expect(ClientHelloProperty.violation(in: start.bytes.span) == nil)
    }

    @Test("No mutation of a hello traps or depends on how it arrives")
    func mutations() {
        var random = Mutations(seed: 22)
        let originals = ClientHelloCase.all.map(\.bytes)
        var understood = 0
        for round in 0..<20_000 {
            let bytes = random.mutate(originals[round % originals.count])
            let whole = ClientHelloParser.parse(bytes.span)
            if case .clientHello = whole { understood += 1 }
            let cut = Int.random(in: 0...bytes.count, using: &random)
            let part = ClientHelloParser.parse(bytes.span.extracting(0..<cut))
            if part != .more && part != whole { Issue.record("\(part) at \(cut) of \(bytes)") }
        }
        #expect(understood > 1_000)
    }

    @Test("Each file of the corpus keeps the properties")
    func corpus() {
        let files = CorpusFolder.files("client-hello")
        #expect(files.count >= 30)
        for file in files {
            if let violation = ClientHelloProperty.violation(in: file.bytes.span) {
                Issue.record("\(violation): \(file.name)")
            }
        }
    }
}

import Model
import Testing
import Wire

@Suite("Decoding header blocks")
struct HPACKDecoderTests {
    private let wrong = "http2.compression_error"

    @Test(
        "A block with wrong compression ends the connection",
        arguments: [
            "80",  // the index 0
            "be",  // beyond an empty table
            "ff ff ff ff ff ff 00", "7f ff ff ff ff 7f",  // too large
            "ff", "ff 80", "40", "40 01", "40 01 61", "40 01 61 02 61", "00", "10",  // truncated
            "0f", "5f 81", "82 40 7f",
            "7e 01 61",  // the name of an entry that is not there
            "3f e2 1f",  // a table of 4097 bytes
            "82 20",  // an update after a field
            "00 81 ff 00",  // a padding of eight bits
            "00 84 ff ff ff ff 00",  // the end of string
            "00 81 00 00",  // a padding of zeros: 0 is five bits
            "00 82 1f fe 00",  // another
        ]
    )
    func wrongCompression(block: String) {
        var decoder = HPACKDecoder()
        let result = decoder.read(hex(block), as: .trailers)
        #expect(result == .refused(details: wrong, streamID: 0))
    }

    @Test("Any byte a value may hold is decoded from Huffman's code")
    func huffman() {
        // All bytes that values may hold, without white space at the ends.
        var decoder = HPACKDecoder()
        var bytes = Array(UInt8(0x21)...0x7e)
        bytes += Array(UInt8(0x80)...0xff)
        let block = [0x00] + Block.string([0x61]) + hex(HuffmanVector.printable)
        let head = Head()
        #expect(decoder.read(block, as: .trailers, into: head).details == nil)
        #expect(Understood.text(head, head.field(at: 0).value) == Understood.latin1(bytes.span))
    }

    @Test("The size of the table may change at the start of a block only, several times")
    func sizeUpdates() {
        var decoder = HPACKDecoder()
        _ = decoder.read(Block.literal("a", "b", .incremental), as: .trailers)
        let before = decoder.tableSize
        #expect(before == 34)
        // To nothing and back: the entry is gone.
        #expect(decoder.read(hex("20 3f e1 1f"), as: .trailers).details == nil)
        let after = decoder.tableSize
        #expect(after == 0)
        #expect(decoder.read([0xbe], as: .trailers).details == wrong)
    }

    @Test("An entry larger than the table empties it")
    func largeEntry() {
        var decoder = HPACKDecoder()
        _ = decoder.read(Block.literal("a", "b", .incremental), as: .trailers)
        let long = String(repeating: "x", count: 4_096)
        let result = decoder.read(Block.literal("a", long, .incremental), as: .trailers)
        #expect(result.understood?.fields.first?.value == long)
        let size = decoder.tableSize
        #expect(size == 0)
    }

    @Test("An entry may have the name of one that it drives out")
    func ownName() {
        var decoder = HPACKDecoder()
        let name = String(repeating: "n", count: 2_000)
        _ = decoder.read(Block.literal(name, "1", .incremental), as: .trailers)
        let value = String(repeating: "v", count: 2_000)
        let again = [0x7e] + Block.string(Array(value.utf8))
        let head = decoder.read(again, as: .trailers).understood
        #expect(head?.fields == [Understood.Field(name: name, value: value)])
        let indexed = decoder.read([0xbe], as: .trailers).understood
        #expect(indexed?.fields == [Understood.Field(name: name, value: value)])
    }

    @Test("The table holds as much as its size says, over many entries")
    func manyEntries() {
        var decoder = HPACKDecoder()
        for round in 0..<2_000 {
            let name = "n\(round % 97)"
            let value = String(repeating: "v", count: round % 61)
            let block = Block.literal(name, value, .incremental) + [0xbe]
            let fields = decoder.read(block, as: .trailers).understood?.fields ?? []
            let field = Understood.Field(name: name, value: value)
            #expect(fields == [field, field])
            let size = decoder.tableSize
            #expect(size <= 4_096)
        }
    }

    @Test("A head above the limits is told from a malformed one, and the table stays right")
    func limits() {
        var decoder = HPACKDecoder()
        let limits = HeadLimits(headBytesMax: 400, headerCountMax: 5)
        let large = Block.get([("a", String(repeating: "b", count: 400))])
        let many = Block.get((0..<6).map { ("a\($0)", "b") })
        for block in [large, many] {
            let head = Head()
            do throws(HTTP2Violation) {
                _ = try decoder.decode(
                    (block + Block.literal("x", "y", .incremental)).span,
                    into: head,
                    as: .request,
                    limits: limits,
                    streamID: 7
                )
                Issue.record("accepted")
            } catch {
                #expect(error.isHeaderListTooLarge)
                #expect(error.streamID == 7)
                #expect("\(error.details)" == "http2.header_list_too_large")
            }
            #expect(head.byteCount <= 400)
            #expect(Understood.text(head, head.path) == "/")
            #expect(decoder.read([0xbe], as: .trailers).understood?.fields.first?.name == "x")
        }
        let fits = Block.get((0..<5).map { ("a\($0)", "b") })
        #expect(decoder.read(fits, limits: limits).details == nil)
    }

    @Test("Indexed references can't fill more memory than the limits")
    func bomb() {
        var decoder = HPACKDecoder()
        let long = String(repeating: "x", count: 4_000)
        _ = decoder.read(Block.literal("a", long, .incremental), as: .trailers)
        let head = Head()
        let block = [UInt8](repeating: 0xbe, count: 60_000)
        let result = decoder.read(
            block,
            as: .trailers,
            into: head,
            limits: HeadLimits(headBytesMax: 60_000, headerCountMax: 100_000)
        )
        #expect(result.details == "http2.header_list_too_large")
        #expect(head.byteCount <= 60_000)
        // Crumbs of cookies neither, wherever they stand.
        _ = decoder.read(Block.literal("cookie", "a", .incremental), as: .trailers)
        var crumbs: [UInt8] = [0x82, 0x84, 0x86]
        for _ in 0..<30_000 { crumbs += [0xbe] + Block.literal("b", "") }
        let many = decoder.read(crumbs, into: head)
        #expect(many.details == "http2.header_list_too_large")
        #expect(head.byteCount <= 61_440)
    }
}

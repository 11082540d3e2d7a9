import Model
import Testing
import Wire

@Suite("Reading HTTP/2 frames")
struct FrameReaderTests {
    @Test("Each frame is read, or refused, as RFC 9113 says", arguments: FrameCase.all)
    func table(_ frame: FrameCase) {
        #expect(HTTP2Property.heard(frame.bytes, step: .max / 2).heard == frame.heard)
    }

    @Test("The pieces in which frames come do not matter", arguments: FrameCase.all)
    func pieces(_ frame: FrameCase) {
        #expect(HTTP2Property.violation(in: frame.bytes) == nil)
        guard frame.bytes.count < 200 else { return }
        for cut in 0...frame.bytes.count {
            var feed = FrameFeed(
                HTTP2FrameReader(
                    headerBlockBytesMax: 32_768,
                    continuationsMax: 4,
                    startsWithSettings: false
                )
            )
            feed.feed(frame.bytes[..<cut])
            feed.feed(frame.bytes[cut...])
            #expect(feed.heard == frame.heard, "cut at \(cut)")
        }
    }

    @Test("All valid frames one after another are read in any pieces")
    func sequence() {
        let bytes = FrameCase.valid.flatMap(\.bytes)
        let expected = FrameCase.valid.flatMap(\.heard)
        for step in [1, 2, 7, 100, 5_000, bytes.count] {
            #expect(HTTP2Property.heard(bytes, step: step).heard == expected)
        }
    }

    @Test("DATA is passed on as it arrives, and counted whole")
    func dataInPieces() throws {
        var reader = HTTP2FrameReader(startsWithSettings: false)
        let frame = Frame.data(1, [1, 2, 3, 4], padding: 2, end: true)
        // The header and the length of the padding are consumed by themselves.
        #expect(try reader.next(in: frame[..<10].array.span, from: 0) == .more(at: 10))
        let rest = frame[10...].array
        var flow = 0
        var ends: [Bool] = []
        for cut in [2, 4, 5, 6] {
            let start = cut == 2 ? 0 : cut == 6 ? 5 : cut == 5 ? 4 : 2
            let event = try reader.next(in: rest[start..<cut].array.span, from: 0)
            guard case .data(let piece, _) = event else {
                Issue.record("\(event)")
                return
            }
            flow += piece.flowControlled
            ends.append(piece.endStream)
        }
        #expect(flow == 7)
        #expect(ends == [false, false, false, true])
        #expect(!reader.isInsideFrame)
    }

    @Test("The first frame must be SETTINGS")
    func firstFrame() {
        for (bytes, isRefused) in [
            (Frame.of(6, length: 8), true), (Frame.data(1, [1]), true),
            (Frame.of(4, flags: 1), true), (Frame.of(77), true), (Frame.of(4), false),
        ] {
            var feed = FrameFeed(HTTP2FrameReader())
            feed.feed(bytes[...])
            let refusal = Heard.violation("http2.settings_expected", 1)
            #expect((feed.heard == [refusal]) == isRefused)
        }
    }

    @Test("The preface is told from other beginnings")
    func preface() {
        let whole = Array("\(HTTP2.preface)".utf8)
        #expect(whole.count == HTTP2.prefaceByteCount)
        #expect(HTTP2.matchPreface(whole.span) == .complete)
        #expect(HTTP2.matchPreface((whole + [0]).span) == .complete)
        for count in 0..<24 {
            let part = Array(whole[..<count])
            #expect(HTTP2.matchPreface(part.span) == .incomplete)
            let other = part + [0]
            #expect(HTTP2.matchPreface(other.span) == .different)
        }
    }

    @Test("No mutation of valid frames traps the reader or makes pieces matter")
    func mutations() {
        var generator = Mutation(seed: 41)
        let whole = FrameCase.all.map(\.bytes).filter { $0.count < 300 }
        for round in 0..<20_000 {
            var bytes = generator.pick(whole) + generator.pick(whole)
            generator.mutate(&bytes)
            // The whole property for some; all are read at least once.
            if round % 20 == 0 {
                #expect(HTTP2Property.violation(in: bytes) == nil)
            } else {
                #expect(HTTP2Property.heard(bytes, step: 1 + round % 50).broken == nil)
            }
        }
    }
}

/// What a connection owns of the codec.
private final class Codec {
    private var reader = HTTP2FrameReader(startsWithSettings: false)
    private var decoder = HPACKDecoder()

    /// The paths of the requests in some bytes.
    func paths(_ bytes: [UInt8]) throws(HTTP2Violation) -> [String] {
        let head = Head()
        var paths: [String] = []
        var offset = 0
        while case .headers(let frame, let next) = try reader.next(in: bytes.span, from: offset) {
            let block =
                switch frame.block {
                case .input(let range): Array(bytes[range])
                case .assembled: reader.assembledBlock
                }
            _ = try decoder.decode(
                block.span,
                into: head,
                as: .request,
                limits: HeadLimits(),
                streamID: frame.streamID
            )
            paths.append(Understood.text(head, head.path))
            offset = next
        }
        return paths
    }
}

@Suite("Frames and header blocks together")
struct CodecTests {
    @Test("A header block is decoded where it stands, and put together from several frames")
    func blocks() throws {
        let block = Block.get([("a", "b")])
        let whole = Frame.of(1, flags: 5, stream: 1, block)
        let parts =
            Frame.of(1, flags: 1, stream: 3, Array(block[..<5]))
            + Frame.of(9, flags: 4, stream: 3, Array(block[5...]))
        #expect(try Codec().paths(whole + parts + whole) == ["/", "/", "/"])
    }
}

extension ArraySlice<UInt8> {
    fileprivate var array: [UInt8] { Array(self) }
}

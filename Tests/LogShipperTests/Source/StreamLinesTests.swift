import Model
import Testing

@testable import LogShipper

@Suite struct StreamLinesTests {
    /// What came out: the text, its place and its marks.
    private struct Line: Equatable {
        var text: String
        var start: UInt64
        var end: UInt64
        var mark: LineMark = []
    }

    private final class Run {
        let lines: StreamLines
        var got: [Line] = []
        /// Lines that are taken until a sink takes no more.
        var room = Int.max

        private final class Counter { var value = 0 }
        private let counter = Counter()
        var tooLong: Int { counter.value }

        init(max: Int = 1 << 20, _ long: LongLines = .split) {
            lines = StreamLines(lineBytesMax: max, longLines: long) { [counter] in
                counter.value += 1
            }
        }

        func feed(_ text: String) -> Bool {
            lines.add(Array(text.utf8))
            return take()
        }

        func take() -> Bool {
            lines.takeLines(isBlocked: { got.count >= room }, emit)
        }

        func end() -> [Line] {
            lines.takeRest(emit)
            return got
        }

        private func emit(_ line: Span<UInt8>, _ start: UInt64, _ end: UInt64, _ mark: LineMark) {
            var bytes: [UInt8] = []
            JSONWriter.append(line, &bytes)
            got.append(
                Line(
                    text: String(decoding: bytes, as: UTF8.self),
                    start: start,
                    end: end,
                    mark: mark
                )
            )
        }
    }

    @Test func linesAreTheSameHoweverTheirBytesCome() {
        let text = "one\r\ntwo\n\nä three\nrest"
        let whole = Run()
        _ = whole.feed(text)
        let expected = whole.end()
        #expect(expected.map(\.text) == ["one", "two", "", "ä three", "rest"])
        #expect(expected.map(\.start) == [0, 5, 9, 10, 19])
        #expect(expected.last?.end == 23)
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            let run = Run()
            run.lines.add(Array(bytes[..<cut]))
            _ = run.take()
            run.lines.add(Array(bytes[cut...]))
            _ = run.take()
            let got = run.end()
            #expect(got == expected, "cut at \(cut)")
        }
    }

    @Test func whatASinkHoldsUpComesLaterAndOnce() {
        let run = Run()
        run.room = 1
        let isWhole = run.feed("a\nb\nc\nd")
        #expect(!isWhole)
        #expect(run.got.map(\.text) == ["a"])
        let isStillHeld = run.take()
        #expect(!isStillHeld)
        run.room = .max
        let isFree = run.take()
        #expect(isFree)
        let got = run.end()
        #expect(got.map(\.text) == ["a", "b", "c", "d"])
        #expect(got.map(\.start) == [0, 2, 4, 6])
        #expect(run.lines.count == 0)
    }

    @Test func aLongLineIsSplitBetweenCharacters() {
        let run = Run(max: 5)
        _ = run.feed("abcdä")
        _ = run.feed("fghijkl\nshort\n")
        let got = run.end()
        #expect(got.map(\.text) == ["abcd", "äfgh", "ijkl", "short"])
        #expect(got.map(\.mark) == [[.piece], [.piece], [.piece, .lastPiece], []])
        #expect(run.tooLong == 1)
        #expect(run.lines.count == 0)
    }

    @Test func aLongLineIsCutOrLeftOut() {
        for (long, texts) in [(LongLines.truncate, ["abcde", "x"]), (.skip, ["x"])] {
            let run = Run(max: 5, long)
            _ = run.feed("abcdef")
            _ = run.feed("ghi")
            #expect(run.lines.count == 0)
            _ = run.feed("j\nx\n")
            let got = run.end()
            #expect(got.map(\.text) == texts)
            #expect(run.tooLong == 1)
        }
    }

    @Test func bytesThatAreNoTextAreSplitAllTheSame() {
        let run = Run(max: 8)
        run.lines.add([UInt8](repeating: 0x80, count: 100))
        _ = run.take()
        let got = run.end()
        #expect(got.last?.end == 100)
        #expect(got.count == 13)
    }
}

import Testing

@testable import LogShipper

@Suite struct SyslogFramingTests {
    /// The messages of a stream that comes in these parts; those that were cut with a `~`.
    private func messages(_ parts: [[UInt8]], bytesMax: Int = 1000) -> [String] {
        var framing = SyslogFraming(bytesMax: bytesMax)
        var buffer: [UInt8] = []
        var found: [String] = []
        for part in parts {
            buffer += part
            let bytes = buffer
            steps: while true {
                switch framing.next(bytes.span) {
                case .message(let range, let isCut):
                    let text = String(decoding: bytes[range], as: UTF8.self)
                    if !text.isEmpty { found.append(text + (isCut ? "~" : "")) }
                case .needsMore: break steps
                case .absurd(let count):
                    found.append("absurd \(count)")
                    return found
                }
            }
            buffer.removeFirst(framing.position)
            framing.trimmed()
        }
        let bytes = buffer
        if let rest = framing.rest(bytes.span) {
            found.append(
                String(decoding: bytes[rest.range], as: UTF8.self) + (rest.isCut ? "~" : "")
            )
        }
        return found
    }

    private func messages(_ text: String, bytesMax: Int = 1000) -> [String] {
        messages([Array(text.utf8)], bytesMax: bytesMax)
    }

    @Test func bothFramingsCanComeInOneStream() {
        #expect(
            messages("<1>a\n5 <2>bc<3>d\r\n\n6 <4>e\nf7") == [
                "<1>a", "<2>bc", "<3>d", "<4>e\nf", "7",
            ]
        )
    }

    @Test func everySplitGivesTheSame() {
        let stream = Array("<1>first\n9 <2>second12 <3>th\nird!xx<4>4\n".utf8)
        let whole = messages([stream])
        #expect(whole == ["<1>first", "<2>second", "<3>th\nird!xx", "<4>4"])
        for split in 0...stream.count {
            #expect(messages([Array(stream[..<split]), Array(stream[split...])]) == whole)
        }
        #expect(messages(stream.map { [$0] }) == whole)
    }

    @Test func aLineThatBeginsWithANumberIsALine() {
        #expect(messages("2026 a year\n12 apostles\n") == ["2026 a year", "12 apostles"])
    }

    @Test func whatIsTooLongIsCutAndTheNextIsWhole() {
        #expect(messages("<1>abcdefgh\n<2>b\n", bytesMax: 5) == ["<1>ab~", "<2>b"])
        #expect(messages("11 <1>abcdefgh4 <2>b", bytesMax: 5) == ["<1>ab~", "<2>b"])
        let stream = Array("<1>abcdefgh\n11 <1>abcdefgh<2>b\n".utf8)
        for split in 0...stream.count {
            let parts = [Array(stream[..<split]), Array(stream[split...])]
            #expect(messages(parts, bytesMax: 5) == ["<1>ab~", "<1>ab~", "<2>b"])
        }
    }

    @Test func aGigabyteIsAbsurd() {
        #expect(messages("1073741824 <1>a") == ["absurd 1073741824"])
        #expect(messages("99999999999999999999 <1>a\n") == ["99999999999999999999 <1>a"])
    }

    @Test func aCountedMessageThatBreaksOffIsMarked() {
        #expect(messages("20 <1>broken") == ["<1>broken~"])
        #expect(messages("<1>no end") == ["<1>no end"])
    }

    @Test func thePriorityIsReadFromTheBegin() {
        func priority(_ text: String) -> Int? {
            let bytes = Array(text.utf8)
            return MessagePriority(bytes.span)?.value
        }
        #expect(priority("<191>x") == 191 && priority("<0>x") == 0)
        for text in ["<192>x", "<>x", "<1", "1>x", "<1234>x", "", "<x>", "<999>"] {
            #expect(priority(text) == nil)
        }
    }
}

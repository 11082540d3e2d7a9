/// A line of `key=value` pairs, values with quotes where they need them; a key alone is true.
final class LogfmtLine: LineReader {
    private var adder = FieldAdder()
    private let yes = Array("true".utf8)
    private var text: [UInt8] = []

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        guard let base = record.load(line) else { return .unmatched("it is too long") }
        let yes = yes
        guard let yesStart = record.load(yes.span) else { return .unmatched("it is too long") }
        var hasPair = false
        var index = 0
        while index < line.count {
            if line[index] <= 0x20 {
                index += 1
                continue
            }
            let start = index
            while index < line.count, line[index] > 0x20, line[index] != UInt8(ascii: "=") {
                if line[index] == 0x22 {
                    return .unmatched("a quote stands in a key at byte \(index + 1)")
                }
                index += 1
            }
            let name = line.extracting(start..<index)
            let place = base + start..<base + index
            guard index < line.count, line[index] == UInt8(ascii: "=") else {
                let value = yesStart..<yesStart + 4
                adder.add(name, at: place, value: value, kind: .json, to: &record)
                continue
            }
            index += 1
            guard !name.isEmpty else { return .unmatched("a key is missing at byte \(index)") }
            hasPair = true
            if index < line.count, line[index] == 0x22 {
                guard let end = quoted(line, index, name, place, base, &record) else {
                    return .unmatched("the quote at byte \(index + 1) does not end")
                }
                index = end
            } else {
                let from = index
                while index < line.count, line[index] > 0x20 { index += 1 }
                let value = base + from..<base + index
                adder.add(name, at: place, value: value, kind: .text, to: &record)
            }
        }
        return hasPair ? .record : .unmatched("it has no key=value pair")
    }

    /// After the value whose quote is at `start`; nil where it does not end.
    private func quoted(
        _ line: Span<UInt8>,
        _ start: Int,
        _ name: Span<UInt8>,
        _ place: Range<Int>,
        _ base: Int,
        _ record: inout LogRecord
    ) -> Int? {
        var scanner = JSONScanner()
        let end = scanner.string(line, start)
        if end > 0 {
            let value = base + start..<base + end
            adder.add(name, at: place, value: value, kind: .json, to: &record)
            return end
        }
        // Not what JSON allows: other escapes, or bytes that are no UTF-8.
        var index = start + 1
        while index < line.count, line[index] != 0x22 {
            index += line[index] == 0x5c && index + 1 < line.count ? 2 : 1
        }
        guard index < line.count else { return nil }
        text.removeAll(keepingCapacity: true)
        JSONText.append(unescaping: line.extracting(start + 1..<index), &text)
        let text = text
        guard let from = record.load(text.span) else { return nil }
        adder.add(name, at: place, value: from..<from + text.count, kind: .text, to: &record)
        return index + 1
    }
}

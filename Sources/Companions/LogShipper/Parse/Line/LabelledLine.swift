import Model

/// A line of `label:value` with tabs between (LTSV).
final class LabelledLine: LineReader {
    private var adder = FieldAdder()

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        guard let base = record.load(line) else { return .unmatched("it is too long") }
        var start = 0
        while start <= line.count {
            let end = line.firstIndex(of: 0x09, from: start) ?? line.count
            let part = line.extracting(start..<end)
            if let colon = part.firstIndex(of: UInt8(ascii: ":")), colon > 0 {
                adder.add(
                    part.extracting(0..<colon),
                    at: base + start..<base + start + colon,
                    value: base + start + colon + 1..<base + end,
                    kind: .text,
                    to: &record
                )
            }
            start = end + 1
        }
        return record.fields.isEmpty ? .unmatched("it has no label:value pair") : .record
    }
}

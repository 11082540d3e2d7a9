import Model

/// A line of values with a delimiter between, CSV or TSV; the keys are known (RFC 4180).
final class SeparatedLine: LineReader {
    private let keys: [[UInt8]]
    private let delimiter: UInt8
    private var text: [UInt8] = []

    init(keys: [String], delimiter: UInt8) {
        self.keys = keys.map { Array($0.utf8) }
        self.delimiter = delimiter
    }

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        var index = 0
        for key in keys {
            if index < line.count, line[index] == 0x22 {
                guard let end = quoted(line, index) else {
                    return .unmatched("the quote at byte \(index + 1) does not end")
                }
                guard end == line.count || line[end] == delimiter else {
                    return .unmatched("something comes after the quote at byte \(end)")
                }
                let text = text
                record.set(name: key.span, value: text.span, kind: .text)
                index = end
            } else {
                let end = line.firstIndex(of: delimiter, from: index) ?? line.count
                record.set(name: key.span, value: line.extracting(index..<end), kind: .text)
                index = end
            }
            // More keys than values: what is not there is left out.
            if index == line.count { return .record }
            index += 1
        }
        return .record
    }

    /// Takes a value in quotes, doubled ones resolved; returns what comes after, nil without an end.
    private func quoted(_ line: Span<UInt8>, _ start: Int) -> Int? {
        text.removeAll(keepingCapacity: true)
        var from = start + 1
        while let quote = line.firstIndex(of: 0x22, from: from) {
            JSONWriter.append(line.extracting(from..<quote), &text)
            guard quote + 1 < line.count, line[quote + 1] == 0x22 else { return quote + 1 }
            text.append(0x22)
            from = quote + 2
        }
        return nil
    }
}

/// A line that is one field.
final class PlainLine: LineReader {
    private let key: [UInt8]

    init(key: String) { self.key = Array(key.utf8) }

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        let key = key
        record.append(name: key.span, value: line, kind: .text)
        return .record
    }
}

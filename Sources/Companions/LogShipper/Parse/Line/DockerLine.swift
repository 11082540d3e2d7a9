import Model

/// A line of Docker's `json-file` log: an object with `log`, `stream` and `time`.
///
/// The line feed at the end of `log` is that of the application's line, and goes.
final class DockerLine: LineReader {
    private let json = JSONLine()
    private let key = Array("log".utf8)
    private var value: [UInt8] = []

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        let outcome = json.read(line, into: &record)
        guard outcome == .record else { return outcome }
        let key = key
        if let index = record.index(of: key.span), copyWithoutEnd(record, index) {
            let value = value
            record.replaceValue(at: index, value: value.span, kind: .json)
        }
        return .record
    }

    /// Copies the text without a line feed at its end; false where there is none.
    private func copyWithoutEnd(_ record: borrowing LogRecord, _ index: Int) -> Bool {
        let text = record.value(of: record.fields[index])
        guard DockerLine.endsWithLineFeed(text) else { return false }
        value.removeAll(keepingCapacity: true)
        JSONWriter.append(text.extracting(0..<text.count - 3), &value)
        value.append(0x22)
        return true
    }

    /// True for a JSON string whose last character is a line feed.
    static func endsWithLineFeed(_ text: Span<UInt8>) -> Bool {
        guard text.count >= 4, text[0] == 0x22, text[text.count - 2] == UInt8(ascii: "n") else {
            return false
        }
        var slashes = 0
        var index = text.count - 3
        while index > 0, text[index] == 0x5c {
            slashes += 1
            index -= 1
        }
        return slashes % 2 == 1
    }
}

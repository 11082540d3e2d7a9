import Model

/// A line that is one JSON object; its members become the fields.
///
/// Values stay as they stood, quotes and escapes included.
final class JSONLine: LineReader {
    /// Members at the top.
    static let fieldsMax = 100_000
    private var name: [UInt8] = []
    private var adder = FieldAdder()

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        var scanner = JSONScanner()
        guard readMembers(line, &scanner, &record) else {
            return .unmatched("it is not JSON: \(scanner.problem) at byte \(scanner.place + 1)")
        }
        if record.fields.count > Self.fieldsMax {
            return .unmatched("it has more than \(Self.fieldsMax) members")
        }
        return .record
    }

    private func readMembers(
        _ line: Span<UInt8>,
        _ scanner: inout JSONScanner,
        _ record: inout LogRecord
    ) -> Bool {
        var index = scanner.skip(line, 0)
        guard index < line.count, line[index] == UInt8(ascii: "{") else {
            return scanner.refuse("an object is missing", index)
        }
        guard let base = record.load(line) else {
            return scanner.refuse("it is too long", index)
        }
        index = scanner.skip(line, index + 1)
        if index < line.count, line[index] == UInt8(ascii: "}") {
            return end(line, index + 1, base, &scanner, &record)
        }
        while true {
            let start = index
            let stop = scanner.string(line, start)
            if stop < 0 { return false }
            let isEscaped = scanner.hasEscapes
            let from = scanner.colon(line, stop)
            if from < 0 { return false }
            let to = scanner.value(line, from, depth: 1)
            if to < 0 { return false }
            let value = base + from..<base + to
            if isEscaped {
                name.removeAll(keepingCapacity: true)
                JSONText.append(unescaping: line.extracting(start + 1..<stop - 1), &name)
                let name = name
                adder.add(name.span, value: value, kind: .json, to: &record)
            } else {
                let inside = line.extracting(start + 1..<stop - 1)
                let place = base + start + 1..<base + stop - 1
                adder.add(member: inside, at: place, value: value, to: &record)
            }
            if record.fields.count > Self.fieldsMax { return true }
            index = scanner.skip(line, to)
            guard index < line.count else { return scanner.refuse("it is not complete", index) }
            if line[index] == UInt8(ascii: "}") {
                return end(line, index + 1, base, &scanner, &record)
            }
            guard line[index] == UInt8(ascii: ",") else {
                return scanner.refuse("a comma or the end of the object is missing", index)
            }
            index = scanner.skip(line, index + 1)
        }
    }

    private func end(
        _ line: Span<UInt8>,
        _ index: Int,
        _ base: Int,
        _ scanner: inout JSONScanner,
        _ record: inout LogRecord
    ) -> Bool {
        let rest = scanner.skip(line, index)
        guard rest == line.count else {
            return scanner.refuse("something comes after the object", rest)
        }
        // The values of an object that was written on several lines go on in one.
        if scanner.hasLineEnds { record.removeLineEnds(in: base..<base + line.count) }
        return true
    }
}

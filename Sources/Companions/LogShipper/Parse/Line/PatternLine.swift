/// A line that an expression takes apart: named groups become fields.
final class PatternLine: LineReader {
    private let pattern: LinePattern
    /// All names, one after the other.
    private var names: [UInt8] = []
    private var places: [(group: Int, name: Range<Int>)] = []

    init(_ pattern: String, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        self.pattern = try LinePattern(pattern, place: place)
        for group in self.pattern.groups {
            places.append((group.number, names.count..<names.count + group.name.count))
            names += group.name
        }
    }

    func read(_ line: Span<UInt8>, into record: inout LogRecord) -> ParseOutcome {
        guard pattern.find(line) else { return .unmatched("the expression does not match") }
        let names = names
        guard let base = record.load(names.span), let text = record.load(line) else {
            return .unmatched("it is too long")
        }
        for (group, name) in places {
            guard let value = pattern.range(group) else { continue }
            record.append(
                name: base + name.lowerBound..<base + name.upperBound,
                value: text + value.lowerBound..<text + value.upperBound,
                kind: .text
            )
        }
        return .record
    }
}

/// Lets records through whose fields match, or don't.
///
/// A field that is missing counts as an empty text, as in fluentd.
final class GrepStage: RecordStage {
    private struct Condition {
        let path: FieldPath
        let pattern: LinePattern

        init(
            _ condition: GrepOptions.Condition,
            _ place: ConfigurationPlace
        ) throws(LogConfigurationFailure) {
            path = FieldPath(condition.key)
            pattern = try LinePattern(condition.pattern, place: place)
        }
    }

    private let all: [Condition]
    private let anyOf: [[Condition]]
    private let none: [Condition]
    private let notAllOf: [[Condition]]
    private var text: [UInt8] = []

    init(_ options: GrepOptions, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        all = try Self.make(options.all, place)
        none = try Self.make(options.none, place)
        var anyOf: [[Condition]] = []
        for group in options.anyOf { anyOf.append(try Self.make(group, place)) }
        self.anyOf = anyOf
        var notAllOf: [[Condition]] = []
        for group in options.notAllOf { notAllOf.append(try Self.make(group, place)) }
        self.notAllOf = notAllOf
    }

    private static func make(
        _ conditions: [GrepOptions.Condition],
        _ place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> [Condition] {
        var made: [Condition] = []
        for condition in conditions { made.append(try Condition(condition, place)) }
        return made
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        for condition in all where !matches(condition, record) { return .drop }
        for condition in none where matches(condition, record) { return .drop }
        for group in anyOf where !group.isEmpty && !hasMatch(group, record) { return .drop }
        for group in notAllOf where !group.isEmpty && areMatches(group, record) { return .drop }
        return .pass
    }

    private func hasMatch(_ group: [Condition], _ record: borrowing LogRecord) -> Bool {
        for condition in group where matches(condition, record) { return true }
        return false
    }

    private func areMatches(_ group: [Condition], _ record: borrowing LogRecord) -> Bool {
        for condition in group where !matches(condition, record) { return false }
        return true
    }

    private func matches(_ condition: Condition, _ record: borrowing LogRecord) -> Bool {
        text.removeAll(keepingCapacity: true)
        condition.path.appendText(of: record, &text)
        let text = text
        return condition.pattern.matches(text.span)
    }
}

/// The decoding of one file: the problems so far, and the places of what was decoded.
///
/// A problem does not end the decoding: the value is left out and the rest is decoded, so that one
/// run tells everything that is wrong with a file.
final class Decoding {
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    /// Set while several files are decoded one after another.
    private(set) var sources: SourceMap
    let file: String
    private let fileNumber: Int32

    init(file: String, sources: SourceMap) {
        self.file = file
        self.sources = sources
        fileNumber = self.sources.number(ofFile: file)
    }

    /// Enough problems are known: what follows needs not be looked at.
    var isFull: Bool { problems.count >= ConfigurationErrors.limit }

    /// The place of a field or element, noted as standing at `position`.
    func enter(
        _ step: SourceMap.Step,
        of parent: SourceMap.Place,
        at position: Node.Position
    ) -> SourceMap.Place {
        let place = sources.enter(step, of: parent)
        sources.set(place, file: fileNumber, position.line, position.column)
        return place
    }

    /// Notes where the whole file begins.
    func noteRoot(_ position: Node.Position) {
        sources.set(.root, file: fileNumber, position.line, position.column)
    }

    func refuse(
        _ place: SourceMap.Place,
        _ position: Node.Position,
        _ what: String,
        hint: String? = nil
    ) {
        guard !isFull else { return }
        problems.append(problem(place, position, what, hint))
    }

    /// Warnings are told once they are known to stand in a file without problems.
    func warn(
        _ place: SourceMap.Place,
        _ position: Node.Position,
        _ what: String,
        hint: String? = nil
    ) {
        guard warnings.count < 1_000 else { return }
        warnings.append(problem(place, position, what, hint))
    }

    private func problem(
        _ place: SourceMap.Place,
        _ position: Node.Position,
        _ what: String,
        _ hint: String?
    ) -> ConfigurationProblem {
        ConfigurationProblem(
            file: file,
            line: position.line,
            column: position.column,
            path: sources.path(of: place),
            what: what,
            hint: hint
        )
    }
}

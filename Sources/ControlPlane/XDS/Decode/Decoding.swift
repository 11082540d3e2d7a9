internal import Document

/// The decoding of one file: the problems so far, and the places of what was decoded.
///
/// A problem does not end the decoding: the value is left out and the rest is decoded, so that one
/// run tells everything that is wrong with a file.
final class Decoding {
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var warnings: [ConfigurationProblem] = []
    /// Set while several files are decoded one after another.
    private(set) var sources: SourceMap
    /// Files whose content decides what the configuration does: those of data sources.
    private(set) var dependencies: [String] = []
    private var knownDependencies: Set<String> = []
    let file: String
    private let fileNumber: Int32
    /// The fields that are entered are those of a short form: resources that stand where they stand
    /// are blamed by their paths.
    private let isShortForm: Bool

    init(file: String, sources: SourceMap, isShortForm: Bool = false) {
        self.file = file
        self.sources = sources
        self.isShortForm = isShortForm
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
        let file = position.file < 0 ? fileNumber : position.file
        sources.set(place, file: file, position.line, position.column)
        if isShortForm { sources.noteOrigin(place) }
        return place
    }

    /// Notes that the content of a file is part of the configuration.
    func depend(on file: String) {
        if knownDependencies.insert(file).inserted { dependencies.append(file) }
    }

    /// Notes where the whole file begins.
    func noteRoot(_ position: Node.Position) {
        let file = position.file < 0 ? fileNumber : position.file
        sources.set(.root, file: file, position.line, position.column)
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

    /// Refuses the field of a short form that stands at a position.
    func refuse(at position: Node.Position, _ what: String, hint: String? = nil) {
        refuse(sources.place(ofShortFormAt: position) ?? .root, position, what, hint: hint)
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
            file: sources.name(ofFile: position.file) ?? file,
            line: position.line,
            column: position.column,
            path: sources.originPath(of: place),
            what: what,
            hint: hint
        )
    }
}

internal import Document

/// Where each field of a decoded configuration stands in its file.
///
/// The compiler names a field by its path and gets the place, so that what it finds is reported
/// like what the decoder finds. Paths use the names of the .proto files; elements of lists are
/// `name[0]`, members of maps are `name["key"]`, and a path goes on through `typed_config`.
///
/// Paths are kept as a tree with numbered places, because a file may have a million of them; the
/// text of a path is made only for a problem.
package struct SourceMap: Sendable {
    /// A place in a file; line and column are counted from 1.
    package struct Position: Sendable, Hashable {
        package var file: String
        package var line: Int
        package var column: Int

        package init(file: String, line: Int, column: Int) {
            self.file = file
            self.line = line
            self.column = column
        }
    }

    /// One step of a path.
    enum Step: Sendable, Hashable {
        case field(String)
        case index(Int)
        case key(String)
    }

    /// A path that is in the map.
    struct Place: Sendable, Hashable {
        fileprivate var number: Int32
        /// The empty path: the whole configuration.
        static let root = Place(number: 0)
    }

    private struct Entry: Sendable {
        var parent: Int32
        var step: Step
        var file: Int32
        var line: Int32
        var column: Int32
    }

    private struct Edge: Sendable, Hashable {
        var parent: Int32
        var step: Step
    }

    /// Where a field of a short form stands.
    private struct Origin: Sendable, Hashable {
        var file: Int32
        var line: Int32
        var column: Int32
    }

    private var files: [String] = []
    private var entries: [Entry]
    private var edges: [Edge: Int32] = [:]
    /// The fields of short forms, by where they stand: resources made from them stand there too.
    private var origins: [Origin: Int32] = [:]
    /// What stands for the whole configuration when no path fits.
    private let fallback: String

    /// Makes an empty map; `fallback` names the file in problems whose path is not known.
    package init(fallback: String = "configuration") {
        self.fallback = fallback
        entries = [Entry(parent: 0, step: .index(0), file: -1, line: 0, column: 0)]
    }

    /// The place of `path`, or of the nearest enclosing path that is in a file.
    package func position(of path: String) -> Position? {
        position(nearest(path))
    }

    private func nearest(_ path: String) -> Int32 {
        var number: Int32 = 0
        for step in Self.steps(of: path) {
            guard let next = edges[Edge(parent: number, step: step)] else { break }
            number = next
        }
        while number > 0, entries[Int(number)].file < 0 { number = entries[Int(number)].parent }
        return number
    }

    /// Whether `path` itself was written in a file.
    package func contains(_ path: String) -> Bool {
        var number: Int32 = 0
        for step in Self.steps(of: path) {
            guard let next = edges[Edge(parent: number, step: step)] else { return false }
            number = next
        }
        return entries[Int(number)].file >= 0
    }

    /// A problem at `path`, placed where the path, or what encloses it, stands.
    package func problem(
        at path: String,
        _ what: String,
        hint: String? = nil
    ) -> ConfigurationProblem {
        let number = nearest(path)
        let position = position(number)
        return ConfigurationProblem(
            file: position?.file ?? fallback,
            line: position?.line ?? 0,
            column: position?.column ?? 0,
            path: originPath(number) ?? path,
            what: what,
            hint: hint
        )
    }

    /// Notes the place of `path`, over any that it had: the value of a later file.
    package mutating func note(_ path: String, _ position: Position) {
        var place = Place.root
        for step in Self.steps(of: path) { place = enter(step, of: place) }
        set(place, file: number(ofFile: position.file), position.line, position.column)
    }

    private func position(_ number: Int32) -> Position? {
        let entry = entries[Int(number)]
        guard entry.file >= 0, Int(entry.file) < files.count else { return nil }
        return Position(
            file: files[Int(entry.file)],
            line: Int(entry.line),
            column: Int(entry.column)
        )
    }
}

// MARK: - What the decoder writes

extension SourceMap {
    /// The number that stands for a file in ``set(_:file:_:_:)``.
    mutating func number(ofFile name: String) -> Int32 {
        if let index = files.lastIndex(of: name) { return Int32(clamping: index) }
        files.append(name)
        return Int32(clamping: files.count - 1)
    }

    /// The place one step below `parent`.
    mutating func enter(_ step: Step, of parent: Place) -> Place {
        let edge = Edge(parent: parent.number, step: step)
        if let known = edges[edge] { return Place(number: known) }
        guard entries.count < Int(Int32.max) else { return parent }
        let number = Int32(entries.count)
        entries.append(
            Entry(parent: parent.number, step: step, file: -1, line: 0, column: 0)
        )
        edges[edge] = number
        return Place(number: number)
    }

    /// Notes that a place is a field of a short form.
    mutating func noteOrigin(_ place: Place) {
        let entry = entries[Int(place.number)]
        origins[Origin(file: entry.file, line: entry.line, column: entry.column)] = place.number
    }

    /// The path of the field in the short form that the resource at `place` was made from, or the
    /// path of the resource where it was not.
    func originPath(of place: Place) -> String {
        originPath(place.number) ?? path(of: place)
    }

    private func originPath(_ number: Int32) -> String? {
        // The file begins where its first field does, but is not that field.
        if origins.isEmpty || number == 0 { return nil }
        let entry = entries[Int(number)]
        return origins[Origin(file: entry.file, line: entry.line, column: entry.column)]
            .map { path(of: Place(number: $0)) }
    }

    /// Tells of a resource's path whether its value is a default of the short form: then it stands
    /// where the object stands in which it was not given.
    func defaultTest() -> (String) -> Bool {
        if origins.isEmpty { return { _ in false } }
        var objects: Set<Int32> = []
        for entry in entries {
            if case .field = entry.step { objects.insert(entry.parent) }
        }
        return { path in
            guard contains(path) else { return false }
            let entry = entries[Int(nearest(path))]
            let origin = Origin(file: entry.file, line: entry.line, column: entry.column)
            return origins[origin].map { objects.contains($0) } ?? false
        }
    }

    /// The field of a short form that stands at a position with the number of its file.
    func place(ofShortFormAt position: Node.Position) -> Place? {
        let origin = Origin(
            file: position.file,
            line: Int32(clamping: position.line),
            column: Int32(clamping: position.column)
        )
        return origins[origin].map { Place(number: $0) }
    }

    /// The name of a file by its number.
    func name(ofFile number: Int32) -> String? {
        files.indices.contains(Int(number)) ? files[Int(number)] : nil
    }

    /// Notes where a place stands.
    mutating func set(_ place: Place, file: Int32, _ line: Int, _ column: Int) {
        entries[Int(place.number)].file = file
        entries[Int(place.number)].line = Int32(clamping: line)
        entries[Int(place.number)].column = Int32(clamping: column)
    }

    /// The text of a path.
    func path(of place: Place) -> String {
        var steps: [Step] = []
        var number = place.number
        while number > 0 {
            steps.append(entries[Int(number)].step)
            number = entries[Int(number)].parent
        }
        return Self.path(steps.reversed())
    }

    static func path(_ steps: [Step]) -> String {
        var text = ""
        for step in steps {
            switch step {
            case .field(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\"\(key)\"]"
            }
        }
        return text
    }

    /// The steps of a path's text; what does not look like a path ends it.
    static func steps(of path: String) -> [Step] {
        var steps: [Step] = []
        var rest = Substring(path)
        while !rest.isEmpty {
            if rest.hasPrefix("[\"") {
                guard let (key, after) = quotedKey(rest) else { return steps }
                steps.append(.key(key))
                rest = after
            } else if rest.hasPrefix("[") {
                guard let end = rest.firstIndex(of: "]"),
                    let index = Int(rest[..<end].dropFirst())
                else { return steps }
                steps.append(.index(index))
                rest = rest[end...].dropFirst()
            } else {
                if rest.hasPrefix(".") { rest = rest.dropFirst() }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                guard !name.isEmpty else { return steps }
                steps.append(.field(String(name)))
                rest = rest[name.endIndex...]
            }
        }
        return steps
    }

    /// The key at the beginning of `["key"]…`, which may hold dots and brackets, and what follows.
    private static func quotedKey(_ text: Substring) -> (String, Substring)? {
        let inner = text.dropFirst(2)
        var index = inner.startIndex
        while index < inner.endIndex {
            if inner[index...].hasPrefix("\"]") {
                let after = inner[index...].dropFirst(2)
                if after.isEmpty || after.hasPrefix(".") || after.hasPrefix("[") {
                    return (String(inner[..<index]), after)
                }
            }
            index = inner.index(after: index)
        }
        return nil
    }
}

/// Where each field of a decoded configuration stands in its file.
///
/// The compiler names a field by its path and gets the place, so that what it finds is reported
/// like what the decoder finds. Paths use the names of the .proto files; elements of lists are
/// `name[0]`, members of maps are `name["key"]`, and a path goes on through `typed_config`.
package struct SourceMap: Sendable, Equatable {
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

    private var positions: [String: Position] = [:]
    /// What stands for the whole configuration when no path fits.
    private let fallback: String

    /// Makes an empty map; `fallback` names the file in problems whose path is not known.
    package init(fallback: String = "configuration") {
        self.fallback = fallback
    }

    /// The place of `path`, or of the nearest enclosing path that is in a file.
    package func position(of path: String) -> Position? {
        var candidate = Substring(path)
        while !candidate.isEmpty {
            if let found = positions[String(candidate)] { return found }
            candidate = Self.enclosing(candidate)
        }
        return positions[""]
    }

    /// Whether `path` itself was written in a file.
    package func contains(_ path: String) -> Bool {
        positions[path] != nil
    }

    /// A problem at `path`, placed where the path, or what encloses it, stands.
    package func problem(
        at path: String,
        _ what: String,
        hint: String? = nil
    ) -> ConfigurationProblem {
        let position = position(of: path)
        return ConfigurationProblem(
            file: position?.file ?? fallback,
            line: position?.line ?? 0,
            column: position?.column ?? 0,
            path: path,
            what: what,
            hint: hint
        )
    }

    /// Notes the place of `path`; the first place stays.
    package mutating func note(_ path: String, _ position: Position) {
        if positions[path] == nil { positions[path] = position }
    }

    /// Notes the place of `path`, over any that it had: the value of a later file.
    package mutating func replace(_ path: String, _ position: Position) {
        positions[path] = position
    }

    /// `a.b[2]` is enclosed by `a.b`, that by `a`, that by the empty path.
    private static func enclosing(_ path: Substring) -> Substring {
        if path.hasSuffix("]"), let bracket = path.lastIndex(of: "[") {
            return path[..<bracket]
        }
        guard let dot = path.lastIndex(of: ".") else { return "" }
        return path[..<dot]
    }
}

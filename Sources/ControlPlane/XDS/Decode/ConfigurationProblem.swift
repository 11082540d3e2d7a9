/// Something in a configuration file that is wrong, or that is accepted without effect.
package struct ConfigurationProblem: Sendable, Hashable {
    /// The file as it was named, or what stands for it, such as `command line`.
    package var file: String
    /// Counted from 1; 0 where no line is to blame (the file can't be read, for example).
    package var line: Int
    /// Counted from 1, in characters; 0 where no column is to blame.
    package var column: Int
    /// Where in the resources, such as `static_resources.clusters[0].name`; empty for the whole file.
    package var path: String
    /// What is wrong, as a clause in lower case without a full stop.
    package var what: String
    /// What would be right, in the same form.
    package var hint: String?

    package init(
        file: String,
        line: Int = 0,
        column: Int = 0,
        path: String = "",
        what: String,
        hint: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.what = what
        self.hint = hint
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `file:line:col: path: what: hint`, without the parts that are not known, on one line.
    package var description: String {
        var text = Self.printable(file)
        if line > 0 { text += ":\(line)" }
        if line > 0, column > 0 { text += ":\(column)" }
        if !path.isEmpty { text += ": \(Self.printable(path))" }
        text += ": \(Self.printable(what))"
        if let hint { text += ": \(Self.printable(hint))" }
        return text
    }

    /// How much of each part is shown: names in a file may be as long as the file.
    private static let shownMax = 2_000

    /// Without what could move the cursor of a terminal or begin another line of a log.
    private static func printable(_ text: String) -> String {
        var shown = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == shownMax { return shown + "…" }
            switch scalar.value {
            case 0..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x202a...0x202e, 0x2066...0x2069:
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }
}

/// Everything that is wrong with a configuration; at most ``limit`` problems of each file.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// How many problems of one file are told: more are rarely read, and often follow from these.
    package static let limit = 20

    /// In the order of the files and, within a file, of the lines; never empty.
    package var problems: [ConfigurationProblem]

    package init(_ problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    /// One problem on each line.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

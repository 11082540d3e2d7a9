/// What is wrong, and what to do about it.
package struct InterceptionProblem: Error, Equatable, CustomStringConvertible {
    package let what: String
    package let hint: String

    package init(_ what: String, hint: String = "") {
        self.what = what
        self.hint = hint
    }

    package var description: String { hint.isEmpty ? what : "\(what): \(hint)" }
}

/// All that is wrong with the options.
package struct InterceptionProblems: Error {
    package let problems: [InterceptionProblem]

    init(_ problems: [InterceptionProblem]) { self.problems = problems }
}

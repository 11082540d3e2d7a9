import Model

/// How languages write stack traces.
enum StackTraces {
    /// What goes on with a record of Java: all that is indented, and causes.
    static let java = #"^(?:[\t ]+\S|[\t ]*(?:Caused by|Suppressed|Wrapped by):|--- End of )"#
    /// Frames below the first line of Ruby's.
    static let ruby = #"^[\t ]+(?:from |\d+: from |[\^~]|\S+:\d+:in )"#
    /// Between two traces of Python's, one of which was caused by the other.
    static let pythonBetween =
        #"^(?:During handling of the above exception|The above exception was the direct cause)"#
    /// The first line of Go's.
    static let goBegin =
        #"^(?:panic: |fatal error: |runtime: |unexpected fault address|http: panic serving |SIG[A-Z]+: |goroutine \d+ \[)"#
}

/// From `Traceback` to the line that names the exception, and the traces that caused it.
final class PythonRule: JoiningRule {
    private enum State {
        case outside, frames
        /// After the line with the exception's name.
        case named
        /// After the words that lead to the next trace.
        case between
    }

    private let between: LinePattern
    private let traceback = Array("Traceback (most recent call last):".utf8)
    private var state = State.outside

    init(_ between: LinePattern) { self.between = between }
    func another() -> any JoiningRule { PythonRule(between) }

    var trimsEmptyLines: Bool { true }
    func reset() { state = .outside }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        if !isPending { state = .outside }
        let more = JoiningVerdict(beginsNew: false, endsHere: false)
        if isTraceback(line) {
            let begins = state != .between
            state = .frames
            return JoiningVerdict(beginsNew: begins, endsHere: false)
        }
        switch state {
        case .outside: return JoiningVerdict(beginsNew: true, endsHere: true)
        case .frames:
            let isIndented = line.count > 0 && (line[0] == 0x20 || line[0] == 0x09)
            if !isIndented, !line.isEmpty { state = .named }
            return more
        case .named, .between:
            if line.isEmpty { return more }
            if between.matches(line) {
                state = .between
                return more
            }
            state = .outside
            return JoiningVerdict(beginsNew: true, endsHere: true)
        }
    }

    private func isTraceback(_ line: Span<UInt8>) -> Bool {
        var index = 0
        while index < line.count, line[index] == 0x20 || line[index] == 0x09 { index += 1 }
        let words = traceback
        return line.extracting(index...).hasPrefix(words.span)
    }
}

/// From `panic:` over the goroutines to `exit status`.
final class GoRule: JoiningRule {
    private enum State { case outside, head, frames, gap }

    private let begin: LinePattern
    private let goroutine = Array("goroutine ".utf8)
    private let exit = Array("exit status ".utf8)
    private let created = Array("created by ".utf8)
    private let dots = Array("...".utf8)
    private var state = State.outside

    init(_ begin: LinePattern) { self.begin = begin }
    func another() -> any JoiningRule { GoRule(begin) }

    var trimsEmptyLines: Bool { true }
    func reset() { state = .outside }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        if !isPending { state = .outside }
        let more = JoiningVerdict(beginsNew: false, endsHere: false)
        let (goroutine, exit) = (goroutine, exit)
        if state != .outside {
            if line.isEmpty {
                if state == .frames { state = .gap }
                return more
            }
            if line.hasPrefix(goroutine.span) {
                state = .frames
                return more
            }
            if line.hasPrefix(exit.span) { return JoiningVerdict(beginsNew: false, endsHere: true) }
            if isPart(line) { return more }
        }
        if begin.matches(line) {
            state = line.hasPrefix(goroutine.span) ? .frames : .head
            return JoiningVerdict(beginsNew: true, endsHere: false)
        }
        state = .outside
        return JoiningVerdict(beginsNew: true, endsHere: true)
    }

    private func isPart(_ line: Span<UInt8>) -> Bool {
        if line[0] == 0x09 || line[0] == 0x20 { return true }
        let (created, dots) = (created, dots)
        switch state {
        case .outside, .gap: return false
        // The signal in brackets, and nested panics.
        case .head: return line[0] == UInt8(ascii: "[")
        case .frames:
            return line[line.count - 1] == UInt8(ascii: ")") || line.hasPrefix(created.span)
                || line.hasPrefix(dots.span)
        }
    }
}

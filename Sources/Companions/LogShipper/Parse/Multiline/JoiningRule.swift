import Model

/// What a line is for the record before it.
struct JoiningVerdict: Equatable {
    /// The record that waits is complete without this line.
    var beginsNew: Bool
    /// The record is complete with this line.
    var endsHere: Bool
}

/// How lines of a kind belong together.
protocol JoiningRule: AnyObject {
    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict
    /// Which of two interleaved streams the line is of: 0 or 1.
    func slot(of line: Span<UInt8>) -> Int
    /// Lines are not simply put one under the other.
    var rewrites: Bool { get }
    /// Empty lines at the end of a record don't belong to it.
    var trimsEmptyLines: Bool { get }
    func append(
        _ line: Span<UInt8>,
        isFirst: Bool,
        to bytes: inout [UInt8],
        tail: inout [UInt8]
    )
    /// Forgets where it is in a record.
    func reset()
    /// The rule for another file: itself, where it remembers nothing of a record.
    func another() -> any JoiningRule
}

extension JoiningRule {
    func slot(of line: Span<UInt8>) -> Int { 0 }
    var rewrites: Bool { false }
    var trimsEmptyLines: Bool { false }
    func append(
        _ line: Span<UInt8>,
        isFirst: Bool,
        to bytes: inout [UInt8],
        tail: inout [UInt8]
    ) { JSONWriter.append(line, &bytes) }
    func reset() {}
    func another() -> any JoiningRule { self }
}

enum JoiningRules {
    static func make(
        _ rule: MultilineOptions.Rule,
        place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> any JoiningRule {
        switch rule {
        case .start(let pattern): StartRule(try LinePattern(pattern, place: place))
        case .continuation(let pattern): ContinuationRule(try LinePattern(pattern, place: place))
        case .end(let pattern): EndRule(try LinePattern(pattern, place: place))
        case .java: ContinuationRule(try LinePattern(StackTraces.java, place: place))
        case .ruby: ContinuationRule(try LinePattern(StackTraces.ruby, place: place))
        case .python: PythonRule(try LinePattern(StackTraces.pythonBetween, place: place))
        case .go: GoRule(try LinePattern(StackTraces.goBegin, place: place))
        case .cri: ContainerRule()
        case .docker: DockerRule()
        }
    }
}

/// A line that matches begins a record.
private final class StartRule: JoiningRule {
    private let pattern: LinePattern
    init(_ pattern: LinePattern) { self.pattern = pattern }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        let begins = pattern.matches(line)
        // Lines before the first begin are records of their own.
        return JoiningVerdict(beginsNew: begins, endsHere: !begins && !isPending)
    }
}

/// A line that matches goes on with the record before it.
private final class ContinuationRule: JoiningRule {
    private let pattern: LinePattern
    init(_ pattern: LinePattern) { self.pattern = pattern }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        JoiningVerdict(beginsNew: !pattern.matches(line), endsHere: false)
    }
}

/// A line that matches ends a record.
private final class EndRule: JoiningRule {
    private let pattern: LinePattern
    init(_ pattern: LinePattern) { self.pattern = pattern }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        JoiningVerdict(beginsNew: false, endsHere: pattern.matches(line))
    }
}

// MARK: - Containers

/// Parts of a line are joined until one is marked `F`; the two streams come interleaved.
private final class ContainerRule: JoiningRule {
    func slot(of line: Span<UInt8>) -> Int {
        guard let parts = ContainerLine.parts(line) else { return 0 }
        return line[parts.stream - 1] == UInt8(ascii: "r") ? 1 : 0
    }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        guard let parts = ContainerLine.parts(line) else {
            return JoiningVerdict(beginsNew: true, endsHere: true)
        }
        let isPart = line[parts.stream + 1] == UInt8(ascii: "P")
        return JoiningVerdict(beginsNew: false, endsHere: !isPart)
    }

    var rewrites: Bool { true }

    /// The first line's head, said to be full, and then texts only.
    func append(
        _ line: Span<UInt8>,
        isFirst: Bool,
        to bytes: inout [UInt8],
        tail: inout [UInt8]
    ) {
        guard let parts = ContainerLine.parts(line) else {
            JSONWriter.append(line, &bytes)
            return
        }
        if isFirst {
            JSONWriter.append(line.extracting(0...parts.stream), &bytes)
            bytes.append(UInt8(ascii: "F"))
            JSONWriter.append(line.extracting(parts.stream + 2..<parts.text), &bytes)
        }
        JSONWriter.append(line.extracting(parts.text...), &bytes)
    }
}

/// Docker writes long lines as several objects; only the last one's `log` ends with a line feed.
private final class DockerRule: JoiningRule {
    private let log = Array("log".utf8)
    private let stream = Array("stream".utf8)

    /// Where the text of `log` is, quotes included; nil in what is no such object.
    private func text(_ line: Span<UInt8>) -> Range<Int>? {
        guard line.count > 1, line[0] == UInt8(ascii: "{") else { return nil }
        let key = log
        guard let range = JSONCursor.value(of: key.span, in: line), range.count >= 2,
            line[range.lowerBound] == 0x22
        else { return nil }
        return range
    }

    func slot(of line: Span<UInt8>) -> Int {
        let key = stream
        guard line.count > 1, line[0] == UInt8(ascii: "{"),
            let range = JSONCursor.value(of: key.span, in: line), range.count == 8
        else { return 0 }
        return line[range.lowerBound + 4] == UInt8(ascii: "e") ? 1 : 0
    }

    func judge(_ line: Span<UInt8>, isPending: Bool) -> JoiningVerdict {
        guard let range = text(line) else { return JoiningVerdict(beginsNew: true, endsHere: true) }
        let isWhole = DockerLine.endsWithLineFeed(line.extracting(range))
        if !isWhole || isPending, !JSONScanner.isValid(line) {
            return JoiningVerdict(beginsNew: true, endsHere: true)
        }
        return JoiningVerdict(beginsNew: false, endsHere: isWhole)
    }

    var rewrites: Bool { true }

    func append(
        _ line: Span<UInt8>,
        isFirst: Bool,
        to bytes: inout [UInt8],
        tail: inout [UInt8]
    ) {
        guard let range = text(line) else {
            JSONWriter.append(line, &bytes)
            return
        }
        if isFirst {
            JSONWriter.append(line.extracting(0..<range.upperBound - 1), &bytes)
            JSONWriter.append(line.extracting((range.upperBound - 1)...), &tail)
        } else {
            JSONWriter.append(
                line.extracting(range.lowerBound + 1..<range.upperBound - 1),
                &bytes
            )
        }
    }
}

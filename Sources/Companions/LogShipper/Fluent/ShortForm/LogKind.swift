internal import Document

/// How one kind of value is written in the short form, and read again.
///
/// The reader, the printer and the reference page are all made from these, so that none of them can
/// say something that the others do not.
struct LogKind<Value: Sendable>: Sendable {
    /// What it holds, for the reference: `a duration`.
    let words: String
    /// What its objects hold.
    var tables: [LogTableDescription] = []
    /// nil where the value does not fit, which was said.
    let read: @Sendable (Node, LogSpot) -> Value?
    let write: @Sendable (Value) -> LogTree
}

/// A scalar's text, or what is wrong with it is said.
func logScalar(_ node: Node, _ spot: LogSpot, _ noun: String, example: String?) -> String? {
    guard case .scalar(let text, _) = node.content, !node.isNull else {
        spot.at(node.position).refuse(
            "\(noun) is expected, \(node.kindInWords) was found",
            hint: example.map { "such as \($0)" }
        )
        return nil
    }
    return text
}

extension LogKind where Value == String {
    static let text = Self(
        words: "a text",
        read: { node, spot in logScalar(node, spot, "a text", example: nil) },
        write: { .text($0) }
    )

    /// A text that is not empty.
    static func name(_ noun: String, example: String) -> Self {
        Self(
            words: noun,
            read: { node, spot in
                guard let text = logScalar(node, spot, noun, example: example) else { return nil }
                if text.isEmpty {
                    spot.at(node.position).refuse("it is empty", hint: "such as \(example)")
                    return nil
                }
                return text
            },
            write: { .text($0) }
        )
    }

    static let field = name("the name of a field", example: "level")
    static let path = name("a path", example: "/var/log/app")
}

extension LogKind where Value == Bool {
    static let boolean = Self(
        words: "`true` or `false`",
        read: { node, spot in
            if case .scalar(let text, isPlain: true) = node.content {
                if text == "true" { return true }
                if text == "false" { return false }
            }
            let found =
                if case .scalar(let text, _) = node.content, !node.isNull {
                    fluentQuoted(text)
                } else {
                    node.kindInWords
                }
            spot.at(node.position).refuse("true or false is expected, \(found) was found")
            return nil
        },
        write: { .boolean($0) }
    )

    /// For what is named and has nothing to say.
    static let mark = Self(
        words: "`true`",
        read: { node, spot in
            if case .scalar("true", isPlain: true) = node.content { return true }
            spot.at(node.position).refuse("it takes true only")
            return nil
        },
        write: { .boolean($0) }
    )
}

extension LogKind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(
            words: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            read: { node, spot in
                let noun = "a whole number"
                guard let text = logScalar(node, spot, noun, example: nil) else { return nil }
                guard let value = Int(text), !text.hasPrefix("+") else {
                    spot.at(node.position).refuse("\(fluentQuoted(text)) is not \(noun)")
                    return nil
                }
                guard range.contains(value) else {
                    spot.at(node.position).refuse(
                        "\(value) is out of range",
                        hint: "from \(range.lowerBound) to \(range.upperBound)"
                    )
                    return nil
                }
                return value
            },
            write: { .integer($0) }
        )
    }

    /// Bytes.
    static func size(_ range: ClosedRange<Int>) -> Self {
        Self(
            words: "a size",
            read: { node, spot in
                let noun = "a size"
                guard let text = logScalar(node, spot, noun, example: "64KiB or 8MiB") else {
                    return nil
                }
                guard let value = LogMeasures.bytes(text) else {
                    spot.at(node.position).refuse(
                        "\(fluentQuoted(text)) is not a size",
                        hint: "such as 4096, 64KiB or 8MiB"
                    )
                    return nil
                }
                guard range.contains(value) else {
                    spot.at(node.position).refuse(
                        "\(text) is out of range",
                        hint: "from \(LogMeasures.text(ofSize: range.lowerBound)) to "
                            + LogMeasures.text(ofSize: range.upperBound)
                    )
                    return nil
                }
                return value
            },
            write: { LogMeasures.tree(ofSize: $0) }
        )
    }
}

extension LogKind where Value == Int64 {
    /// In milliseconds.
    static func duration(_ least: Int64 = 0) -> Self {
        Self(
            words: "a duration",
            read: { node, spot in
                guard let value = logDuration(node, spot) else { return nil }
                guard value >= least else {
                    spot.at(node.position).refuse(
                        "\(LogMeasures.text(ofTime: value)) is too short",
                        hint: "at least \(LogMeasures.text(ofTime: least))"
                    )
                    return nil
                }
                return value
            },
            write: { .text(LogMeasures.text(ofTime: $0)) }
        )
    }

    /// In seconds.
    static let seconds = Self(
        words: "a duration",
        read: { node, spot in
            guard let value = logDuration(node, spot) else { return nil }
            guard value % 1000 == 0 else {
                spot.at(node.position).refuse("it takes whole seconds")
                return nil
            }
            return value / 1000
        },
        write: { seconds in
            let product = seconds.multipliedReportingOverflow(by: 1000)
            return .text(LogMeasures.text(ofTime: product.overflow ? .max : product.partialValue))
        }
    )
}

private func logDuration(_ node: Node, _ spot: LogSpot) -> Int64? {
    let noun = "a duration"
    guard let text = logScalar(node, spot, noun, example: "500ms, 5s or 1m30s") else { return nil }
    guard let value = LogMeasures.milliseconds(text) else {
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
        spot.at(node.position).refuse(
            "\(fluentQuoted(text)) is not a duration",
            hint: isNumber
                ? "it needs a unit: \(text)s or \(text)ms" : "such as 500ms, 5s or 1m30s"
        )
        return nil
    }
    return value
}

extension LogKind where Value == Double {
    static func decimal(_ range: ClosedRange<Double>, _ noun: String = "a number") -> Self {
        Self(
            words: noun,
            read: { node, spot in
                let said = logPlain(noun)
                guard var text = logScalar(node, spot, said, example: nil) else { return nil }
                let shown = text
                var divisor = 1.0
                if text.hasSuffix("%"), range.upperBound == 1 {
                    text.removeLast()
                    divisor = 100
                }
                guard let number = ScalarText.double(text) else {
                    spot.at(node.position).refuse("\(fluentQuoted(shown)) is not \(said)")
                    return nil
                }
                guard range.contains(number / divisor) else {
                    spot.at(node.position).refuse(
                        "\(shown) is out of range",
                        hint: "from \(LogMeasures.text(of: range.lowerBound)) to "
                            + LogMeasures.text(of: range.upperBound)
                    )
                    return nil
                }
                return number / divisor
            },
            write: { .decimal($0) }
        )
    }
}

extension LogKind where Value: Equatable {
    /// One of some words.
    static func word(_ words: [(word: String, value: Value)]) -> Self {
        let names = words.map(\.word)
        let list = names.joined(separator: ", ")
        return Self(
            words: names.map { "`\($0)`" }.joined(separator: ", "),
            read: { node, spot in
                guard let text = logScalar(node, spot, "a word", example: nil) else { return nil }
                if let found = words.first(where: { $0.word == text }) { return found.value }
                spot.at(node.position).refuse(
                    "\(fluentQuoted(text)) is not a known value",
                    hint: fluentDidYouMean(text, among: names) ?? "known values: \(list)"
                )
                return nil
            },
            write: { value in .text(words.first { $0.value == value }?.word ?? "") }
        )
    }
}

extension LogKind {
    /// A list; a single value stands for a list of one.
    static func many<Element>(
        _ kind: LogKind<Element>,
        least: Int = 1
    ) -> Self where Value == [Element] {
        Self(
            words: "\(kind.words), or a list",
            tables: kind.tables,
            read: { node, spot in
                guard case .sequence(let nodes) = node.content else {
                    return kind.read(node, spot).map { [$0] }
                }
                guard nodes.count >= least else {
                    spot.at(node.position).refuse("the list is empty")
                    return nil
                }
                guard nodes.count <= 10_000 else {
                    spot.at(node.position).refuse("the list has more than 10000 elements")
                    return nil
                }
                var values: [Element] = []
                var isGood = true
                for (index, node) in nodes.enumerated() {
                    if let value = kind.read(node, spot.element(index, node)) {
                        values.append(value)
                    } else {
                        isGood = false
                    }
                }
                return isGood ? values : nil
            },
            write: { values in
                let trees = values.map(kind.write)
                if trees.count == 1, let only = trees.first {
                    // A list in a list must be seen as such.
                    if case .list = only { return .list(trees) }
                    return only
                }
                return .list(trees)
            }
        )
    }

    /// Names with values, in their order; a list of such objects where a name stands twice.
    static func named<Element>(
        _ kind: LogKind<Element>,
        words: String? = nil
    ) -> Self where Value == [LogNamed<Element>] {
        Self(
            words: words ?? "names with \(kind.words) each",
            read: { node, spot in
                var values: [LogNamed<Element>] = []
                var isGood = true
                func take(_ node: Node, _ spot: LogSpot) {
                    guard case .mapping(let members) = node.content else {
                        spot.at(node.position).refuse(
                            "an object is expected, \(node.kindInWords) was found",
                            hint: "names with values: {name: value}"
                        )
                        isGood = false
                        return
                    }
                    for member in members {
                        if let value = kind.read(member.value, spot.inside(member)) {
                            values.append(LogNamed(name: member.key, value: value))
                        } else {
                            isGood = false
                        }
                    }
                }
                if case .sequence(let nodes) = node.content {
                    for (index, node) in nodes.enumerated() {
                        take(node, spot.element(index, node))
                    }
                } else {
                    take(node, spot)
                }
                return isGood ? values : nil
            },
            write: { values in
                if Set(values.map(\.name)).count == values.count {
                    var map = LogTreeMap()
                    for value in values { map.add(value.name, kind.write(value.value)) }
                    return .map(map)
                }
                return .list(
                    values.map { value in
                        var map = LogTreeMap()
                        map.add(value.name, kind.write(value.value))
                        return .map(map)
                    }
                )
            }
        )
    }

    /// The same form for another type.
    func mapped<Other>(
        words: String? = nil,
        _ into: @escaping @Sendable (Value, LogSpot) -> Other?,
        _ back: @escaping @Sendable (Other) -> Value
    ) -> LogKind<Other> {
        LogKind<Other>(
            words: words ?? self.words,
            tables: tables,
            read: { [read] node, spot in
                read(node, spot).flatMap { into($0, spot.at(node.position)) }
            },
            write: { [write] in write(back($0)) }
        )
    }
}

/// A name with its value.
struct LogNamed<Element: Sendable>: Sendable {
    var name: String
    var value: Element
}

extension LogNamed: Equatable where Element: Equatable {}

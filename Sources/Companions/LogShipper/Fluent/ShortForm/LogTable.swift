internal import Document

/// What the reference says of a field.
struct LogFieldDescription: Sendable {
    var name: String
    var words: String
    var summary: String
    /// The default as it would be written, or what it means that there is none.
    var standard: String
    var tables: [LogTableDescription] = []

    /// The words without their marks, for messages.
    var plainWords: String { logPlain(words) }
}

/// Words of the reference as they stand in a message: without links and code marks.
func logPlain(_ words: String) -> String {
    var text = ""
    var rest = Substring(words)
    while let first = rest.first {
        if rest.hasPrefix("]("), let end = rest.firstIndex(of: ")") {
            rest = rest[rest.index(after: end)...]
            continue
        }
        if first != "`", first != "[" { text.append(first) }
        rest = rest.dropFirst()
    }
    return text
}

/// What the reference says of an object.
struct LogTableDescription: Sendable {
    var title: String
    var fields: [LogFieldDescription]
}

/// A field of an object of the short form.
struct LogField<Owner: Sendable>: Sendable {
    var description: LogFieldDescription
    var isRequired = false
    /// Another field that says the same.
    var alias: String?
    let read: @Sendable (Node, LogSpot, inout Owner) -> Void
    /// nil where it has its default.
    let write: @Sendable (Owner) -> LogTree?

    var name: String { description.name }
}

/// The fields of an object of the short form, and what they are in a type.
struct LogTable<Owner: Sendable>: Sendable {
    /// What is there where nothing is written.
    let standard: Owner
    private(set) var fields: [LogField<Owner>] = []
    /// Of each group at most one may be written.
    private(set) var alternatives: [[String]] = []

    init(_ standard: Owner, _ build: (inout LogTable) -> Void) {
        self.standard = standard
        build(&self)
    }

    var names: [String] { fields.map(\.name) }

    // MARK: - Reading and writing

    /// Reads the members that the table knows; others are left to the caller.
    func read(_ members: [Node.Member], into owner: inout Owner, _ spot: LogSpot) {
        var given: [String] = []
        for member in members {
            guard let field = fields.first(where: { $0.name == member.key }) else { continue }
            given.append(field.name)
            let inner = spot.inside(member)
            if member.value.isNull {
                inner.refuse("it has no value", hint: "remove it, or give it a value")
                continue
            }
            field.read(member.value, inner, &owner)
        }
        for field in fields where field.isRequired && !given.contains(field.name) {
            if given.contains(field.name + "File") { continue }
            if let alias = field.alias, given.contains(alias) { continue }
            spot.refuse("\(field.name) is missing", hint: field.description.plainWords)
        }
        for group in alternatives {
            let both = group.filter(given.contains)
            if both.count > 1 {
                spot.refuse("\(both.joined(separator: " and ")) exclude each other")
            }
        }
    }

    func write(_ owner: Owner) -> LogTreeMap {
        var map = LogTreeMap()
        for field in fields {
            if let value = field.write(owner) { map.add(field.name, value) }
        }
        return map
    }

    var descriptions: [LogFieldDescription] { fields.map(\.description) }

    // MARK: - Making

    mutating func excludes(_ names: [String]) { alternatives.append(names) }

    /// A field that has a default.
    mutating func add<Value: Equatable & Sendable>(
        _ name: String,
        _ path: any WritableKeyPath<Owner, Value> & Sendable,
        _ kind: LogKind<Value>,
        _ summary: String,
        isRequired: Bool = false,
        standard words: String? = nil
    ) {
        let usual = standard[keyPath: path]
        fields.append(
            LogField(
                description: LogFieldDescription(
                    name: name,
                    words: kind.words,
                    summary: summary,
                    standard: isRequired
                        ? "required" : words ?? "`\(kind.write(usual).line)`",
                    tables: kind.tables
                ),
                isRequired: isRequired,
                read: { node, spot, owner in
                    if let value = kind.read(node, spot) { owner[keyPath: path] = value }
                },
                write: { owner in
                    let value = owner[keyPath: path]
                    return isRequired || value != usual ? kind.write(value) : nil
                }
            )
        )
    }

    /// A field that may be absent.
    mutating func add<Value: Equatable & Sendable>(
        _ name: String,
        optional path: any WritableKeyPath<Owner, Value?> & Sendable,
        _ kind: LogKind<Value>,
        _ summary: String,
        absence: String = "none"
    ) {
        fields.append(
            LogField(
                description: LogFieldDescription(
                    name: name,
                    words: kind.words,
                    summary: summary,
                    standard: absence,
                    tables: kind.tables
                ),
                read: { node, spot, owner in
                    if let value = kind.read(node, spot) { owner[keyPath: path] = value }
                },
                write: { $0[keyPath: path].map(kind.write) }
            )
        )
    }

    /// A secret, and the field with `File` after its name that names a file that holds it.
    mutating func add(
        secret name: String,
        _ path: any WritableKeyPath<Owner, String?> & Sendable,
        _ summary: String,
        isRequired: Bool = false
    ) {
        add(name, optional: path, .text, summary, absence: isRequired ? "required" : "none")
        fields[fields.count - 1].isRequired = isRequired
        fields.append(
            LogField(
                description: LogFieldDescription(
                    name: name + "File",
                    words: "a path",
                    summary: "A file that holds `\(name)`; a line end at its end does not count.",
                    standard: "none"
                ),
                read: { node, spot, owner in
                    guard let file = LogKind.path.read(node, spot) else { return }
                    spot.reading.environment.files?.add(file)
                    do throws(DocumentFailure) {
                        let bytes = try FileContents.read(file, limits: .secret)
                        var text = String(decoding: bytes, as: UTF8.self)[...]
                        while let last = text.last, last.isNewline { text.removeLast() }
                        owner[keyPath: path] = String(text)
                    } catch {
                        spot.refuse(
                            "\(fluentQuoted(file)): \(error.what)"
                                + (error.hint.map { ": \($0)" } ?? "")
                        )
                    }
                },
                write: { _ in nil }
            )
        )
        alternatives.append([name, name + "File"])
    }

    /// Takes the fields of a part as if they were the owner's own.
    mutating func include<Part: Sendable>(
        _ table: LogTable<Part>,
        _ path: any WritableKeyPath<Owner, Part> & Sendable,
        without left: Set<String> = []
    ) {
        for field in table.fields where !left.contains(field.name) {
            fields.append(
                LogField(
                    description: field.description,
                    isRequired: field.isRequired,
                    read: { node, spot, owner in
                        field.read(node, spot, &owner[keyPath: path])
                    },
                    write: { field.write($0[keyPath: path]) }
                )
            )
        }
        alternatives += table.alternatives
    }

    /// An object whose fields are the owner's; where only `primary` is written, its value suffices.
    mutating func group(
        _ name: String,
        _ table: LogTable,
        primary: String,
        _ summary: String,
        absence: String
    ) {
        let main = table.fields.first { $0.name == primary }
        fields.append(
            LogField(
                description: LogFieldDescription(
                    name: name,
                    words: (main.map { "\($0.description.words), or " } ?? "") + "an object",
                    summary: summary,
                    standard: absence,
                    tables: [LogTableDescription(title: name, fields: table.descriptions)]
                ),
                read: { node, spot, owner in
                    guard case .mapping(let members) = node.content else {
                        main?.read(node, spot, &owner)
                        return
                    }
                    logRefuseUnknown(members, known: table.names, spot)
                    table.read(members, into: &owner, spot)
                },
                write: { owner in
                    let map = table.write(owner)
                    if map.members.count == 1, map.members[0].name == primary {
                        return map.members[0].value
                    }
                    return map.members.isEmpty ? nil : .map(map)
                }
            )
        )
    }

    /// A field of its own making, which says the same as another one.
    mutating func add(_ field: LogField<Owner>, alias name: String) {
        for number in fields.indices where fields[number].name == name {
            fields[number].alias = field.name
        }
        fields.append(field)
        alternatives.append([name, field.name])
    }
}

extension DocumentLimits {
    /// More is no password.
    fileprivate static let secret = DocumentLimits(bytesMax: 64 << 10)
}

/// Says which members nobody knows, and what may have been meant.
func logRefuseUnknown(_ members: [Node.Member], known: [String], _ spot: LogSpot) {
    for member in members where !known.contains(member.key) {
        spot.inside(member).refuse(
            "the field is not known",
            hint: LogGuesses.field(member.key, among: known)
                ?? fluentDidYouMean(member.key, among: known)
                ?? "known here: \(known.joined(separator: ", "))"
        )
    }
}

extension LogKind where Value: Equatable {
    /// An object.
    ///
    /// - Parameters:
    ///   - primary: the field whose value suffices where nothing else is written.
    ///   - mark: whether `true` stands for an object with defaults only.
    static func object(
        _ table: LogTable<Value>,
        title: String,
        primary: String? = nil,
        mark: Bool = false
    ) -> Self {
        let main = table.fields.first { $0.name == primary }
        var words = main.map { "\($0.description.words), or an object" } ?? "an object"
        if mark { words = "`true`, " + words }
        return Self(
            words: words,
            tables: [LogTableDescription(title: title, fields: table.descriptions)],
            read: { node, spot in
                var value = table.standard
                if case .mapping(let members) = node.content {
                    logRefuseUnknown(members, known: table.names, spot)
                    let before = spot.reading.problems.count
                    table.read(members, into: &value, spot)
                    return spot.reading.problems.count == before ? value : nil
                }
                if mark, case .scalar("true", isPlain: true) = node.content { return value }
                guard let main else {
                    spot.at(node.position).refuse(
                        "an object is expected, \(node.kindInWords) was found",
                        hint: "with fields such as \(table.names.prefix(5).joined(separator: ", "))"
                    )
                    return nil
                }
                let before = spot.reading.problems.count
                main.read(node, spot, &value)
                for field in table.fields where field.isRequired && field.name != primary {
                    spot.refuse("\(field.name) is missing", hint: field.description.plainWords)
                }
                return spot.reading.problems.count == before ? value : nil
            },
            write: { value in
                let map = table.write(value)
                if mark, map.members.isEmpty { return .boolean(true) }
                if let primary, map.members.count == 1, map.members[0].name == primary {
                    return map.members[0].value
                }
                return .map(map)
            }
        )
    }
}

internal import Document

/// One of several kinds of an object: what it is is said by the field that has its name.
///
/// `{elasticsearch: https://es:9200, index: app}` is a sink of the kind `elasticsearch`.
struct LogShape<Kind: Sendable>: Sendable {
    let name: String
    let summary: String
    /// Fields that say that it is this kind.
    let keys: [String]
    let names: [String]
    let fields: [LogFieldDescription]
    let read: @Sendable ([Node.Member], LogSpot) -> Kind?
    /// nil where it is another kind.
    let write: @Sendable (Kind) -> LogTreeMap?

    init<Options>(
        _ name: String,
        _ summary: String,
        keys: [String]? = nil,
        _ table: LogTable<Options>,
        wrap: @escaping @Sendable (Options) -> Kind,
        unwrap: @escaping @Sendable (Kind) -> Options?
    ) {
        self.name = name
        self.summary = summary
        self.keys = keys ?? [name]
        names = table.names
        fields = table.descriptions
        read = { members, spot in
            var options = table.standard
            let before = spot.reading.problems.count
            table.read(members, into: &options, spot)
            return spot.reading.problems.count == before ? wrap(options) : nil
        }
        write = { kind in unwrap(kind).map { table.write($0) } }
    }

    /// A kind that has nothing to say: `json: true`.
    init(mark name: String, _ summary: String, _ kind: Kind, is: @escaping @Sendable (Kind) -> Bool)
    {
        let table = LogTable(LogMark()) { table in
            table.add(name, \.isThere, .mark, summary, isRequired: true)
        }
        self.init(name, summary, table, wrap: { _ in kind }, unwrap: { `is`($0) ? LogMark() : nil })
    }
}

private struct LogMark: Sendable, Equatable {
    var isThere = true
}

/// The kinds that an object may be of.
struct LogShapes<Kind: Sendable>: Sendable {
    /// With its article: `a sink`.
    let noun: String
    let all: [LogShape<Kind>]

    /// The kind that the members say, and what they say of it; `others` are the names that any may have.
    func read(_ members: [Node.Member], others: [String], _ spot: LogSpot) -> Kind? {
        let given = members.map(\.key)
        let found = all.filter { shape in shape.keys.contains { given.contains($0) } }
        guard let shape = found.first else {
            let names = all.flatMap(\.keys)
            let unknown = given.filter { !others.contains($0) }
            let near = unknown.lazy.compactMap { word in
                fluentDidYouMean(word, among: names)
                    ?? names.first { $0.hasPrefix(word) && word.utf8.count > 3 }
                    .map { "did you mean \(fluentQuoted($0))?" }
            }.first
            spot.refuse(
                "it does not say what kind of \(noun) it is",
                hint: LogGuesses.hint(members, noun: noun, kinds: names) ?? near
                    ?? "write one of \(names.joined(separator: ", "))"
            )
            return nil
        }
        if found.count > 1 {
            spot.refuse(
                "it is \(found.map(\.name).joined(separator: " and ")) at once",
                hint: "one \(noun) is one of them"
            )
            return nil
        }
        logRefuseUnknown(members, known: shape.names + others, spot)
        return shape.read(members, spot)
    }

    func write(_ kind: Kind) -> LogTreeMap {
        for shape in all {
            if let map = shape.write(kind) { return map }
        }
        return LogTreeMap()
    }

    func name(of kind: Kind) -> String {
        all.first { $0.write(kind) != nil }?.name ?? ""
    }
}

/// Takes a section's parameters one by one, and at the end refuses those that nobody asked for.
///
/// What is asked for becomes known, so the list of what there is needs no keeping, and a name that is
/// nearly one of them can be proposed.
final class FluentParameters {
    enum Dialect { case fluentd, fluentBit }

    let section: FluentSection
    let dialect: Dialect
    /// For messages: `match elasticsearch`.
    let title: String
    let notes: FluentNotes
    private var known: Set<String> = []
    private var knownSections: Set<String> = []
    /// Beginnings of names that are known (`rdkafka.`).
    private var knownPrefixes: [String] = []

    init(_ section: FluentSection, dialect: Dialect, title: String, notes: FluentNotes) {
        self.section = section
        self.dialect = dialect
        self.title = title
        self.notes = notes
    }

    var place: ConfigurationPlace { section.place }

    func failure(
        _ what: String,
        at place: ConfigurationPlace? = nil,
        hint: String? = nil
    ) -> LogConfigurationFailure {
        LogConfigurationFailure(place: place ?? section.place, what: what, hint: hint)
    }

    // MARK: - Entries

    private func folded(_ key: String) -> String {
        dialect == .fluentd ? key : key.lowercased()
    }

    /// All entries of a name, in their order.
    func all(_ key: String) -> [FluentEntry] {
        known.insert(key)
        return section.entries.filter { folded($0.key) == key && $0.value != .standard }
    }

    /// The last entry of a name; nil where it is not there or stands for the default.
    func entry(_ key: String) -> FluentEntry? {
        known.insert(key)
        guard let found = section.entries.last(where: { folded($0.key) == key }) else { return nil }
        switch found.value {
        case .nothing, .standard: return nil
        default: return found
        }
    }

    func has(_ key: String) -> Bool { entry(key) != nil }

    /// Entries whose name begins so, the prefix left out.
    func prefixed(_ prefix: String) -> [FluentEntry] {
        knownPrefixes.append(prefix)
        return section.entries.compactMap { entry in
            guard folded(entry.key).hasPrefix(prefix) else { return nil }
            var entry = entry
            entry.key = String(entry.key.dropFirst(prefix.count))
            return entry
        }
    }

    func sections(_ name: String) -> [FluentSection] {
        knownSections.insert(name)
        return section.sections.filter { $0.name == name }
    }

    /// The only section of a name.
    func section(_ name: String) throws(LogConfigurationFailure) -> FluentSection? {
        let found = sections(name)
        guard found.count <= 1 else {
            throw failure("<\(name)> stands more than once", at: found[1].place)
        }
        return found.first
    }

    // MARK: - Values

    func text(_ key: String) throws(LogConfigurationFailure) -> String? {
        guard let entry = entry(key) else { return nil }
        return try FluentValues.text(of: entry)
    }

    /// A text that has to be there and not to be empty.
    func required(_ key: String) throws(LogConfigurationFailure) -> String {
        guard let entry = entry(key) else {
            throw failure("\(title): \(key) is missing")
        }
        let text = try FluentValues.text(of: entry)
        guard !text.isEmpty else { throw empty(entry) }
        return text
    }

    /// A text that is not empty where it is there.
    func filled(_ key: String) throws(LogConfigurationFailure) -> String? {
        guard let entry = entry(key) else { return nil }
        let text = try FluentValues.text(of: entry)
        guard !text.isEmpty else { throw empty(entry) }
        return text
    }

    private func empty(_ entry: FluentEntry) -> LogConfigurationFailure {
        failure(
            "\(entry.key) is empty",
            at: entry.place,
            hint: entry.unset.first.map { "the environment variable \($0) is not set" }
        )
    }

    func bool(
        _ key: String,
        default standard: Bool = false
    ) throws(LogConfigurationFailure) -> Bool {
        guard let entry = entry(key) else { return standard }
        return try FluentValues.bool(of: entry, dialect: dialect)
    }

    func integer(
        _ key: String,
        in range: ClosedRange<Int> = 0...Int(Int32.max)
    ) throws(LogConfigurationFailure) -> Int? {
        guard let entry = entry(key) else { return nil }
        return try FluentValues.integer(of: entry, in: range)
    }

    func number(_ key: String) throws(LogConfigurationFailure) -> Double? {
        guard let entry = entry(key) else { return nil }
        return try FluentValues.number(of: entry)
    }

    /// Milliseconds.
    func time(_ key: String) throws(LogConfigurationFailure) -> Int64? {
        guard let entry = entry(key) else { return nil }
        return try FluentValues.time(of: entry, dialect: dialect)
    }

    /// Bytes.
    func size(_ key: String) throws(LogConfigurationFailure) -> Int? {
        guard let entry = entry(key) else { return nil }
        return try FluentValues.size(of: entry, dialect: dialect)
    }

    func list(_ key: String) throws(LogConfigurationFailure) -> [String]? {
        let entries = dialect == .fluentd ? entry(key).map { [$0] } ?? [] : all(key)
        guard !entries.isEmpty else { return nil }
        var values: [String] = []
        for entry in entries { values += try FluentValues.list(of: entry) }
        return values
    }

    func map(_ key: String) throws(LogConfigurationFailure) -> [(name: String, value: String)]? {
        guard let entry = entry(key) else { return nil }
        return try FluentValues.map(of: entry)
    }

    /// RE2.
    func pattern(_ key: String) throws(LogConfigurationFailure) -> String? {
        guard let entry = entry(key) else { return nil }
        let text = try FluentValues.text(of: entry)
        return try FluentPattern.convert(text, at: entry.place)
    }

    func choice(
        _ key: String,
        of words: [String]
    ) throws(LogConfigurationFailure) -> String? {
        guard let entry = entry(key) else { return nil }
        let text = try FluentValues.text(of: entry)
        let word = dialect == .fluentd ? text : text.lowercased()
        guard words.contains(word) else {
            throw failure(
                "\(entry.key): \(fluentQuoted(text)) is none of \(words.joined(separator: ", "))",
                at: entry.place,
                hint: fluentDidYouMean(word, among: words)
            )
        }
        return word
    }

    // MARK: - What is not taken

    /// Parameters that are known and change nothing here; each that is there is a warning.
    func withoutEffect(_ keys: [String]) {
        for key in keys {
            guard let entry = entry(key) else { continue }
            notes.add("\(entry.key) has no effect here", at: entry.place)
        }
    }

    /// Parameters that are known and can't be honoured.
    func refuse(_ keys: [String], _ why: String) throws(LogConfigurationFailure) {
        for key in keys {
            guard let entry = entry(key) else { continue }
            throw failure("\(title): \(entry.key) is not supported", at: entry.place, hint: why)
        }
    }

    /// Booleans that can only be false.
    func refuseTrue(_ keys: [String], _ why: String) throws(LogConfigurationFailure) {
        for key in keys where try bool(key) {
            throw failure(
                "\(title): \(key) is not supported",
                at: entry(key)?.place,
                hint: why
            )
        }
    }

    /// Sections that are known and change nothing here.
    func sectionsWithoutEffect(_ names: [String]) {
        for name in names {
            for section in sections(name) {
                notes.add("<\(name)> has no effect here", at: section.place)
            }
        }
    }

    /// Refuses what nobody asked for.
    func finish() throws(LogConfigurationFailure) {
        for entry in section.entries {
            let key = folded(entry.key)
            if known.contains(key) || knownPrefixes.contains(where: { key.hasPrefix($0) }) {
                continue
            }
            throw failure(
                "\(title) has no parameter \(fluentQuoted(entry.key))",
                at: entry.place,
                hint: fluentDidYouMean(key, among: Array(known))
            )
        }
        for inner in section.sections where !knownSections.contains(inner.name) {
            throw failure(
                "\(title) has no section <\(inner.name)>",
                at: inner.place,
                hint: fluentDidYouMean(inner.name, among: Array(knownSections))
            )
        }
    }
}

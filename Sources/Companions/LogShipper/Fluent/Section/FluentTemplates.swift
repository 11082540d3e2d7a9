/// Texts with placeholders, of both programs.
enum FluentTemplates {
    /// A path of fields as a path with dots: `$.a.b`, `$['a']['b']`, `a`.
    static func path(_ text: String) -> String {
        guard text.hasPrefix("$") else { return text }
        var parts: [String] = []
        var rest = text.dropFirst()
        while let first = rest.first {
            if first == "." {
                let word = rest.dropFirst().prefix { $0 != "." && $0 != "[" }
                parts.append(String(word))
                rest = rest.dropFirst(1 + word.count)
            } else if first == "[", let end = rest.firstIndex(of: "]") {
                var word = rest[rest.index(after: rest.startIndex)..<end]
                if word.count >= 2, let quote = word.first, quote == "'" || quote == "\"" {
                    word = word.dropFirst().dropLast()
                }
                parts.append(String(word))
                rest = rest[rest.index(after: end)...]
            } else {
                let word = rest.prefix { $0 != "." && $0 != "[" }
                parts.append(String(word))
                rest = rest.dropFirst(max(1, word.count))
            }
        }
        return parts.filter { !$0.isEmpty }.joined(separator: ".")
    }

    /// A text without placeholders, strftime's directives found in it.
    static func timed(_ text: String) -> [RecordTemplate.Part] {
        let characters = Array(text)
        var first: Int?
        var end = 0
        var index = 0
        while index + 1 < characters.count {
            if characters[index] == "%" {
                var stop = index + 1
                while stop < characters.count, "-_0^#:123456789".contains(characters[stop]) {
                    stop += 1
                }
                if stop < characters.count, characters[stop].isASCII, characters[stop].isLetter {
                    if first == nil { first = index }
                    end = stop + 1
                    index = stop
                }
            }
            index += 1
        }
        guard let first else { return text.isEmpty ? [] : [.literal(text)] }
        var parts: [RecordTemplate.Part] = []
        if first > 0 { parts.append(.literal(String(characters[..<first]))) }
        parts.append(.time(String(characters[first..<end])))
        if end < characters.count { parts.append(.literal(String(characters[end...]))) }
        return parts
    }

    /// Splits at `${…}`; `inside` says what stands for each.
    static func split(
        _ text: String,
        literal: (String) -> [RecordTemplate.Part],
        inside: (String) throws(LogConfigurationFailure) -> [RecordTemplate.Part]
    ) throws(LogConfigurationFailure) -> RecordTemplate {
        var parts: [RecordTemplate.Part] = []
        var rest = Substring(text)
        var before = ""
        while let dollar = rest.firstIndex(of: "$") {
            before += rest[..<dollar]
            let after = rest.index(after: dollar)
            guard after < rest.endIndex, rest[after] == "{",
                let end = rest[after...].firstIndex(of: "}")
            else {
                before += "$"
                rest = rest[after...]
                continue
            }
            if !before.isEmpty { parts += literal(before) }
            before = ""
            parts += try inside(String(rest[rest.index(after: after)..<end]))
            rest = rest[rest.index(after: end)...]
        }
        before += rest
        if !before.isEmpty { parts += literal(before) }
        return RecordTemplate(parts)
    }

    /// fluentd's placeholders in parameters of outputs.
    static func output(
        _ text: String,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> RecordTemplate {
        try split(text, literal: timed) { inside throws(LogConfigurationFailure) in
            if inside == "tag" { return [.tag] }
            if inside.hasPrefix("tag["), let number = index(of: inside) {
                return [.tagPart(number)]
            }
            if inside == "chunk_id" || inside.hasPrefix("tag[") || inside.isEmpty {
                throw unknown(inside, at: place)
            }
            return [.field(path(inside))]
        }
    }

    /// `name[3]`.
    static func index(of text: String) -> Int? {
        guard let open = text.firstIndex(of: "["), text.hasSuffix("]") else { return nil }
        let digits = text[text.index(after: open)...].dropLast()
        guard digits.utf8.count <= 4, !digits.hasPrefix("+") else { return nil }
        return Int(digits)
    }

    private static func unknown(
        _ inside: String,
        at place: ConfigurationPlace
    ) -> LogConfigurationFailure {
        LogConfigurationFailure(
            place: place,
            what: "the placeholder ${\(inside)} is not known here",
            hint: "there are ${tag}, ${tag[0]}, ${field}, ${$.path.to.field} and %Y%m%d"
        )
    }

    // MARK: - record_transformer

    /// fluentd's placeholders in `<record>`.
    static func record(
        _ text: String,
        isRuby: Bool,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> RecordTemplate {
        try split(text, literal: { [.literal($0)] }) { inside throws(LogConfigurationFailure) in
            if let part = recordPart(FluentValues.trimmed(Substring(inside))) { return [part] }
            let hint =
                "there are ${tag}, ${tag_parts[0]}, ${tag_prefix[0]}, ${tag_suffix[0]}, "
                + "${hostname}, ${time} and ${record[\"field\"]}"
            throw LogConfigurationFailure(
                place: place,
                what: isRuby
                    ? "Ruby is not run: ${\(inside)}" : "the placeholder ${\(inside)} is not known",
                hint: hint
            )
        }
    }

    private static func recordPart(_ inside: String) -> RecordTemplate.Part? {
        switch inside {
        case "tag": return .tag
        case "hostname", "Socket.gethostname": return .hostname
        case "time", "time.iso8601", "time.to_s", "time.utc.iso8601": return .isoTime
        case "time.to_i", "time.to_f": return .unixTime
        case "tag_parts.first": return .tagPart(0)
        case "tag_parts.last": return .tagPart(-1)
        default: break
        }
        if let number = index(of: inside) {
            if inside.hasPrefix("tag_parts[") { return .tagPart(number) }
            if inside.hasPrefix("tag_prefix[") { return .tagPrefix(number) }
            if inside.hasPrefix("tag_suffix[") { return .tagSuffix(number) }
        }
        if inside.hasPrefix("record.dig("), inside.hasSuffix(")") {
            let names = inside.dropFirst(11).dropLast().split(separator: ",").map {
                FluentValues.trimmed($0)
            }
            let words = names.compactMap { unquoted(Substring($0)) }
            return words.count == names.count && !words.isEmpty
                ? .field(words.joined(separator: ".")) : nil
        }
        guard inside.hasPrefix("record[") else { return nil }
        var words: [String] = []
        var rest = inside.dropFirst(6)
        while rest.hasPrefix("["), let end = rest.firstIndex(of: "]"),
            let word = unquoted(rest[rest.index(after: rest.startIndex)..<end])
        {
            words.append(word)
            rest = rest[rest.index(after: end)...]
        }
        return rest.isEmpty && !words.isEmpty ? .field(words.joined(separator: ".")) : nil
    }

    private static func unquoted(_ text: Substring) -> String? {
        guard text.count >= 2, let quote = text.first, quote == "\"" || quote == "'",
            text.last == quote
        else { return nil }
        return String(text.dropFirst().dropLast())
    }
}

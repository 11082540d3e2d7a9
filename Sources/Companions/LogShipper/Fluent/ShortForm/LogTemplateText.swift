internal import Document

/// Templates as the short form writes them: `app-%{service}-%Y.%m.%d`.
///
/// What begins with a percent sign comes from the record: `%{a.b}` a field, `%{@tag}`, `%{@tag[1]}`,
/// `%{@tagPrefix[1]}`, `%{@tagSuffix[1]}`, `%{@hostname}`, `%{@time}` (ISO 8601), `%{@unixTime}`, and
/// strftime's directives the record's time in UTC. `%%` stands for a percent sign.
enum LogTemplateText {
    private static let names = ["@tag", "@hostname", "@time", "@unixTime"]

    static func text(of template: RecordTemplate) -> String {
        var text = ""
        for part in template.parts {
            switch part {
            case .literal(let literal): text += escaped(literal)
            case .tag: text += "%{@tag}"
            case .tagPart(let number): text += "%{@tag[\(number)]}"
            case .tagPrefix(let number): text += "%{@tagPrefix[\(number)]}"
            case .tagSuffix(let number): text += "%{@tagSuffix[\(number)]}"
            case .field(let path): text += "%{\(path)}"
            case .time(let format): text += format
            case .hostname: text += "%{@hostname}"
            case .isoTime: text += "%{@time}"
            case .unixTime: text += "%{@unixTime}"
            }
        }
        return text
    }

    /// Doubles the percent signs that would begin something, and only those.
    private static func escaped(_ literal: String) -> String {
        var text = ""
        let characters = Array(literal)
        for (index, character) in characters.enumerated() {
            text.append(character)
            if character != "%" { continue }
            let next = index + 1 < characters.count ? characters[index + 1] : nil
            // Another part may follow a sign at the end.
            guard let next else {
                text.append("%")
                continue
            }
            if next == "{" || next == "%" || isDirective(characters[(index + 1)...]) {
                text.append("%")
            }
        }
        return text
    }

    /// Flags and a letter, as after a percent sign.
    private static func isDirective(_ rest: ArraySlice<Character>) -> Bool {
        let letter = rest.drop { "-_0^#:123456789".contains($0) }.first
        return letter.map { $0.isASCII && $0.isLetter } ?? false
    }

    /// - Returns: nil where something is wrong, which was said.
    static func read(_ text: String, _ spot: LogSpot) -> RecordTemplate? {
        var parts: [RecordTemplate.Part] = []
        var run = Run()
        let characters = Array(text)
        var index = 0
        while index < characters.count {
            let character = characters[index]
            guard character == "%", index + 1 < characters.count else {
                run.add(String(character))
                index += 1
                continue
            }
            let next = characters[index + 1]
            if next == "%" {
                run.addPercent()
                index += 2
            } else if next == "{" {
                guard let end = characters[index...].firstIndex(of: "}") else {
                    spot.refuse(
                        "\(fluentQuoted(text)) has %{ without }",
                        hint: "write %{field}, or %%{ for the characters"
                    )
                    return nil
                }
                parts += run.take()
                guard let part = part(String(characters[(index + 2)..<end]), spot) else {
                    return nil
                }
                parts.append(part)
                index = end + 1
            } else if isDirective(characters[(index + 1)...]) {
                var end = index + 1
                while "-_0^#:123456789".contains(characters[end]) { end += 1 }
                run.addTime(String(characters[index...end]))
                index = end + 1
            } else {
                run.add("%")
                index += 1
            }
        }
        return RecordTemplate(parts + run.take())
    }

    private static func part(_ inside: String, _ spot: LogSpot) -> RecordTemplate.Part? {
        switch inside {
        case "":
            spot.refuse("%{} names nothing", hint: "write %{field}")
            return nil
        case "@tag": return .tag
        case "@hostname": return .hostname
        case "@time": return .isoTime
        case "@unixTime": return .unixTime
        default: break
        }
        if inside.hasSuffix("]"), let open = inside.firstIndex(of: "[") {
            let number = Int(inside[inside.index(after: open)...].dropLast())
            switch (inside[..<open], number) {
            case ("@tag", let number?): return .tagPart(number)
            case ("@tagPrefix", let number?): return .tagPrefix(number)
            case ("@tagSuffix", let number?): return .tagSuffix(number)
            case ("@tag", nil), ("@tagPrefix", nil), ("@tagSuffix", nil):
                spot.refuse("%{\(inside)} needs a number", hint: "such as %{@tag[0]}")
                return nil
            default: break
            }
        }
        // @timestamp and its like are fields; what is nearly one of ours is a slip.
        if inside.hasPrefix("@"), let near = fluentDidYouMean(inside, among: names) {
            spot.refuse("%{\(inside)} is not known", hint: near)
            return nil
        }
        return .field(inside)
    }

    /// Text between parts; from the first directive to the last it is one time.
    private struct Run {
        private var pieces: [(text: String, isTime: Bool, isPercent: Bool)] = []

        mutating func add(_ text: String) { pieces.append((text, false, false)) }
        mutating func addTime(_ text: String) { pieces.append((text, true, false)) }
        mutating func addPercent() { pieces.append(("%", false, true)) }

        mutating func take() -> [RecordTemplate.Part] {
            defer { pieces = [] }
            guard let first = pieces.firstIndex(where: \.isTime),
                let last = pieces.lastIndex(where: \.isTime)
            else { return literal(pieces[...]) }
            let time = pieces[first...last].map { $0.isPercent ? "%%" : $0.text }.joined()
            return literal(pieces[..<first]) + [.time(time)] + literal(pieces[(last + 1)...])
        }

        private func literal(
            _ pieces: ArraySlice<(text: String, isTime: Bool, isPercent: Bool)>
        ) -> [RecordTemplate.Part] {
            pieces.isEmpty ? [] : [.literal(pieces.map(\.text).joined())]
        }
    }
}

extension LogKind where Value == RecordTemplate {
    static let template = Self(
        words: "a [template](#templates)",
        read: { node, spot in
            logScalar(node, spot, "a text", example: nil).flatMap {
                LogTemplateText.read($0, spot.at(node.position))
            }
        },
        write: { .text(LogTemplateText.text(of: $0)) }
    )
}

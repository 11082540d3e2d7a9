/// Reads fluent-bit's classic configuration files.
///
/// Sections in brackets, indented pairs of a name and a value, `@INCLUDE`, `@SET`, `${VARIABLE}`, and
/// the files that `Parsers_File` names. What comes out is what the YAML form comes to as well.
package enum FluentBitReader {
    /// The sections of a file and of those that it includes, parsers among them, names in lower case.
    package static func read(
        path: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> [FluentSection] {
        var files = FluentFiles(environment.files)
        let bytes = try files.enter(path, from: ConfigurationPlace(file: path, line: 0))
        return try read(bytes, file: path, environment: environment, files: files)
    }

    /// A text that is at hand; other files are looked for beside `file`.
    package static func read(
        text: [UInt8],
        file: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> [FluentSection] {
        guard text.count <= FluentFiles.bytesMax else {
            throw LogConfigurationFailure(
                place: ConfigurationPlace(file: file, line: 0),
                what: "the configuration is larger than \(FluentFiles.bytesMax >> 20) MiB"
            )
        }
        return try read(
            text,
            file: file,
            environment: environment,
            files: FluentFiles(environment.files)
        )
    }

    private static func read(
        _ bytes: [UInt8],
        file: String,
        environment: FluentEnvironment,
        files: FluentFiles
    ) throws(LogConfigurationFailure) -> [FluentSection] {
        var reader = FluentBitFile(environment: environment, files: files)
        try reader.read(bytes, file: file)
        var sections = reader.sections
        try addParsers(
            to: &sections,
            folder: FluentFiles.folder(of: file),
            environment: environment
        )
        return sections
    }

    /// Adds the parsers of the files that `parsers_file` in the service's section names.
    ///
    /// For the YAML form too, whose sections have the same names.
    package static func addParsers(
        to sections: inout [FluentSection],
        folder: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) {
        for service in sections where service.name == "service" {
            for entry in service.entries where entry.key.lowercased() == "parsers_file" {
                for path in try FluentValues.list(of: entry) {
                    var reader = FluentBitFile(
                        environment: environment,
                        files: FluentFiles(environment.files)
                    )
                    let full = FluentFiles.resolve(path, in: folder)
                    do {
                        try reader.include(full, from: entry.place)
                    } catch {
                        throw LogConfigurationFailure(
                            place: error.place,
                            what: error.what,
                            hint: error.hint
                                ?? "without the line the parsers "
                                + FluentBitParsers.standardNames.joined(separator: ", ")
                                + " are there all the same"
                        )
                    }
                    sections += reader.sections.filter {
                        $0.name == "parser" || $0.name == "multiline_parser"
                    }
                }
            }
        }
    }
}

/// The files of one configuration on their way.
private struct FluentBitFile {
    let environment: FluentEnvironment
    var files: FluentFiles
    private(set) var sections: [FluentSection] = []
    /// `@SET`.
    private var variables: [String: String] = [:]

    init(environment: FluentEnvironment, files: FluentFiles) {
        self.environment = environment
        self.files = files
    }

    mutating func include(
        _ path: String,
        from place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        let bytes = try files.enter(path, from: place)
        try read(bytes, file: path)
        files.leave()
    }

    mutating func read(_ bytes: [UInt8], file: String) throws(LogConfigurationFailure) {
        var indent: ArraySlice<UInt8>?
        var hasSection = false
        var number = 0
        var start = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 0x0a { end += 1 }
            var line = bytes[start..<end]
            start = end + 1
            number += 1
            if line.last == 0x0d { line = line.dropLast() }
            guard let first = line.first, first != UInt8(ascii: "#") else { continue }
            let place = ConfigurationPlace(file: file, line: number, column: 1)
            if first == UInt8(ascii: "@") {
                try command(line, at: place)
                continue
            }
            if first == UInt8(ascii: "[") {
                guard let close = line.firstIndex(of: UInt8(ascii: "]")) else {
                    throw LogConfigurationFailure(
                        place: place,
                        what: "the name of a section does not end with ]"
                    )
                }
                let name = String(
                    decoding: line[line.index(after: line.startIndex)..<close],
                    as: UTF8.self
                )
                sections.append(FluentSection(name: trimmed(name).lowercased(), place: place))
                hasSection = true
                continue
            }
            // Only spaces: nothing.
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
            let blanks = line.prefix { $0 == 0x20 || $0 == 0x09 }
            if line.dropFirst(blanks.count).first == UInt8(ascii: "#") { continue }
            guard !blanks.isEmpty else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "\(fluentQuoted(text(line))) stands at the begin of its line",
                    hint: "indent it under its [SECTION]"
                )
            }
            guard hasSection else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "a value stands outside of any section"
                )
            }
            let wanted = indent ?? blanks
            indent = wanted
            guard blanks.elementsEqual(wanted) else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "the line is indented otherwise than the first one of the file",
                    hint: "the first one has \(describe(wanted)), this one \(describe(blanks))"
                )
            }
            let entry = try entry(
                line.dropFirst(blanks.count),
                at: place,
                column: blanks.count + 1
            )
            sections[sections.count - 1].entries.append(entry)
        }
    }

    private func describe(_ blanks: ArraySlice<UInt8>) -> String {
        let tabs = blanks.count { $0 == 0x09 }
        let spaces = blanks.count - tabs
        if tabs == 0 { return spaces == 1 ? "1 space" : "\(spaces) spaces" }
        if spaces == 0 { return tabs == 1 ? "1 tab" : "\(tabs) tabs" }
        return "\(spaces) spaces and \(tabs) tabs"
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private func trimmed(_ text: String) -> String { FluentValues.trimmed(Substring(text)) }

    private func entry(
        _ line: ArraySlice<UInt8>,
        at place: ConfigurationPlace,
        column: Int
    ) throws(LogConfigurationFailure) -> FluentEntry {
        var place = place
        place.column = column
        if line.first == UInt8(ascii: "[") {
            throw LogConfigurationFailure(
                place: place,
                what: "a group inside of a section is not supported"
            )
        }
        guard let space = line.firstIndex(where: { $0 == 0x20 || $0 == 0x09 }) else {
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(text(line))) has no value"
            )
        }
        let key = text(line[..<space])
        let raw = trimmed(text(line[space...]))
        guard !raw.isEmpty else {
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(key)) has no value"
            )
        }
        var entry = FluentEntry(key: key, value: .text(""), place: place)
        entry.value = .text(expanded(raw, unset: &entry.unset))
        return entry
    }

    private mutating func command(
        _ line: ArraySlice<UInt8>,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        let text = text(line)
        let word = text.prefix { $0 != " " && $0 != "\t" }
        var unset: [String] = []
        let rest = trimmed(String(text.dropFirst(word.count)))
        switch word.uppercased() {
        case "@INCLUDE":
            let path = expanded(rest, unset: &unset)
            guard !path.isEmpty else {
                throw LogConfigurationFailure(place: place, what: "@INCLUDE what?")
            }
            let full = FluentFiles.resolve(path, in: FluentFiles.folder(of: place.file))
            if path.contains("*") {
                for path in files.matching(full) { try include(path, from: place) }
            } else {
                try include(full, from: place)
            }
        case "@SET":
            guard let equals = rest.firstIndex(of: "="), equals != rest.startIndex else {
                throw LogConfigurationFailure(
                    place: place,
                    what: "@SET needs name=value",
                    hint: "write @SET name=value"
                )
            }
            guard variables.count < 10_000 else {
                throw LogConfigurationFailure(place: place, what: "there are too many of @SET")
            }
            variables[trimmed(String(rest[..<equals]))] =
                trimmed(String(rest[rest.index(after: equals)...]))
        default:
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(String(word))) is not known",
                hint: fluentDidYouMean(word.uppercased(), among: ["@INCLUDE", "@SET"])
                    ?? "there are @INCLUDE and @SET"
            )
        }
    }

    private func expanded(_ text: String, unset: inout [String]) -> String {
        FluentBitVariables.expanded(text, unset: &unset) { name in
            variables[name] ?? environment.variable(name)
        }
    }
}

/// `${NAME}` and `${NAME:-word}` in values.
package enum FluentBitVariables {
    /// The text with its variables; one that is not set, and has no word to stand in, is left out and
    /// named in `unset`.
    package static func expanded(
        _ text: String,
        unset: inout [String],
        value: (String) -> String?
    ) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            let after = rest.index(after: dollar)
            guard after < rest.endIndex, rest[after] == "{",
                let end = rest[after...].firstIndex(of: "}")
            else {
                result += "$"
                rest = rest[after...]
                continue
            }
            let inside = rest[rest.index(after: after)..<end]
            rest = rest[rest.index(after: end)...]
            var name = inside
            var standard: Substring?
            if let colon = inside.firstIndex(of: ":"), inside[colon...].hasPrefix(":-") {
                name = inside[..<colon]
                standard = inside[colon...].dropFirst(2)
            }
            if let found = value(String(name)), !found.isEmpty {
                result += found
            } else if let standard {
                result += standard
            } else {
                unset.append(String(name))
            }
        }
        return result + rest
    }
}

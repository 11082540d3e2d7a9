/// Reads fluentd's configuration files, in the grammar of its version 1.
///
/// Comments, quotes, JSON values over several lines, `@include` and the few expressions of Ruby that
/// need no Ruby are taken as fluentd takes them; what would run code is refused where it stands.
package enum FluentdReader {
    /// The whole file as one section without a name, what it includes inside.
    package static func read(
        path: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> FluentSection {
        var files = FluentFiles(environment.files)
        let place = ConfigurationPlace(file: path, line: 0)
        let bytes = try files.enter(path, from: place)
        return try read(bytes, file: path, environment: environment, files: files)
    }

    /// A text that is at hand; includes are looked for beside `file`.
    package static func read(
        text: [UInt8],
        file: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailure) -> FluentSection {
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
    ) throws(LogConfigurationFailure) -> FluentSection {
        var root = FluentSection(name: "", place: ConfigurationPlace(file: file, line: 0))
        var files = files
        var parser = FluentdParser(bytes, file: file, environment: environment)
        try parser.parse(into: &root, named: nil, depth: 0, files: &files)
        return root
    }
}

/// One file of it.
struct FluentdParser {
    static let depthMax = 64
    /// All names of the sections and parameters of one configuration.
    static let reserved = ["@type", "@id", "@label", "@log_level"]

    var scanner: FluentdScanner
    let file: String
    let environment: FluentEnvironment

    init(_ bytes: [UInt8], file: String, environment: FluentEnvironment) {
        scanner = FluentdScanner(bytes, file: file)
        self.file = file
        self.environment = environment
    }

    /// Reads what stands between a section's tags, or the whole file where it has no name.
    mutating func parse(
        into section: inout FluentSection,
        named name: String?,
        depth: Int,
        files: inout FluentFiles
    ) throws(LogConfigurationFailure) {
        guard depth <= Self.depthMax else {
            throw scanner.failure("sections are nested more than \(Self.depthMax) deep")
        }
        while true {
            scanner.skipSpacing()
            if scanner.isAtEnd {
                guard let name else { return }
                throw scanner.failure(
                    "the file ends inside of <\(name)>",
                    hint: "it begins in line \(section.place.line); </\(name)> is missing"
                )
            }
            let place = scanner.place
            if scanner.skip("</") {
                try endTag(of: name, from: section.place, at: place)
                return
            }
            if scanner.skip("<") {
                var inner = try beginTag(at: place)
                let innerName = inner.name
                try parse(into: &inner, named: innerName, depth: depth + 1, files: &files)
                section.sections.append(inner)
                continue
            }
            let key = try scanner.string(until: .spacing, environment: environment)
            guard case .text(let word) = key.value else {
                throw scanner.failure("a name was expected", at: place)
            }
            let isBare = scanner.skipSpacingWithoutComment() || scanner.isAtEnd
            if word == "@include" || (name == nil && word == "include") {
                try include(into: &section, at: place, isBare: isBare, depth: depth, files: &files)
                continue
            }
            if word.isEmpty { throw scanner.failure("a name was expected", at: place) }
            if word.hasPrefix("@"), !Self.reserved.contains(word),
                name == nil || ["match", "source", "filter", "system"].contains(name)
            {
                throw LogConfigurationFailure(
                    place: place,
                    what: "\(fluentQuoted(word)) begins with @, which fluentd keeps for itself",
                    hint: fluentDidYouMean(word, among: Self.reserved + ["@include"])
                )
            }
            var entry = FluentEntry(key: word, value: .text(""), place: place)
            if !isBare {
                let literal = try scanner.literal(environment: environment)
                entry.value = literal.value
                entry.unset = literal.unset
                guard scanner.skipLineEnd() else {
                    throw scanner.failure("the end of the line was expected")
                }
            }
            section.entries.append(entry)
        }
    }

    private mutating func beginTag(
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> FluentSection {
        guard let name = scanner.elementName() else {
            throw scanner.failure("a section's name was expected after <")
        }
        scanner.skipSpacing()
        let argument = try scanner.string(until: .tagEnd, environment: environment)
        scanner.skipSpacing()
        guard scanner.skip(">") else { throw scanner.failure("> was expected") }
        guard scanner.skipLineEnd() else {
            throw scanner.failure("the end of the line was expected after >")
        }
        var section = FluentSection(name: name, place: place)
        if case .text(let text) = argument.value { section.argument = text }
        return section
    }

    private mutating func endTag(
        of name: String?,
        from begin: ConfigurationPlace,
        at place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        let found = scanner.elementName() ?? ""
        scanner.skipSpacing()
        guard scanner.skip(">") else { throw scanner.failure("> was expected") }
        guard scanner.skipLineEnd() else {
            throw scanner.failure("the end of the line was expected after >")
        }
        guard let name else {
            throw LogConfigurationFailure(
                place: place,
                what: "</\(found)> ends a section that did not begin"
            )
        }
        guard found == name else {
            throw LogConfigurationFailure(
                place: place,
                what: "</\(found)> ends <\(name)>",
                hint: "<\(name)> begins in line \(begin.line)"
            )
        }
    }

    private mutating func include(
        into section: inout FluentSection,
        at place: ConfigurationPlace,
        isBare: Bool,
        depth: Int,
        files: inout FluentFiles
    ) throws(LogConfigurationFailure) {
        guard !isBare else { throw LogConfigurationFailure(place: place, what: "@include what?") }
        let value = try scanner.string(until: .lineEnd, environment: environment)
        _ = scanner.skipLineEnd()
        guard case .text(var path) = value.value, !path.isEmpty else {
            throw LogConfigurationFailure(place: place, what: "@include what?")
        }
        if path.hasPrefix("file://") { path.removeFirst(7) }
        if path.contains("://") {
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(path)) would be included from the network",
                hint: "put the file beside this one"
            )
        }
        if path.contains("**") {
            throw LogConfigurationFailure(
                place: place,
                what: "\(fluentQuoted(path)): ** is not understood in @include",
                hint: "name each folder with a line of its own"
            )
        }
        let full = FluentFiles.resolve(path, in: FluentFiles.folder(of: file))
        let isGlob = path.contains { "*?[{".contains($0) }
        // A name without wildcards that is not there is an error: fluentd would go on without it.
        let paths = isGlob ? files.matching(full) : [full]
        for path in paths {
            let bytes = try files.enter(path, from: place)
            var parser = FluentdParser(bytes, file: path, environment: environment)
            try parser.parse(into: &section, named: nil, depth: depth, files: &files)
            files.leave()
        }
    }
}

@testable import LogShipper

/// Reads and compiles texts, for the tests of this folder.
///
/// Whatever is compiled must be the same after it was printed in the short form and read again.
enum FluentTexts {
    static func environment(_ variables: [String: String] = [:]) -> FluentEnvironment {
        FluentEnvironment(hostname: "box") { variables[$0] }
    }

    static func section(
        _ text: String,
        variables: [String: String] = [:]
    ) throws(LogConfigurationFailure) -> FluentSection {
        try FluentdReader.read(
            text: Array(text.utf8),
            file: "f.conf",
            environment: environment(variables)
        )
    }

    static func fluentd(
        _ text: String,
        variables: [String: String] = [:]
    ) throws(LogConfigurationFailure) -> LogConfiguration {
        let configuration = try FluentdCompiler.compile(
            section(text, variables: variables),
            environment: environment(variables)
        )
        ShortLogs.checkRoundTrip(configuration)
        return configuration
    }

    static func fluentBit(
        _ text: String,
        variables: [String: String] = [:]
    ) throws(LogConfigurationFailure) -> LogConfiguration {
        let sections = try FluentBitReader.read(
            text: Array(text.utf8),
            file: "b.conf",
            environment: environment(variables)
        )
        let configuration = try FluentBitCompiler.compile(
            sections,
            file: "b.conf",
            environment: environment(variables)
        )
        ShortLogs.checkRoundTrip(configuration)
        return configuration
    }

    /// The words of a refusal, or those of what was taken instead.
    static func refusal(_ text: String, isBit: Bool = false) -> String {
        do {
            let taken = isBit ? try fluentBit(text) : try fluentd(text)
            return "taken: \(LogConfigurationText.print(taken))"
        } catch {
            return error.description
        }
    }

    /// A whole fluentd file around an output.
    static func match(_ body: String) -> String {
        "<source>\n@type tail\npath /a\ntag t\n<parse>\n@type none\n</parse>\n</source>\n"
            + "<match **>\n\(body)\n</match>\n"
    }

    static func sink(_ body: String) throws(LogConfigurationFailure) -> SinkConfiguration {
        let configuration = try fluentd(match(body))
        guard let sink = configuration.sinks.first else {
            throw LogConfigurationFailure(
                place: ConfigurationPlace(file: "f.conf", line: 0),
                what: "no sink"
            )
        }
        return sink
    }

    /// A whole fluentd file around a filter.
    static func filter(_ body: String) throws(LogConfigurationFailure) -> [RecordFilter] {
        let text = match("@type null").replacingMatch(with: "<filter **>\n\(body)\n</filter>\n")
        return filters(of: try fluentd(text))
    }

    static func filters(of configuration: LogConfiguration) -> [RecordFilter] {
        configuration.pipelines[0].steps.compactMap { step in
            if case .filter(let filter) = step.action { return filter }
            return nil
        }
    }

    /// A source that tails, with more in it.
    static func tail(_ more: String, parse: String = "@type none") -> String {
        "<source>\n@type tail\npath /a\ntag t\n\(more)\n<parse>\n\(parse)\n</parse>\n</source>\n"
    }

    /// A whole fluent-bit file around an output.
    static func output(_ body: String) -> String {
        "[INPUT]\n    Name tail\n    Path /a\n[OUTPUT]\n\(indented(body))\n"
    }

    static func indented(_ body: String) -> String {
        body.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func replacingMatch(with filter: String) -> String {
        guard let index = firstRange(of: "<match **>") else { return self }
        return String(self[..<index]) + filter + String(self[index...])
    }

    private func firstRange(of text: String) -> String.Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}

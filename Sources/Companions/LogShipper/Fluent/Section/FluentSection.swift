/// A section of a configuration file, before anybody knows what it means.
///
/// fluentd's file, fluent-bit's classic file and its YAML file become trees of these, and the compilers
/// read nothing else. The order is the file's; a name may stand more than once.
package struct FluentSection: Sendable, Equatable {
    /// `source`, `match`, `INPUT`, `parse`, `pattern`.
    package var name: String
    /// What stands after the name in fluentd's `<match app.**>`.
    package var argument = ""
    package var entries: [FluentEntry] = []
    package var sections: [FluentSection] = []
    package var place: ConfigurationPlace

    package init(name: String, argument: String = "", place: ConfigurationPlace) {
        self.name = name
        self.argument = argument
        self.place = place
    }
}

/// A parameter with the place where it stands.
package struct FluentEntry: Sendable, Equatable {
    package var key: String
    package var value: FluentValue
    package var place: ConfigurationPlace
    /// Environment variables that the value names and that are not set.
    package var unset: [String] = []

    package init(key: String, value: FluentValue, place: ConfigurationPlace) {
        self.key = key
        self.value = value
        self.place = place
    }
}

/// The value of a parameter.
package indirect enum FluentValue: Sendable, Equatable {
    /// As it stands in the file, without its quotes; JSON values as their text.
    case text(String)
    /// `use_nil`: as if the parameter had no default.
    case nothing
    /// `use_default`: as if the parameter were not there.
    case standard
    /// Of YAML only.
    case list([FluentValue])
    /// Of YAML only.
    case map([FluentEntry])
}

/// What a configuration file asks of the machine that it is read on.
package struct FluentEnvironment: Sendable {
    /// The value of an environment variable, or nil.
    package var variable: @Sendable (String) -> String?
    package var hostname: String
    /// Gets the names of the files that are read; nil: nobody asks.
    package var files: FilesRead?

    package init(
        hostname: String,
        variable: @escaping @Sendable (String) -> String? = { _ in nil }
    ) {
        self.hostname = hostname
        self.variable = variable
    }
}

/// What is worth saying, gathered while a configuration is compiled.
final class FluentNotes {
    private(set) var list: [ConfigurationNote] = []

    func add(_ what: String, at place: ConfigurationPlace) {
        // The same parameter in a hundred sections is said a hundred times, but not without an end.
        if list.count < 1000 { list.append(ConfigurationNote(place: place, what: what)) }
    }
}

/// What the log shipper is to do: the one form that every configuration language is turned into.
///
/// fluentd's file, fluent-bit's and the short form `logs:` all become this; what they can't say in it
/// is refused where it stands.
package struct LogConfiguration: Sendable, Equatable {
    /// Numbered by their place.
    package var sources: [SourceConfiguration] = []
    /// The first is where sources without a label go.
    package var pipelines: [Pipeline] = [Pipeline(name: "")]
    /// Numbered by their place; at most ``SinkSet/countMax``.
    package var sinks: [SinkConfiguration] = []
    /// Where checkpoints, spools and dead letters are kept; nil for the default beside the sources'
    /// position files, or under the state directory.
    package var stateDirectory: String?
    /// Things that are done otherwise than the file's own program would, each with its place.
    package var warnings: [ConfigurationNote] = []

    package init() {}
}

/// A place in a configuration file, for messages.
package struct ConfigurationPlace: Sendable, Equatable, CustomStringConvertible {
    package var file: String
    /// Counted from 1; 0 where the whole file is meant.
    package var line: Int
    package var column: Int

    package init(file: String, line: Int, column: Int = 0) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as far as known.
    package var description: String {
        if line == 0 { return file }
        return column == 0 ? "\(file):\(line)" : "\(file):\(line):\(column)"
    }
}

/// Something that is worth saying about a configuration that is taken.
package struct ConfigurationNote: Sendable, Equatable {
    package var place: ConfigurationPlace
    package var what: String

    package init(place: ConfigurationPlace, what: String) {
        self.place = place
        self.what = what
    }
}

/// Why a configuration is refused.
package struct LogConfigurationFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var place: ConfigurationPlace
    package var what: String
    /// What would be right.
    package var hint: String?

    package init(place: ConfigurationPlace, what: String, hint: String? = nil) {
        self.place = place
        self.what = what
        self.hint = hint
    }

    /// `file:line: what (hint)`.
    package var description: String {
        "\(place): \(what)" + (hint.map { " (\($0))" } ?? "")
    }
}

/// A list of steps that records go through in order: fluentd's `<label>`, or the whole file.
package struct Pipeline: Sendable, Equatable {
    /// The label with its `@`; empty for the first one.
    package var name: String
    package var steps: [Step] = []

    package init(name: String) { self.name = name }

    /// One step, for records whose tag matches.
    package struct Step: Sendable, Equatable {
        package enum Action: Sendable, Equatable {
            case filter(RecordFilter)
            /// `isFinal`: later steps don't see the record (fluentd); otherwise they do (fluent-bit).
            case output([Destination], isFinal: Bool)
        }

        package var tags: TagPattern
        package var action: Action
        package var place: ConfigurationPlace

        package init(tags: TagPattern, action: Action, place: ConfigurationPlace) {
            self.tags = tags
            self.action = action
            self.place = place
        }
    }

    /// Where an output step sends.
    package enum Destination: Sendable, Equatable {
        /// The number of a sink.
        case sink(Int)
        /// The number of a pipeline: `relabel`.
        case pipeline(Int)
        /// Nowhere: `@type null`.
        case nowhere
    }
}

/// Which tags a step is for: any of the patterns suffices.
///
/// fluentd's: `*` one part, `**` zero or more parts, `{a,b}` either, several with spaces; fluent-bit's
/// `*` stands for any bytes. Parts are separated by dots.
package struct TagPattern: Sendable, Equatable {
    package enum Dialect: Sendable, Equatable { case fluentd, fluentBit }

    package var patterns: [String]
    package var dialect: Dialect

    package init(_ patterns: [String], dialect: Dialect = .fluentd) {
        self.patterns = patterns
        self.dialect = dialect
    }

    /// Matches every tag.
    package static let all = TagPattern(["**"])
}

package import Document

/// The short form of a log shipper's configuration: `logs:` of the sidecar's file, or of a file of its own.
///
///     logs:
///       sources:
///         - tail: /var/log/app/*.log
///           parse: json
///       sinks:
///         - elasticsearch: https://es:9200
///           index: app-%Y.%m.%d
///
/// What a source, a filter or a sink is, is said by the field that has its kind's name; the others are
/// its options, and what has its default is left out. Every sink gets every record, or those whose tags
/// `match`; `filters` come before. Where that does not suffice, `steps` stand instead: filters and `to`
/// in their order, with `pipelines` of steps that have names. All of it is described by the tables of
/// this folder, from which it is read, printed and explained.
package enum LogConfigurationText {
    /// The YAML text, with `logs:` around it; reading it gives the configuration in its simplest form.
    package static func print(_ configuration: LogConfiguration) -> String {
        var root = LogTreeMap()
        root.add("logs", .map(LogFormWriter(configuration.simplified).tree))
        return LogTree.map(root).withoutVariables.yaml
    }

    /// Reads what stands below `logs:`.
    ///
    /// - Parameters:
    ///   - node: the value of `logs`, without variables filled in.
    ///   - file: its file, for messages.
    /// - Throws: everything that is wrong, up to a limit.
    package static func read(
        _ node: Node,
        file: String,
        environment: FluentEnvironment
    ) throws(LogConfigurationFailures) -> LogConfiguration {
        let reading = LogReading(file: file, environment: environment)
        let spot = LogSpot(reading, path: "logs", position: node.position)
        let filled = LogVariables(reading).fill(node, at: spot)
        guard reading.problems.isEmpty else { throw LogConfigurationFailures(reading.problems) }
        let form = LogFormReader(spot)
        var configuration = form.read(filled)
        guard reading.problems.isEmpty else { throw LogConfigurationFailures(reading.problems) }
        configuration.warnings = reading.warnings
        return configuration
    }
}

extension LogTree {
    /// The tree so that no text in it is taken for a variable of the environment.
    fileprivate var withoutVariables: LogTree {
        switch self {
        case .text(let text): return .text(LogVariables.escaped(text))
        case .list(let values): return .list(values.map(\.withoutVariables))
        case .map(let map):
            var escaped = LogTreeMap()
            for member in map.members { escaped.add(member.name, member.value.withoutVariables) }
            return .map(escaped)
        case .integer, .decimal, .boolean: return self
        }
    }
}

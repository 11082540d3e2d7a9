import ArgumentParser
import LogShipper
import Model
import XDS

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check configuration files without starting anything.",
        discussion: """
            Prints every problem as file:line:column: path: what: hint. Exit code 0 where the files
            would run, 2 where not.

              pillion validate envoy.yaml
              pillion validate base.yaml overrides.yaml
              pillion validate conf.d/
              pillion validate fluent.conf
            """
    )

    @Argument(
        help:
            "Envoy v3 bootstrap files and short forms, YAML or JSON, or directories of them; configurations of fluentd and fluent-bit.",
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var files: [String]

    @Flag(
        help: "Leave out filters that are named without a configuration, with a warning for each."
    )
    var allowUnconfiguredFilters = false

    func run() throws {
        let split = LogFiles.split(files)
        for file in split.logs { try validateLogs(file) }
        if split.others.isEmpty, !split.logs.isEmpty { return }
        let options = CompileOptions(allowsUnconfiguredFilters: allowUnconfiguredFilters)
        do throws(ConfigurationErrors) {
            let loaded = try ConfigurationLoader.load(files: split.others)
            let (snapshot, warnings) = try SnapshotCompiler.compile(loaded, options: options)
            for warning in warnings { StandardError.print("warning: \(warning)") }
            print(
                "ok: \(snapshot.listeners.count) listeners, \(snapshot.clusters.count) clusters, "
                    + "\(warnings.count) warnings"
            )
        } catch {
            for problem in error.problems { StandardError.print("\(problem)") }
            throw ExitCode(2)
        }
    }

    private func validateLogs(_ file: String) throws {
        let configuration: LogConfiguration
        do throws(LogConfigurationFailures) {
            configuration = try LogFiles.read(file)
        } catch {
            StandardError.print("\(error)")
            throw ExitCode(2)
        }
        do throws(LogConfigurationFailure) {
            try configuration.checkSinks(hostname: "localhost")
        } catch {
            StandardError.print("\(error)")
            throw ExitCode(2)
        }
        for note in configuration.warnings {
            StandardError.print("warning: \(note.place): \(note.what)")
        }
        print(
            "ok: \(configuration.sources.count) log sources, \(configuration.sinks.count) "
                + "sinks, \(configuration.warnings.count) warnings"
        )
    }
}

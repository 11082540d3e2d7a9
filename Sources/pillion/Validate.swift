import ArgumentParser
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
            """
    )

    @Argument(
        help: "Envoy v3 bootstrap files and short forms, YAML or JSON, or directories of them.",
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var files: [String]

    @Flag(
        help: "Leave out filters that are named without a configuration, with a warning for each."
    )
    var allowUnconfiguredFilters = false

    func run() throws {
        let options = CompileOptions(allowsUnconfiguredFilters: allowUnconfiguredFilters)
        do throws(ConfigurationErrors) {
            let loaded = try ConfigurationLoader.load(files: files)
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
}

import ArgumentParser
import XDS

struct ExplainConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain-config",
        abstract: "Say what configuration files become.",
        discussion: """
            In words, with the defaults that hold; or as the v3 resources, which Envoy takes too:
              pillion explain-config sidecar.yaml
              pillion explain-config --format yaml sidecar.yaml

            The JSON Schema of the short form, for editors:
              pillion explain-config --schema > sidecar-config.schema.json

            Exit code 2 where the files are wrong.
            """
    )

    /// How the result is printed.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, yaml, json
    }

    @Argument(
        help: "Short forms and Envoy v3 bootstrap files, or directories of them; merged in order.",
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var files: [String] = []

    @Option(help: "text, yaml or json.")
    var format: Format = .text

    @Flag(help: "Print the JSON Schema of the short form instead.")
    var schema = false

    @Flag(
        help: "Leave out filters that are named without a configuration, with a warning for each."
    )
    var allowUnconfiguredFilters = false

    func validate() throws {
        if schema, !files.isEmpty { throw ValidationError("--schema takes no files") }
        if !schema, files.isEmpty { throw ValidationError("name a configuration file") }
    }

    func run() throws {
        if schema {
            StandardOutput.write(ShortFormSchema.json)
            return
        }
        let options = CompileOptions(allowsUnconfiguredFilters: allowUnconfiguredFilters)
        do throws(ConfigurationErrors) {
            let loaded = try ConfigurationLoader.load(files: files)
            let warnings = try SnapshotCompiler.compile(loaded, options: options).warnings
            for warning in warnings { StandardError.print("warning: \(warning)") }
            let text =
                switch format {
                case .text: ConfigurationSummary.text(of: loaded)
                case .yaml: ConfigurationSummary.yaml(of: loaded)
                case .json: ConfigurationSummary.json(of: loaded)
                }
            StandardOutput.write(text)
        } catch {
            for problem in error.problems { StandardError.print("\(problem)") }
            throw ExitCode(2)
        }
    }
}

extension StandardOutput {
    /// Writes a text that ends with a line break, whole, to a pipe too.
    fileprivate static func write(_ text: String) {
        print(String(text.hasSuffix("\n") ? text.dropLast() : text[...]))
    }
}

import ArgumentParser

/// `pillion`: what a person types.
///
/// One file for each subcommand, no logic in any of them.
@main
struct Pillion: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pillion",
        abstract: "The sidecar in one binary: traffic for any application, explained in words.",
        discussion: """
            Put it in front of an application, without any file:
              pillion app --port 8080 &
              pillion run --app 8080 --listen 15006
              curl http://127.0.0.1:15006/

            Run the Envoy file that you have, or look whether it would run:
              pillion run envoy.yaml
              pillion validate envoy.yaml

            Have no such file? A dozen lines of the short form do; see what they become:
              pillion explain-config sidecar.yaml

            Shell completions:
              pillion --generate-completion-script bash > /etc/bash_completion.d/pillion
            """,
        version: ProcessVersion.text,
        subcommands: [
            Run.self, Validate.self, ExplainConfig.self, Logs.self, Init.self, Wait.self, App.self,
            Version.self,
        ]
    )

    /// A wrong command line ends with 2, as a wrong file does; the parser's own code would be 64.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            let code = exitCode(for: error)
            guard code == .validationFailure else { exit(withError: error) }
            StandardError.print(fullMessage(for: error))
            exit(withError: ExitCode(2))
        }
    }
}

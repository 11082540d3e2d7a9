import ArgumentParser
import CompanionKit
import LogShipper

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at a running log shipper, or at its configuration.",
        subcommands: [Status.self, Convert.self]
    )

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a running log shipper has done, and what it waits for.",
            discussion: """
                Asks the admin interface of a running process:
                  pillion logs status
                  pillion logs status --admin 127.0.0.1:15000 --json

                Exit code 0 where all is well, 1 where there is something to say, 2 where nobody
                answers.
                """
        )

        @Option(help: ArgumentHelp("The admin interface's address.", valueName: "host:port"))
        var admin: String = "127.0.0.1:15000"

        @Flag(help: "Print JSON instead of text.")
        var json = false

        func run() throws {
            guard let endpoint = HTTPEndpoint("http://\(admin)") else {
                throw ValidationError("--admin \(admin): HOST:PORT, for example 127.0.0.1:15000")
            }
            let client = HTTPClient(endpoint: endpoint, tls: nil, timeout: 5_000)
            let response: HTTPResponse
            do throws(HTTPClient.Failure) {
                let path = json ? "/logs?format=json" : "/logs"
                let request = HTTPRequest(method: "GET", path: path)
                response = try client.send(request, cancellation: Cancellation())
            } catch {
                StandardError.print("pillion: the admin interface at \(admin): \(error)")
                throw ExitCode(2)
            }
            let text = String(decoding: response.body, as: UTF8.self)
            guard response.status == 200 else {
                StandardError.print("pillion: \(admin) answers \(response.status): \(text)")
                throw ExitCode(2)
            }
            print(text, terminator: "")
            let isWell =
                json
                ? text.contains("\"warnings\":[]") && text.contains("\"problems\":[]")
                : !text.contains("warning: ")
            if !isWell { throw ExitCode(1) }
        }
    }

    struct Convert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the short form of a configuration of fluentd or fluent-bit.",
            discussion: """
                  pillion logs convert fluent.conf > logs.yaml

                What can't be honoured is refused with its place, and exit code 2.
                """
        )

        @Argument(help: "A configuration of fluentd or fluent-bit.", completion: .file())
        var file: String

        func run() throws {
            do throws(LogConfigurationFailures) {
                let configuration = try LogFiles.read(file)
                for note in configuration.warnings {
                    StandardError.print("warning: \(note.place): \(note.what)")
                }
                print(LogConfigurationText.print(configuration), terminator: "")
            } catch {
                StandardError.print("\(error)")
                throw ExitCode(2)
            }
        }
    }
}

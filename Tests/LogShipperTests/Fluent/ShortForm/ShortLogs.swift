import Document
import Testing

@testable import LogShipper

/// Reads short forms, for the tests of this folder.
enum ShortLogs {
    /// What stands below `logs:` in a text.
    static func read(
        _ text: String,
        variables: [String: String] = [:]
    ) throws -> LogConfiguration {
        let root = try DocumentReader.read(Array(text.utf8))
        let logs = try #require(root.member("logs"))
        return try LogConfigurationText.read(
            logs.value,
            file: "logs.yaml",
            environment: FluentTexts.environment(variables)
        )
    }

    /// What is wrong with a text, one problem on each line.
    static func refusal(_ text: String, variables: [String: String] = [:]) -> String {
        do {
            return "taken: \(LogConfigurationText.print(try read(text, variables: variables)))"
        } catch {
            return "\(error)"
        }
    }

    /// Says where a configuration is another one after it was printed and read.
    static func checkRoundTrip(_ configuration: LogConfiguration) {
        let text = LogConfigurationText.print(configuration)
        do {
            let again = try read(text)
            if again.withoutPlaces != configuration.simplified.withoutPlaces {
                let second = LogConfigurationText.print(again)
                Issue.record(
                    "printed, read and printed it is another one:\n\(text)\nand\n\(second)"
                )
            }
        } catch {
            Issue.record("what is printed is refused: \(error)\n\(text)")
        }
    }
}

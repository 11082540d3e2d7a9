import ArgumentParser

/// The version of this binary.
enum ProcessVersion {
    static let number = "0.1.0"
    static let text = "pillion \(number)"
}

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the version.")

    func run() { print(ProcessVersion.text) }
}

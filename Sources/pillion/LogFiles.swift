import ArgumentParser
import CompanionKit
import Glibc
import LogShipper
import Model
import Telemetry

/// A log shipper's configuration that was read and found good.
struct CompiledLogs: Sendable {
    var configuration: LogConfiguration
    var options: LogShipper.Options
}

/// Tells the files of log shippers from others, and reads them.
enum LogFiles {
    private static let bytesMax = 16 << 20

    /// The files that are fluentd's or fluent-bit's, and all others, in their order.
    static func split(_ files: [String]) -> (logs: [String], others: [String]) {
        var logs: [String] = []
        var others: [String] = []
        for file in files {
            if language(of: file) == nil { others.append(file) } else { logs.append(file) }
        }
        return (logs, others)
    }

    private enum Language { case fluentd, fluentBit }

    /// nil for what is neither, can't be read, or can be read only once.
    private static func language(of file: String) -> Language? {
        var facts = stat()
        guard unsafe stat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            let text = try? AtomicFile.read(file, bytesMax: bytesMax)
        else { return nil }
        if LogConfigurationFile.isFluentd(text, path: file) { return .fluentd }
        if LogConfigurationFile.isFluentBitClassic(text, path: file) { return .fluentBit }
        return nil
    }

    /// Reads the file; nil where there is none.
    ///
    /// Problems are printed with their places, and end the command with code 2.
    static func compile(_ files: [String], stateDirectory: String?) throws -> CompiledLogs? {
        guard let file = files.first else { return nil }
        if files.count > 1 {
            StandardError.print(
                "\(files[1]): the log shipper takes one file, and \(file) is one: use @include"
            )
            throw ExitCode(2)
        }
        let configuration: LogConfiguration
        do throws(LogConfigurationFailure) {
            configuration = try read(file)
        } catch {
            StandardError.print("\(error)")
            throw ExitCode(2)
        }
        for note in configuration.warnings {
            Log.shared.log(.warning, "configuration", ["problem": "\(note.place): \(note.what)"])
        }
        let directory =
            stateDirectory ?? configuration.stateDirectory ?? defaultState(configuration)
        do throws(FileFailure) {
            try AtomicFile.makeDirectories(directory)
        } catch {
            StandardError.print(
                "pillion: the log shipper's state can't be kept: \(error) (name a folder with "
                    + "--log-state)"
            )
            throw ExitCode(2)
        }
        return CompiledLogs(
            configuration: configuration,
            options: LogShipper.Options(stateDirectory: directory, hostname: hostname())
        )
    }

    /// Reads and compiles one file in the language that it is in.
    static func read(_ file: String) throws(LogConfigurationFailure) -> LogConfiguration {
        let environment = FluentEnvironment(hostname: hostname()) { name in
            unsafe getenv(name).map { unsafe String(cString: $0) }
        }
        if language(of: file) == .fluentBit {
            let sections = try FluentBitReader.read(path: file, environment: environment)
            return try FluentBitCompiler.compile(sections, file: file, environment: environment)
        }
        let root = try FluentdReader.read(path: file, environment: environment)
        return try FluentdCompiler.compile(root, environment: environment)
    }

    /// Beside the position file that the configuration names, which is on a volume that stays; or where
    /// programs of this user keep their state.
    private static func defaultState(_ configuration: LogConfiguration) -> String {
        for source in configuration.sources {
            if case .tail(let options) = source.kind, let positions = options.importedPositions {
                return positions.path + ".pillion"
            }
        }
        if geteuid() == 0 { return "/var/lib/pillion/logs" }
        let home = unsafe getenv("HOME").map { unsafe String(cString: $0) }
        return (home ?? "/tmp") + "/.local/state/pillion/logs"
    }

    private static func hostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let letters = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: letters, as: UTF8.self)
    }
}

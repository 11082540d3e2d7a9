import ArgumentParser
import CompanionKit
import Document
import Glibc
import LogShipper
import Model
import Telemetry
import XDS

/// A log shipper's configuration that was read and found good.
struct CompiledLogs: Sendable {
    var configuration: LogConfiguration
    var options: LogShipper.Options
    /// The files and folders that decide what it says.
    var files: [String] = []
}

/// Tells the files of log shippers from others, and reads them.
enum LogFiles {
    private static let bytesMax = 16 << 20
    /// Without one of these at its top a document is none of the log shipper's.
    private static let topWords = ["logs", "pipeline", "includes", "sources", "sinks"]

    /// The files that say what the log shipper is to do, and those that say something else, in their
    /// order; a sidecar's file with `logs:` is both.
    static func split(_ files: [String]) -> (logs: [String], others: [String]) {
        var logs: [String] = []
        var others: [String] = []
        for file in files {
            guard ConfigurationDirectory.isDirectory(file) else {
                let language = language(of: file)
                if language != nil { logs.append(file) }
                if language?.isAlone != true { others.append(file) }
                continue
            }
            others.append(file)
            let inside = (try? ConfigurationDirectory.files(in: file)) ?? []
            logs += inside.filter { language(of: $0)?.isShortForm == true }
        }
        return (logs, others)
    }

    private enum Language {
        case fluentd, fluentBit, fluentBitYAML
        case shortForm(Node, isAlone: Bool)
        /// What belongs below `logs:` stands at the top of the file.
        case shortFormWithoutLogs(Node.Member)

        /// Nothing but the log shipper's part is in it.
        var isAlone: Bool {
            if case .shortForm(_, let isAlone) = self { return isAlone }
            return true
        }

        var isShortForm: Bool {
            if case .shortForm = self { return true }
            return false
        }
    }

    /// nil for what is none of them, can't be read, or can be read only once.
    private static func language(of file: String) -> Language? {
        var facts = stat()
        guard unsafe stat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG,
            let text = try? AtomicFile.read(file, bytesMax: bytesMax)
        else { return nil }
        if LogConfigurationFile.isFluentd(text, path: file) { return .fluentd }
        if LogConfigurationFile.isFluentBitClassic(text, path: file) { return .fluentBit }
        guard TopLevelWords.mayBegin(topWords, in: text),
            let root = try? DocumentReader.read(text)
        else { return nil }
        if LogConfigurationFile.hasShortForm(root), let logs = root.member("logs") {
            guard case .mapping(let members) = root.content else { return nil }
            return .shortForm(logs.value, isAlone: members.count == 1)
        }
        if LogConfigurationFile.isFluentBit(root) { return .fluentBitYAML }
        guard root.member("static_resources") == nil, root.member("spec") == nil else { return nil }
        return (root.member("sources") ?? root.member("sinks")).map { .shortFormWithoutLogs($0) }
    }

    /// Reads the file; nil where there is none.
    ///
    /// Problems are printed with their places, and end the command with code 2.
    static func compile(_ files: [String], stateDirectory: String?) throws -> CompiledLogs? {
        guard let file = files.first else { return nil }
        if files.count > 1 {
            StandardError.print(
                "\(files[1]): the log shipper takes one file, and \(file) is one: put it all there, or include files"
            )
            throw ExitCode(2)
        }
        switch reading(file, stateDirectory: stateDirectory) {
        case .success(let compiled): return compiled
        case .failure(let failure):
            for problem in failure.problems { StandardError.print(problem) }
            throw ExitCode(2)
        }
    }

    /// Reads the file, now or again; what it warns of is logged.
    static func reading(_ file: String, stateDirectory: String?) -> LogCompanion.Reading {
        let configuration: LogConfiguration
        let read = FilesRead()
        do throws(LogConfigurationFailures) {
            configuration = try Self.read(file, files: read)
        } catch {
            return .failure(LogReadFailure(problems: error.problems.map(\.description)))
        }
        for note in configuration.warnings {
            Log.shared.log(.warning, "configuration", ["problem": "\(note.place): \(note.what)"])
        }
        let directory =
            stateDirectory ?? configuration.stateDirectory ?? defaultState(configuration)
        do throws(FileFailure) {
            try AtomicFile.makeDirectories(directory)
        } catch {
            let problem =
                "pillion: the log shipper's state can't be kept: \(error) (name a folder with "
                + "--log-state)"
            return .failure(LogReadFailure(problems: [problem]))
        }
        return .success(
            CompiledLogs(
                configuration: configuration,
                options: LogShipper.Options(stateDirectory: directory, hostname: hostname()),
                files: read.all
            )
        )
    }

    /// Reads and compiles one file in the language that it is in.
    ///
    /// - Parameter files: gets the names of the files and folders that decide what it says.
    static func read(
        _ file: String,
        files: FilesRead? = nil
    ) throws(LogConfigurationFailures) -> LogConfiguration {
        var environment = FluentEnvironment(hostname: hostname()) { name in
            unsafe getenv(name).map { unsafe String(cString: $0) }
        }
        environment.files = files
        files?.add(file)
        let language = language(of: file)
        if case .shortForm(let node, _)? = language {
            return try LogConfigurationText.read(node, file: file, environment: environment)
        }
        do throws(LogConfigurationFailure) {
            switch language {
            case .shortFormWithoutLogs(let member):
                let position = member.keyPosition
                throw LogConfigurationFailure(
                    place: ConfigurationPlace(
                        file: file,
                        line: position.line,
                        column: position.column
                    ),
                    what: "\(member.key) stands at the top of the file",
                    hint: "a log shipper's fields stand below logs:"
                )
            case .fluentBit:
                let sections = try FluentBitReader.read(path: file, environment: environment)
                return try FluentBitCompiler.compile(
                    sections,
                    file: file,
                    environment: environment
                )
            case .fluentBitYAML:
                let sections = try FluentBitYAML.read(path: file, environment: environment)
                return try FluentBitCompiler.compile(
                    sections,
                    file: file,
                    environment: environment
                )
            case nil where isYAML(file):
                return try refuse(file)
            default:
                let root = try FluentdReader.read(path: file, environment: environment)
                return try FluentdCompiler.compile(root, environment: environment)
            }
        } catch {
            throw LogConfigurationFailures([error])
        }
    }

    private static func isYAML(_ file: String) -> Bool {
        [".yaml", ".yml", ".json"].contains { file.lowercased().hasSuffix($0) }
    }

    /// Says why a document is nothing for a log shipper.
    private static func refuse(_ file: String) throws(LogConfigurationFailure) -> LogConfiguration {
        var place = ConfigurationPlace(file: file, line: 0)
        do throws(DocumentFailure) {
            _ = try DocumentReader.read(FileContents.read(file))
        } catch {
            place.line = error.position?.line ?? 0
            place.column = error.position?.column ?? 0
            throw LogConfigurationFailure(place: place, what: error.what, hint: error.hint)
        }
        throw LogConfigurationFailure(
            place: place,
            what: "nothing in it is for the log shipper",
            hint: "write logs: with sources and sinks"
        )
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

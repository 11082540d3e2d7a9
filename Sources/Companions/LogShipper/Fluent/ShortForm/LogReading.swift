internal import Document

/// What is found while a short form is read: what is wrong, and what it names beside itself.
final class LogReading {
    /// More problems of one file are rarely read, and often follow from these.
    static let problemsMax = 20

    let file: String
    let environment: FluentEnvironment
    private(set) var problems: [LogConfigurationFailure] = []
    private(set) var warnings: [ConfigurationNote] = []

    init(file: String, environment: FluentEnvironment) {
        self.file = file
        self.environment = environment
    }

    var isFull: Bool { problems.count >= Self.problemsMax }

    func refuse(_ failure: LogConfigurationFailure) {
        if !isFull { problems.append(failure) }
    }

    func warn(_ what: String, at place: ConfigurationPlace) {
        if warnings.count < 1000 { warnings.append(ConfigurationNote(place: place, what: what)) }
    }
}

/// Where a value stands in a short form: its place in the file and the path of its fields.
struct LogSpot {
    let reading: LogReading
    let path: String
    let position: Node.Position

    init(_ reading: LogReading, path: String, position: Node.Position) {
        self.reading = reading
        self.path = path
        self.position = position
    }

    func inside(_ member: Node.Member) -> LogSpot {
        LogSpot(reading, path: "\(path).\(Self.shown(member.key))", position: member.keyPosition)
    }

    func element(_ index: Int, _ node: Node) -> LogSpot {
        LogSpot(reading, path: "\(path)[\(index)]", position: node.position)
    }

    func at(_ position: Node.Position) -> LogSpot {
        LogSpot(reading, path: path, position: position)
    }

    var place: ConfigurationPlace {
        ConfigurationPlace(
            file: reading.file,
            line: position.line,
            column: position.column
        )
    }

    func refuse(_ what: String, hint: String? = nil) {
        reading.refuse(
            LogConfigurationFailure(place: place, what: "\(path): \(what)", hint: hint)
        )
    }

    /// Says what something made of the value has found.
    func refuse(_ failure: LogConfigurationFailure) {
        refuse(failure.what, hint: failure.hint)
    }

    func warn(_ what: String) { reading.warn("\(path): \(what)", at: place) }

    private static func shown(_ key: String) -> String {
        let isPlain = key.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a)
        }
        return isPlain && !key.isEmpty && key.utf8.count <= 80 ? key : fluentQuoted(key)
    }
}

/// Everything that is wrong with a short form; never empty.
package struct LogConfigurationFailures: Error, Sendable, Equatable, CustomStringConvertible {
    package var problems: [LogConfigurationFailure]

    package init(_ problems: [LogConfigurationFailure]) { self.problems = problems }

    /// One problem on each line.
    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

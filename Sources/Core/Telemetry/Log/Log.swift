import Synchronization

/// The process's own log: one line for each event, to standard error.
package final class Log: Sendable {
    package enum Level: Int, Sendable, CaseIterable, Comparable {
        case trace, debug, info, warning, error, critical, off
        package static func < (left: Level, right: Level) -> Bool {
            left.rawValue < right.rawValue
        }
    }
    package enum Format: Int, Sendable { case text, json }

    package static let shared = Log()

    private let levelCell = Atomic<Int>(Level.info.rawValue)
    private let formatCell = Atomic<Int>(Format.text.rawValue)

    package init() {}
    package var level: Level {
        get { Level(rawValue: levelCell.load(ordering: .relaxed)) ?? .info }
        set { levelCell.store(newValue.rawValue, ordering: .relaxed) }
    }
    package var format: Format {
        get { Format(rawValue: formatCell.load(ordering: .relaxed)) ?? .text }
        set { formatCell.store(newValue.rawValue, ordering: .relaxed) }
    }
    package func log(
        _ level: Level, _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {}
}

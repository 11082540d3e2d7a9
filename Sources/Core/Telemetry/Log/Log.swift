import Glibc
import Synchronization

/// The process's own log: one line for each event, to standard error.
///
/// For what an operator should know of the process: starts, stops, configurations, failures. What
/// happens to requests is in the access log. Thread-safe: each line is one `write`, and lines of
/// up to 4 KiB do not mix in a pipe.
package final class Log: Sendable {
    /// How much an event matters; `off` is no level of an event.
    package enum Level: Int, Sendable, CaseIterable, Comparable {
        case trace, debug, info, warning, error, critical, off

        package static func < (left: Level, right: Level) -> Bool {
            left.rawValue < right.rawValue
        }

        /// As `/logging` and `--log-level` have it.
        package var name: String {
            switch self {
            case .trace: "trace"
            case .debug: "debug"
            case .info: "info"
            case .warning: "warning"
            case .error: "error"
            case .critical: "critical"
            case .off: "off"
            }
        }

        /// The level of that name, in lower case; nil for any other text.
        package init?(name: String) {
            guard let level = Level.allCases.first(where: { $0.name == name }) else { return nil }
            self = level
        }
    }

    /// How a line is written.
    package enum Format: Int, Sendable {
        /// `2026-11-21T06:43:25.123Z info listener bound address=127.0.0.1:80`
        case text
        /// `{"time":"…","level":"info","message":"listener bound","address":"…"}`
        case json
    }

    package static let shared = Log()

    private let descriptor: Int32
    private let levelCell: Atomic<Int>
    private let formatCell: Atomic<Int>

    /// A log of its own; the process uses `shared`.
    package init(
        descriptor: Int32 = STDERR_FILENO,
        level: Level = .info,
        format: Format = .text
    ) {
        self.descriptor = descriptor
        levelCell = Atomic(level.rawValue)
        formatCell = Atomic(format.rawValue)
    }

    /// Events below it are left out; may be changed at any time, by any thread.
    package var level: Level {
        get { Level(rawValue: levelCell.load(ordering: .relaxed)) ?? .info }
        set { levelCell.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// May be changed at any time, by any thread.
    package var format: Format {
        get { Format(rawValue: formatCell.load(ordering: .relaxed)) ?? .text }
        set { formatCell.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// True where an event of this level is written.
    package func isEnabled(_ level: Level) -> Bool { level >= self.level && level != .off }

    /// Writes one line; message and fields are not evaluated below the level.
    package func log(
        _ level: Level,
        _ message: @autoclosure () -> String,
        _ fields: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        guard isEnabled(level) else { return }
        let line = LineBuffer(capacity: 256)
        let now = Self.unixMicroseconds
        switch format {
        case .text: Self.renderText(now, level, message(), fields(), line)
        case .json: Self.renderJSON(now, level, message(), fields(), line)
        }
        unsafe line.bytes.withUnsafeBytes { bytes in
            // A log that cannot be written has nowhere to say so.
            _ = unsafe write(descriptor, bytes.baseAddress, bytes.count)
        }
    }

    private static var unixMicroseconds: Int64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
    }

    // MARK: - Rendering

    static func renderText(
        _ now: Int64,
        _ level: Level,
        _ message: String,
        _ fields: KeyValuePairs<String, String>,
        _ line: LineBuffer
    ) {
        line.append(timestamp: now)
        line.append(byte: 0x20)
        line.append(level.name)
        line.append(byte: 0x20)
        appendText(message, line)
        for (key, value) in fields {
            line.append(byte: 0x20)
            appendText(key, line)
            line.append(byte: 0x3d)
            // Quotes only where a value would not end at the next space.
            let isPlain = !value.isEmpty && value.utf8.allSatisfy { $0 != 0x20 && $0 != 0x3d }
            if !isPlain { line.append(byte: 0x22) }
            appendText(value, line)
            if !isPlain { line.append(byte: 0x22) }
        }
        line.append(byte: 0x0a)
    }

    static func renderJSON(
        _ now: Int64,
        _ level: Level,
        _ message: String,
        _ fields: KeyValuePairs<String, String>,
        _ line: LineBuffer
    ) {
        line.append("{\"time\":\"")
        line.append(timestamp: now)
        line.append("\",\"level\":\"")
        line.append(level.name)
        line.append("\",\"message\":")
        line.append(JSONText.string(message))
        for (key, value) in fields {
            line.append(byte: 0x2c)
            line.append(JSONText.string(key))
            line.append(byte: 0x3a)
            line.append(JSONText.string(value))
        }
        line.append("}\n")
    }

    private static func appendText(_ text: String, _ line: LineBuffer) {
        let bytes = text.utf8.span
        line.append(textEscaping: bytes)
    }
}

import Synchronization

/// What happened the last time that the configuration was read again.
package struct ReloadAttempt: Sendable, Equatable {
    package enum Outcome: String, Sendable {
        case running
        /// The new configuration serves.
        case taken
        /// It says what the one that serves says.
        case unchanged
        /// The one before serves on.
        case rejected
    }
    /// Seconds since 1970.
    package var at: Int64
    /// What asked for it: `file change`, `SIGHUP`.
    package var cause: String
    package var outcome: Outcome
    package var milliseconds: Int64
    /// `file:line:col: path: what: hint`, one for each; empty where nothing is wrong.
    package var problems: [String]
    /// What changed, in words; empty where nothing did.
    package var changes: [String]

    package init(
        at: Int64,
        cause: String,
        outcome: Outcome = .running,
        milliseconds: Int64 = 0,
        problems: [String] = [],
        changes: [String] = []
    ) {
        self.at = at
        self.cause = cause
        self.outcome = outcome
        self.milliseconds = milliseconds
        self.problems = problems
        self.changes = changes
    }
}

/// Which configuration serves, and how the last attempt to take another one ended.
package struct ConfigurationStatus: Sendable, Equatable {
    /// Counts the configurations that were taken over, from 1.
    package var version: UInt64 = 1
    /// Seconds since 1970.
    package var loadedAt: Int64 = 0
    /// The files and directories that are read.
    package var files: [String] = []
    /// How changes are noticed: `inotify`, `polling` or `off`.
    package var watch = "off"
    /// Of the configuration that serves.
    package var warnings: [String] = []
    package var lastAttempt: ReloadAttempt?

    package init() {}

    /// The files say something else than what serves, and are refused.
    package var isStale: Bool { lastAttempt?.outcome == .rejected }
}

/// The status of the configuration, written by what reloads it and read by the admin interface.
///
/// Thread-safe.
package final class ConfigurationRecord: Sendable {
    private let state = Mutex(ConfigurationStatus())

    package init() {}

    package var status: ConfigurationStatus { state.withLock { $0 } }

    /// Changes the status as a whole.
    package func update(_ body: (inout ConfigurationStatus) -> Void) {
        state.withLock { body(&$0) }
    }
}

import CompanionKit
import Glibc
import LogShipper
import Synchronization
import Telemetry

/// The log shipper of this process: the one that runs, and how another takes its place.
///
/// One process at a time ships from a state folder: a second one, as there is while a new process takes
/// the running one's sockets, waits until the first has stopped. Changes happen one after the other, on
/// threads of their own; whoever asks for one goes on at once.
final class LogCompanion: Sendable {
    typealias Reading = Result<CompiledLogs, LogReadFailure>

    /// What the admin interface shows.
    struct Condition: Sendable {
        var shipper: LogShipper?
        /// Why nothing is shipped yet.
        var waitsFor: String?
        /// The configuration's number, and when it was read, in seconds since 1970.
        var version = 1
        var readAt = Int64(time(nil))
        var taken = 0
        var refused = 0
        /// The files and folders that decide what the configuration says.
        var files: [String] = []
        /// What is wrong with the files as they are now; empty where they are what runs.
        var problems: [String] = []
    }

    /// What changes belong to; held for as long as one takes.
    private struct Turn {
        var compiled: CompiledLogs
        var lock: FolderLock?
        var shipper: LogShipper?
    }

    /// What the log shipper may take to stop for a change: what a sink does not take is spilled then.
    private static let changeMilliseconds: Int64 = 5_000

    private let turn: Mutex<Turn>
    private let shown: Mutex<Condition>
    private let isEnding = Atomic(false)
    /// Readings that were asked for and are not done; a change of files during one asks for another.
    private let wanted = Atomic(0)
    private let read: @Sendable () -> Reading
    private let told = Mutex<(@Sendable ([String]) -> Void)?>(nil)
    private let whenEndIsAsked: @Sendable (Int32) -> Void

    /// Makes the log shipper ready; nothing is read or sent before ``start()``.
    ///
    /// - Parameters:
    ///   - read: reads the configuration's files again.
    ///   - whenEndIsAsked: called on any thread where a source that the process lives for has ended.
    /// - Throws: what is wrong with the configuration, or with its state's folder.
    init(
        _ compiled: CompiledLogs,
        read: @escaping @Sendable () -> Reading,
        whenEndIsAsked: @escaping @Sendable (Int32) -> Void
    ) throws {
        self.read = read
        self.whenEndIsAsked = whenEndIsAsked
        var turn = Turn(compiled: compiled)
        turn.lock = try FolderLock.take(compiled.options.stateDirectory)
        if turn.lock != nil {
            turn.shipper = try Self.make(compiled, whenEndIsAsked)
        }
        shown = Mutex(Condition(shipper: turn.shipper, files: compiled.files))
        self.turn = Mutex(turn)
    }

    private static func make(
        _ compiled: CompiledLogs,
        _ whenEndIsAsked: @escaping @Sendable (Int32) -> Void
    ) throws(LogConfigurationFailure) -> LogShipper {
        let shipper = try LogShipper(compiled.configuration, options: compiled.options)
        shipper.whenEndIsAsked(whenEndIsAsked)
        return shipper
    }

    /// As of now; from any thread.
    var condition: Condition { shown.withLock { $0 } }

    /// The files and folders that decide what the configuration says.
    var files: [String] { shown.withLock { $0.files } }

    /// Calls back on any thread with the files of each reading that is good.
    func whenRead(_ body: @escaping @Sendable ([String]) -> Void) {
        told.withLock { $0 = body }
    }

    // MARK: - Life

    /// Begins to ship, or to wait for the process that has the state's folder.
    func start() {
        let begun = turn.withLock { turn in
            turn.shipper?.start()
            return turn.shipper != nil
        }
        if begun { return }
        BackgroundThread.start { [self] in
            turn.withLock { turn in
                guard waitForFolder(&turn) else { return }
                do throws(LogConfigurationFailure) {
                    try run(turn.compiled, &turn)
                } catch {
                    shown.withLock { $0.problems = ["\(error)"] }
                    Log.shared.log(.error, "no logs are shipped", ["problem": "\(error)"])
                }
            }
        }
    }

    /// Another process ships from now on: stops soon, on a thread of its own.
    func yield() {
        isEnding.store(true, ordering: .releasing)
        BackgroundThread.start { [self] in stop(deadline: Self.changeMilliseconds) }
    }

    /// Sends what it can, spills the rest, and gives the state's folder back.
    ///
    /// - Parameter deadline: milliseconds.
    func stop(deadline: Int64) {
        isEnding.store(true, ordering: .releasing)
        turn.withLock { turn in
            if let shipper = turn.shipper {
                shipper.stop(deadline: deadline)
                tellWhatIsLeft(shipper)
            }
            turn.shipper = nil
            turn.lock = nil
        }
    }

    /// Who reads no status after the end must learn that something has not arrived.
    private func tellWhatIsLeft(_ shipper: LogShipper) {
        for sink in LogStatus(shipper).sinks where sink.diskBytes > 0 {
            Log.shared.log(
                .warning,
                "not all is delivered; the rest waits on disk",
                [
                    "sink": sink.name, "bytes": "\(sink.diskBytes)",
                    "why": sink.trouble.isEmpty ? "the time to stop was over" : sink.trouble,
                ]
            )
        }
    }

    // MARK: - Changes

    /// Reads the files again and lets what they say run, where it differs; soon, on a thread of its own.
    ///
    /// What is wrong is said, and what ran goes on.
    func reload(_ cause: String) {
        // Whoever is reading now may have seen only a part of the change.
        guard wanted.add(1, ordering: .relaxed).oldValue < 2 else {
            _ = wanted.subtract(1, ordering: .relaxed)
            return
        }
        BackgroundThread.start { [self] in
            turn.withLock { turn in
                defer { _ = wanted.subtract(1, ordering: .relaxed) }
                guard !isEnding.load(ordering: .acquiring) else { return }
                switch read() {
                case .failure(let failure): refuse(failure.problems, cause)
                case .success(let next):
                    shown.withLock { $0.files = next.files }
                    told.withLock { $0 }?(next.files)
                    change(to: next, &turn, cause)
                }
            }
        }
    }

    private func change(to next: CompiledLogs, _ turn: inout Turn, _ cause: String) {
        let before = turn.compiled
        if before.means(theSameAs: next) {
            turn.compiled = next
            shown.withLock { $0.problems = [] }
            return
        }
        turn.shipper?.stop(deadline: Self.changeMilliseconds)
        turn.shipper = nil
        turn.compiled = next
        guard waitForFolder(&turn) else { return }
        do throws(LogConfigurationFailure) {
            try run(next, &turn)
        } catch {
            refuse(["\(error)"], cause)
            goBack(to: before, &turn)
            return
        }
        let version = shown.withLock { shown in
            shown.version += 1
            shown.readAt = Int64(time(nil))
            shown.taken += 1
            shown.problems = []
            return shown.version
        }
        Log.shared.log(
            .info,
            "log configuration taken over",
            ["cause": cause, "version": "\(version)"]
        )
    }

    /// The change can't run after all: a port is taken, a folder can't be written.
    private func goBack(to before: CompiledLogs, _ turn: inout Turn) {
        turn.compiled = before
        guard waitForFolder(&turn) else { return }
        do throws(LogConfigurationFailure) {
            try run(before, &turn)
        } catch {
            shown.withLock { $0.problems.append("\(error)") }
            Log.shared.log(.error, "no logs are shipped any more", ["problem": "\(error)"])
        }
    }

    private func run(
        _ compiled: CompiledLogs,
        _ turn: inout Turn
    ) throws(LogConfigurationFailure) {
        let shipper = try Self.make(compiled, whenEndIsAsked)
        turn.shipper = shipper
        shown.withLock {
            $0.shipper = shipper
            $0.waitsFor = nil
        }
        shipper.start()
    }

    private func refuse(_ problems: [String], _ cause: String) {
        shown.withLock {
            $0.refused += 1
            $0.problems = problems
        }
        for problem in problems {
            Log.shared.log(
                .error,
                "log configuration refused; the last good one goes on",
                ["cause": cause, "problem": problem]
            )
        }
    }

    /// Takes the lock of the configuration's state folder, however long that takes; false where the
    /// process ends before.
    private func waitForFolder(_ turn: inout Turn) -> Bool {
        let directory = turn.compiled.options.stateDirectory
        if turn.lock?.directory == directory { return !isEnding.load(ordering: .acquiring) }
        turn.lock = nil
        let pause = Cancellation()
        var said = ""
        while !isEnding.load(ordering: .acquiring) {
            var why = "another process ships from \(directory)"
            do throws(FileFailure) {
                try AtomicFile.makeDirectories(directory)
                if let lock = try FolderLock.take(directory) {
                    turn.lock = lock
                    return true
                }
            } catch {
                why = "\(error)"
            }
            if why != said {
                said = why
                shown.withLock { $0.waitsFor = why }
                Log.shared.log(.info, "shipping logs waits", ["why": why])
            }
            _ = pause.sleep(milliseconds: 50)
        }
        return false
    }
}

/// Why the files of a log shipper can't be used, each problem with its place.
struct LogReadFailure: Error, Sendable {
    var problems: [String]
}

extension CompiledLogs {
    /// Whether nothing but places in files differs.
    func means(theSameAs other: CompiledLogs) -> Bool {
        options.stateDirectory == other.options.stateDirectory
            && configuration.simplified.withoutPlaces
                == other.configuration.simplified.withoutPlaces
    }
}

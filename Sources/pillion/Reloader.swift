import Admin
import Glibc
import Model
import Proxy
import Synchronization
import Telemetry
import XDS

/// Takes over a changed configuration, or refuses it and says why; on the main loop.
///
/// Files are read and compiled on a thread of their own, so that the admin interface answers
/// meanwhile. New endpoints are looked up and checked before the swap, for at most five seconds: a
/// request never meets a cluster that is not ready. One attempt runs at a time; what is asked for
/// meanwhile follows.
final class Reloader {
    /// How long names and health checks of new clusters may take before the swap.
    private static let warmingMilliseconds: Int64 = 5_000

    private let loop: EventLoop
    private var source: ConfigurationSource
    private let parts: Parts
    private let watches: Bool
    private var watch: FileWatch?
    /// Set by `begin`.
    private(set) var certificates: CertificateWatch?
    private var thread: WorkerThread?
    private var isRunning = false
    private var isStopped = false
    private var startedAt = ContinuousClock.now
    /// What asked for another attempt while one was running.
    private var nextCause: String?
    /// Nothing is taken over until `release`.
    private var isHeld = false
    private var whenHeld: (() -> Void)?
    /// Ends the process: for those who reach this loop from another thread.
    var whenAsked: ((String) -> Void)?
    /// Of the configuration that serves.
    private var version: UInt64 = 1

    /// What a reload changes.
    struct Parts: Sendable {
        let plane: DataPlane
        let resolver: Resolver
        let health: HealthMonitor
        let record: ConfigurationRecord
        let dump: ConfigurationDumpBox
    }

    init(loop: EventLoop, source: ConfigurationSource, parts: Parts, watches: Bool) {
        self.loop = loop
        self.source = source
        self.parts = parts
        self.watches = watches
        loop.owner = self
    }

    /// Notes the configuration of the start, and watches its files from now on.
    func begin(with reading: ReadConfiguration) {
        note(reading)
        let certificates = CertificateWatch(loop: loop, plane: parts.plane, watches: watches)
        self.certificates = certificates
        certificates.follow()
        guard watches else { return }
        if let reason = source.reasonAgainstWatching {
            Log.shared.log(.info, "configuration not watched", ["why": reason])
            return
        }
        let watch = FileWatch(loop: loop) { [unowned self] in request("file change") }
        self.watch = watch
        watch.watch(reading.dependencies)
        noteWatch()
    }

    /// Reads the configuration again, now or after the attempt that runs.
    func request(_ cause: String) {
        if isStopped { return }
        if cause == "SIGHUP" { certificates?.read(all: true) }
        if isRunning || isHeld {
            nextCause = cause
            return
        }
        isRunning = true
        startedAt = .now
        parts.server.increment(.configReloadAttempt)
        parts.record.update {
            $0.lastAttempt = ReloadAttempt(at: Int64(time(nil)), cause: cause)
        }
        let before = source
        let version = version + 1
        // A person who asks means all of it.
        let mayBePartial = cause != "SIGHUP"
        onThread {
            var source = before
            let result: Result<ReadConfiguration, ConfigurationErrors>
            do throws(ConfigurationErrors) {
                result = .success(try source.read(version: version, mayBePartial: mayBePartial))
            } catch {
                result = .failure(error)
            }
            let after = source
            return { reloader in
                reloader.source = after
                reloader.finishedReading(result)
            }
        } otherwise: { error in
            reject([error.description])
        }
    }

    /// Takes over no configuration until `release`; calls the closure when none is under way.
    ///
    /// Another process takes the sockets: what this one opened meanwhile would be missing there.
    func hold(_ body: @escaping () -> Void) {
        isHeld = true
        if isRunning { whenHeld = body } else { body() }
    }

    /// Goes on with what was asked for meanwhile.
    func release() {
        isHeld = false
        whenHeld = nil
        if !isRunning, let cause = nextCause {
            nextCause = nil
            request(cause)
        }
    }

    /// No configuration is taken over any more: the process ends.
    func stop() {
        isStopped = true
        nextCause = nil
        watch?.stop()
        certificates?.stop()
    }

    /// Waits for an attempt that runs; after the loop has ended.
    func join() {
        thread?.join()
        thread = nil
        certificates?.join()
    }

    // MARK: - The steps of an attempt

    private func finishedReading(
        _ result: Result<ReadConfiguration, ConfigurationErrors>
    ) {
        let reading: ReadConfiguration
        switch result {
        case .success(let good): reading = good
        case .failure(let errors):
            reject(errors.problems.map(\.description))
            return
        }
        if isStopped || parts.plane.hasStoppedListening {
            reject(["the process is draining: no configuration is taken over any more"])
            return
        }
        do throws(StartFailure) {
            let change = try parts.plane.prepare(reading.snapshot)
            if change.difference.isEmpty {
                parts.plane.discard(change)
                keep(reading)
            } else {
                warm(change, reading)
            }
        } catch {
            reject([error.description])
        }
    }

    /// New clusters are looked up and checked first.
    private func warm(_ change: PreparedChange, _ reading: ReadConfiguration) {
        let waiting = change.newClusters.filter(\.needsWarming)
        if waiting.isEmpty {
            take(change, reading)
            return
        }
        parts.server.set(.clusterManagerWarmingClusters, UInt64(waiting.count))
        let parts = parts
        do throws(SystemCallError) {
            let both = parts.plane.clusters + waiting
            try parts.resolver.apply(clusters: both)
            parts.health.apply(clusters: both)
        } catch {
            abandon(change, error)
            return
        }
        onThread {
            let begin = ContinuousClock.now
            parts.resolver.waitForFirstAnswers(
                of: waiting,
                milliseconds: Self.warmingMilliseconds
            )
            let spent = Int64((ContinuousClock.now - begin) / .milliseconds(1))
            let rest = max(1, Self.warmingMilliseconds - spent)
            if waiting.contains(where: { !$0.configuration.healthChecks.isEmpty }) {
                parts.health.waitForFirstChecks(milliseconds: rest)
            }
            return { $0.take(change, reading) }
        } otherwise: { error in
            abandon(change, error)
        }
    }

    /// Gives back what was prepared; names and health of the clusters that serve are kept up.
    private func abandon(_ change: PreparedChange, _ error: SystemCallError) {
        parts.plane.discard(change)
        let clusters = parts.plane.clusters
        do throws(SystemCallError) {
            try parts.resolver.apply(clusters: clusters)
        } catch {
            Log.shared.log(.error, "names cannot be looked up", ["error": error.description])
        }
        parts.health.apply(clusters: clusters)
        reject([error.description])
    }

    private func take(_ change: PreparedChange, _ reading: ReadConfiguration) {
        if isStopped || parts.plane.hasStoppedListening {
            parts.plane.discard(change)
            reject(["the process is draining: no configuration is taken over any more"])
            return
        }
        let oldAdmin = parts.plane.snapshot?.admin
        let oldEventLog = parts.plane.snapshot?.outlierEventLogPath
        parts.plane.commit(change)
        do throws(SystemCallError) {
            try parts.resolver.apply(clusters: change.clusters.all)
        } catch {
            Log.shared.log(.error, "names cannot be looked up", ["error": error.description])
        }
        parts.health.apply(clusters: change.clusters.all)
        version += 1
        note(reading)
        certificates?.follow()
        parts.server.increment(.configReloadSuccess)
        parts.server.set(.clusterManagerWarmingClusters, 0)
        warnOfFixedParts(reading.snapshot, admin: oldAdmin, eventLog: oldEventLog)
        for warning in reading.warnings {
            Log.shared.log(.warning, "configuration", ["problem": "\(warning)"])
        }
        let changes = Self.words(for: change.difference)
        Log.shared.log(
            .info,
            "configuration reloaded",
            [
                "version": "\(version)", "took_ms": "\(elapsedMilliseconds)",
                "changes": changes.joined(separator: "; "),
            ]
        )
        finish(.taken, changes: changes)
    }

    /// The files say what the running configuration says.
    private func keep(_ reading: ReadConfiguration) {
        let before = parts.plane.snapshot
        warnOfFixedParts(
            reading.snapshot,
            admin: before?.admin,
            eventLog: before?.outlierEventLogPath
        )
        parts.server.increment(.configReloadUnchanged)
        watch?.watch(reading.dependencies)
        Log.shared.log(.info, "configuration unchanged", ["took_ms": "\(elapsedMilliseconds)"])
        finish(.unchanged)
    }

    private func reject(_ problems: [String]) {
        parts.server.increment(.configReloadRejected)
        parts.server.set(.clusterManagerWarmingClusters, 0)
        for problem in problems {
            Log.shared.log(.error, "configuration problem", ["problem": problem])
        }
        Log.shared.log(
            .error,
            "configuration refused: the one before serves on",
            ["problems": "\(problems.count)", "version": "\(version)"]
        )
        finish(.rejected, problems: problems)
    }

    private func finish(
        _ outcome: ReloadAttempt.Outcome,
        changes: [String] = [],
        problems: [String] = []
    ) {
        let milliseconds = elapsedMilliseconds
        parts.record.update {
            $0.lastAttempt?.outcome = outcome
            $0.lastAttempt?.milliseconds = milliseconds
            $0.lastAttempt?.changes = changes
            $0.lastAttempt?.problems = problems
        }
        noteWatch()
        ResourceBudget.releaseFreeMemory()
        isRunning = false
        if let held = whenHeld {
            whenHeld = nil
            held()
        }
        if !isHeld, let cause = nextCause {
            nextCause = nil
            request(cause)
        }
    }

    // MARK: - What is told

    private var elapsedMilliseconds: Int64 {
        Int64((ContinuousClock.now - startedAt) / .milliseconds(1))
    }

    private func note(_ reading: ReadConfiguration) {
        parts.dump.set(reading.dump)
        watch?.watch(reading.dependencies)
        let files = source.files
        parts.record.update { [version] in
            $0.version = version
            $0.loadedAt = Int64(time(nil))
            $0.files = files
            $0.warnings = reading.warnings.map(\.description)
        }
    }

    private func noteWatch() {
        let name = watch.map { $0.isPolling ? "polling" : "inotify" } ?? "off"
        parts.record.update { $0.watch = name }
    }

    /// What a new process would do differently, and this one cannot.
    private func warnOfFixedParts(_ new: Snapshot, admin: SocketAddress?, eventLog: String?) {
        if new.admin != admin {
            warn("the address of the admin interface changes with a new process only")
        }
        if new.outlierEventLogPath != eventLog {
            warn("the outlier event log changes with a new process only")
        }
    }

    private func warn(_ text: String) {
        Log.shared.log(.warning, "configuration", ["problem": text])
        parts.record.update {
            if !$0.warnings.contains(text) { $0.warnings.append(text) }
        }
    }

    /// `listeners: 1 added, 2 changed (a, b)`.
    private static func words(for difference: SnapshotDiff) -> [String] {
        func words(_ kind: String, _ names: SnapshotDiff.Names) -> String? {
            var parts: [String] = []
            func add(_ names: [String], _ verb: String) {
                if names.isEmpty { return }
                let shown = names.prefix(5).joined(separator: ", ")
                parts.append("\(names.count) \(verb) (\(shown)\(names.count > 5 ? ", …" : ""))")
            }
            add(names.added, "added")
            add(names.changed, "changed")
            add(names.removed, "removed")
            return parts.isEmpty ? nil : "\(kind): \(parts.joined(separator: ", "))"
        }
        var all = [
            words("listeners", difference.listeners), words("clusters", difference.clusters),
        ].compactMap { $0 }
        if difference.changesProcess { all.append("node or local cluster") }
        return all
    }

    // MARK: - The thread

    /// Runs the body on a thread of its own, and what it returns back on the loop.
    /// - Parameter otherwise: called at once where no thread can be had.
    private func onThread(
        _ body: @escaping @Sendable () -> @Sendable (Reloader) -> Void,
        otherwise: (SystemCallError) -> Void
    ) {
        thread?.join()
        let mailbox = loop.mailbox
        do throws(SystemCallError) {
            thread = try WorkerThread(name: "reload") {
                let then = body()
                mailbox.post { loop in
                    if let reloader = loop.owner as? Reloader { then(reloader) }
                }
            }
        } catch {
            thread = nil
            otherwise(error)
        }
    }
}

extension Reloader.Parts {
    /// The main thread's cells.
    var server: ServerStats {
        plane.registry.serverStats(worker: StatsRegistry.controlWorker - 1)
    }
}

extension ClusterShared {
    /// Requests would meet no endpoint, or none that is known to be well.
    var needsWarming: Bool {
        configuration.discovery != .static && endpoints.version == 0
            || !configuration.healthChecks.isEmpty
                && endpoints.members.contains { $0.healthFlags.contains(.pendingActiveCheck) }
            || !configuration.healthChecks.isEmpty && configuration.discovery != .static
                && endpoints.version == 0
    }
}

/// The configuration as `/config_dump` shows it, which a reload replaces.
final class ConfigurationDumpBox: Sendable {
    private let current: Mutex<CompactConfiguration>

    init(_ first: CompactConfiguration) { current = Mutex(first) }

    func set(_ next: CompactConfiguration) { current.withLock { $0 = next } }

    /// The page for one question.
    func answer(_ question: ConfigDumpQuestion) -> ConfigDumpAnswer {
        do throws(ConfigurationDump.Failure) {
            let text = try ConfigurationDump.json(
                current.withLock { $0 },
                ConfigurationDump.Question(
                    resource: question.resource,
                    mask: question.mask,
                    nameRegex: question.nameRegex,
                    includesEndpoints: question.includesEndpoints
                )
            )
            return .json(text)
        } catch {
            return .refused(status: error.status, message: error.message)
        }
    }
}

import Glibc
import Identity
import Model
import Proxy
import Synchronization
import Telemetry

/// Keeps the TLS contexts up with their files, and warns of certificates that are about to end; on
/// the main loop.
///
/// A changed chain, key, list or bundle is read and checked on a thread of its own. What is whole
/// takes the place of what was there, for new connections; those that are there keep what they have.
/// What is not whole is refused, the last good one serves on, and the next change brings the next
/// try.
final class CertificateWatch {
    /// Certificates that end within so many days are warned of.
    private static let warningDays: Int64 = 7
    private static let dayMilliseconds: Int64 = 24 * 60 * 60 * 1000

    private let loop: EventLoop
    private let plane: DataPlane
    private let watches: Bool
    private var watch: FileWatch?
    private var dailyTimer: ClosureTimer?
    private var thread: WorkerThread?
    private var isRunning = false
    private var isStopped = false
    /// What asked for another look while one was under way; true: at all files.
    private var next: Bool?
    /// What the files of each context were like when they were read.
    private var signatures: [ObjectIdentifier: FileSignature] = [:]
    private var watchedFiles: Set<String> = []
    /// By digest: whose end has been told since the last daily look.
    private var warned: Set<String> = []

    /// - Parameter watches: false: files are read again only where somebody asks.
    init(loop: EventLoop, plane: DataPlane, watches: Bool) {
        self.loop = loop
        self.plane = plane
        self.watches = watches
        dailyTimer = ClosureTimer(loop: loop) { [unowned self] in
            warned = []
            warnOfEnds()
            dailyTimer?.schedule(afterMilliseconds: Self.dayMilliseconds)
        }
    }

    /// Follows the contexts that serve now; called at the start and after each configuration.
    func follow() {
        if isStopped { return }
        let rotations = plane.tlsRotations
        var known: [ObjectIdentifier: FileSignature] = [:]
        for rotation in rotations {
            let key = ObjectIdentifier(rotation)
            known[key] = signatures[key] ?? rotation.slot.current?.signature
        }
        signatures = known
        arm(rotations)
        plane.publishCertificateExpiries()
        warnOfEnds()
        if !rotations.isEmpty { dailyTimer?.schedule(afterMilliseconds: Self.dayMilliseconds) }
        // What changed after it was read and before it was watched.
        if watches { read(all: false) }
    }

    /// Reads files again: all of them, or those that look different.
    func read(all: Bool) {
        if isStopped { return }
        if isRunning {
            next = (next ?? false) || all
            return
        }
        let due = plane.tlsRotations.filter { rotation in
            let files = Self.files(of: rotation)
            if files.isEmpty { return false }
            // Taken before the files are read: what changes meanwhile is another change.
            let now = FileSignature(files)
            let isDue = all || signatures[ObjectIdentifier(rotation)] != now
            signatures[ObjectIdentifier(rotation)] = now
            return isDue
        }
        arm(plane.tlsRotations)
        if due.isEmpty { return }
        isRunning = true
        thread?.join()
        let mailbox = loop.mailbox
        do throws(SystemCallError) {
            thread = try WorkerThread(name: "certificates") {
                let results = ReloadedContexts()
                for rotation in due { results.add(rotation, rotation.reload()) }
                mailbox.post { ($0.owner as? Reloader)?.certificates?.finished(results) }
            }
        } catch {
            thread = nil
            isRunning = false
            Log.shared.log(.error, "certificates not read", ["error": error.description])
        }
    }

    /// Nothing is read any more: the process ends.
    func stop() {
        isStopped = true
        watch?.stop()
        dailyTimer?.cancel()
    }

    /// Waits for files that are being read; after the loop has ended.
    func join() {
        thread?.join()
        thread = nil
    }

    // MARK: - What was read

    fileprivate func finished(_ results: ReloadedContexts) {
        isRunning = false
        let (good, bad) = results.sorted
        let stats = plane.registry.serverStats(worker: StatsRegistry.controlWorker - 1)
        for _ in good { stats.increment(.tlsReloadSuccess) }
        if !good.isEmpty {
            Log.shared.log(
                .info,
                "certificates reloaded",
                ["contexts": "\(good.count)", "of": Self.words(good)]
            )
        }
        for (problem, names) in bad {
            for _ in names { stats.increment(.tlsReloadFailure) }
            Log.shared.log(
                .error,
                "certificates refused: those before serve on",
                ["problem": problem, "contexts": "\(names.count)", "of": Self.words(names)]
            )
        }
        follow()
        if let all = next {
            next = nil
            read(all: all)
        }
    }

    /// The first names, and how many there are besides.
    private static func words(_ names: [String]) -> String {
        var unique: [String] = []
        for name in names where !unique.contains(name) && unique.count < 6 { unique.append(name) }
        let shown = unique.prefix(5).joined(separator: ", ")
        return unique.count > 5 ? "\(shown), …" : shown
    }

    // MARK: - Files

    private static func files(of rotation: TLSRotation) -> [String] {
        rotation.slot.current?.files ?? []
    }

    private func arm(_ rotations: [TLSRotation]) {
        let files = watches ? Set(rotations.flatMap(Self.files)) : []
        // The watch looks anew at where links lead after each change that it tells.
        if files == watchedFiles { return }
        watchedFiles = files
        let watch = watch ?? FileWatch(loop: loop) { [unowned self] in read(all: false) }
        self.watch = watch
        watch.watch(files.sorted())
    }

    // MARK: - Ends

    private func warnOfEnds() {
        let now = Int64(time(nil))
        for certificate in plane.usedCertificates {
            let days = certificate.daysLeft(at: now)
            guard days < Self.warningDays, warned.insert(certificate.facts.sha256).inserted else {
                continue
            }
            Log.shared.log(
                .warning,
                days < 0 ? "certificate has expired" : "certificate expires soon",
                [
                    "kind": certificate.isAuthority ? "trusted authority" : "own certificate",
                    "subject": certificate.facts.subject, "days": "\(days)",
                    "file": certificate.origin.path ?? "<inline>", "used_by": certificate.user,
                ]
            )
        }
    }
}

/// What a thread has made of changed files.
private final class ReloadedContexts: Sendable {
    private let results = Mutex<[(name: String, problem: String?)]>([])

    func add(_ rotation: TLSRotation, _ result: Result<TLSContext, TLSContextFailure>) {
        let problem: String? =
            switch result {
            case .success: nil
            case .failure(let failure): failure.description
            }
        results.withLock { $0.append((rotation.slot.name, problem)) }
    }

    /// Names of contexts that were replaced; and by problem of those that were not.
    var sorted: (good: [String], bad: [(problem: String, names: [String])]) {
        results.withLock { results in
            var good: [String] = []
            var bad: [(problem: String, names: [String])] = []
            for (name, problem) in results {
                guard let problem else {
                    good.append(name)
                    continue
                }
                if let known = bad.firstIndex(where: { $0.problem == problem }) {
                    bad[known].names.append(name)
                } else {
                    bad.append((problem, [name]))
                }
            }
            return (good, bad)
        }
    }
}

internal import CompanionKit
import Synchronization
import Telemetry

/// The checkpoint's file of one source: read at the start, replaced whole at most once a second.
///
/// Used by the engine's thread; the writing itself happens on the disk's. Safe to share, since the
/// disk's thread gets copies and only passes the object back.
final class CheckpointFile: @unchecked Sendable {
    let path: String
    private let loop: EngineLoop
    private let disk: DiskThread
    private var isWriting = false
    private var needsAnother = false
    private var isTimerSet = false
    private var lastWrite: Int64 = 0
    /// Called when a write that began after the wish is done, well or not.
    private var waiting: [() -> Void] = []
    private var waitingForNext: [() -> Void] = []
    private(set) var trouble: String?
    /// Held while the file is written: the last write is the engine's.
    private let hasEnded = Mutex(false)
    /// Gives what is to be written.
    var contents: () -> [CheckpointEntry] = { [] }
    /// Milliseconds between two writes that nobody waits for.
    private let interval: Int64 = 1000
    /// Names of the files that this and other sources write.
    private let namesInUse: Set<String>

    init(path: String, namesInUse: Set<String>, loop: EngineLoop, disk: DiskThread) {
        self.path = path
        self.namesInUse = namesInUse
        self.loop = loop
        self.disk = disk
    }

    /// What was known when the run before ended.
    struct Found {
        fileprivate(set) var entries: [CheckpointEntry] = []
        /// False where it was put together from checkpoints of other paths.
        fileprivate(set) var isOwn = true
    }

    /// What is there from the run before; nil where there was none.
    ///
    /// Where the source's paths were changed its checkpoint has another name: entries of checkpoints
    /// that are nobody's are taken over where this source names their files. A file that can't be
    /// used is said, and put aside as `….broken`.
    func load(_ isWanted: (String) -> Bool) -> Found? {
        var found = read(path)
        for other in orphans() {
            guard let left = read(other) else { continue }
            let wanted = left.entries.filter { isWanted($0.path) }
            guard !wanted.isEmpty else { continue }
            var merged = found ?? Found(isOwn: false)
            var places: [StreamIdentity: Int] = [:]
            for (place, entry) in merged.entries.enumerated() { places[entry.identity] = place }
            for entry in wanted {
                if let same = places[entry.identity] {
                    if merged.entries[same].offset < entry.offset { merged.entries[same] = entry }
                } else {
                    merged.entries.append(entry)
                }
            }
            found = merged
        }
        return found
    }

    /// Checkpoints in the same folder that no source of this configuration writes.
    private func orphans() -> [String] {
        let folder = TailSource.folder(of: path)
        return Glob.names(in: folder).sorted().compactMap { name in
            let isOne = name.hasPrefix("tail-") && name.hasSuffix(".checkpoint")
            return isOne && !namesInUse.contains(name) ? folder + "/" + name : nil
        }
    }

    private func read(_ path: String) -> Found? {
        do {
            guard let bytes = try AtomicFile.read(path, bytesMax: Checkpoint.bytesMax) else {
                return nil
            }
            return Found(entries: try Checkpoint.decode(bytes))
        } catch let fault as Checkpoint.Fault {
            putAside(path, fault.what)
        } catch {
            putAside(path, "\(error)")
        }
        return nil
    }

    private func putAside(_ path: String, _ why: String) {
        AtomicFile.move(path, to: path + ".broken")
        Log.shared.log(
            .error,
            "the checkpoint of a log source can't be used: \(why); lines may come twice",
            ["path": path, "kept_as": path + ".broken"]
        )
    }

    /// Something has changed: it is written within the interval.
    func touch() {
        if isWriting {
            needsAnother = true
            return
        }
        guard !isTimerSet else { return }
        isTimerSet = true
        let wait = max(0, lastWrite + interval - EngineLoop.now)
        loop.schedule(after: wait) { [self] in
            isTimerSet = false
            write()
        }
    }

    /// Writes soon, and calls back once that is on the disk, or has failed.
    func save(_ then: @escaping () -> Void) {
        if isWriting {
            waitingForNext.append(then)
            needsAnother = true
            return
        }
        waiting.append(then)
        write()
    }

    /// Writes here and now, for the end.
    ///
    /// What was under way on the disk's thread comes before it or
    /// not at all.
    func saveNow() {
        let entries = contents()
        note(
            hasEnded.withLock { hasEnded in
                hasEnded = true
                return Self.write(entries, path)
            }
        )
    }

    private func write() {
        guard !isWriting else {
            needsAnother = true
            return
        }
        isWriting = true
        needsAnother = false
        let entries = contents()
        disk.post { [path, loop, self] in
            let trouble = hasEnded.withLock { $0 ? nil : Self.write(entries, path) }
            loop.post { [self] in
                isWriting = false
                lastWrite = EngineLoop.now
                note(trouble)
                let done = waiting
                waiting = waitingForNext
                waitingForNext = []
                for body in done { body() }
                if !waiting.isEmpty {
                    write()
                } else if needsAnother {
                    touch()
                }
            }
        }
    }

    private static func write(_ entries: [CheckpointEntry], _ path: String) -> String? {
        do throws(FileFailure) {
            let bytes = Checkpoint.encode(entries)
            try AtomicFile.write(bytes.span, to: path)
            return nil
        } catch {
            return error.description
        }
    }

    private func note(_ now: String?) {
        if let now, trouble == nil {
            Log.shared.log(
                .error,
                "the checkpoint can't be written: \(now); after a crash lines would come twice"
            )
        } else if now == nil, trouble != nil {
            Log.shared.log(.info, "the checkpoint can be written again", ["path": path])
        }
        trouble = now
    }
}

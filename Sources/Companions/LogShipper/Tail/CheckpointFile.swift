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
    /// Gives what is to be written.
    var contents: () -> [CheckpointEntry] = { [] }
    /// Milliseconds between two writes that nobody waits for.
    private let interval: Int64 = 1000

    init(path: String, loop: EngineLoop, disk: DiskThread) {
        self.path = path
        self.loop = loop
        self.disk = disk
    }

    /// What is there from the run before; nil where there was none.
    ///
    /// A file that can't be used is said, and put aside as `….broken`.
    func load() -> [CheckpointEntry]? {
        do {
            guard let bytes = try AtomicFile.read(path, bytesMax: Checkpoint.bytesMax) else {
                return nil
            }
            return try Checkpoint.decode(bytes)
        } catch let fault as Checkpoint.Fault {
            putAside(fault.what)
        } catch {
            putAside("\(error)")
        }
        return nil
    }

    private func putAside(_ why: String) {
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

    /// Writes here and now; for the end.
    func saveNow() { note(Self.write(contents(), path)) }

    private func write() {
        guard !isWriting else {
            needsAnother = true
            return
        }
        isWriting = true
        needsAnother = false
        let entries = contents()
        disk.post { [path, loop, self] in
            let trouble = Self.write(entries, path)
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

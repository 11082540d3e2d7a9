internal import CompanionKit
import Glibc
import Model
import Synchronization
import Telemetry

/// Follows the files that globs name: finds them, reads them, and remembers what is delivered.
///
/// A file is known by device, inode and content, not by its name. Belongs to the engine's thread.
final class TailSource: LogSource {
    let number: Int
    let configuration: SourceConfiguration
    let options: TailOptions
    var paths: TailPaths
    let engine: LogEngine
    let loop: EngineLoop
    let counters: SourceCounters
    let checkpoint: CheckpointFile
    let watch: FolderWatch
    let reader: TailReader
    let sinks: SinkSet
    let sinkNumbers: [Int]
    /// What each sink is called in the checkpoint.
    let sinkKeys: [Int: String]
    /// What each cursor's own is made like; nil where each line is a record.
    private let assembler: LineAssembler?

    /// By node; those that were rotated away too, until they are read to their end.
    var files: [FileNode: TailedFile] = [:]
    var byStream: [UInt32: TailedFile] = [:]
    /// Paths of globs to the file that is there.
    var byPath: [String: TailedFile] = [:]
    /// Entries of the run before that no file was found for yet.
    var remembered = RememberedFiles()
    /// Where files were at the end of the run before.
    var pathsBefore: Set<String> = []
    /// What the run before knew; nil where there was none.
    var before: CheckpointFile.Found?
    /// Positions of another program, by path; for files that no entry is for.
    var imported: [String: ImportedPosition] = [:]
    /// Files that were too old at the start.
    var ignored: [FileNode: IgnoredFile] = [:]
    /// Files that were no copies after all.
    var cleared: Set<FileNode> = []
    /// Files that may be the copy of one that is truncated soon, with the time of their first sight.
    var suspects: [FileNode: Int64] = [:]
    /// Compressed copies of files that are still read, by the stream of the original.
    var compressed: [FileNode: UInt32] = [:]
    /// Where files are looked for that a new one may be a copy of; nil: it must be made.
    var relatives: Relatives?
    /// Files that found no free descriptor at the last look.
    var leftOut = 0
    /// Milliseconds that the last look took.
    var scanTime: Int64 = 0
    /// Kept after their files are gone, until the checkpoint no longer needs them.
    var dirty: [TailedFile] = []
    var isRoundSet = false
    var isScanSet = false
    var isStarted = false
    var isStopped = false
    /// True during the first look, when files may be read from their end.
    var isFirstScan = true
    /// Said once, until they are over.
    var troubles: [String: String] = [:]

    /// Milliseconds between two looks at files that inotify told nothing of.
    static let pollInterval: Int64 = 1000
    /// Fewer bytes of its begin tell a file from no other.
    static let fingerprintBytesMin = 64
    /// Milliseconds that changes are collected for before files are read.
    static let gatherTime: Int64 = 10

    init(
        number: Int,
        configuration: SourceConfiguration,
        options: TailOptions,
        engine: LogEngine,
        loop: EngineLoop,
        counters: SourceCounters,
        checkpoint: CheckpointFile,
        sinkKeys: [String]
    ) throws(LogConfigurationFailure) {
        if let multiline = configuration.multiline {
            assembler = try LineAssembler(multiline, place: configuration.place)
        } else {
            assembler = nil
        }
        self.number = number
        self.configuration = configuration
        self.options = options
        paths = try TailPaths(
            options,
            place: configuration.place,
            now: engine.time / 1_000_000_000
        )
        self.engine = engine
        self.loop = loop
        self.counters = counters
        self.checkpoint = checkpoint
        watch = FolderWatch(loop: loop)
        reader = TailReader(options, intake: engine, counters: counters)
        sinks = engine.sinks(ofSource: number)
        var numbers: [Int] = []
        var left = sinks
        while let sink = left.first {
            left.remove(SinkSet(sink: sink))
            numbers.append(sink)
        }
        sinkNumbers = numbers
        var keys: [Int: String] = [:]
        for sink in numbers { keys[sink] = sinkKeys[sink] }
        self.sinkKeys = keys
    }

    // MARK: - LogSource

    func start() {
        checkpoint.contents = { [unowned self] in entries() }
        before = checkpoint.load { [paths] in paths.name($0) }
        remembered = RememberedFiles(before?.entries ?? [])
        pathsBefore = Set(remembered.all.map(\.path))
        if before == nil { importPositions() }
        isStarted = true
        watch.changed = { [unowned self] folder, name in changed(folder, name) }
        watch.start()
        scan()
        finishRemembered()
        isFirstScan = false
        before = nil
        pathsBefore = []
        poll()
        refresh()
    }

    func resume() {
        for file in byStream.values where !file.isClosed { mark(file) }
    }

    func stop() {
        isStopped = true
        watch.stop()
    }

    func delivered(stream: UInt32, sink: Int, upTo offset: UInt64) {
        guard let file = byStream[stream], file.delivered[sink] != nil else { return }
        file.delivered[sink] = max(file.delivered[sink] ?? 0, offset)
        checkpoint.touch()
        if file.isClosed { forgetIfDelivered(file) }
    }

    func save() {
        // What was copied and truncated since the last look: the next run goes on in the copy.
        for file in Array(byStream.values) where !file.isClosed && mayBeReplaced(file) {
            replaced(file)
        }
        checkpoint.saveNow()
    }

    func lag() -> SourceLag {
        var lag = SourceLag()
        lag.openFiles = files.count
        lag.troubles = troubles.map { "\($0.key): \($0.value)" }.sorted()
        for file in byStream.values {
            let behind = max(file.lastSize, file.readOffset) - min(file.watermark, file.lastSize)
            if behind > 0 {
                lag.streams.append(
                    SourceLag.Stream(
                        name: file.path,
                        bytes: Int(clamping: behind),
                        since: file.behindSince,
                        unread: Int(
                            clamping: file.lastSize - min(file.hindmostOffset, file.lastSize)
                        )
                    )
                )
            }
        }
        return lag
    }

    // MARK: - The checkpoint

    private func entries() -> [CheckpointEntry] {
        // Of files that are gone and wholly delivered nothing is kept.
        byStream.values.map(entry) + remembered.all
    }

    private func entry(_ file: TailedFile) -> CheckpointEntry {
        file.entry(sinkKeys: sinkKeys) { mayBeReplaced(file) }
    }

    private func forgetIfDelivered(_ file: TailedFile) {
        guard file.watermark >= file.readOffset else { return }
        byStream[file.stream] = nil
        if compressed.values.contains(file.stream) {
            // Its compressed copy goes on for it: nothing of it is read again.
            remembered.insert(entry(file))
            compressed = compressed.filter { $0.value != file.stream }
            setScan()
        }
        checkpoint.touch()
    }

    // MARK: - Rounds

    /// A file may have something to read.
    func mark(_ file: TailedFile) {
        guard file.isRegistered, !file.isDirty, !file.isClosed, !isStopped else { return }
        file.isDirty = true
        dirty.append(file)
        setRound(after: Self.gatherTime)
    }

    private func setRound(after milliseconds: Int64) {
        guard !isRoundSet else { return }
        isRoundSet = true
        loop.schedule(after: milliseconds) { [self] in
            isRoundSet = false
            round()
        }
    }

    /// Reads a part of each file that has something.
    private func round() {
        guard !isStopped else { return }
        engine.beginRound()
        let turn = dirty
        dirty = []
        var hasMore = false
        for file in turn {
            file.isDirty = false
            // What is not registered yet is marked again once it is.
            guard !file.isClosed, file.isRegistered else { continue }
            if readTurn(file) {
                if !file.isDirty {
                    file.isDirty = true
                    dirty.append(file)
                }
                hasMore = true
            }
        }
        engine.settle()
        updateLag()
        if hasMore { setRound(after: 0) }
    }

    /// Reads one turn of a file; true where it should have another soon.
    private func readTurn(_ file: TailedFile) -> Bool {
        let size = file.content.size ?? file.lastSize
        if size != file.lastSize || size < file.readOffset {
            // Before anything is learned from the new bytes: a copy is found by the old ones.
            if isReplaced(file) {
                replaced(file)
                return false
            }
            file.lastSize = size
            file.quietSince = nil
            let known = file.fingerprint.length
            file.growFingerprint()
            if file.behindSince == 0 { file.behindSince = engine.time / 1_000_000 }
            if known < Self.fingerprintBytesMin, file.fingerprint.length > known {
                // What it begins with is on the disk before the first record is sent: after a crash
                // a copy is known by it.
                register(file)
                return false
            }
        }
        var budget = TailReader.roundBytes
        if let limit = options.bytesPerSecond {
            let second = engine.now / 1000
            if second != file.allowanceSecond {
                // A line that was longer than what was left is paid for by the next seconds.
                file.allowance = min(limit, file.allowance + limit)
                file.allowanceSecond = second
            }
            budget = min(budget, file.allowance)
            if budget <= 0 {
                loop.schedule(after: 1000 - engine.now % 1000) { [self] in mark(file) }
                return false
            }
        }
        let before = file.cursors.reduce(0) { $0 + $1.offset }
        var hasMore = false
        splitBlocked(file)
        for cursor in file.cursors where engine.blocked.isDisjoint(with: cursor.sinks) {
            switch reader.read(file, cursor, budget: budget) {
            case .end: break
            case .more: hasMore = true
            case .blocked:
                splitBlocked(file)
                hasMore = true
            case .replaced:
                replaced(file)
                return false
            case .failed:
                say(file.path, "it can't be read")
            }
            if let trouble = file.content.trouble { say(file.path, trouble) }
        }
        let moved = file.cursors.reduce(0) { $0 + $1.offset } &- before
        file.allowance -= Int(clamping: moved)
        mergeCursors(file)
        let isStuck = file.cursors.allSatisfy { !engine.blocked.isDisjoint(with: $0.sinks) }
        if !hasMore || isStuck { quiet(file) }
        return hasMore && !isStuck
    }

    /// Reads a file only once what it is known by is in the checkpoint.
    func register(_ file: TailedFile) {
        file.isRegistered = false
        checkpoint.save { [self] in
            file.isRegistered = true
            mark(file)
        }
    }

    /// Sinks that take nothing stay behind with a cursor of their own.
    private func splitBlocked(_ file: TailedFile) {
        let blocked = engine.blocked
        var added: [TailCursor] = []
        for cursor in file.cursors {
            let staying = cursor.sinks.intersection(blocked)
            if !staying.isEmpty, staying != cursor.sinks {
                added.append(cursor.split(staying, assembler: makeAssembler()))
            }
        }
        file.cursors += added
    }

    private func mergeCursors(_ file: TailedFile) {
        guard file.cursors.count > 1 else { return }
        var kept: [TailCursor] = []
        for cursor in file.cursors {
            if let same = kept.first(where: { $0.canMerge(cursor) }) {
                same.sinks.formUnion(cursor.sinks)
                same.scanned = max(same.scanned, cursor.scanned)
            } else {
                kept.append(cursor)
            }
        }
        file.cursors = kept
    }

    func makeAssembler() -> LineAssembler? {
        assembler.map { LineAssembler(like: $0) }
    }

    /// There was nothing new: what waits for more lines, or for the end of a rotated file, is timed.
    private func quiet(_ file: TailedFile) {
        if file.quietSince == nil { file.quietSince = engine.now }
        if file.watermark >= file.readOffset, file.readOffset >= file.lastSize {
            file.behindSince = 0
        }
    }

    private func updateLag() {
        var bytes = 0
        var since: Int64 = 0
        for file in byStream.values {
            bytes += Int(clamping: file.lastSize - min(file.watermark, file.lastSize))
            if file.watermark >= file.lastSize { file.behindSince = 0 }
            if file.behindSince > 0 {
                since = since == 0 ? file.behindSince : min(since, file.behindSince)
            }
        }
        counters.lagBytes.store(bytes, ordering: .relaxed)
        counters.lagSince.store(Int(since), ordering: .relaxed)
    }

    // MARK: - Timers

    /// Looks at files that the system may have told nothing of, and ends what is over.
    private func poll() {
        guard !isStopped else { return }
        engine.beginRound()
        for file in Array(files.values) where file.isRegistered && !file.isClosed {
            look(at: file)
        }
        checkSuspects()
        updateLag()
        engine.settle()
        loop.schedule(after: Self.pollInterval) { [self] in poll() }
    }

    private func look(at file: TailedFile) {
        if let size = file.content.size, size != file.lastSize { mark(file) }
        if file.hindmostOffset < file.lastSize { mark(file) }
        flushOld(file)
        if let quiet = file.quietSince, file.isRotated, !file.isDirty,
            engine.now - quiet >= options.rotateWait
        {
            finish(file)
        }
    }

    /// Lines that waited for others long enough, and a last line without an end.
    private func flushOld(_ file: TailedFile) {
        guard let quiet = file.quietSince else { return }
        let waited = engine.now - quiet
        if let multiline = configuration.multiline, waited >= multiline.flushAfter {
            for cursor in file.cursors where cursor.assembler?.isPending == true {
                reader.flush(file, cursor)
            }
        }
        if let timeout = options.partialLineTimeout, waited >= timeout {
            for cursor in file.cursors where cursor.scanned > cursor.offset {
                reader.takeRest(file, cursor)
            }
        }
    }

    /// A rotated file that is quiet: its rest goes out, and it is closed.
    private func finish(_ file: TailedFile) {
        for cursor in file.cursors {
            // Sinks that are behind need it open.
            guard engine.blocked.isDisjoint(with: cursor.sinks) else { return }
        }
        for cursor in file.cursors {
            reader.takeRest(file, cursor)
            reader.flush(file, cursor)
        }
        close(file)
    }

    func close(_ file: TailedFile) {
        guard !file.isClosed else { return }
        file.isClosed = true
        if files[file.node] === file { files[file.node] = nil }
        engine.close(file.stream)
        engine.settle()
        forgetIfDelivered(file)
    }

    /// Looks for new files once in a while, whatever the system tells.
    private func refresh() {
        let hasAll = watch.unwatched.isEmpty && leftOut == 0
        let wait = hasAll ? max(options.refreshInterval, 1000) : Self.pollInterval
        loop.schedule(after: max(wait, scanTime * 10)) { [self] in
            guard !isStopped else { return }
            engine.beginRound()
            scan()
            refresh()
        }
    }

    private func changed(_ folder: String, _ name: String) {
        guard !isStopped else { return }
        let path = folder == "/" ? "/" + name : folder + "/" + name
        if let file = byPath[path], name != "" {
            var facts = stat()
            if unsafe stat(path, &facts) == 0, FileNode(facts) == file.node {
                mark(file)
                return
            }
        }
        setScan()
    }

    /// Looks soon; a look that takes long is not made all the time.
    func setScan(after milliseconds: Int64 = gatherTime) {
        guard !isScanSet else { return }
        isScanSet = true
        loop.schedule(after: max(milliseconds, scanTime * 10)) { [self] in
            isScanSet = false
            guard !isStopped else { return }
            engine.beginRound()
            scan()
        }
    }

    // MARK: - What is said

    /// A trouble with a path is said once, until it is over.
    func say(_ path: String, _ what: String) {
        guard troubles[path] != what else { return }
        troubles[path] = what
        counters.troubles.add(1)
        Log.shared.log(.warning, "log file \(path): \(what)")
    }

    func unsay(_ path: String) {
        if troubles.removeValue(forKey: path) != nil {
            Log.shared.log(.info, "log file \(path) is read again")
        }
    }
}

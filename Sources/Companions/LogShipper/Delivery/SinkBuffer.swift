import CompanionKit
import Model
import Synchronization
import Telemetry

/// What one sink has been given and has not yet acknowledged, on the engine's side.
///
/// Records are encoded into open chunks; a chunk that is large or old enough goes to the queue, from
/// where the sink's threads send it. Used by the engine's thread.
final class SinkBuffer {
    /// What became of a record.
    enum Outcome {
        /// It travels in this chunk.
        case added(chunk: UInt64)
        /// Nobody waits for it: dropped by the sink's policy.
        case dropped
        /// The sink can never take it.
        case refused(String)
    }

    let number: Int
    let configuration: SinkConfiguration
    let queue: ChunkQueue
    let counters: SinkCounters
    private let encoder: any RecordEncoder
    private let limits: ChunkLimits
    private let chunkBytesMax: Int
    private let chunkItemsMax: Int
    private var open: [[UInt8]: OpenChunk] = [:]
    /// The one that the last record went to.
    private var last: OpenChunk?
    private var openBytes = 0
    private var openItems = 0
    /// What the keys of open chunks cost.
    private var openKeys = 0
    private var nextNumber: UInt64 = 1
    private var key: [UInt8] = []
    /// Chunks that were given up: their records count as passed.
    private(set) var dropped: [DoneChunk] = []
    /// Chunks that were written to the spool and not yet brought to the disk.
    private(set) var unsynced: [DoneChunk] = []
    /// When the disk took nothing more for the spool, in milliseconds on the monotonic clock; nil where
    /// it did.
    private var refusedAt: Int64?

    /// A chunk that nobody waits for any more.
    struct DoneChunk: Sendable {
        var number: UInt64
        var streams: Set<UInt32>

        init(_ chunk: borrowing Chunk) {
            number = chunk.number
            streams = chunk.streams
        }
    }

    private final class OpenChunk {
        var chunk: Chunk
        /// Milliseconds on the monotonic clock.
        let openedAt: Int64
        init(_ chunk: Chunk, openedAt: Int64) {
            self.chunk = chunk
            self.openedAt = openedAt
        }
    }

    init(
        number: Int,
        configuration: SinkConfiguration,
        encoder: any RecordEncoder,
        queue: ChunkQueue,
        counters: SinkCounters
    ) {
        self.number = number
        self.configuration = configuration
        self.encoder = encoder
        self.queue = queue
        self.counters = counters
        limits = encoder.limits
        let wanted = configuration.buffer.chunkBytes ?? min(limits.bytesMax, 1 << 20)
        chunkBytesMax = min(max(wanted, 1), limits.bytesMax)
        chunkItemsMax = min(configuration.buffer.chunkRecords ?? limits.itemsMax, limits.itemsMax)
    }

    // MARK: - Adding

    /// Encodes a record into the chunk that it belongs to.
    ///
    /// - Parameter now: milliseconds on the monotonic clock.
    func add(_ record: borrowing LogRecord, of stream: StreamIdentity, now: Int64) -> Outcome {
        if isFull, configuration.buffer.overflow == .dropNewest {
            counters.droppedNewest.add(1)
            return .dropped
        }
        key.removeAll(keepingCapacity: true)
        encoder.key(of: record, into: &key)
        var target = openChunk(now, began: record.time)
        let start = target.chunk.bytes.count
        var reason = ""
        guard encoder.encode(record, of: stream, into: &target.chunk.bytes, reason: &reason) else {
            forgetEmpty(target)
            return .refused(reason)
        }
        let size = target.chunk.bytes.count - start
        guard size <= limits.itemBytesMax, size <= limits.bytesMax - limits.overheadPerItem else {
            target.chunk.bytes.removeLast(size)
            forgetEmpty(target)
            return .refused(
                "the record takes \(size) bytes, and the sink takes \(limits.itemBytesMax) at most"
            )
        }
        let framed =
            target.chunk.bytes.count + limits.overheadPerItem * (target.chunk.items.count + 1)
        if framed > chunkBytesMax, !target.chunk.items.isEmpty {
            // It did not fit: the others go, and it begins the next chunk.
            let bytes = Array(target.chunk.bytes[start...])
            target.chunk.bytes.removeLast(size)
            seal(target)
            target = openChunk(now, began: record.time)
            target.chunk.bytes.append(contentsOf: bytes)
        }
        let end = target.chunk.bytes.count
        target.chunk.items.append(
            Chunk.Item(
                start: UInt32(truncatingIfNeeded: end - size),
                end: UInt32(truncatingIfNeeded: end),
                origin: record.origin,
                time: record.time
            )
        )
        openBytes += size
        openItems += 1
        let number = target.chunk.number
        if target.chunk.items.count >= chunkItemsMax || end >= chunkBytesMax {
            seal(target)
        } else if openBytes + openKeys > configuration.buffer.memoryMax / 2 {
            sealAll()
        }
        return .added(chunk: number)
    }

    private func openChunk(_ now: Int64, began: Int64) -> OpenChunk {
        if let last, last.chunk.key == key { return last }
        if let known = open[key] {
            last = known
            return known
        }
        let made = OpenChunk(Chunk(number: nextNumber, key: key, began: began), openedAt: now)
        nextNumber += 1
        open[key] = made
        openKeys += Chunk.cost(ofKey: key)
        last = made
        return made
    }

    /// A chunk that was opened for a record that is refused would stay open for ever.
    private func forgetEmpty(_ chunk: OpenChunk) {
        if chunk.chunk.items.isEmpty { forget(chunk) }
    }

    private func forget(_ chunk: OpenChunk) {
        open[chunk.chunk.key] = nil
        openKeys -= Chunk.cost(ofKey: chunk.chunk.key)
        if last === chunk { last = nil }
    }

    // MARK: - Sending on

    /// Sends on what waits since before `now - flushInterval`.
    func sealOld(now: Int64) {
        let interval = configuration.buffer.flushInterval
        let due = open.values.filter { $0.openedAt + interval <= now && !$0.chunk.items.isEmpty }
        for chunk in due.sorted(by: { $0.chunk.number < $1.chunk.number }) { seal(chunk) }
    }

    /// When ``sealOld(now:)`` has something to do, in milliseconds on the monotonic clock.
    var nextDeadline: Int64? {
        let opened = open.values.lazy.filter { !$0.chunk.items.isEmpty }.map(\.openedAt).min()
        return opened.map { $0 + configuration.buffer.flushInterval }
    }

    /// Sends on everything.
    func sealAll() {
        for chunk in open.values.sorted(by: { $0.chunk.number < $1.chunk.number })
        where !chunk.chunk.items.isEmpty {
            seal(chunk)
        }
    }

    private func seal(_ sealed: OpenChunk) {
        forget(sealed)
        openBytes -= sealed.chunk.bytes.count
        openItems -= sealed.chunk.items.count
        push(sealed.chunk)
        updateGauges()
    }

    private func push(_ chunk: Chunk) {
        let buffer = configuration.buffer
        let isLate = queue.spool.map { !$0.isEmpty } ?? false
        let hasRoom = queue.bytes + chunk.memory <= buffer.memoryMax
        if hasRoom, !isLate {
            queue.push(chunk)
            return
        }
        if spill(chunk) { return }
        switch buffer.overflow {
        case .block, .dropNewest:
            // The last that gets in: `isFull` holds from here on.
            queue.push(chunk)
        case .dropOldest:
            while queue.bytes + chunk.memory > buffer.memoryMax,
                let oldest = queue.dropOldest()
            {
                counters.droppedOldest.add(oldest.items.count)
                dropped.append(DoneChunk(oldest))
            }
            queue.push(chunk)
        }
    }

    /// Writes a chunk to the spool, where the sink is in trouble and there is room.
    private func spill(_ chunk: Chunk) -> Bool {
        guard let spool = queue.spool, !spool.isFull, isInTrouble || !spool.isEmpty else {
            return false
        }
        do throws(FileFailure) {
            try spool.append(chunk)
        } catch {
            noteRefusal(error)
            return false
        }
        refusedAt = nil
        counters.spilledChunks.add(1)
        unsynced.append(DoneChunk(chunk))
        queue.signal()
        return true
    }

    /// A full disk is said once; until it has room what waits stays within the memory's limit.
    private func noteRefusal(_ failure: FileFailure) {
        if refusedAt == nil {
            Log.shared.log(
                .error,
                "the spool of log sink \(configuration.name) can't be written: \(failure)"
            )
        }
        refusedAt = EngineLoop.now
    }

    /// Asks a disk that took nothing whether it has room again, once in a while.
    ///
    /// A sender that could not open a file of the spool is told to try once more.
    ///
    /// - Parameter now: milliseconds on the monotonic clock.
    func lookAtSpool(now: Int64) {
        guard let spool = queue.spool else { return }
        if let last = refusedAt, now - last >= Self.refusalInterval {
            refusedAt = spool.hasRoom(for: chunkBytesMax) ? nil : now
        }
        if now - signalledAt >= Self.refusalInterval, !spool.isEmpty {
            signalledAt = now
            queue.signal()
        }
    }

    private var signalledAt: Int64 = 0
    /// Milliseconds between two looks at a disk that is full.
    private static let refusalInterval: Int64 = 1000

    /// Writes all that waits in memory to the spool, for the end of the process.
    ///
    /// What finds no room stays; it is not committed, and files bring it again.
    func spillRest() {
        sealAll()
        guard let spool = queue.spool else { return }
        while let (chunk, isKept) = queue.takeOldest() {
            if isKept { continue }
            do throws(FileFailure) {
                try spool.append(chunk)
                counters.spilledChunks.add(1)
                unsynced.append(DoneChunk(chunk))
            } catch {
                Log.shared.log(
                    .error,
                    "\(chunk.items.count) records of sink \(configuration.name) can't be kept: \(error)"
                )
                return
            }
        }
        updateGauges()
    }

    /// Writes copies of chunks that have waited for a while to the spool, where they hold records of
    /// other streams than these: what peers send who keep nothing must not hang on a sink.
    ///
    /// The chunks stay where they are, and are sent from there.
    ///
    /// - Parameter now: milliseconds on the monotonic clock.
    func keepWaiting(butOf streams: Set<UInt32>, now: Int64) {
        guard let spool = queue.spool else { return }
        guard refusedAt == nil else { return }
        for chunk in queue.waiting(since: now - Self.keepAfter)
        where !chunk.streams.isSubset(of: streams) {
            guard !spool.isFull else { return }
            do throws(FileFailure) {
                let ticket = try spool.keep(chunk)
                queue.isKept(chunk.number, as: ticket)
            } catch {
                noteRefusal(error)
                return
            }
            counters.spilledChunks.add(1)
            unsynced.append(DoneChunk(chunk))
        }
    }

    /// Milliseconds after which a chunk is written to the spool too.
    private static let keepAfter: Int64 = 1000

    /// The chunks in the spool that a `sync` which begins now makes durable.
    func takeUnsynced() -> [DoneChunk] {
        defer { unsynced = [] }
        return unsynced
    }

    /// The chunks that did not reach the disk after all: the next `sync` is for them too.
    func returnUnsynced(_ chunks: [DoneChunk]) { unsynced = chunks + unsynced }

    /// The chunks that were dropped since the last call.
    func takeDropped() -> [DoneChunk] {
        defer { dropped = [] }
        return dropped
    }

    // MARK: - Room

    /// True while nothing more goes in.
    var isFull: Bool {
        guard openBytes + openKeys + queue.bytes >= configuration.buffer.memoryMax else {
            return false
        }
        if let spool = queue.spool, isInTrouble, !spool.isFull, refusedAt == nil { return false }
        return true
    }

    /// True where sources must wait.
    var blocks: Bool { configuration.buffer.overflow == .block && isFull }

    private var isInTrouble: Bool { counters.trouble.withLock { $0.attempts > 0 } }

    /// Chunks that records may still be added to.
    var openChunks: Int { open.count }
    /// Records that were added and are not done, those in the spool left out.
    var waitingRecords: Int { openItems + queue.records }

    func updateGauges() {
        counters.memoryBytes.store(openBytes + openKeys + queue.bytes, ordering: .relaxed)
        counters.diskBytes.store(queue.spool?.bytes ?? 0, ordering: .relaxed)
        counters.waitingRecords.store(waitingRecords, ordering: .relaxed)
        counters.truncated.store(encoder.truncatedRecords, ordering: .relaxed)
    }
}

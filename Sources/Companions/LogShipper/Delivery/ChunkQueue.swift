internal import CLinux
import CompanionKit
import Glibc
import Synchronization

/// Chunks that are ready to be sent, between the engine's thread and those of one sink.
final class ChunkQueue: Sendable {
    private struct State {
        var ready: [Chunk] = []
        var first = 0
        var records = 0
        var taken = 0
        /// Chunks in memory by number: those under way, and since when each waits.
        var underWay: [UInt64: Chunk] = [:]
        var since: [UInt64: Int64] = [:]
        /// Those that the spool has a copy of.
        var kept: [UInt64: SpoolTicket] = [:]
        var isEnding = false
    }

    private let state = Mutex(State())
    // Changed with the lock held; the engine asks for it with every record.
    private let size = Atomic(0)
    private let wake: Int32
    let spool: Spool?

    init(spool: Spool?) {
        self.spool = spool
        wake = pillion_eventfd()
        precondition(wake >= 0, "the process has no file descriptor left")
    }

    deinit { _ = close(wake) }

    /// Bytes of the chunks in memory, those under way included.
    var bytes: Int { size.value }
    /// Records in memory, those under way included.
    var records: Int { state.withLock { $0.records } }
    /// True where nothing waits and nothing is under way.
    var isIdle: Bool {
        state.withLock { $0.first == $0.ready.count && $0.taken == 0 }
            && spool.map(\.isEmpty) ?? true
    }

    // MARK: - The engine's side

    /// Adds one at the end.
    func push(_ chunk: Chunk) {
        state.withLock { state in
            size.add(chunk.memory)
            state.records += chunk.items.count
            state.ready.append(chunk)
            state.since[chunk.number] = EngineLoop.now
        }
        signal()
    }

    /// The chunks in memory, those under way included, that wait since this time and that the spool
    /// has no copy of.
    func waiting(since time: Int64) -> [Chunk] {
        state.withLock { state in
            guard state.since.values.contains(where: { $0 <= time }) else { return [] }
            var found = state.underWay.values.filter { $0.number > 0 }
            found.sort { $0.number < $1.number }
            found += state.ready[state.first...]
            return found.filter { chunk in
                state.kept[chunk.number] == nil
                    && state.since[chunk.number].map { $0 <= time } ?? false
            }
        }
    }

    /// The spool has a copy of a chunk; where it is done meanwhile, the copy is too.
    func isKept(_ number: UInt64, as ticket: SpoolTicket) {
        let isGone = state.withLock { state in
            if state.since[number] == nil { return true }
            state.kept[number] = ticket
            return false
        }
        if isGone { spool?.done(ticket) }
    }

    /// Takes away the oldest that is not under way, and says whether the spool has a copy; nil where
    /// there is none in memory.
    func takeOldest() -> (chunk: Chunk, isKept: Bool)? {
        state.withLock { state in
            guard let chunk = Self.next(&state) else { return nil }
            size.add(-chunk.memory)
            state.records -= chunk.items.count
            state.since[chunk.number] = nil
            return (chunk, state.kept.removeValue(forKey: chunk.number) != nil)
        }
    }

    /// Takes away the oldest that is not under way; nil where there is none in memory.
    func dropOldest() -> Chunk? {
        let (chunk, ticket) = state.withLock { state -> (Chunk?, SpoolTicket?) in
            guard let chunk = Self.next(&state) else { return (nil, nil) }
            size.add(-chunk.memory)
            state.records -= chunk.items.count
            state.since[chunk.number] = nil
            return (chunk, state.kept.removeValue(forKey: chunk.number))
        }
        if let ticket { spool?.done(ticket) }
        return chunk
    }

    /// No more will come: senders stop once everything is taken.
    func end() {
        state.withLock { $0.isEnding = true }
        signal()
    }

    /// Tells a sender that the spool has something.
    func signal() {
        var count: UInt64 = 1
        _ = unsafe write(wake, &count, 8)
    }

    // MARK: - The senders' side

    /// What a sender does next.
    enum Next {
        case chunk(Chunk, fromSpool: SpoolTicket?)
        case ended
        case cancelled
    }

    /// Waits for a chunk: from memory first, which is older, then from the spool.
    func take(_ cancellation: Cancellation) -> Next {
        while true {
            if cancellation.isCancelled { return .cancelled }
            let found = state.withLock { state in
                let chunk = Self.next(&state)
                if let chunk {
                    state.taken += 1
                    state.underWay[chunk.number] = chunk
                }
                return chunk
            }
            if let found { return .chunk(found, fromSpool: nil) }
            if let (chunk, ticket) = spool?.next() {
                state.withLock { $0.taken += 1 }
                return .chunk(chunk, fromSpool: ticket)
            }
            if state.withLock({ $0.isEnding && $0.first == $0.ready.count }) {
                signal()
                return .ended
            }
            var entries = [
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&entries, 2, -1)
            var count: UInt64 = 0
            if entries[0].revents != 0 { _ = unsafe read(wake, &count, 8) }
        }
    }

    /// A chunk that was taken is done, or was split: its bytes count no longer.
    func finished(_ chunk: borrowing Chunk, isFromSpool: Bool) {
        let number = chunk.number
        let ticket = state.withLock { state -> SpoolTicket? in
            state.taken -= 1
            guard !isFromSpool else { return nil }
            size.add(-chunk.memory)
            state.records -= chunk.items.count
            state.underWay[number] = nil
            state.since[number] = nil
            return state.kept.removeValue(forKey: number)
        }
        if let ticket { spool?.done(ticket) }
    }

    /// Puts what a cancelled sender could not send back to the begin.
    func putBack(_ chunk: Chunk) {
        state.withLock { state in
            state.taken -= 1
            state.underWay[chunk.number] = nil
            if state.first > 0 {
                state.first -= 1
                state.ready[state.first] = chunk
            } else {
                state.ready.insert(chunk, at: 0)
            }
        }
    }

    private static func next(_ state: inout State) -> Chunk? {
        guard state.first < state.ready.count else { return nil }
        let chunk = state.ready[state.first]
        state.ready[state.first] = Chunk(number: 0, key: [], began: 0)
        state.first += 1
        if state.first == state.ready.count {
            state.ready.removeAll(keepingCapacity: true)
            state.first = 0
        }
        return chunk
    }
}

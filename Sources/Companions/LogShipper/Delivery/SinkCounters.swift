package import Synchronization

/// What happened at one sink; written by its threads and the engine's, read by anybody.
package final class SinkCounters: Sendable {
    package let records = Atomic(0)
    package let bytes = Atomic(0)
    package let requests = Atomic(0)
    package let failures = Atomic(0)
    package let retriedRecords = Atomic(0)
    package let duplicates = Atomic(0)
    package let rejected = Atomic(0)
    package let deadLetters = Atomic(0)
    /// Records that were cut off for the sink.
    package let truncated = Atomic(0)
    package let droppedOldest = Atomic(0)
    package let droppedNewest = Atomic(0)
    package let spilledChunks = Atomic(0)
    package let memoryBytes = Atomic(0)
    package let diskBytes = Atomic(0)
    package let waitingRecords = Atomic(0)
    /// 1 while the sink's buffer is full and its sources wait.
    package let isBlocked = Atomic(0)
    /// When the last request succeeded, in seconds since 1970; 0: never.
    package let lastSuccess = Atomic(0)
    /// Why the last request failed, and since when it is so; empty after a success.
    package let trouble = Mutex(Trouble())

    /// What stands in the way of a sink.
    package struct Trouble: Sendable, Equatable {
        package var why = ""
        /// Milliseconds since 1970.
        package var since: Int64 = 0
        package var attempts = 0
    }

    package init() {}
}

extension Atomic where Value == Int {
    /// Adds without any order to other memory.
    package func add(_ count: Int) {
        self.add(count, ordering: .relaxed)
    }

    package var value: Int { load(ordering: .relaxed) }
}

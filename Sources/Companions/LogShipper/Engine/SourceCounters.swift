package import Synchronization

/// What happened at one source; written by the engine's thread, read by anybody.
package final class SourceCounters: Sendable {
    package let lines = Atomic(0)
    package let bytes = Atomic(0)
    package let unmatched = Atomic(0)
    package let filtered = Atomic(0)
    /// Records that no output is for.
    package let unrouted = Atomic(0)
    package let refused = Atomic(0)
    package let truncated = Atomic(0)
    package let streams = Atomic(0)
    /// Bytes that no sink has yet, and since when, in milliseconds since 1970.
    package let lagBytes = Atomic(0)
    package let lagSince = Atomic(0)
    /// Files lost from sight with bytes unread, shrunk, unreadable: each kind of trouble once.
    package let troubles = Atomic(0)
    /// Files that its paths match; -1 where it has none, or has not looked yet.
    package let matches = Atomic(-1)
    /// Where it listens.
    private let addresses = Mutex<[String]>([])

    package init() {}

    /// Where it listens, with the ports that the system chose; empty for other sources.
    package var listening: [String] { addresses.withLock { $0 } }

    func addAddress(_ address: String) { addresses.withLock { $0.append(address) } }
}

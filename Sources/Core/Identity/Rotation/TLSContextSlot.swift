import Synchronization

/// A named place with the context that new connections use.
///
/// Any thread may read and replace it; connections that are there keep the context that they began
/// with.
package final class TLSContextSlot: Sendable {
    /// For logs and pages.
    package let name: String
    private let held: Mutex<TLSContext?>

    package init(name: String, _ first: TLSContext? = nil) {
        self.name = name
        held = Mutex(first)
    }

    /// nil: a secret has not come yet, and connections must wait or be refused.
    package var current: TLSContext? { held.withLock { $0 } }

    package func replace(with context: TLSContext) { held.withLock { $0 = context } }
}

package import Model

/// A snapshot that is ready to be swapped in: sockets bound, files open, clusters made.
///
/// Whoever has one commits it or discards it, once: it holds descriptors.
package struct PreparedChange: Sendable {
    package let snapshot: Snapshot
    package let difference: SnapshotDiff
    /// All clusters of the snapshot: those that did not change are the same objects as before.
    package let clusters: ClusterTable
    /// Those that did not exist before, or were another object.
    package let newClusters: [ClusterShared]
    let listeners: [ListenerChange]
    /// Every listening socket of the snapshot with the address that it got.
    let sockets: [SocketKey: SocketAddress]

    /// The descriptors that were made for it.
    var descriptors: [Int32] { listeners.flatMap { $0.sockets.flatMap(\.descriptors) } }
}

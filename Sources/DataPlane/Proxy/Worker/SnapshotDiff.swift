package import Model

/// What differs between two snapshots, by fingerprint: the words for the log and the statistics,
/// and the decision what is kept.
package struct SnapshotDiff: Sendable, Equatable {
    /// Names of one kind of resource.
    package struct Names: Sendable, Equatable {
        package var added: [String] = []
        package var changed: [String] = []
        package var removed: [String] = []
        package var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }
    }

    package private(set) var listeners = Names()
    package private(set) var clusters = Names()
    /// Beside listeners and clusters: where this process is, and the like.
    package private(set) var changesProcess = false

    package var isEmpty: Bool { listeners.isEmpty && clusters.isEmpty && !changesProcess }

    package init(from old: Snapshot?, to new: Snapshot) {
        listeners = Self.names(
            old: (old?.listeners ?? []).map { ($0.name, $0.fingerprint) },
            new: new.listeners.map { ($0.name, $0.fingerprint) }
        )
        clusters = Self.names(
            old: (old?.clusters ?? []).map { ($0.name, $0.fingerprint) },
            new: new.clusters.map { ($0.name, $0.fingerprint) }
        )
        if let old {
            changesProcess =
                old.nodeID != new.nodeID || old.nodeCluster != new.nodeCluster
                || old.locality != new.locality || old.localClusterName != new.localClusterName
        }
    }

    private static func names(
        old: [(name: String, fingerprint: [UInt8])],
        new: [(name: String, fingerprint: [UInt8])]
    ) -> Names {
        var names = Names()
        var known: [String: [UInt8]] = [:]
        known.reserveCapacity(old.count)
        for one in old { known[one.name] = one.fingerprint }
        for one in new {
            guard let before = known.removeValue(forKey: one.name) else {
                names.added.append(one.name)
                continue
            }
            if !isSame(before, one.fingerprint) { names.changed.append(one.name) }
        }
        for one in old where known[one.name] != nil { names.removed.append(one.name) }
        return names
    }

    /// Without a fingerprint nobody knows, so it counts as changed.
    static func isSame(_ old: [UInt8], _ new: [UInt8]) -> Bool { !old.isEmpty && old == new }
}

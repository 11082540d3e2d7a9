/// A counter of a process whose place another takes.
///
/// Everything is said in names, since the other process may be of another version: what it does not
/// know, it leaves out.
package struct CarriedCounter: Sendable, Hashable {
    /// What counts.
    package enum Scope: UInt8, Sendable, CaseIterable {
        case cluster = 1
        case clusterPart, virtualCluster, route, http, listener, server
        case tcp, listenerTLS, clusterTLS, http2, clusterHTTP2, listenerFilters
    }

    package var scope: Scope
    /// Of the cluster, the virtual host and so on, as it is printed.
    package var name: String
    /// The part of a cluster, the virtual cluster or the prefix of the route; else empty.
    package var part: String
    /// The name below the scope; `=503` for responses with that status.
    package var stat: String
    package var value: UInt64

    package init(scope: Scope, name: String, part: String = "", stat: String, value: UInt64) {
        self.scope = scope
        self.name = name
        self.part = part
        self.stat = stat
        self.value = value
    }
}

extension [CarriedCounter] {
    /// What was counted after the others were read; what was reset meanwhile counts from there.
    package func since(_ earlier: [CarriedCounter]) -> [CarriedCounter] {
        var before: [CarriedCounter: UInt64] = [:]
        for counter in earlier {
            var key = counter
            key.value = 0
            before[key] = counter.value
        }
        return compactMap { counter in
            var key = counter
            key.value = 0
            let base = before[key] ?? 0
            var rest = counter
            rest.value = counter.value >= base ? counter.value - base : counter.value
            return rest.value == 0 ? nil : rest
        }
    }
}

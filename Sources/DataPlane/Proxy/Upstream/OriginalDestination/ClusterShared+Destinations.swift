import Model
import Synchronization

/// The endpoints of an ORIGINAL_DST cluster over all workers.
///
/// A worker asks once for each address that it does not know, so the lock is off the path of
/// requests.
extension ClusterShared {
    /// An endpoint, and how many workers use it.
    struct NamedEndpoint {
        let shared: EndpointShared
        var users: Int
    }

    /// The endpoint at an address, for one more worker.
    func take(destination address: SocketAddress) -> EndpointShared {
        destinations.withLock { known in
            if let found = known[address] {
                known[address]?.users += 1
                return found.shared
            }
            // Nothing checks such endpoints, and they are used whatever became of those before.
            let made = EndpointShared(ResolvedEndpoint(address: address, hostname: "", weight: 1))
            known[address] = NamedEndpoint(shared: made, users: 1)
            return made
        }
    }

    /// One worker has no use for it any more.
    func release(destination address: SocketAddress) {
        destinations.withLock { known in
            guard let found = known[address] else { return }
            if found.users > 1 {
                known[address]?.users -= 1
            } else {
                known[address] = nil
            }
        }
    }

    /// Those that are in use now, for whoever looks.
    var namedEndpoints: EndpointSet {
        let members = destinations.withLock { known in known.values.map(\.shared) }
        return EndpointSet(version: 1, members: members)
    }
}

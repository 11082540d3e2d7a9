import Glibc
package import Model
import Synchronization

/// Listening sockets that another process gave this one: each is taken once, by who needs it.
///
/// A socket of a group whose every owner closes it takes the connections that wait on it along. So
/// all sockets of an address that is still listened on are kept, also where there are more of them
/// than workers.
package final class InheritedSockets: Sendable {
    private struct Key: Hashable {
        let purpose: SocketGroup.Purpose
        let address: SocketAddress
        let owner: String
    }

    private struct State {
        var groups: [Key: [Int32]] = [:]
        /// Bound, to be listened on when nothing can fail any more.
        var bound: [(descriptor: Int32, backlog: Int32)] = []
    }

    private let state = Mutex(State())

    package init() {}

    deinit { closeUnused() }

    /// Adds a group that came in a message; several of the same address are one.
    package func add(_ group: SocketGroup, _ descriptors: [Int32]) {
        let key = Key(purpose: group.purpose, address: group.address, owner: group.owner)
        state.withLock { $0.groups[key, default: []] += descriptors }
    }

    /// How many sockets are left.
    package var count: Int { state.withLock { $0.groups.values.reduce(0) { $0 + $1.count } } }

    /// Takes the sockets of an address; what is no listening socket of its kind is left out.
    package func take(
        _ purpose: SocketGroup.Purpose,
        _ address: SocketAddress,
        owner: String = ""
    ) -> [Int32] {
        let key = Key(purpose: purpose, address: address, owner: owner)
        let taken = state.withLock { $0.groups.removeValue(forKey: key) } ?? []
        var good: [Int32] = []
        for descriptor in taken {
            if Self.listens(descriptor, purpose == .takeover ? Self.packets : Self.stream) {
                good.append(descriptor)
            } else {
                _ = Glibc.close(descriptor)
            }
        }
        return good
    }

    /// Takes the only socket of a purpose, whatever its address.
    package func takeOnly(_ purpose: SocketGroup.Purpose) -> Int32? {
        let key = state.withLock { $0.groups.keys.first { $0.purpose == purpose } }
        guard let key else { return nil }
        var all = take(purpose, key.address, owner: key.owner)
        let first = all.isEmpty ? nil : all.removeFirst()
        for surplus in all { _ = Glibc.close(surplus) }
        return first
    }

    /// Remembers a socket of a group, to be listened on, with its backlog of now, by `listen`.
    func willListen(_ descriptor: Int32, backlog: Int32) {
        state.withLock { $0.bound.append((descriptor, backlog)) }
    }

    /// Listens on what joined the groups, and sets the backlog of the others.
    ///
    /// Not before everything else has succeeded: what comes to these sockets would be lost with this
    /// process.
    func listen() throws(SystemCallError) {
        let bound = state.withLock { state in
            defer { state.bound = [] }
            return state.bound
        }
        for (descriptor, backlog) in bound {
            try SystemCall.listen(descriptor, backlog: backlog)
        }
    }

    /// Closes what nobody has taken: nothing listens on those addresses any more.
    package func closeUnused() {
        let rest = state.withLock { state in
            defer { state.groups = [:] }
            return state.groups.values.flatMap { $0 }
        }
        for descriptor in rest { _ = Glibc.close(descriptor) }
    }

    // SOCK_STREAM and SOCK_SEQPACKET, whose module depends on what else is imported.
    private static let stream: Int32 = 1
    private static let packets: Int32 = 5

    private static func listens(_ descriptor: Int32, _ type: Int32) -> Bool {
        func value(_ option: Int32) -> Int32 {
            var value: Int32 = -1
            var length = socklen_t(MemoryLayout<Int32>.size)
            let result = unsafe getsockopt(descriptor, SOL_SOCKET, option, &value, &length)
            return result == 0 ? value : -1
        }
        return value(SO_ACCEPTCONN) == 1
            && value(SO_TYPE) == type
    }
}

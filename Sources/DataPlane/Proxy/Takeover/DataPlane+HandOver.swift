import Glibc
import Model
import Synchronization

/// Leaving: what the process gives away, and how it says goodbye.
extension DataPlane {
    /// Copies of all listening sockets of all workers, each socket once.
    ///
    /// Blocks until every worker has answered.
    package func handedSockets() -> [HandedSockets] {
        let found = Mutex<[SocketKey: [Int32]]>([:])
        runOnWorkers { worker in
            let copies = worker.acceptors.mapValues { fcntl($0.descriptor, F_DUPFD_CLOEXEC, 0) }
            found.withLock { all in
                for (key, copy) in copies where copy >= 0 {
                    all[key.base, default: []].append(copy)
                }
            }
        }
        return found.withLock { $0 }.map { key, descriptors in
            HandedSockets(
                SocketGroup(
                    purpose: .listener,
                    address: key.address,
                    owner: key.owner,
                    count: 0
                ),
                taking: Self.distinct(descriptors)
            )
        }
    }

    /// Unix sockets, and sockets beyond the number of workers, are watched by all workers: what is
    /// the same socket goes once.
    private static func distinct(_ descriptors: [Int32]) -> [Int32] {
        var known: Set<UInt64> = []
        return descriptors.filter { descriptor in
            var status = stat()
            // An inode of sockfs names one socket (sock_alloc).
            if unsafe fstat(descriptor, &status) == 0, known.insert(UInt64(status.st_ino)).inserted
            {
                return true
            }
            _ = Glibc.close(descriptor)
            return false
        }
    }

    /// Sends clients elsewhere without cutting off any of them: responses end their connection, and
    /// idle connections stay, since a request may be on its way to them.
    ///
    /// To be followed by `drain`, which closes what is still idle then.
    /// - Parameter accepts: whether new connections are still taken, for one request each.
    package func leave(accepts: Bool) {
        if !accepts { state.withLock { $0.hasStoppedListening = true } }
        // Whatever was accepted is counted when this returns.
        runOnWorkers { $0.leave(accepts: accepts) }
    }

    /// Connections of clients, over all listeners.
    package var connectionCount: Int {
        (listeners + drainingListeners).reduce(0) { $0 + $1.connectionCount }
    }
}

extension Worker {
    /// See `DataPlane.leave`.
    func leave(accepts: Bool) {
        if !accepts {
            // Another process may have the sockets, too: they would be told of for ever.
            for acceptor in acceptors.values { loop.setLevelInterest(acceptor, isOn: false) }
            stopListening()
        }
        for listener in listeners { listener.remove() }
        // HTTP/2 can say that the connection ends, and answer what was sent before it was heard.
        for connection in connections.reversed() {
            (connection as? HTTP2ServerConnection)?.drain()
        }
    }
}

extension SocketKey {
    /// Stands before the number of a surplus socket: a listener may have any name.
    private static let surplusMark: Character = "\u{1}"

    /// One of the sockets of a group that are more than there are workers; each worker watches it.
    init(surplus number: Int, of key: SocketKey) {
        self.init(address: key.address, owner: "\(key.owner)\(Self.surplusMark)\(number)")
    }

    private init(address: SocketAddress, owner: String) {
        self.address = address
        self.owner = owner
    }

    /// The key of the group.
    var base: SocketKey {
        guard let mark = owner.lastIndex(of: Self.surplusMark), isSurplus(after: mark) else {
            return self
        }
        return SocketKey(address: address, owner: String(owner[..<mark]))
    }

    /// One of the surplus sockets of the group with this key.
    func isSurplus(of key: SocketKey) -> Bool { self != key && base == key }

    private func isSurplus(after mark: String.Index) -> Bool {
        let number = owner[owner.index(after: mark)...].utf8
        return !number.isEmpty && number.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }
}

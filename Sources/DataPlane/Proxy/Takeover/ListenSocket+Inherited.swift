import Glibc
import Model

/// The listening sockets of one address, as the workers get them.
struct ListeningGroup {
    /// One for each worker.
    var descriptors: [Int32]
    var bound: SocketAddress
    /// Sockets of a process that had more workers: for each of them one descriptor for each worker.
    var surplus: [[Int32]] = []

    var allDescriptors: [Int32] { descriptors + surplus.flatMap { $0 } }
}

extension ListenSocket {
    /// Makes the sockets of an address out of those that another process listened on.
    ///
    /// All of them are kept. With more workers than sockets, others join their group; they listen
    /// when `InheritedSockets.listen` is called. With fewer, each worker watches the rest.
    /// - Parameter inherited: not empty; closed where this fails.
    static func adopt(
        _ inherited: [Int32],
        _ configuration: ListenerConfiguration,
        workers: Int,
        from sockets: InheritedSockets
    ) throws(SystemCallError) -> ListeningGroup {
        let bound = SystemCall.localAddress(inherited[0])
        var group = ListeningGroup(descriptors: Array(inherited.prefix(workers)), bound: bound)
        do throws(SystemCallError) {
            for socket in inherited {
                try apply(configuration, to: socket, at: bound)
                sockets.willListen(socket, backlog: configuration.backlog)
            }
            for socket in inherited.dropFirst(workers) {
                group.surplus.append(try copies(of: socket, count: workers))
            }
            let missing = workers - inherited.count
            if missing > 0 {
                group.descriptors += try more(missing, inherited, bound, configuration, sockets)
            }
            if case .unix(let path) = bound, let mode = configuration.unixMode,
                !path.hasPrefix("@"), unsafe chmod(path, mode) != 0
            {
                throw SystemCallError("chmod")
            }
            return group
        } catch {
            for descriptor in group.allDescriptors { _ = Glibc.close(descriptor) }
            for descriptor in inherited.dropFirst(workers + group.surplus.count) {
                _ = Glibc.close(descriptor)
            }
            throw error
        }
    }

    /// The socket itself and copies of it.
    private static func copies(of socket: Int32, count: Int) throws(SystemCallError) -> [Int32] {
        var all = [socket]
        while all.count < count {
            let copy = fcntl(socket, F_DUPFD_CLOEXEC, 0)
            if copy < 0 {
                let error = SystemCallError("fcntl")
                for made in all.dropFirst() { _ = Glibc.close(made) }
                throw error
            }
            all.append(copy)
        }
        return all
    }

    /// Sockets for the workers that have none.
    private static func more(
        _ count: Int,
        _ inherited: [Int32],
        _ bound: SocketAddress,
        _ configuration: ListenerConfiguration,
        _ sockets: InheritedSockets
    ) throws(SystemCallError) -> [Int32] {
        var made: [Int32] = []
        if case .unix = bound { return try shared(count, inherited) }
        for _ in 0..<count {
            do throws(SystemCallError) {
                // A process with one worker has bound its socket without.
                for socket in inherited {
                    try SystemCall.set(socket, level: SOL_SOCKET, option: SO_REUSEPORT, 1)
                }
                made.append(try inet(bound, shared: true, configuration))
            } catch {
                // Another user's socket takes no others into its group: several workers share it.
                return try made + shared(count - made.count, inherited)
            }
        }
        for descriptor in made { sockets.willListen(descriptor, backlog: configuration.backlog) }
        return made
    }

    /// Copies of the sockets there are, one after another.
    private static func shared(
        _ count: Int,
        _ inherited: [Int32]
    ) throws(SystemCallError) -> [Int32] {
        var copies: [Int32] = []
        while copies.count < count {
            let copy = fcntl(inherited[copies.count % inherited.count], F_DUPFD_CLOEXEC, 0)
            if copy < 0 {
                let error = SystemCallError("fcntl")
                for made in copies { _ = Glibc.close(made) }
                throw error
            }
            copies.append(copy)
        }
        return copies
    }
}

import Glibc
package import Model

/// Why a listener could not be bound: what, where and what would help.
package struct BindFailure: Error, CustomStringConvertible {
    package let listener: String
    package let address: SocketAddress
    package let cause: SystemCallError
    /// This process has a socket on the port itself, at another address.
    var isOwnPort = false

    package var description: String {
        let hint =
            switch cause.code {
            case EADDRINUSE where isOwnPort:
                " (this process listens on that port itself, at an address that overlaps: change it "
                    + "in two steps, first without the old address)"
            case EADDRINUSE: " (another process listens there: choose another port, or end it)"
            case EPERM: " (transparent listeners need CAP_NET_ADMIN)"
            case EACCES: " (ports below 1024 need CAP_NET_BIND_SERVICE)"
            case EADDRNOTAVAIL: " (no interface of this machine has that address)"
            case ENOENT: " (the directory of the socket does not exist)"
            default: ""
            }
        return
            "listener \(listener): cannot listen on \(address): \(SystemCallError.text(cause.code))\(hint)"
    }
}

/// Makes listening sockets: one for each worker on the same address, with SO_REUSEPORT, so that the
/// kernel spreads connections and no lock is needed.
enum ListenSocket {
    /// Binds all or none.
    ///
    /// Returns a descriptor for each worker, and the address with its real port.
    static func bind(
        _ configuration: ListenerConfiguration,
        _ address: SocketAddress,
        workers: Int
    ) throws(BindFailure) -> (descriptors: [Int32], bound: SocketAddress) {
        var descriptors: [Int32] = []
        var bound = address
        do throws(SystemCallError) {
            if case .unix(let path) = address {
                let descriptor = try unix(
                    path,
                    mode: configuration.unixMode,
                    backlog: configuration.backlog
                )
                // One socket, watched by every worker: Unix sockets have no SO_REUSEPORT groups.
                descriptors.append(descriptor)
                for _ in 1..<max(1, workers) {
                    let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
                    if copy < 0 { throw SystemCallError("fcntl") }
                    descriptors.append(copy)
                }
                return (descriptors, address)
            }
            // SO_REUSEPORT would let two processes share a port in silence: try without it first.
            if workers > 1, bound.port != 0 {
                let probe = try inet(bound, shared: false, configuration)
                _ = Glibc.close(probe)
            }
            for _ in 0..<max(1, workers) {
                let descriptor = try inet(bound, shared: workers > 1, configuration)
                descriptors.append(descriptor)
                bound = SystemCall.localAddress(descriptor)
            }
            for descriptor in descriptors {
                try SystemCall.listen(descriptor, backlog: configuration.backlog)
            }
            return (descriptors, bound)
        } catch {
            for descriptor in descriptors { _ = Glibc.close(descriptor) }
            throw BindFailure(listener: configuration.name, address: address, cause: error)
        }
    }

    /// One socket for one thread: the process's own pages.
    static func bind(
        name: String,
        _ address: SocketAddress
    ) throws(BindFailure) -> (descriptor: Int32, bound: SocketAddress) {
        do throws(SystemCallError) {
            if case .unix(let path) = address {
                return (try unix(path, mode: 0o600, backlog: 128), address)
            }
            let descriptor = try inet(address, shared: false)
            try SystemCall.listen(descriptor, backlog: 4096)
            return (descriptor, SystemCall.localAddress(descriptor))
        } catch {
            throw BindFailure(listener: name, address: address, cause: error)
        }
    }

    /// Bound, and not listening yet.
    static func inet(
        _ address: SocketAddress,
        shared: Bool,
        _ configuration: ListenerConfiguration? = nil
    ) throws(SystemCallError) -> Int32 {
        let descriptor = try SystemCall.socket(address)
        do throws(SystemCallError) {
            try SystemCall.set(descriptor, level: SOL_SOCKET, option: SO_REUSEADDR, 1)
            if shared { try SystemCall.set(descriptor, level: SOL_SOCKET, option: SO_REUSEPORT, 1) }
            // Accepted sockets inherit it, which saves a system call for each.
            try SystemCall.set(descriptor, level: Int32(IPPROTO_TCP), option: TCP_NODELAY, 1)
            if case .ipv6 = address {
                try SystemCall.set(descriptor, level: Int32(IPPROTO_IPV6), option: IPV6_V6ONLY, 1)
            }
            if let configuration { try apply(configuration, to: descriptor, at: address) }
            try SystemCall.bind(descriptor, to: address)
            return descriptor
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// Lets the socket take connections to addresses that are not this machine's (`transparent`), or
    /// have one that is not there yet (`freebind`).
    static func apply(
        _ configuration: ListenerConfiguration,
        to descriptor: Int32,
        at address: SocketAddress
    ) throws(SystemCallError) {
        // IPV6_TRANSPARENT and IPV6_FREEBIND, which the C library's module does not show.
        let (level, transparent, freebind): (Int32, Int32, Int32) =
            switch address {
            case .ipv4: (Int32(IPPROTO_IP), IP_TRANSPARENT, IP_FREEBIND)
            case .ipv6: (Int32(IPPROTO_IPV6), 75, 78)
            case .unix: (0, 0, 0)
            }
        if case .unix = address { return }
        if configuration.isTransparent {
            try SystemCall.set(descriptor, level: level, option: transparent, 1)
        }
        if configuration.isFreebind {
            try SystemCall.set(descriptor, level: level, option: freebind, 1)
        }
    }

    private static func unix(
        _ path: String,
        mode: UInt32?,
        backlog: Int32
    ) throws(SystemCallError) -> Int32 {
        let address = SocketAddress.unix(path: path)
        if !path.hasPrefix("@") { try removeStale(path) }
        let descriptor = try SystemCall.socket(address)
        do throws(SystemCallError) {
            try SystemCall.bind(descriptor, to: address)
            if let mode, !path.hasPrefix("@"), unsafe chmod(path, mode) != 0 {
                throw SystemCallError("chmod")
            }
            try SystemCall.listen(descriptor, backlog: backlog)
            return descriptor
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// A socket file that nobody listens on is left from a process that is gone.
    private static func removeStale(_ path: String) throws(SystemCallError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemCallError("bind", code: EADDRINUSE)
        }
        let probe = try SystemCall.socket(.unix(path: path))
        defer { _ = Glibc.close(probe) }
        do throws(SystemCallError) {
            _ = try SystemCall.connect(probe, to: .unix(path: path))
        } catch {
            if error.code == ECONNREFUSED { _ = unsafe unlink(path) }
            return
        }
        throw SystemCallError("bind", code: EADDRINUSE)
    }
}

import CLinux
import CompanionKit
import Glibc
import Synchronization

/// A socket that is bound to an address, which others of this process may share.
///
/// A configuration that is loaded anew opens its sources before those of the old one end: both then
/// hold the same socket, and nothing that peers send meanwhile is lost. Two sources of one
/// configuration can't.
final class ListeningSocket: Sendable {
    enum Kind: String, Sendable { case stream, datagram }

    private struct Shared {
        /// The socket itself; each holder has a copy.
        var descriptor: Int32
        var owners: [ObjectIdentifier]
    }

    private static let shared = Mutex<[String: Shared]>([:])

    /// Non-blocking.
    let descriptor: Int32
    /// Where it is bound: the port that the system chose, where 0 was asked for.
    let address: PeerAddress
    private let key: String
    private let owner: ObjectIdentifier
    /// The file of a unix socket, which goes with its last holder.
    private let path: String?
    private let isClosed = Atomic(false)

    /// Binds, and listens where it is a stream.
    ///
    /// - Parameters:
    ///   - host: an address or a name; one that begins with `/` is the path of a unix socket.
    ///   - owner: what is one configuration; the same may not open an address twice.
    /// - Throws: which address it is and what the system said.
    init(
        _ kind: Kind,
        host: String,
        port: Int,
        place: ConfigurationPlace,
        owner: AnyObject
    ) throws(LogConfigurationFailure) {
        let isUnix = host.hasPrefix("/")
        let name = isUnix ? host : PeerAddress(host: host, port: port).description
        let key = isUnix || port != 0 ? "\(kind.rawValue) \(name)" : ""
        let owner = ObjectIdentifier(owner)
        let result = Self.shared.withLock { shared -> Result<Int32, Failure> in
            if let known = shared[key], !key.isEmpty {
                if known.owners.contains(owner) {
                    return .failure(
                        Failure(what: "another source listens there already", hint: nil)
                    )
                }
                let copy = fcntl(known.descriptor, F_DUPFD_CLOEXEC, 0)
                guard copy >= 0 else { return .failure(Failure(code: errno)) }
                shared[key]?.owners.append(owner)
                return .success(copy)
            }
            do throws(Failure) {
                let made =
                    isUnix ? try Self.open(kind, path: host) : try Self.open(kind, host, port)
                if !key.isEmpty {
                    let copy = fcntl(made, F_DUPFD_CLOEXEC, 0)
                    if copy >= 0 { shared[key] = Shared(descriptor: copy, owners: [owner]) }
                }
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let descriptor):
            self.descriptor = descriptor
            self.key = key
            self.owner = owner
            path = isUnix ? host : nil
            address = isUnix ? PeerAddress(host: host, port: 0) : Self.address(of: descriptor)
        case .failure(let failure):
            throw LogConfigurationFailure(
                place: place,
                what: "can't listen at \(name): \(failure.what)",
                hint: failure.hint
            )
        }
    }

    deinit { close() }

    /// Gives the socket up; the last holder's close ends it.
    func close() {
        guard !isClosed.exchange(true, ordering: .relaxed) else { return }
        _ = Glibc.close(descriptor)
        guard !key.isEmpty else { return }
        Self.shared.withLock { shared in
            guard var entry = shared[key] else { return }
            if let index = entry.owners.firstIndex(of: owner) { entry.owners.remove(at: index) }
            guard entry.owners.isEmpty else {
                shared[key] = entry
                return
            }
            shared[key] = nil
            _ = Glibc.close(entry.descriptor)
            if let path { _ = unsafe unlink(path) }
        }
    }

    // MARK: - Binding

    private struct Failure: Error {
        var what: String
        var hint: String?

        init(what: String, hint: String?) {
            self.what = what
            self.hint = hint
        }

        init(code: Int32) {
            what = FileFailure(path: "", call: "", code: code).reason
            hint =
                switch code {
                case EADDRINUSE: "another program listens there; `ss -lntup` names it"
                case EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE"
                case EADDRNOTAVAIL: "this machine has no such address"
                default: nil
                }
        }
    }

    private static func socket(_ kind: Kind, _ family: Int32) -> Int32 {
        kind == .stream ? pillion_socket(family) : pillion_datagram_socket(family)
    }

    private static func open(_ kind: Kind, _ host: String, _ port: Int) throws(Failure) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype =
            kind == .stream ? Int32(SOCK_STREAM.rawValue) : Int32(SOCK_DGRAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard code == 0, let first = unsafe list else {
            throw Failure(what: unsafe String(cString: gai_strerror(code)), hint: nil)
        }
        defer { unsafe freeaddrinfo(list) }
        let descriptor = socket(kind, unsafe first.pointee.ai_family)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var on: Int32 = 1
        if kind == .stream {
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        } else {
            // What comes while records are encoded waits in the kernel, and what finds no room there
            // is counted.
            var room: Int32 = 4 << 20
            unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, 4)
            _ = pillion_count_lost_datagrams(descriptor)
        }
        let bound = unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen)
        guard bound == 0, kind == .datagram || listen(descriptor, 1024) == 0 else {
            let failure = Failure(code: errno)
            _ = Glibc.close(descriptor)
            throw failure
        }
        return descriptor
    }

    private static func open(_ kind: Kind, path: String) throws(Failure) -> Int32 {
        let bytes = Array(path.utf8)
        var address = sockaddr_un()
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure(code: ENAMETOOLONG)
        }
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in bytes.enumerated() { unsafe room[index] = byte }
        }
        let descriptor = socket(kind, AF_UNIX)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        let (bound, code) = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                let length = socklen_t(MemoryLayout<sockaddr_un>.size)
                if unsafe bind(descriptor, pointer, length) == 0 { return (true, Int32(0)) }
                guard errno == EADDRINUSE else { return (false, errno) }
                // The file of a process that is gone is taken over; that of a living one is not.
                let probe = socket(kind, AF_UNIX)
                defer { _ = Glibc.close(probe) }
                guard unsafe connect(probe, pointer, length) != 0, errno == ECONNREFUSED,
                    unsafe unlink(path) == 0
                else { return (false, EADDRINUSE) }
                return (unsafe bind(descriptor, pointer, length) == 0, errno)
            }
        }
        guard bound, kind == .datagram || listen(descriptor, 1024) == 0 else {
            let failure = Failure(code: bound ? errno : code)
            _ = Glibc.close(descriptor)
            throw failure
        }
        return descriptor
    }

    private static func address(of descriptor: Int32) -> PeerAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        return PeerAddress(storage, length: length)
    }
}

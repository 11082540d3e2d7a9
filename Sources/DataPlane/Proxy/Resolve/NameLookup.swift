import CAres
import CLinux
import Glibc
import Model

/// What a lookup of a name found.
enum LookupResult {
    /// Addresses without ports, in the order of RFC 6724; with the shortest TTL in seconds, where
    /// the answer came with one.
    case addresses([SocketAddress], ttlSeconds: Int32?)
    /// The name does not exist or has no address of the wanted family.
    case notFound
    /// No name server answered in time.
    case timedOut
    /// A name server refused, or what came made no sense. The text is c-ares's.
    case failed(String)
}

/// A c-ares channel: asks for names and tells the answers, on the thread that calls `process`.
@safe
final class NameLookup {
    typealias Completion = (LookupResult) -> Void

    private let channel: ares_channel

    private final class Question {
        let family: ClusterConfiguration.DNSFamily
        let completion: Completion
        init(_ family: ClusterConfiguration.DNSFamily, _ completion: @escaping Completion) {
            self.family = family
            self.completion = completion
        }
    }

    init(_ settings: LookupSettings) throws(SystemCallError) {
        _ = ares_library_init(ARES_LIB_INIT_ALL)
        var channel: ares_channel?
        var options = unsafe ares_options()
        unsafe options.timeout = 2_000
        unsafe options.tries = 3
        var mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
        // c-ares without any flags of its own has none of these set.
        var flags: Int32 = 0
        if settings.usesTCP { flags |= ARES_FLAG_USEVC }
        if settings.skipsSearchDomains { flags |= ARES_FLAG_NOSEARCH }
        if flags != 0 {
            unsafe options.flags = flags
            mask |= ARES_OPT_FLAGS
        }
        let status = unsafe ares_init_options(&channel, &options, mask)
        guard status == 0, let channel = unsafe channel else {
            throw SystemCallError("ares_init_options", code: EINVAL)
        }
        unsafe self.channel = channel
        if let servers = settings.servers, unsafe ares_set_servers_ports_csv(channel, servers) != 0
        {
            throw SystemCallError("ares_set_servers_ports_csv", code: EINVAL)
        }
    }

    deinit { unsafe ares_destroy(channel) }

    func ask(
        _ name: String,
        family: ClusterConfiguration.DNSFamily,
        _ completion: @escaping Completion
    ) {
        var hints = ares_addrinfo_hints()
        hints.ai_family =
            switch family {
            case .v4Only: AF_INET
            case .v6Only: AF_INET6
            case .auto, .v4Preferred, .all: AF_UNSPEC
            }
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let question = unsafe Unmanaged.passRetained(Question(family, completion))
        unsafe ares_getaddrinfo(
            channel,
            name,
            nil,
            &hints,
            { argument, status, _, result in
                guard let argument = unsafe argument else { return }
                let question = unsafe Unmanaged<Question>.fromOpaque(argument).takeRetainedValue()
                let answer = unsafe NameLookup.read(status, result, question.family)
                if let result = unsafe result { unsafe ares_freeaddrinfo(result) }
                question.completion(answer)
            },
            question.toOpaque()
        )
    }

    /// Waits for answers to any of the channels, at most so long, or until the descriptor is
    /// readable; then reads them.
    static func process(
        _ lookups: [NameLookup],
        orWakeBy wake: Int32,
        milliseconds: Int32
    ) {
        var polled = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        var owners: [Int] = [-1]
        var timeout = milliseconds
        for (index, lookup) in lookups.enumerated() {
            let before = polled.count
            lookup.addSockets(to: &polled)
            if polled.count == before { continue }
            owners += Array(repeating: index, count: polled.count - before)
            timeout = min(timeout, lookup.timeout(atMost: milliseconds))
        }
        _ = unsafe poll(&polled, nfds_t(polled.count), max(0, timeout))
        if polled[0].revents != 0 {
            var count: UInt64 = 0
            _ = unsafe Glibc.read(wake, &count, 8)
        }
        let bad = ares_socket_t(ARES_SOCKET_BAD)
        for (entry, owner) in zip(polled, owners) where owner >= 0 && entry.revents != 0 {
            let canRead = entry.revents & Int16(POLLIN | POLLERR | POLLHUP) != 0
            let canWrite = entry.revents & Int16(POLLOUT) != 0
            unsafe ares_process_fd(
                lookups[owner].channel,
                canRead ? entry.fd : bad,
                canWrite ? entry.fd : bad
            )
        }
        // A name server that is silent makes no event: each channel looks at its own clock.
        for lookup in lookups { unsafe ares_process_fd(lookup.channel, bad, bad) }
    }

    private func addSockets(to polled: inout [pollfd]) {
        var sockets = [ares_socket_t](repeating: 0, count: 16)
        let bits = unsafe ares_getsock(channel, &sockets, 16)
        for index in 0..<16 {
            var events: Int32 = 0
            if bits & (1 << Int32(index)) != 0 { events |= POLLIN }
            if bits & (1 << Int32(index + 16)) != 0 { events |= POLLOUT }
            if events == 0 { continue }
            polled.append(pollfd(fd: sockets[index], events: Int16(events), revents: 0))
        }
    }

    private func timeout(atMost milliseconds: Int32) -> Int32 {
        var most = timeval(
            tv_sec: Int(milliseconds / 1000),
            tv_usec: Int(milliseconds % 1000) * 1000
        )
        var own = timeval()
        guard let next = unsafe ares_timeout(channel, &most, &own) else { return milliseconds }
        let wanted = unsafe next.pointee.tv_sec * 1000 + next.pointee.tv_usec / 1000
        return min(milliseconds, Int32(clamping: wanted))
    }

    private static func read(
        _ status: Int32,
        _ result: UnsafeMutablePointer<ares_addrinfo>?,
        _ family: ClusterConfiguration.DNSFamily
    ) -> LookupResult {
        switch status {
        case ARES_SUCCESS: break
        case ARES_ENOTFOUND, ARES_ENODATA: return .notFound
        case ARES_ETIMEOUT: return .timedOut
        default:
            guard let text = unsafe ares_strerror(status) else { return .failed("\(status)") }
            return .failed(unsafe String(cString: text))
        }
        var all: [SocketAddress] = []
        var ttl: Int32?
        var node = unsafe result?.pointee.nodes
        while let current = unsafe node {
            if let address = unsafe current.pointee.ai_addr {
                var storage = sockaddr_storage()
                let length = unsafe Int(current.pointee.ai_addrlen)
                unsafe withUnsafeMutableBytes(of: &storage) { raw in
                    unsafe raw.copyMemory(
                        from: UnsafeRawBufferPointer(
                            start: address,
                            count: min(length, raw.count)
                        )
                    )
                }
                let found = SystemCall.read(storage, length: socklen_t(length))
                if !all.contains(found) { all.append(found) }
                let lifetime = unsafe current.pointee.ai_ttl
                if lifetime > 0 { ttl = min(ttl ?? lifetime, lifetime) }
            }
            unsafe node = unsafe current.pointee.ai_next
        }
        let wanted = filtered(all, family)
        return wanted.isEmpty ? .notFound : .addresses(wanted, ttlSeconds: ttl)
    }

    /// AUTO takes IPv6 where there is any, else IPv4, as Envoy does; V4_PREFERRED the other way.
    private static func filtered(
        _ all: [SocketAddress],
        _ family: ClusterConfiguration.DNSFamily
    ) -> [SocketAddress] {
        let v4 = all.filter { if case .ipv4 = $0 { true } else { false } }
        let v6 = all.filter { if case .ipv6 = $0 { true } else { false } }
        switch family {
        case .v4Only: return v4
        case .v6Only: return v6
        case .auto: return v6.isEmpty ? v4 : v6
        case .v4Preferred: return v4.isEmpty ? v6 : v4
        case .all: return all
        }
    }
}

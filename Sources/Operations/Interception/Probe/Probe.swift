import Glibc
import Model

/// Tries the rules with real connections, as the sidecar and as the app would open them.
///
/// It listens where the sidecar will, connects to addresses that are not its own, and looks whether
/// the connections arrive with the address that they were meant for. It blocks until all is well, or
/// the time is up: rules that others install may still be on their way.
package struct Probe {
    private let options: InterceptionOptions
    private let families: [AddressFamily]
    private let port: UInt16
    private let deadline: ContinuousClock.Instant

    /// - Parameter port: what is connected to, unless the options leave it out.
    package init(
        _ options: InterceptionOptions,
        families: [AddressFamily],
        port: UInt16,
        timeout: Duration
    ) {
        self.options = options
        self.families = families
        self.port = port
        deadline = .now + timeout
    }

    /// How a try ended.
    private enum Finding {
        case works(String)
        case untried(String)
    }

    private enum Direction: String { case inbound, outbound }

    /// A line for each direction and family: that it works, or why it was not tried.
    ///
    /// - Throws: where a connection is not intercepted, or none could be tried.
    package func run() throws(InterceptionProblem) -> [String] {
        var lines: [String] = []
        var works = false
        for family in families {
            for direction in [Direction.inbound, .outbound] {
                let name = "\(direction.rawValue) \(family == .ipv4 ? "IPv4" : "IPv6")"
                switch try finding(direction, family) {
                case .works(let how):
                    works = true
                    lines.append("\(name): \(how)")
                case .untried(let why): lines.append("\(name): not tried, \(why)")
                }
            }
        }
        if works { return lines }
        throw InterceptionProblem(
            "no direction could be tried: " + lines.joined(separator: "; "),
            hint: "run the probe as root, or as the sidecar's user"
        )
    }

    private func finding(
        _ direction: Direction,
        _ family: AddressFamily
    ) throws(InterceptionProblem) -> Finding {
        let isTransparent = direction == .inbound && options.mode == .tproxy
        let target: SocketAddress?
        let isProxy = direction == .inbound
        switch direction {
        case .inbound: target = ProbeTarget.inbound(family, options, port: port)
        case .outbound: target = ProbeTarget.outbound(family, options, port: port)
        }
        guard let target else { return .untried("nothing is intercepted") }
        guard let user = user(isProxy: isProxy) else {
            return .untried(
                isProxy
                    ? "it takes the sidecar's user or the right to become it (SETUID)"
                    : "it takes a user and a group that are not left out"
            )
        }
        let listener = try ProbeSocket(family)
        let here = loopback(family)
        // What is handed over as it is may arrive by another address of `lo`.
        let place = isTransparent ? anyAddress(family) : here
        try listener.listen(
            at: place.with(port: isProxy ? options.inboundPort : options.outboundPort),
            transparent: isTransparent
        )
        var failure = "nothing arrived"
        repeat {
            let client = try socket(family, user)
            // Not from the passthrough address: that would go past.
            if isProxy { _ = client.bind(here) }
            let code = client.connect(target)
            if code == ENETUNREACH || code == EHOSTUNREACH || code == EADDRNOTAVAIL {
                return .untried("this host has no way to \(target.host)")
            }
            failure = code == 0 ? "nothing arrived" : errorText(code)
            while let accepted = listener.accept(milliseconds: 200) {
                let found = accepted.originalDestination(transparent: isTransparent)
                if found == target { return .works("\(target) arrives at the sidecar") }
                failure = "it arrives as \(found.map { "\($0)" } ?? "a direct connection")"
            }
        } while ContinuousClock.now < deadline
        throw InterceptionProblem(
            "\(direction.rawValue) connections are not intercepted: \(target): \(failure)",
            hint: "are the rules installed, with the same options?"
        )
    }

    private func loopback(_ family: AddressFamily) -> SocketAddress {
        family == .ipv4
            ? .ipv4(0x7f00_0001, port: 0) : .ipv6(high: 0, low: 1, port: 0, scope: 0)
    }

    private func anyAddress(_ family: AddressFamily) -> SocketAddress {
        family == .ipv4 ? .ipv4(0, port: 0) : .ipv6(high: 0, low: 0, port: 0, scope: 0)
    }

    /// Whose socket has to be tried; nil where this process can't be that user.
    private func user(isProxy: Bool) -> uid_t? {
        let own = geteuid()
        let group = getegid()
        if isProxy {
            if options.proxyUsers.contains(own) { return own }
            guard let user = options.proxyUsers.first, own == 0, become(user) else { return nil }
            _ = become(own)
            return user
        }
        if options.proxyUsers.contains(own) || options.proxyGroups.contains(group) { return nil }
        switch options.groups {
        case .except(let groups): return groups.contains(group) ? nil : own
        case .only(let groups): return groups.contains(group) ? own : nil
        }
    }

    private func socket(
        _ family: AddressFamily,
        _ user: uid_t
    ) throws(InterceptionProblem) -> ProbeSocket {
        let own = geteuid()
        if own == user { return try ProbeSocket(family) }
        guard become(user) else {
            throw InterceptionProblem("the probe can't become user \(user): \(errorText(errno))")
        }
        defer { _ = become(own) }
        return try ProbeSocket(family)
    }

    private func become(_ user: uid_t) -> Bool { seteuid(user) == 0 }
}

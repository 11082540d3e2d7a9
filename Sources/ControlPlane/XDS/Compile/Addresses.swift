internal import Document
internal import Model

/// `envoy.config.core.v3.Address`: IP literals, names where they may be resolved, Unix sockets.
extension Compilation {
    /// What an address is for, which decides what it may be.
    enum AddressUse {
        /// A socket of ours: an IP address or a path.
        case bind
        /// An endpoint of a STATIC cluster.
        case literal
        /// An endpoint of a cluster that asks DNS.
        case resolvable
        /// A name server; port 0 is the usual one.
        case nameServer
        /// Where connections to upstreams come from; port 0 is any.
        case source
    }

    /// The longest path that fits in `sockaddr_un` with its terminator (unix(7)).
    private static let unixPathBytesMax = 107

    /// An address to listen on, and the mode of its file where it is a Unix socket.
    func bindAddress(
        _ address: Envoy_Config_Core_V3_Address,
        _ path: FieldPath
    ) -> (address: SocketAddress, mode: UInt32?)? {
        guard let location = location(address, path, for: .bind) else { return nil }
        guard case .address(let bound) = location else { return nil }
        return (bound, unixMode(address, path))
    }

    /// An address as an endpoint of a cluster or a socket of ours; nil where it was refused.
    func location(
        _ address: Envoy_Config_Core_V3_Address,
        _ path: FieldPath,
        for use: AddressUse
    ) -> EndpointConfiguration.Location? {
        switch address.address {
        case .socketAddress(let socket):
            return socketLocation(socket, path["socket_address"], for: use)
        case .pipe(let pipe):
            return unixLocation(pipe.path, path["pipe"]["path"])
        case nil:
            refuse(path, "has no address", "give it a socket_address or a pipe")
            return nil
        }
    }

    /// An IP address and port; nil where it was refused.
    func ipAddress(
        _ socket: Envoy_Config_Core_V3_SocketAddress,
        _ path: FieldPath,
        for use: AddressUse
    ) -> SocketAddress? {
        guard case .address(let address) = socketLocation(socket, path, for: use) else {
            return nil
        }
        return address
    }

    private func socketLocation(
        _ socket: Envoy_Config_Core_V3_SocketAddress,
        _ path: FieldPath,
        for use: AddressUse
    ) -> EndpointConfiguration.Location? {
        let start = problemCount
        _ = known(socket.protocol, path["protocol"])
        if socket.ipv4Compat {
            refuse(
                path["ipv4_compat"],
                "is not supported yet",
                "leave it out, and give 0.0.0.0 as one of additional_addresses"
            )
        }
        let port = port(socket, path, for: use)
        let host = socket.address
        if host.isEmpty {
            refuse(path["address"], "is empty", "give an IP address, for example 127.0.0.1")
            return nil
        }
        guard let port, problemCount == start else { return nil }
        if let literal = SocketAddress(literal: host, port: port) { return .address(literal) }
        if use == .resolvable, let name = hostName(host, path["address"]) {
            return .name(name, port: port)
        }
        if use != .resolvable {
            let (what, hint) = Self.notALiteral(host, use)
            refuse(path["address"], what, hint)
        }
        return nil
    }

    private func port(
        _ socket: Envoy_Config_Core_V3_SocketAddress,
        _ path: FieldPath,
        for use: AddressUse
    ) -> UInt16? {
        switch socket.portSpecifier {
        case .portValue(let value):
            guard let port = UInt16(exactly: value) else {
                refuse(path["port_value"], "\(value) is not a port", "ports are 0 to 65535")
                return nil
            }
            if port == 0, use == .literal || use == .resolvable {
                refuse(
                    path["port_value"],
                    "nothing can be reached at port 0",
                    "give the port that the endpoint listens on, 1 to 65535"
                )
                return nil
            }
            return port
        case nil:
            refuse(path, "has no port", "give its port_value, for example 8080")
            return nil
        }
    }

    private static func notALiteral(_ host: String, _ use: AddressUse) -> (String, String) {
        let what = "\(quoted(host)) is not an IP address"
        if host.hasPrefix("["), host.hasSuffix("]") {
            return (what, "write an IPv6 address without brackets")
        }
        if host.contains("%") { return (what, "zones are not supported: leave out what follows %") }
        if let colon = host.lastIndex(of: ":"), !host[..<colon].contains(":") {
            return (what, "the port has a field of its own, port_value")
        }
        switch use {
        case .bind:
            return (what, "a listener binds an IP address, for example 127.0.0.1, 0.0.0.0 or ::")
        case .nameServer: return (what, "a name server is given by its IP address")
        case .source: return (what, "give an IP address of this machine")
        case .literal, .resolvable:
            return (what, "a cluster of type STATIC takes IP addresses; for a name use STRICT_DNS")
        }
    }

    /// A name that DNS can be asked for (RFC 1035 section 2.3.4, with underscores).
    private func hostName(_ host: String, _ path: FieldPath) -> String? {
        var bytes = Array(host.utf8)
        if bytes.last == UInt8(ascii: ".") { bytes.removeLast() }
        let labels = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isName =
            bytes.count <= 253
            && labels.allSatisfy { label in
                !label.isEmpty && label.count <= 63
                    && label.allSatisfy {
                        $0.isASCIIDigit || $0.asciiLowercased &- 0x61 < 26
                            || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                    }
            }
        if !isName {
            refuse(
                path,
                "\(quoted(host)) is neither an IP address nor a host name",
                "letters, digits, - and _ between dots, for example app.internal"
            )
            return nil
        }
        return host
    }

    private func unixLocation(
        _ name: String,
        _ path: FieldPath
    ) -> EndpointConfiguration.Location? {
        if name.isEmpty {
            refuse(path, "is empty", "give the path of the socket, for example /run/app.sock")
            return nil
        }
        if name.utf8.count > Self.unixPathBytesMax {
            refuse(
                path,
                "is \(name.utf8.count) bytes long",
                "the system takes up to \(Self.unixPathBytesMax) bytes for a Unix socket"
            )
            return nil
        }
        if name.utf8.contains(0) {
            refuse(path, "contains a NUL byte", "@name is how the abstract namespace is written")
            return nil
        }
        return .address(.unix(path: name))
    }

    private func unixMode(_ address: Envoy_Config_Core_V3_Address, _ path: FieldPath) -> UInt32? {
        guard case .pipe(let pipe) = address.address, pipe.mode != 0 else { return nil }
        let path = path["pipe"]["mode"]
        if pipe.mode > 0o777 {
            refuse(
                path,
                "\(pipe.mode) is not a file mode",
                "modes are 0 to 511 (octal 777), in decimal: 432 is octal 660"
            )
            return nil
        }
        if pipe.path.hasPrefix("@") {
            refuse(path, "an abstract socket has no file, so it has no mode", "leave the mode out")
            return nil
        }
        return pipe.mode
    }
}

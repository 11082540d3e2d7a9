package import Model

/// Writes the header that tells an upstream whose connection it serves.
package enum ProxyProtocolWriter {
    /// A field of version 2 as it is sent.
    package struct TLV: Sendable, Equatable {
        package var type: UInt8
        package var value: [UInt8]

        package init(type: UInt8, value: [UInt8]) {
            self.type = type
            self.value = value
        }
    }

    /// Appends a line of version 1, of at most 107 bytes.
    ///
    /// Addresses of two families are both written as IPv6. `UNKNOWN` stands where one is nil or a
    /// path.
    package static func appendV1(
        source: SocketAddress?,
        destination: SocketAddress?,
        to bytes: inout [UInt8]
    ) {
        guard let (source, destination) = sameFamily(source, destination),
            let sourcePort = source.port, let destinationPort = destination.port
        else {
            bytes.append(contentsOf: "PROXY UNKNOWN\r\n".utf8)
            return
        }
        let family = if case .ipv4 = source { "TCP4" } else { "TCP6" }
        let hosts = "\(source.host) \(destination.host)"
        bytes.append(
            contentsOf: "PROXY \(family) \(hosts) \(sourcePort) \(destinationPort)\r\n".utf8
        )
    }

    /// Appends a header of version 2; false, and nothing appended, where the fields are too long.
    ///
    /// Addresses of two families are both written as IPv6. Where one is nil or a path, the header
    /// says `LOCAL` and has no fields.
    package static func appendV2(
        source: SocketAddress?,
        destination: SocketAddress?,
        tlvs: [TLV] = [],
        to bytes: inout [UInt8]
    ) -> Bool {
        guard let (source, destination) = sameFamily(source, destination),
            let sourcePort = source.port, let destinationPort = destination.port
        else {
            bytes.append(contentsOf: ProxyProtocolParser.signature2)
            bytes.append(contentsOf: [0x20, 0, 0, 0])
            return true
        }
        let isV4 = if case .ipv4 = source { true } else { false }
        var length = isV4 ? 12 : 36
        for tlv in tlvs {
            length += 3 + tlv.value.count
            if length > 65_535 { return false }
        }
        bytes.reserveCapacity(bytes.count + 16 + length)
        bytes.append(contentsOf: ProxyProtocolParser.signature2)
        bytes.append(0x21)
        bytes.append(isV4 ? 0x11 : 0x21)
        append(UInt64(length), count: 2, to: &bytes)
        append(source, to: &bytes)
        append(destination, to: &bytes)
        append(UInt64(sourcePort), count: 2, to: &bytes)
        append(UInt64(destinationPort), count: 2, to: &bytes)
        for tlv in tlvs {
            bytes.append(tlv.type)
            append(UInt64(tlv.value.count), count: 2, to: &bytes)
            bytes.append(contentsOf: tlv.value)
        }
        return true
    }

    private static func append(_ value: UInt64, count: Int, to bytes: inout [UInt8]) {
        for index in 1...count {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * (count - index))))
        }
    }

    private static func append(_ address: SocketAddress, to bytes: inout [UInt8]) {
        switch address {
        case .ipv4(let value, _): append(UInt64(value), count: 4, to: &bytes)
        case .ipv6(let high, let low, _, _):
            append(high, count: 8, to: &bytes)
            append(low, count: 8, to: &bytes)
        case .unix: break
        }
    }

    private static func sameFamily(
        _ source: SocketAddress?,
        _ destination: SocketAddress?
    ) -> (SocketAddress, SocketAddress)? {
        guard let source, let destination else { return nil }
        switch (source, destination) {
        case (.unix, _), (_, .unix): return nil
        case (.ipv4, .ipv4), (.ipv6, .ipv6): return (source, destination)
        default: return (mapped(source), mapped(destination))
        }
    }

    private static func mapped(_ address: SocketAddress) -> SocketAddress {
        guard case .ipv4(let value, let port) = address else { return address }
        return .ipv6(high: 0, low: 0xffff_0000_0000 | UInt64(value), port: port, scope: 0)
    }
}

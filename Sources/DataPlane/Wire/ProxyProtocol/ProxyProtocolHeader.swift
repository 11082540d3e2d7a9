package import Model

/// The addresses of a connection as the proxy before us saw them.
///
/// Source: the PROXY protocol's specification, versions 1 and 2.
package struct ProxyProtocolHeader: Sendable, Equatable {
    package enum Version: UInt8, Sendable { case v1 = 1, v2 = 2 }

    package var version: Version
    /// The connection is the sender's own (`LOCAL`, or `UNKNOWN` in version 1): its real addresses
    /// count, and `source` and `destination` are nil.
    package var isLocal: Bool
    package var source: SocketAddress?
    package var destination: SocketAddress?
    /// Where in the bytes the fields of type, length and value are; empty where there are none, in
    /// version 1, and for a local connection.
    package var tlvs: Range<Int>
    /// How many bytes the header has; the connection's data follows.
    package var consumed: Int

    package init(
        version: Version,
        isLocal: Bool,
        source: SocketAddress? = nil,
        destination: SocketAddress? = nil,
        tlvs: Range<Int>,
        consumed: Int
    ) {
        self.version = version
        self.isLocal = isLocal
        self.source = source
        self.destination = destination
        self.tlvs = tlvs
        self.consumed = consumed
    }
}

/// What is known of the start of a connection.
package enum ProxyProtocolResult: Sendable, Equatable {
    /// So far a header; more bytes are needed.
    case more
    case header(ProxyProtocolHeader)
    /// The bytes begin with the signature of neither version.
    case none
    case malformed(ProxyProtocolFailure)
}

/// Why bytes that begin with a signature are no header.
package enum ProxyProtocolFailure: Error, Sendable, Equatable {
    /// No end of line within the 107 bytes of version 1.
    case lineTooLong
    /// A line of version 1 with other words than it must have.
    case line
    case address
    case port
    /// An address that no TCP connection has: unspecified, multicast or broadcast.
    case notUnicast
    /// Version 2 is the only binary one.
    case version
    case command
    /// IPv4 and IPv6 only, in PROXY commands.
    case family
    case transport
    /// Shorter than the addresses that it must hold.
    case length
    case tlv
    case checksum
}

/// Goes through the fields of type, length and value of a header of version 2.
///
/// The types: 0x01 ALPN, 0x02 authority, 0x03 CRC-32C, 0x04 no operation, 0x05 unique id, 0x20 SSL,
/// 0x30 network namespace; 0xe0 to 0xef are free for use.
package struct ProxyProtocolTLVs: ~Escapable {
    private let bytes: Span<UInt8>
    private var position = 0
    /// A field reached beyond the end.
    package private(set) var isMalformed = false

    package struct Field: Sendable, Equatable {
        package var type: UInt8
        /// Within the bytes that the fields were made of.
        package var value: Range<Int>
    }

    /// - Parameter bytes: those of a header's `tlvs`.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// The next field; nil at the end and where the rest is malformed.
    @_lifetime(self: copy self)
    package mutating func next() -> Field? {
        if position == bytes.count || isMalformed { return nil }
        guard bytes.count - position >= 3 else {
            isMalformed = true
            return nil
        }
        let type = bytes[position]
        let length = Int(bytes[position + 1]) << 8 | Int(bytes[position + 2])
        let start = position + 3
        guard length <= bytes.count - start else {
            isMalformed = true
            return nil
        }
        position = start + length
        return Field(type: type, value: start..<position)
    }
}

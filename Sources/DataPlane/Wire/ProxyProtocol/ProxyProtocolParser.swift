import Model

/// Reads the header that a proxy sends before the data of a connection.
///
/// The caller gives everything that it received so far, again with each arrival, and drops
/// `consumed` bytes once there is a header. What is accepted is what Envoy's `proxy_protocol`
/// listener filter accepts: datagrams count as streams, Unix sockets and unknown families are
/// refused. Beyond that filter, a checksum that is there must be right, and a line of version 1 has
/// no more than 107 bytes and no ports with leading zeros, as the specification says.
package enum ProxyProtocolParser {
    /// The longest header: 16 bytes and a length of 16 bits.
    package static let maxBytes = 16 + 65_535

    static let signature2: [UInt8] = [
        0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
    ]
    private static let signature1: [UInt8] = Array("PROXY ".utf8)
    private static let lineBytesMax = 107

    package static func parse(_ bytes: Span<UInt8>) -> ProxyProtocolResult {
        if bytes.isEmpty { return .more }
        let isBinary = bytes[0] == 0x0d
        let signature = isBinary ? signature2 : signature1
        let known = min(bytes.count, signature.count)
        guard signature.span.extracting(first: known).equals(bytes.extracting(first: known)) else {
            return .none
        }
        if known < signature.count { return .more }
        do throws(ProxyProtocolFailure) {
            let header = isBinary ? try binary(bytes) : try line(bytes)
            if let header { return .header(header) }
            return .more
        } catch {
            return .malformed(error)
        }
    }

    // MARK: - Version 1

    private static func line(
        _ bytes: Span<UInt8>
    ) throws(ProxyProtocolFailure) -> ProxyProtocolHeader? {
        let limit = min(bytes.count, lineBytesMax)
        var end = signature1.count
        while end < limit, bytes[end] != 0x0a || bytes[end - 1] != 0x0d { end += 1 }
        if end == limit {
            if bytes.count >= lineBytesMax { throw .lineTooLong }
            return nil
        }
        let words = split(bytes.extracting(0..<(end - 1)))
        guard words.count >= 2 else { throw .line }
        var header = ProxyProtocolHeader(
            version: .v1,
            isLocal: true,
            tlvs: 0..<0,
            consumed: end + 1
        )
        // Whatever follows the word is of no meaning.
        if words[1] == "UNKNOWN" { return header }
        guard words[1] == "TCP4" || words[1] == "TCP6", words.count == 6 else { throw .line }
        let isV4 = words[1] == "TCP4"
        header.isLocal = false
        header.source = try address(words[2], port: words[4], isV4: isV4)
        header.destination = try address(words[3], port: words[5], isV4: isV4)
        return header
    }

    /// The words between single spaces; empty ones are words too.
    private static func split(_ line: Span<UInt8>) -> [ByteString] {
        var words: [ByteString] = []
        var start = 0
        while start <= line.count {
            let end = line.firstIndex(of: 0x20, from: start) ?? line.count
            words.append(ByteString(copying: line.extracting(start..<end)))
            start = end + 1
        }
        // Spaces before the end of the line say nothing.
        while words.last?.isEmpty == true { words.removeLast() }
        return words
    }

    private static func address(
        _ host: ByteString,
        port: ByteString,
        isV4: Bool
    ) throws(ProxyProtocolFailure) -> SocketAddress {
        let digits = port.bytes
        guard let number = digits.span.decimal(limit: 65_535),
            digits.count == 1 || digits[0] != 0x30
        else { throw .port }
        // Only ASCII is decoded to itself, and only ASCII is an address.
        guard
            let address = SocketAddress(literal: host.description, port: UInt16(number))
        else { throw .address }
        switch address {
        case .ipv4 where isV4: break
        case .ipv6 where !isV4: break
        default: throw .address
        }
        guard address.isUnicast else { throw .notUnicast }
        return address
    }

    // MARK: - Version 2

    private static func binary(
        _ bytes: Span<UInt8>
    ) throws(ProxyProtocolFailure) -> ProxyProtocolHeader? {
        if bytes.count > 12, bytes[12] >> 4 != 2 { throw .version }
        guard bytes.count >= 16 else { return nil }
        let command = bytes[12] & 15
        guard command <= 1 else { throw .command }
        let end = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
        var header = ProxyProtocolHeader(
            version: .v2,
            isLocal: true,
            tlvs: 16..<16,
            consumed: end
        )
        if command == 0 { return bytes.count < end ? nil : header }
        let addressCount: Int
        switch bytes[13] >> 4 {
        case 1: addressCount = 12
        case 2: addressCount = 36
        default: throw .family
        }
        guard bytes[13] & 15 == 1 || bytes[13] & 15 == 2 else { throw .transport }
        guard end - 16 >= addressCount else { throw .length }
        guard bytes.count >= end else { return nil }
        let whole = bytes.extracting(0..<end)
        let isV4 = addressCount == 12
        let source = address(whole, at: 16, port: isV4 ? 24 : 48, isV4: isV4)
        let destination = address(whole, at: isV4 ? 20 : 32, port: isV4 ? 26 : 50, isV4: isV4)
        guard source.isUnicast, destination.isUnicast else { throw .notUnicast }
        header.isLocal = false
        header.source = source
        header.destination = destination
        header.tlvs = (16 + addressCount)..<end
        try check(header.tlvs, of: whole)
        return header
    }

    private static func address(
        _ bytes: Span<UInt8>,
        at start: Int,
        port: Int,
        isV4: Bool
    ) -> SocketAddress {
        let port = UInt16(truncatingIfNeeded: integer(bytes, at: port, count: 2))
        if isV4 {
            let address = UInt32(truncatingIfNeeded: integer(bytes, at: start, count: 4))
            return .ipv4(address, port: port)
        }
        return .ipv6(
            high: integer(bytes, at: start, count: 8),
            low: integer(bytes, at: start + 8, count: 8),
            port: port,
            scope: 0
        )
    }

    private static func integer(_ bytes: Span<UInt8>, at start: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in start..<(start + count) { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    private static func check(
        _ tlvs: Range<Int>,
        of header: Span<UInt8>
    ) throws(ProxyProtocolFailure) {
        var fields = ProxyProtocolTLVs(header.extracting(tlvs))
        var hasChecksum = false
        while let field = fields.next() {
            guard field.type == 0x03 else { continue }
            // A second one would make the first wrong, and each costs a pass over the header.
            guard field.value.count == 4, !hasChecksum else { throw .checksum }
            hasChecksum = true
            let start = tlvs.lowerBound + field.value.lowerBound
            let expected = UInt32(truncatingIfNeeded: integer(header, at: start, count: 4))
            guard CRC32C.checksum(header, zeroed: start..<(start + 4)) == expected else {
                throw .checksum
            }
        }
        if fields.isMalformed { throw .tlv }
    }
}

extension SocketAddress {
    /// Whether one host can have the address.
    fileprivate var isUnicast: Bool {
        switch self {
        case .ipv4(let address, _):
            address != 0 && address != .max && address >> 28 != 0xe
        case .ipv6(let high, let low, _, _):
            (high != 0 || low != 0) && high >> 56 != 0xff
        case .unix: false
        }
    }
}

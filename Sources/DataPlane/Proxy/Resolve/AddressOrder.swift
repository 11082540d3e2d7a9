import Model

/// The order in which the addresses of one name are tried (RFC 8305 section 4, as
/// `HappyEyeballsConfig` has it).
enum AddressOrder {
    /// Families take turns: so many of the first address's family, then one of the other.
    ///
    /// Within a family the order stays. With `prefersIPv4` the first family is IPv4 where there is
    /// any, whatever the first address is.
    static func interleaved(
        _ addresses: [SocketAddress],
        firstFamilyCount: UInt32,
        prefersIPv4: Bool
    ) -> [SocketAddress] {
        guard let first = addresses.first, addresses.count > 1 else { return addresses }
        let v4 = addresses.filter(isIPv4)
        let v6 = addresses.filter { !isIPv4($0) }
        if v4.isEmpty || v6.isEmpty { return addresses }
        let startsWithV4 = prefersIPv4 || isIPv4(first)
        let leading = startsWithV4 ? v4 : v6
        let other = startsWithV4 ? v6 : v4
        let step = Int(max(1, firstFamilyCount))
        var ordered: [SocketAddress] = []
        ordered.reserveCapacity(addresses.count)
        var leadingIndex = 0
        var otherIndex = 0
        while leadingIndex < leading.count || otherIndex < other.count {
            let end = min(leading.count, leadingIndex + step)
            ordered += leading[leadingIndex..<end]
            leadingIndex = end
            if otherIndex < other.count {
                ordered.append(other[otherIndex])
                otherIndex += 1
            }
        }
        return ordered
    }

    private static func isIPv4(_ address: SocketAddress) -> Bool {
        if case .ipv4 = address { true } else { false }
    }
}

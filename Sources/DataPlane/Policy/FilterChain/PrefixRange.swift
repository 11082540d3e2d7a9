import Model

/// An IP address as two words, to be compared with ranges without copying bytes.
struct AddressWords: Equatable {
    var isV4: Bool
    var high: UInt64
    var low: UInt64

    /// A path counts as 255.255.255.255, as in Envoy: ranges of length zero hold it.
    init(_ address: SocketAddress) {
        switch address {
        case .ipv4(let value, _): self.init(isV4: true, high: UInt64(value) << 32, low: 0)
        case .ipv6(let high, let low, _, _): self.init(isV4: false, high: high, low: low)
        case .unix: self.init(isV4: true, high: UInt64(UInt32.max) << 32, low: 0)
        }
    }

    init(isV4: Bool, high: UInt64, low: UInt64) {
        self.isV4 = isV4
        self.high = high
        self.low = low
    }
}

/// An `AddressRange` as words.
struct PrefixRange: Sendable, Hashable {
    let isV4: Bool
    let length: Int
    /// The bits of the prefix; all others are zero.
    private let high: UInt64
    private let low: UInt64

    init(_ range: AddressRange) {
        isV4 = range.prefix.count == 4
        length = Int(range.length)
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<range.prefix.count {
            let byte = UInt64(range.prefix[index])
            if index < 8 {
                words.0 |= byte << UInt64(56 - 8 * index)
            } else {
                words.1 |= byte << UInt64(120 - 8 * index)
            }
        }
        high = words.0 & Self.mask(length)
        low = words.1 & Self.mask(length - 64)
    }

    func contains(_ address: AddressWords) -> Bool {
        address.isV4 == isV4 && address.high & Self.mask(length) == high
            && address.low & Self.mask(length - 64) == low
    }

    /// A word whose first `length` bits are set, at most all.
    private static func mask(_ length: Int) -> UInt64 {
        length <= 0 ? 0 : length >= 64 ? .max : ~(UInt64.max >> UInt64(length))
    }
}

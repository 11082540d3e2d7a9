import Model

/// Whether a name is one that a certificate's DNS name stands for, as Envoy compares them.
///
/// ASCII case is ignored. A star stands for a part or the whole of the left-most label, which must
/// not be an A-label; what follows the first dot must be equal, and there must be a dot.
enum DNSNameMatch {
    static func matches(name: [UInt8], pattern: [UInt8]) -> Bool {
        let name = name.map(\.asciiLowercased)
        let pattern = pattern.map(\.asciiLowercased)
        if name == pattern { return true }
        guard let nameDot = name.firstIndex(of: dot), let dot = pattern.firstIndex(of: dot) else {
            return false
        }
        let label = pattern[..<dot]
        let rest = pattern[(dot + 1)...]
        guard label.contains(star), !rest.contains(star), !label.starts(with: ace) else {
            return false
        }
        return rest == name[(nameDot + 1)...] && labelMatches(name[..<nameDot], label)
    }

    private static func labelMatches(
        _ label: ArraySlice<UInt8>,
        _ pattern: ArraySlice<UInt8>
    ) -> Bool {
        if pattern.count == 1 { return true }
        guard let position = pattern.firstIndex(of: star),
            pattern[(position + 1)...].firstIndex(of: star) == nil
        else { return false }
        return pattern.count <= label.count + 1 && label.starts(with: pattern[..<position])
            && label.suffix(pattern.endIndex - position - 1) == pattern[(position + 1)...]
    }

    private static let dot = UInt8(ascii: ".")
    private static let star = UInt8(ascii: "*")
    private static let ace = Array("xn--".utf8)
}

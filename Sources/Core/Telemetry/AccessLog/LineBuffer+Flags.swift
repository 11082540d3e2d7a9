import Model

extension ResponseFlags {
    /// Appends the names as `shortNames` and `longNames` have them, without an allocation.
    func append(to line: LineBuffer, long: Bool) {
        if isEmpty { return line.append(byte: 0x2d) }
        var bits = rawValue
        var isFirst = true
        while bits != 0 {
            let position = bits.trailingZeroBitCount
            bits &= bits - 1
            guard position < ResponseFlags.names.count else { continue }
            if !isFirst { line.append(byte: 0x2c) }
            isFirst = false
            line.append(
                long ? ResponseFlags.names[position].long : ResponseFlags.names[position].short
            )
        }
    }
}

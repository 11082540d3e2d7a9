import Model

/// One look at a path that tells whether any option could change it.
enum PathScan {
    /// Where the path ends: at the first question mark.
    @inline(__always)
    static func end(of target: Span<UInt8>) -> Int {
        target.firstPosition(of: 0x3f, from: 0) ?? target.count
    }

    /// Whether no option could change a path that begins with a slash.
    ///
    /// It has no escape, no backslash, no byte to be escaped, and neither a dot nor a slash after a
    /// slash, as most paths.
    @inline(__always)
    static func isPlain(_ path: Span<UInt8>, to end: Int) -> Bool {
        var index = 0
        var afterSlash = false
        while index < end {
            let byte = unsafe path[unchecked: index]
            if needsAttention.contains(byte) { return false }
            let isSlash = byte == 0x2f
            if afterSlash && (isSlash || byte == 0x2e) { return false }
            afterSlash = isSlash
            index &+= 1
        }
        return true
    }

    /// `%`, `\` and what must be escaped.
    private static var needsAttention: ByteSet {
        @inline(__always) get { ByteSet(low: 0x5000_0024_0000_0000, high: 0x2800_0001_1000_0000) }
    }

    /// `"`, `<`, `>`, `` ` ``, `{`, `}`: not allowed in a path, but sent; written escaped.
    static var needsEscape: ByteSet {
        @inline(__always) get { ByteSet(low: 0x5000_0004_0000_0000, high: 0x2800_0001_0000_0000) }
    }
}

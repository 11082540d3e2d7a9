/// What a peer may make us hold for one message head.
package struct HeadLimits: Equatable, Sendable {
    /// The largest head in bytes, from the first byte to the blank line included.
    package var headBytesMax: Int
    /// The largest number of field lines.
    package var headerCountMax: Int

    /// The defaults are Envoy's: 60 KiB and 100 lines.
    package init(headBytesMax: Int = 61_440, headerCountMax: Int = 100) {
        self.headBytesMax = headBytesMax
        self.headerCountMax = headerCountMax
    }
}

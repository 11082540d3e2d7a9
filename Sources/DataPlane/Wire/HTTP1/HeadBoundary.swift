import Model

/// Finds the end of a head that arrives in pieces, in one pass over its bytes.
///
/// Parsing starts from the first byte each time, so a peer that sends a head byte by byte would
/// cost a square. A connection therefore parses once at the first arrival, and again only when this
/// says so. It looks for an empty line and nothing else: it is true for heads that the parser will
/// refuse, such as those with bare line feeds, and true at the size limit.
package struct HeadBoundary: Sendable {
    private let headBytesMax: Int
    /// Everything before has been looked at.
    private var position = 0
    /// Where the line at `position` starts.
    private var lineStart = 0
    private var isFound = false

    /// - Parameter headBytesMax: from this many bytes on it is true, so that the parser refuses.
    package init(headBytesMax: Int = HeadLimits().headBytesMax) {
        self.headBytesMax = headBytesMax
    }

    /// Starts over, for the next message.
    package mutating func reset() { self = HeadBoundary(headBytesMax: headBytesMax) }

    /// Whether the head is complete in `bytes`, which begin with the first byte of the message and
    /// only grow between calls.
    package mutating func isComplete(_ bytes: Span<UInt8>) -> Bool {
        if isFound { return true }
        while position < bytes.count, let feed = bytes.firstPosition(of: 0x0a, from: position) {
            let length = feed - lineStart
            let isEmpty = length == 0 || length == 1 && bytes[lineStart] == 0x0d
            // One empty line before the start line is skipped (RFC 9112 section 2.2).
            let isLeading = lineStart == 0
            lineStart = feed + 1
            position = feed + 1
            if isEmpty && !isLeading {
                isFound = true
                return true
            }
        }
        position = max(position, bytes.count)
        if bytes.count >= headBytesMax { isFound = true }
        return isFound
    }
}

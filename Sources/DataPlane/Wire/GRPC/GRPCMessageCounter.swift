/// Counts the messages of a gRPC stream for the statistics, without copying or keeping any byte.
package struct GRPCMessageCounter: Sendable, Equatable {
    private var framing = GRPCFraming()
    /// Messages whose first byte was seen: what Envoy's statistics count.
    package private(set) var count: UInt64 = 0

    package init() {}

    /// Whether the stream stops between two messages.
    package var isBetweenMessages: Bool { framing.isBetweenMessages }

    /// Takes the next bytes, which may begin and end anywhere; the number of messages they begin.
    @discardableResult
    package mutating func consume(_ bytes: Span<UInt8>) -> UInt64 {
        var position = 0
        var begun: UInt64 = 0
        while position < bytes.count {
            let step = framing.next(in: bytes, from: position)
            if step.begins { begun += 1 }
            position = step.end
        }
        count &+= begun
        return begun
    }
}

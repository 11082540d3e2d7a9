/// Follows the length-prefixed messages of a gRPC stream that is split anywhere.
///
/// Source: gRPC over HTTP/2, "Length-Prefixed-Message": a byte of flags, four of length, the
/// message.
struct GRPCFraming: Sendable, Equatable {
    /// How many bytes of the prefix were read, and 0 between messages.
    private var prefixCount: UInt8 = 0
    /// The length while its bytes arrive, then what is left of the message.
    private var remaining: UInt32 = 0

    /// What the next bytes are.
    struct Step: Equatable {
        /// The first position that was not looked at.
        var end: Int
        /// The first byte of a message is among them.
        var begins: Bool
        /// The last byte before `end` is the last of a message.
        var ends: Bool
    }

    /// Whether the stream stops between two messages.
    var isBetweenMessages: Bool { prefixCount == 0 }

    /// Goes on to the end of the message that is being read, or of the bytes.
    mutating func next(in bytes: Span<UInt8>, from start: Int) -> Step {
        var step = Step(end: start, begins: false, ends: false)
        while prefixCount < 5, step.end < bytes.count {
            if prefixCount == 0 {
                step.begins = true
            } else {
                remaining = remaining << 8 | UInt32(bytes[step.end])
            }
            prefixCount += 1
            step.end += 1
        }
        if prefixCount < 5 { return step }
        let count = min(bytes.count - step.end, Int(remaining))
        step.end += count
        remaining -= UInt32(truncatingIfNeeded: count)
        if remaining == 0 {
            prefixCount = 0
            step.ends = true
        }
        return step
    }
}

/// Keeps a flood of refused connections from flooding the log.
struct RefusalLimit {
    /// Lines in one span of time.
    private static let countMax = 20
    private static let spanMilliseconds: Int64 = 10_000

    private var begunAt = Int64.min
    private var count = 0
    private var suppressed = 0

    /// The line to be written, or nil where there have been enough.
    mutating func admit(_ message: String, now: Int64) -> String? {
        if begunAt == .min || now - begunAt >= Self.spanMilliseconds {
            begunAt = now
            count = 0
            if suppressed > 0 {
                defer { suppressed = 0 }
                count = 1
                return "\(message) (\(suppressed) more such lines were left out before)"
            }
        }
        count += 1
        if count > Self.countMax {
            suppressed += 1
            return nil
        }
        return message
    }
}

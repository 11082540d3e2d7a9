/// How many bytes a peer may send on one stream, and when it is told of more (RFC 9113 section 6.9).
///
/// The window begins small, so that many streams that nobody reads cost little. It grows only where
/// what comes is taken at once: a stream that is stopped now and then has enough on its way as it is.
struct ReceiveWindow {
    /// Bytes that the peer may send yet.
    private(set) var left = 0
    /// What the window is filled up to.
    private(set) var target = 0

    /// What a window may grow to.
    static let growthMax = 1 << 20

    init(_ size: Int = 0) {
        left = size
        target = size
    }

    /// Counts bytes that came; false where they are more than the peer was told of.
    mutating func receive(_ count: Int) -> Bool {
        left -= count
        return left >= 0
    }

    /// The bytes to tell the peer of, in steps of half a window; nil where it has enough yet.
    ///
    /// - Parameter grows: The bytes were taken as they came, and the configuration leaves the size to
    ///   us.
    mutating func refill(grows: Bool) -> Int? {
        guard (target - left) * 2 >= target else { return nil }
        if grows, target < Self.growthMax { target = min(target * 2, Self.growthMax) }
        let increment = target - left
        left = target
        return increment
    }
}

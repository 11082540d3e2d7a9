/// A point in time that several waits share.
package struct Deadline: Sendable {
    private let end: ContinuousClock.Instant

    package init(milliseconds: Int64) { end = .now.advanced(by: .milliseconds(milliseconds)) }

    /// Milliseconds that are left, 0 where it is over.
    package var left: Int64 {
        let parts = ContinuousClock.now.duration(to: end).components
        guard parts.seconds >= 0, parts.attoseconds >= 0 else { return 0 }
        let part = parts.attoseconds / 1_000_000_000_000_000
        return parts.seconds * 1000 + part + (parts.seconds == 0 && part == 0 ? 1 : 0)
    }

    /// The end of the first of so many equal parts of what is left; a second at least, but no later.
    package func share(of parts: Int) -> Deadline {
        guard parts > 1 else { return self }
        let left = self.left
        return Deadline(milliseconds: min(left, max(left / Int64(parts), 1000)))
    }

    package var isOver: Bool { ContinuousClock.now >= end }
}

/// How long to wait before the next attempt: full jitter between nothing and a wait that grows.
///
/// Full jitter spreads the attempts of a fleet, so that a backend that comes back is not met by all of
/// them at once.
package struct Backoff: Sendable {
    /// Milliseconds.
    package var first: Int64
    package var max: Int64
    package var base: Double
    private var attempts = 0

    package init(first: Int64, max: Int64, base: Double = 2) {
        self.first = first
        self.max = max
        self.base = base
    }

    /// The upper bound of the wait after so many failed attempts (1 for the first), in milliseconds.
    package func bound(after attempts: Int) -> Int64 {
        var bound = Double(first)
        var left = attempts - 1
        while left > 0, bound < Double(max) {
            bound *= base
            left -= 1
        }
        return Int64(Swift.min(bound, Double(max)))
    }

    /// The wait before the next attempt, in milliseconds; counts the failed one.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Int64 {
        attempts += 1
        return Int64.random(in: 0...Swift.max(bound(after: attempts), 1), using: &generator)
    }

    /// Forgets the failures.
    package mutating func reset() { attempts = 0 }
}

import Glibc

/// The moving average of an endpoint's response times, which follows a rise at once and forgets it
/// over time: the cost of `peak_ewma`.
struct PeakLatency {
    private var milliseconds: Double = 0
    /// Milliseconds of the loop's clock; 0: nothing was measured yet.
    private var measuredAt: Int64 = 0

    /// Takes a measured response time into account.
    mutating func record(_ sample: Double, now: Int64, decayMilliseconds: Int64) {
        if measuredAt == 0 || sample >= milliseconds {
            milliseconds = sample
        } else {
            let weight = Self.weight(now - measuredAt, decayMilliseconds)
            milliseconds = milliseconds * weight + sample * (1 - weight)
        }
        measuredAt = max(now, 1)
    }

    /// The cost of one more request there.
    ///
    /// - Parameter defaultMilliseconds: what an endpoint counts that was never asked.
    func cost(
        activeRequests: Int,
        now: Int64,
        decayMilliseconds: Int64,
        defaultMilliseconds: Int64
    ) -> Double {
        let pressure = Double(activeRequests + 1)
        guard measuredAt != 0 else { return Double(defaultMilliseconds) * pressure }
        // A peak that nobody confirms fades, so that the endpoint is tried again.
        return milliseconds * Self.weight(now - measuredAt, decayMilliseconds) * pressure
    }

    private static func weight(_ elapsed: Int64, _ decay: Int64) -> Double {
        exp(-Double(max(0, elapsed)) / Double(max(1, decay)))
    }
}

import Model

extension SlowStart {
    /// The share of its weight that an endpoint has this long after it became usable:
    /// max(min weight, (time / window) ^ (1 / aggression)), and 1 after the window.
    func share(afterMilliseconds time: Int64) -> Double {
        guard time < windowMilliseconds else { return 1 }
        let fraction = Double(max(1, time)) / Double(windowMilliseconds)
        // Envoy takes an aggression that makes no sense as 1.
        let grown = aggression > 0 && aggression != 1 ? fraction.power(1 / aggression) : fraction
        return max(grown, minWeightPercent / 100)
    }
}

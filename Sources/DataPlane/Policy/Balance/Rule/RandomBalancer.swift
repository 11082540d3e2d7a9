/// Any endpoint with the same probability; weights do not count, as in Envoy's `RANDOM`.
package struct RandomBalancer: Sendable {
    private let count: Int

    package init(count: Int) { self.count = count }

    /// The chosen endpoint's position; nil where there is none.
    package func pick(random: inout Xoshiro256) -> Int? {
        count > 0 ? random.below(count) : nil
    }
}

/// The cheaper of two different endpoints that are drawn at random: the rule of Peak EWMA.
package struct TwoChoicesBalancer: Sendable {
    private let count: Int

    package init(count: Int) { self.count = count }

    /// The chosen endpoint's position; nil where there is none.
    ///
    /// - Parameter cost: of the endpoint at a position; equal costs are decided at random.
    package func pick(random: inout Xoshiro256, cost: (Int) -> Double) -> Int? {
        guard count > 1 else { return count == 1 ? 0 : nil }
        let first = random.below(count)
        var second = random.below(count - 1)
        if second >= first { second += 1 }
        let firstCost = cost(first)
        let secondCost = cost(second)
        // The order of the two is random already.
        return secondCost < firstCost ? second : first
    }
}

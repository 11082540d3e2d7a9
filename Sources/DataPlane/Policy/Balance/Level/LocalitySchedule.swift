/// Shares the requests of a priority out over its localities, by their weights
/// (`LocalityWeightedLbConfig`).
///
/// A locality's weight counts as far as its endpoints are available:
/// weight × min(1, overprovisioning factor × share of available ones).
struct LocalitySchedule {
    private var schedule: DeadlineSchedule
    private let numbers: [Int]
    private let weights: [Double]

    /// nil where no locality has both a weight and an endpoint that can be used.
    ///
    /// - Parameters:
    ///   - usable: by locality: endpoints that can be used.
    ///   - considered: by locality: endpoints that are not excluded.
    ///   - factor: percent (`overprovisioning_factor`).
    init?(
        weights localityWeights: [UInt32],
        usable: [Int],
        considered: [Int],
        overprovisioning factor: UInt32,
        random: inout Xoshiro256
    ) {
        var numbers: [Int] = []
        var weights: [Double] = []
        for number in localityWeights.indices where considered[number] > 0 {
            let share = Double(usable[number]) / Double(considered[number])
            let weight = Double(localityWeights[number]) * min(1, Double(factor) / 100 * share)
            if weight > 0 {
                numbers.append(number)
                weights.append(weight)
            }
        }
        guard !numbers.isEmpty else { return nil }
        self.numbers = numbers
        self.weights = weights
        schedule = DeadlineSchedule(count: numbers.count) { weights[$0] }
        // Many workers and proxies do not all begin with the same locality.
        for _ in 0..<random.below(numbers.count) { _ = schedule.pick { weights[$0] } }
    }

    /// The next locality's number.
    mutating func pick() -> Int {
        let weights = weights
        return schedule.pick { weights[$0] }.map { numbers[$0] } ?? numbers[0]
    }
}

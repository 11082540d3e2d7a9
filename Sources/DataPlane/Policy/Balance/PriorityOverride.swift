/// The `envoy.retry_priorities.previous_priorities` of one request: priorities that were tried are
/// left out.
package struct PriorityOverride: Sendable {
    /// The attempts after which the loads are computed anew (`update_frequency`), at least 1.
    package let frequency: Int
    private(set) var attempted: [UInt32] = []

    package init(frequency: UInt32) { self.frequency = max(1, Int(frequency)) }

    /// An attempt went to an endpoint of this priority.
    package mutating func recordAttempt(priority: Int) {
        attempted.append(UInt32(clamping: priority))
    }
}

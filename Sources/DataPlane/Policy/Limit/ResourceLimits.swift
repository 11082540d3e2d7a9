package import Model
import Synchronization

/// What a cluster may use at one priority, and uses now, over all workers: the circuit breakers of
/// Envoy (`CircuitBreakers.Thresholds`).
///
/// The counts are relaxed atomics: they order nothing else, and a limit is never exceeded, since
/// taking a place is one compare-and-exchange.
package final class ResourceLimits: Sendable {
    package enum Resource: Sendable, CaseIterable {
        case connections, pendingRequests, requests, retries
    }

    package let thresholds: CircuitBreakerThresholds
    private let connections = Atomic<Int>(0)
    private let pendingRequests = Atomic<Int>(0)
    private let requests = Atomic<Int>(0)
    private let retries = Atomic<Int>(0)

    package init(_ thresholds: CircuitBreakerThresholds) { self.thresholds = thresholds }

    /// Takes a place; false where the limit is reached.
    ///
    /// Every place taken is released once.
    package func tryAcquire(_ resource: Resource) -> Bool {
        switch resource {
        case .connections: Self.tryAdd(connections, limit: limit(of: .connections))
        case .pendingRequests: Self.tryAdd(pendingRequests, limit: limit(of: .pendingRequests))
        case .requests: Self.tryAdd(requests, limit: limit(of: .requests))
        case .retries: Self.tryAdd(retries, limit: limit(of: .retries))
        }
    }

    /// Takes a place whether or not one is free: for a connection that a worker without any must
    /// have, which Envoy allows beyond the limit.
    package func acquire(_ resource: Resource) { add(1, to: resource) }

    /// Gives a place back.
    package func release(_ resource: Resource) { add(-1, to: resource) }

    /// Places taken now.
    package func count(_ resource: Resource) -> Int {
        switch resource {
        case .connections: connections.load(ordering: .relaxed)
        case .pendingRequests: pendingRequests.load(ordering: .relaxed)
        case .requests: requests.load(ordering: .relaxed)
        case .retries: retries.load(ordering: .relaxed)
        }
    }

    /// True where no place is free: what `circuit_breakers.*.open` shows.
    package func isOpen(_ resource: Resource) -> Bool {
        count(resource) >= limit(of: resource)
    }

    package func limit(of resource: Resource) -> Int {
        switch resource {
        case .connections: Int(thresholds.connectionsMax)
        case .pendingRequests: Int(thresholds.pendingRequestsMax)
        case .requests: Int(thresholds.requestsMax)
        case .retries: retryLimit
        }
    }

    /// Places left; 0 where more are taken than there are.
    package func remaining(_ resource: Resource) -> Int {
        max(0, limit(of: resource) - count(resource))
    }

    /// With a budget, a share of what is under way and what waits (`RetryBudget`).
    private var retryLimit: Int {
        guard let budget = thresholds.retryBudget else { return Int(thresholds.retriesMax) }
        let active = count(.requests) + count(.pendingRequests)
        let share = Double(max(0, active)) * budget.percent / 100
        return max(Int(share), Int(budget.minRetryConcurrency))
    }

    private func add(_ difference: Int, to resource: Resource) {
        switch resource {
        case .connections: connections.wrappingAdd(difference, ordering: .relaxed)
        case .pendingRequests: pendingRequests.wrappingAdd(difference, ordering: .relaxed)
        case .requests: requests.wrappingAdd(difference, ordering: .relaxed)
        case .retries: retries.wrappingAdd(difference, ordering: .relaxed)
        }
    }

    private static func tryAdd(_ count: borrowing Atomic<Int>, limit: Int) -> Bool {
        var known = count.load(ordering: .relaxed)
        while known < limit {
            let (exchanged, original) = count.weakCompareExchange(
                expected: known,
                desired: known + 1,
                ordering: .relaxed
            )
            if exchanged { return true }
            known = original
        }
        return false
    }
}

import Model
import Policy
import Testing

@Suite("Limits of a cluster")
struct ResourceLimitsTests {
    private let thresholds = CircuitBreakerThresholds(
        connectionsMax: 1,
        pendingRequestsMax: 2,
        requestsMax: 3,
        retriesMax: 0
    )

    @Test("each resource has its own limit and its own count")
    func separateLimits() {
        let limits = ResourceLimits(thresholds)
        for (resource, limit) in [
            (ResourceLimits.Resource.connections, 1), (.pendingRequests, 2), (.requests, 3),
            (.retries, 0),
        ] {
            for taken in 0..<limit {
                #expect(!limits.isOpen(resource))
                #expect(limits.count(resource) == taken)
                #expect(limits.tryAcquire(resource))
            }
            #expect(limits.isOpen(resource))
            #expect(!limits.tryAcquire(resource))
            #expect(limits.count(resource) == limit)
            #expect(limits.limit(of: resource) == limit)
        }
        limits.release(.requests)
        #expect(!limits.isOpen(.requests))
        #expect(limits.tryAcquire(.requests))
        #expect(limits.count(.connections) == 1)
    }

    @Test("a place that must be had is taken beyond the limit, and given back")
    func beyondTheLimit() {
        let limits = ResourceLimits(thresholds)
        limits.acquire(.connections)
        limits.acquire(.connections)
        #expect(limits.count(.connections) == 2)
        #expect(limits.isOpen(.connections))
        limits.release(.connections)
        #expect(!limits.tryAcquire(.connections))
        limits.release(.connections)
        #expect(limits.tryAcquire(.connections))
    }

    @Test("workers together never exceed a limit, and none of them is refused without cause")
    func concurrent() async {
        let limits = ResourceLimits(CircuitBreakerThresholds(requestsMax: 5))
        let refused = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    var refused = 0
                    for _ in 0..<5_000 {
                        guard limits.tryAcquire(.requests) else {
                            refused += 1
                            continue
                        }
                        if limits.count(.requests) > 5 { refused += 100_000 }
                        limits.release(.requests)
                    }
                    return refused
                }
            }
            return await group.reduce(0, +)
        }
        // Five workers with one place each: a place is always free.
        #expect(refused == 0)
        #expect(limits.count(.requests) == 0)
    }
}

internal import Model
internal import SwiftProtobuf

/// `envoy.config.cluster.v3.CircuitBreakers`.
extension Compilation {
    func circuitBreakers(
        _ breakers: Envoy_Config_Cluster_V3_CircuitBreakers,
        _ path: FieldPath
    ) -> [CircuitBreakerThresholds] {
        var compiled = [CircuitBreakerThresholds(), CircuitBreakerThresholds()]
        var isGiven = [false, false]
        for (index, given) in breakers.thresholds.enumerated() {
            let priority = priority(given.priority, path[index]["priority"])
            if isGiven[priority.rawValue] {
                refuse(
                    path[index]["priority"],
                    "there are two sets of thresholds for this priority",
                    "give one set for DEFAULT and one for HIGH"
                )
            }
            isGiven[priority.rawValue] = true
            compiled[priority.rawValue] = thresholds(given, path[index])
        }
        return compiled
    }

    /// The set of circuit breakers that a priority names.
    func priority(
        _ value: Envoy_Config_Core_V3_RoutingPriority,
        _ path: FieldPath
    ) -> RoutingPriority {
        known(value, path) == .high ? .high : .normal
    }

    private func thresholds(
        _ given: Envoy_Config_Cluster_V3_CircuitBreakers.Thresholds,
        _ path: FieldPath
    ) -> CircuitBreakerThresholds {
        var limits = CircuitBreakerThresholds()
        if given.hasMaxConnections {
            limits.connectionsMax = given.maxConnections.value
            warnOfNone(limits.connectionsMax, path["max_connections"])
        }
        if given.hasMaxPendingRequests {
            limits.pendingRequestsMax = given.maxPendingRequests.value
        }
        if given.hasMaxRequests {
            limits.requestsMax = given.maxRequests.value
            warnOfNone(limits.requestsMax, path["max_requests"])
        }
        if given.hasMaxRetries { limits.retriesMax = given.maxRetries.value }
        limits.tracksRemaining = given.trackRemaining
        if given.hasRetryBudget {
            let budget = given.retryBudget
            let path = path["retry_budget"]
            limits.retryBudget = RetryBudget(
                percent: percent(
                    budget.hasBudgetPercent ? budget.budgetPercent : nil,
                    path["budget_percent"]["value"],
                    unset: 20
                ),
                minRetryConcurrency: budget.hasMinRetryConcurrency
                    ? budget.minRetryConcurrency.value : 3
            )
        }
        if given.hasRetryBudget, given.hasMaxRetries {
            warn(
                path["max_retries"],
                "has no effect beside retry_budget",
                "leave one of them out"
            )
        }
        return limits
    }

    private func warnOfNone(_ limit: UInt32, _ path: FieldPath) {
        if limit > 0 { return }
        warn(path, "is 0, so no request gets through", "give at least 1, or remove the routes")
    }

    /// The most connections to one endpoint; nil: no limit.
    ///
    /// The thresholds of DEFAULT count; other fields of them are refused, as in Envoy.
    func connectionsPerEndpoint(
        _ breakers: Envoy_Config_Cluster_V3_CircuitBreakers,
        _ path: FieldPath
    ) -> UInt32? {
        var limit: UInt32?
        for (index, given) in breakers.perHostThresholds.enumerated() {
            let path = path[index]
            let others: [(StaticString, Bool)] = [
                ("max_pending_requests", given.hasMaxPendingRequests),
                ("max_requests", given.hasMaxRequests),
                ("max_retries", given.hasMaxRetries),
                ("max_connection_pools", given.hasMaxConnectionPools),
                ("retry_budget", given.hasRetryBudget),
            ]
            for (name, isGiven) in others where isGiven {
                refuse(
                    path[name],
                    "only connections are limited for each endpoint",
                    "give max_connections here, and the other limits in thresholds"
                )
            }
            if priority(given.priority, path["priority"]) == .high {
                warn(path, "the limits of one endpoint are those of DEFAULT", "leave HIGH out")
                continue
            }
            if limit != nil {
                refuse(path, "there are two sets of limits for one endpoint", "give one")
            }
            if given.hasMaxConnections {
                limit = given.maxConnections.value
                warnOfNone(given.maxConnections.value, path["max_connections"])
            }
        }
        return limit
    }
}

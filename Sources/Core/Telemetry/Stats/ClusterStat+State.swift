extension ClusterStat {
    /// What is said about health, outliers, balancing and breakers; nil for all else.
    var stateDescription: StatDescription? {
        switch self {
        case .healthCheckAttempt:
            .counter(
                "health_check.attempt",
                "Health checks made."
            )
        case .healthCheckSuccess:
            .counter(
                "health_check.success",
                "Health checks that succeeded."
            )
        case .healthCheckFailure:
            .counter(
                "health_check.failure",
                "Health checks that failed, those without a connection included."
            )
        case .healthCheckPassiveFailure:
            .counter(
                "health_check.passive_failure",
                "Endpoints that a response declared unhealthy (x-envoy-immediate-health-check-fail)."
            )
        case .healthCheckNetworkFailure:
            .counter(
                "health_check.network_failure",
                "Health checks that failed for want of a connection or in time."
            )
        case .healthCheckVerifyCluster:
            .counter(
                "health_check.verify_cluster",
                "Health checks that compared the name of the service."
            )
        case .healthCheckHealthy:
            .gauge(
                "health_check.healthy",
                "Endpoints that the health checks find healthy.",
                merge: .maximum
            )
        case .healthCheckDegraded:
            .gauge(
                "health_check.degraded",
                "Endpoints that the health checks find degraded.",
                merge: .maximum
            )
        case .outlierDetectionEjectionsActive:
            .gauge(
                "outlier_detection.ejections_active",
                "Endpoints that are ejected now.",
                merge: .maximum
            )
        case .outlierDetectionEjectionsTotal:
            .counter(
                "outlier_detection.ejections_total",
                "Ejections for any reason, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedTotal:
            .counter(
                "outlier_detection.ejections_enforced_total",
                "Ejections for any reason."
            )
        case .outlierDetectionEjectionsOverflow:
            .counter(
                "outlier_detection.ejections_overflow",
                "Ejections not made because too many endpoints are ejected already."
            )
        case .outlierDetectionEjectionsConsecutive5xx:
            .counter(
                "outlier_detection.ejections_consecutive_5xx",
                "Outliers by errors in a row, those not enforced included."
            )
        case .outlierDetectionEjectionsSuccessRate:
            .counter(
                "outlier_detection.ejections_success_rate",
                "Outliers by a low success rate, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedConsecutive5xx:
            .counter(
                "outlier_detection.ejections_enforced_consecutive_5xx",
                "Ejections for errors in a row."
            )
        case .outlierDetectionEjectionsDetectedConsecutive5xx:
            .counter(
                "outlier_detection.ejections_detected_consecutive_5xx",
                "Outliers by errors in a row, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedConsecutiveGatewayFailure:
            .counter(
                "outlier_detection.ejections_enforced_consecutive_gateway_failure",
                "Ejections for gateway errors in a row."
            )
        case .outlierDetectionEjectionsDetectedConsecutiveGatewayFailure:
            .counter(
                "outlier_detection.ejections_detected_consecutive_gateway_failure",
                "Outliers by gateway errors in a row, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedConsecutiveLocalOriginFailure:
            .counter(
                "outlier_detection.ejections_enforced_consecutive_local_origin_failure",
                "Ejections for failures of this side in a row."
            )
        case .outlierDetectionEjectionsDetectedConsecutiveLocalOriginFailure:
            .counter(
                "outlier_detection.ejections_detected_consecutive_local_origin_failure",
                "Outliers by failures of this side in a row, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedSuccessRate:
            .counter(
                "outlier_detection.ejections_enforced_success_rate",
                "Ejections for a low success rate."
            )
        case .outlierDetectionEjectionsDetectedSuccessRate:
            .counter(
                "outlier_detection.ejections_detected_success_rate",
                "Outliers by a low success rate, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedLocalOriginSuccessRate:
            .counter(
                "outlier_detection.ejections_enforced_local_origin_success_rate",
                "Ejections for a low success rate of connecting."
            )
        case .outlierDetectionEjectionsDetectedLocalOriginSuccessRate:
            .counter(
                "outlier_detection.ejections_detected_local_origin_success_rate",
                "Outliers by a low success rate of connecting, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedFailurePercentage:
            .counter(
                "outlier_detection.ejections_enforced_failure_percentage",
                "Ejections for a high share of failures."
            )
        case .outlierDetectionEjectionsDetectedFailurePercentage:
            .counter(
                "outlier_detection.ejections_detected_failure_percentage",
                "Outliers by a high share of failures, those not enforced included."
            )
        case .outlierDetectionEjectionsEnforcedLocalOriginFailurePercentage:
            .counter(
                "outlier_detection.ejections_enforced_local_origin_failure_percentage",
                "Ejections for a high share of failures to connect."
            )
        case .outlierDetectionEjectionsDetectedLocalOriginFailurePercentage:
            .counter(
                "outlier_detection.ejections_detected_local_origin_failure_percentage",
                "Outliers by a high share of failures to connect, those not enforced included."
            )
        case .lbHealthyPanic:
            .counter(
                "lb_healthy_panic",
                "Requests balanced over all endpoints because too few are healthy."
            )
        case .lbRecalculateZoneStructures:
            .counter(
                "lb_recalculate_zone_structures",
                "Times that the shares of the zones were computed."
            )
        case .lbLocalClusterNotOk:
            .counter(
                "lb_local_cluster_not_ok",
                "Requests not routed by zone because the local cluster is unknown or in panic."
            )
        case .lbZoneClusterTooSmall:
            .counter(
                "lb_zone_cluster_too_small",
                "Requests not routed by zone because the cluster is too small."
            )
        case .lbZoneNoCapacityLeft:
            .counter(
                "lb_zone_no_capacity_left",
                "Requests whose zone was drawn at random because of rounding."
            )
        case .lbZoneRoutingAllDirectly:
            .counter(
                "lb_zone_routing_all_directly",
                "Requests that stay in the zone, as all do."
            )
        case .lbZoneRoutingSampled:
            .counter(
                "lb_zone_routing_sampled",
                "Requests that stay in the zone, as a share does."
            )
        case .lbZoneRoutingCrossZone:
            .counter(
                "lb_zone_routing_cross_zone",
                "Requests that leave the zone."
            )
        case .lbSubsetsActive:
            .gauge(
                "lb_subsets_active",
                "Subsets that exist."
            )
        case .lbSubsetsCreated:
            .counter(
                "lb_subsets_created",
                "Subsets made."
            )
        case .lbSubsetsRemoved:
            .counter(
                "lb_subsets_removed",
                "Subsets removed because they lost their endpoints."
            )
        case .lbSubsetsSelected:
            .counter(
                "lb_subsets_selected",
                "Requests that found their subset."
            )
        case .lbSubsetsFallback:
            .counter(
                "lb_subsets_fallback",
                "Requests that the fallback decided."
            )
        case .lbSubsetsFallbackPanic:
            .counter(
                "lb_subsets_fallback_panic",
                "Requests for which all endpoints stood in because the fallback found none."
            )
        case .lbSubsetsSingleHostPerSubsetDuplicate:
            .gauge(
                "lb_subsets_single_host_per_subset_duplicate",
                "Endpoints left out because their subset has one already."
            )
        case .ringHashLbSize:
            .gauge(
                "ring_hash_lb.size",
                "Points on the ring.",
                merge: .maximum
            )
        case .ringHashLbMinHashesPerHost:
            .gauge(
                "ring_hash_lb.min_hashes_per_host",
                "The fewest points that an endpoint has on the ring.",
                merge: .maximum
            )
        case .ringHashLbMaxHashesPerHost:
            .gauge(
                "ring_hash_lb.max_hashes_per_host",
                "The most points that an endpoint has on the ring.",
                merge: .maximum
            )
        case .maglevLbMinEntriesPerHost:
            .gauge(
                "maglev_lb.min_entries_per_host",
                "The fewest places that an endpoint has in the table.",
                merge: .maximum
            )
        case .maglevLbMaxEntriesPerHost:
            .gauge(
                "maglev_lb.max_entries_per_host",
                "The most places that an endpoint has in the table.",
                merge: .maximum
            )
        case .circuitBreakersDefaultCxOpen:
            .gauge(
                "circuit_breakers.default.cx_open",
                "1 while the default breaker of connections is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRqPendingOpen:
            .gauge(
                "circuit_breakers.default.rq_pending_open",
                "1 while the default breaker of pending requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRqOpen:
            .gauge(
                "circuit_breakers.default.rq_open",
                "1 while the default breaker of requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRqRetryOpen:
            .gauge(
                "circuit_breakers.default.rq_retry_open",
                "1 while the default breaker of retries is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighCxOpen:
            .gauge(
                "circuit_breakers.high.cx_open",
                "1 while the high breaker of connections is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighRqPendingOpen:
            .gauge(
                "circuit_breakers.high.rq_pending_open",
                "1 while the high breaker of pending requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighRqOpen:
            .gauge(
                "circuit_breakers.high.rq_open",
                "1 while the high breaker of requests is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighRqRetryOpen:
            .gauge(
                "circuit_breakers.high.rq_retry_open",
                "1 while the high breaker of retries is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultCxPoolOpen:
            .gauge(
                "circuit_breakers.default.cx_pool_open",
                "1 while the default breaker of connection pools is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersHighCxPoolOpen:
            .gauge(
                "circuit_breakers.high.cx_pool_open",
                "1 while the high breaker of connection pools is open, else 0.",
                merge: .maximum
            )
        case .circuitBreakersDefaultRemainingCx:
            .tracked(
                "circuit_breakers.default.remaining_cx",
                "Connections until the default breaker opens."
            )
        case .circuitBreakersDefaultRemainingCxPools:
            .tracked(
                "circuit_breakers.default.remaining_cx_pools",
                "Connection pools until the default breaker opens."
            )
        case .circuitBreakersDefaultRemainingPending:
            .tracked(
                "circuit_breakers.default.remaining_pending",
                "Pending requests until the default breaker opens."
            )
        case .circuitBreakersDefaultRemainingRetries:
            .tracked(
                "circuit_breakers.default.remaining_retries",
                "Retries until the default breaker opens."
            )
        case .circuitBreakersDefaultRemainingRq:
            .tracked(
                "circuit_breakers.default.remaining_rq",
                "Requests until the default breaker opens."
            )
        case .circuitBreakersHighRemainingCx:
            .tracked(
                "circuit_breakers.high.remaining_cx",
                "Connections until the high breaker opens."
            )
        case .circuitBreakersHighRemainingCxPools:
            .tracked(
                "circuit_breakers.high.remaining_cx_pools",
                "Connection pools until the high breaker opens."
            )
        case .circuitBreakersHighRemainingPending:
            .tracked(
                "circuit_breakers.high.remaining_pending",
                "Pending requests until the high breaker opens."
            )
        case .circuitBreakersHighRemainingRetries:
            .tracked(
                "circuit_breakers.high.remaining_retries",
                "Retries until the high breaker opens."
            )
        case .circuitBreakersHighRemainingRq:
            .tracked(
                "circuit_breakers.high.remaining_rq",
                "Requests until the high breaker opens."
            )
        default: nil
        }
    }
}

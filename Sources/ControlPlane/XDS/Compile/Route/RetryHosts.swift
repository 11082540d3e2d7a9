internal import Document
internal import Model
internal import SwiftProtobuf

/// What a retry policy says of where and when retries go: hosts, priorities, rate limits.
extension Compilation {
    private typealias PolicyMessage = Envoy_Config_Route_V3_RetryPolicy
    private typealias PreviousHosts =
        Envoy_Extensions_Retry_Host_PreviousHosts_V3_PreviousHostsPredicate
    private typealias OmitCanaryHosts =
        Envoy_Extensions_Retry_Host_OmitCanaryHosts_V3_OmitCanaryHostsPredicate
    private typealias OmitHostMetadata =
        Envoy_Extensions_Retry_Host_OmitHostMetadata_V3_OmitHostMetadataConfig
    private typealias PreviousPriorities =
        Envoy_Extensions_Retry_Priority_PreviousPriorities_V3_PreviousPrioritiesConfig

    func hostPredicates(
        _ predicates: [Envoy_Config_Route_V3_RetryPolicy.RetryHostPredicate],
        _ path: FieldPath
    ) -> [RetryPolicy.HostPredicate] {
        predicates.enumerated().compactMap { index, predicate in
            let path = path[index]
            guard case .typedConfig(let any) = predicate.configType else {
                refuse(
                    path,
                    "retry host predicate \(quoted(predicate.name)) has no typed_config",
                    "give a PreviousHostsPredicate, OmitCanaryHostsPredicate or"
                        + " OmitHostMetadataConfig"
                )
                return nil
            }
            if any.isA(PreviousHosts.self) { return .previousHosts }
            if any.isA(OmitCanaryHosts.self) { return .omitCanaryHosts }
            let place = path["typed_config"]
            guard let omitted = unpack(any, as: OmitHostMetadata.self, place) else { return nil }
            let match = metadataMatch(omitted.metadataMatch, place["metadata_match"])
            if match.isEmpty {
                refuse(
                    place["metadata_match"],
                    "says no value, so no endpoint would be left out",
                    "give filter_metadata: {envoy.lb: {key: value}}"
                )
                return nil
            }
            return .omitHostMetadata(match)
        }
    }

    func hostSelectionAttempts(
        _ policy: Envoy_Config_Route_V3_RetryPolicy,
        _ path: FieldPath
    ) -> UInt32 {
        let given = policy.hostSelectionRetryMaxAttempts
        let path = path["host_selection_retry_max_attempts"]
        if given == 0 { return 1 }
        guard given > 0, given <= 1000 else {
            refuse(
                path,
                "\(given) draws for one attempt",
                "give 1 to 1000; 3 to 5 is usual"
            )
            return 1
        }
        if policy.retryHostPredicate.isEmpty, !policy.hasRetryPriority {
            warn(
                path,
                "has no effect without a retry_host_predicate",
                "add one, for example envoy.retry_host_predicates.previous_hosts"
            )
        }
        return UInt32(given)
    }

    func previousPriorities(
        _ policy: Envoy_Config_Route_V3_RetryPolicy,
        _ path: FieldPath
    ) -> UInt32? {
        guard policy.hasRetryPriority else { return nil }
        guard case .typedConfig(let any) = policy.retryPriority.configType else {
            refuse(
                path,
                "retry priority \(quoted(policy.retryPriority.name)) has no typed_config",
                "give a PreviousPrioritiesConfig"
            )
            return nil
        }
        let place = path["typed_config"]
        guard let config = unpack(any, as: PreviousPriorities.self, place) else { return nil }
        guard config.updateFrequency > 0 else {
            refuse(
                place["update_frequency"],
                config.updateFrequency == 0 ? "is missing" : "is negative",
                "give the number of attempts after which priorities are left out, at least 1"
            )
            return nil
        }
        return UInt32(config.updateFrequency)
    }

    func rateLimitedBackOff(
        _ policy: Envoy_Config_Route_V3_RetryPolicy,
        _ path: FieldPath
    ) -> RetryPolicy.RateLimitedBackOff? {
        guard policy.hasRateLimitedRetryBackOff else { return nil }
        let given = policy.rateLimitedRetryBackOff
        if given.resetHeaders.isEmpty {
            refuse(
                path["reset_headers"],
                "is empty, so no response could say how long to wait",
                "give at least one, for example {name: retry-after, format: SECONDS}"
            )
        }
        let most = positive(
            given.hasMaxInterval ? given.maxInterval : nil,
            path["max_interval"],
            unset: 300_000,
            "leave it out for 300 s"
        )
        let headers = given.resetHeaders.enumerated().compactMap {
            index,
            header -> (name: ByteString, format: RetryPolicy.RateLimitedBackOff.Format)? in
            let path = path["reset_headers"][index]
            let isTimestamp = known(header.format, path["format"]) == .unixTimestamp
            return headerName(header.name, path["name"], allowsPseudo: false)
                .map { ($0, isTimestamp ? .unixTimestamp : .seconds) }
        }
        return RetryPolicy.RateLimitedBackOff(maxIntervalMilliseconds: most, resetHeaders: headers)
    }
}

internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.RetryPolicy`.
extension Compilation {
    func retryPolicy(
        _ policy: Envoy_Config_Route_V3_RetryPolicy,
        _ path: FieldPath
    ) -> RetryPolicy {
        let conditions = retryConditions(policy.retryOn, path["retry_on"])
        if conditions.isEmpty, policy != Envoy_Config_Route_V3_RetryPolicy() {
            warn(
                path,
                "says no condition, so only requests with x-envoy-retry-on are retried",
                "give retry_on, for example retry_on: \"connect-failure,refused-stream,5xx\""
            )
        }
        let backOff = backOff(policy, path["retry_back_off"])
        var compiled = RetryPolicy(
            conditions: conditions,
            retryCountMax: policy.hasNumRetries ? policy.numRetries.value : 1,
            backOffBaseMilliseconds: backOff.base,
            backOffMaxMilliseconds: backOff.max
        )
        compiled.perTryTimeoutMilliseconds = timeout(
            policy.hasPerTryTimeout ? policy.perTryTimeout : nil,
            path["per_try_timeout"],
            unset: nil
        )
        compiled.perTryIdleTimeoutMilliseconds = timeout(
            policy.hasPerTryIdleTimeout ? policy.perTryIdleTimeout : nil,
            path["per_try_idle_timeout"],
            unset: nil
        )
        compiled.retriableStatusCodes = retriableStatusCodes(policy, path, conditions)
        compiled.retriableHeaders = headerMatchers(
            policy.retriableHeaders,
            path["retriable_headers"]
        )
        if !policy.retriableHeaders.isEmpty, !conditions.contains(.retriableHeaders) {
            warn(
                path["retriable_headers"],
                "has no effect without the condition \"retriable-headers\"",
                "add it to retry_on"
            )
        }
        compiled.retriableRequestHeaders = headerMatchers(
            policy.retriableRequestHeaders,
            path["retriable_request_headers"]
        )
        compiled.hostPredicates = hostPredicates(
            policy.retryHostPredicate,
            path["retry_host_predicate"]
        )
        compiled.hostSelectionAttemptsMax = hostSelectionAttempts(policy, path)
        compiled.previousPrioritiesFrequency = previousPriorities(policy, path["retry_priority"])
        compiled.rateLimitedBackOff = rateLimitedBackOff(
            policy,
            path["rate_limited_retry_back_off"]
        )
        if compiled.retryCountMax > 100 {
            refuse(
                path["num_retries"],
                "\(compiled.retryCountMax) retries of one request",
                "at most 100; with every one of them the load on a failing cluster grows"
            )
        }
        return compiled
    }

    /// The words of `retry_on`.
    ///
    /// Envoy ignores one that it does not know, and then does not retry.
    private func retryConditions(_ text: String, _ path: FieldPath) -> RetryPolicy.Conditions {
        var conditions: RetryPolicy.Conditions = []
        for part in text.utf8.split(separator: UInt8(ascii: ",")) {
            let word = String(decoding: part.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self)
            if word.isEmpty { continue }
            if let condition = RetryConditionWord.condition(word) {
                conditions.insert(condition)
                continue
            }
            let words = RetryConditionWord.all.map(\.word)
            refuse(
                path,
                "there is no retry condition \(quoted(word))",
                didYouMean(
                    word,
                    among: words,
                    otherwise: "known are "
                        + words.joined(separator: ", ")
                )
            )
        }
        return conditions
    }

    private func backOff(
        _ policy: Envoy_Config_Route_V3_RetryPolicy,
        _ path: FieldPath
    ) -> (base: Int64, max: Int64) {
        guard policy.hasRetryBackOff else {
            let base = Int64(runtimeCount("upstream.base_retry_backoff_ms") ?? 25)
            return (max(base, 1), max(base, 1) * 10)
        }
        let given = policy.retryBackOff
        if !given.hasBaseInterval {
            refuse(path, "has no base_interval", "give one, for example base_interval: 0.025s")
            return (25, 250)
        }
        let base = positive(
            given.baseInterval,
            path["base_interval"],
            unset: 25,
            "leave retry_back_off out for 25 ms"
        )
        guard given.hasMaxInterval else {
            return (base, base.multipliedReportingOverflow(by: 10).overflow ? base : base * 10)
        }
        let most = positive(
            given.maxInterval,
            path["max_interval"],
            unset: base,
            "leave it out for ten times the base_interval"
        )
        if most < base {
            refuse(
                path["max_interval"],
                "is shorter than base_interval",
                "make it at least \(base) ms, or leave it out for ten times the base_interval"
            )
        }
        return (base, most)
    }

    private func retriableStatusCodes(
        _ policy: Envoy_Config_Route_V3_RetryPolicy,
        _ path: FieldPath,
        _ conditions: RetryPolicy.Conditions
    ) -> [UInt16] {
        let path = path["retriable_status_codes"]
        if !policy.retriableStatusCodes.isEmpty, !conditions.contains(.retriableStatusCodes) {
            warn(
                path,
                "has no effect without the condition \"retriable-status-codes\"",
                "add it to retry_on"
            )
        }
        return policy.retriableStatusCodes.enumerated().compactMap { index, code in
            guard let status = UInt16(exactly: code), 100...599 ~= status else {
                refuse(path[index], "\(code) is not a status code", "status codes are 100 to 599")
                return nil
            }
            return status
        }
    }
}

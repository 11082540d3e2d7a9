import Model
import Policy
import Telemetry
import Wire

/// Another attempt after a failed one.
extension Exchange {
    /// Plans another attempt; false where limits or the body do not allow it.
    ///
    /// - Parameter response: what was answered, which may say when to come again.
    func retryLater(
        _ cluster: ClusterState,
        response answered: Head? = nil,
        isTimeout: Bool = false
    ) -> Bool {
        guard requestFraming == .none || keepsBody else {
            chain?.stats.increment(.rqRetrySkippedRequestNotComplete)
            return false
        }
        retry?.consume()
        if !isRetrying {
            guard cluster.limits(priority).tryAcquire(.retries) else {
                cluster.stats.increment(.upstreamRqRetryOverflow)
                virtualCluster?.increment(.upstreamRqRetryOverflow)
                flags.insert(.upstreamOverflow)
                return false
            }
            isRetrying = true
        }
        cluster.stats.increment(.upstreamRqRetry)
        virtualCluster?.increment(.upstreamRqRetry)
        routeStats?.increment(.upstreamRqRetry)
        let delay = backOff(cluster, answered)
        if virtualHost?.includesIsTimeoutRetry == true {
            request.setIsTimeoutRetry(isTimeout)
        }
        dropUpstream()
        response.reset()
        heldFraming = nil
        stage = .backingOff
        perTryDeadline = .max
        upstreamStreamDeadline = .max
        loop.timers.arm(
            &backOffTimer,
            at: loop.nowMilliseconds + delay,
            target: self,
            kind: Self.backOffTimerKind
        )
        return true
    }

    /// Milliseconds until the next attempt: as the response asks, where the policy listens to it.
    private func backOff(_ cluster: ClusterState, _ answered: Head?) -> Int64 {
        if let answered,
            let asked = retry?.rateLimitedBackOffMilliseconds(
                response: answered,
                nowUnix: loop.unixMicroseconds / 1_000_000,
                random: worker.random.next()
            )
        {
            cluster.stats.increment(.upstreamRqRetryBackoffRatelimited)
            return asked
        }
        cluster.stats.increment(.upstreamRqRetryBackoffExponential)
        return retry?.backOffMilliseconds(
            attempt: retry?.retryCount ?? 1,
            random: worker.random.next()
        ) ?? 0
    }

    /// Gives back the place among the cluster's retries.
    func releaseRetry() {
        guard isRetrying, let cluster else { return }
        isRetrying = false
        cluster.limits(priority).release(.retries)
    }
}

import Model
import Policy
import Telemetry
import Wire

/// Redirects that the sidecar follows itself (`internal_redirect_policy`).
extension Exchange {
    /// Follows the redirect in `response`; false where it goes to the client as it is.
    func followRedirect() -> Bool {
        guard let policy = forward?.internalRedirects, role == .primary,
            InternalRedirect.follows(response.status, policy)
        else { return false }
        let extras = madeExtras
        let response = response
        guard isRequestComplete, requestFraming == .none || keepsBody, let http = hcm
        else {
            cluster?.stats.increment(.upstreamInternalRedirectFailedTotal)
            return false
        }
        let location = response.first(.location).map {
            ByteString(copying: response.span($0)).bytes
        }
        let written = location ?? []
        let target: InternalRedirect.Target
        do throws(InternalRedirect.Failure) {
            target = try InternalRedirect.target(
                location: written.span,
                request: request,
                policy: policy,
                followed: extras.redirectCount
            )
        } catch {
            return refuseRedirect(error)
        }
        let (next, dropsBody) = InternalRedirect.request(
            from: request,
            location: written.span,
            target: target,
            response: response,
            policy: policy
        )
        let random = worker.random.next()
        guard case .route(let found, let host) = http.routes.route(for: next, random: random)
        else { return refuseRedirect(.noRoute) }
        let accepted = InternalRedirect.accepts(
            policy,
            route: found,
            visited: extras.redirectRoutes,
            wasSecure: downstream?.peer.isTLS ?? false,
            isSecure: target.isSecure
        )
        guard accepted else { return refuseRedirect(.predicate) }
        cluster?.stats.increment(.upstreamInternalRedirectSucceededTotal)
        extras.redirectCount += 1
        extras.redirectRoutes.append(found)
        request.copy(from: next)
        if dropsBody {
            requestFraming = .none
            body.removeAll()
            keepsBody = false
        }
        restart()
        take(found, host, random: random, expectsContinue: false)
        return true
    }

    private func refuseRedirect(_ failure: InternalRedirect.Failure) -> Bool {
        let stat: HTTPStat =
            switch failure {
            case .badLocation: .passthroughInternalRedirectBadLocation
            case .noRoute: .passthroughInternalRedirectNoRoute
            case .predicate: .passthroughInternalRedirectPredicate
            case .tooManyRedirects: .passthroughInternalRedirectTooManyRedirects
            case .unsafeScheme: .passthroughInternalRedirectUnsafeScheme
            }
        chain?.stats.increment(stat)
        cluster?.stats.increment(.upstreamInternalRedirectFailedTotal)
        return false
    }

    /// Back to where the route is known, with the request as it is now.
    private func restart() {
        dropUpstream()
        releaseRetry()
        abandonHedges()
        response.reset()
        endpoint = nil
        attemptCount = 0
        retry = nil
        timeouts = nil
        routeDeadline = .max
        perTryDeadline = .max
        upstreamStreamDeadline = .max
        weightedEntry = nil
        hash = nil
        cluster = nil
        virtualCluster = nil
        virtualClusterName = ""
        routeStats = nil
        streamIdleTimeout = hcm?.streamIdleTimeoutMilliseconds ?? .max
        if let extras {
            extras.hashCookies = []
            extras.tried = []
            extras.priorities = nil
        }
        bodySentCount = 0
        flags = []
        hasRetriedStale = false
        stage = .idle
        loop.timers.cancel(&timer)
    }
}

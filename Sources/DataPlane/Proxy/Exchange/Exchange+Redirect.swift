import Model
import Policy
import Telemetry
import Wire

/// Redirects that the sidecar follows itself (`internal_redirect_policy`).
extension Exchange {
    /// Follows the redirect in `response`; false where it goes to the client as it is.
    func followRedirect() -> Bool {
        guard let policy = forward?.internalRedirects, role == .primary,
            policy.statuses.contains(response.status)
        else { return false }
        let extras = madeExtras
        let response = response
        guard isRequestComplete, requestFraming == .none || keepsBody, let route, let http = hcm
        else {
            cluster?.stats.increment(.upstreamInternalRedirectFailedTotal)
            return false
        }
        guard extras.redirectCount < policy.maxRedirects else {
            return refuseRedirect(.passthroughInternalRedirectTooManyRedirects)
        }
        guard let location = response.first(.location),
            let target = RedirectTarget(response.span(location), of: request)
        else { return refuseRedirect(.passthroughInternalRedirectBadLocation) }
        guard policy.allowsScheme(of: target, request: request) else {
            return refuseRedirect(.passthroughInternalRedirectUnsafeScheme)
        }
        let saved = SavedTarget(path: request.path, authority: request.authority)
        let proto = request.first(.xForwardedProto)
        target.apply(to: request)
        let random = worker.random.next()
        guard case .route(let next, let host) = http.routes.route(for: request, random: random)
        else {
            restore(saved, proto)
            return refuseRedirect(.passthroughInternalRedirectNoRoute)
        }
        guard policy.allows(next, after: extras.redirectRoutes + [route], target: target) else {
            restore(saved, proto)
            return refuseRedirect(.passthroughInternalRedirectPredicate)
        }
        cluster?.stats.increment(.upstreamInternalRedirectSucceededTotal)
        extras.redirectCount += 1
        extras.redirectRoutes.append(route)
        setOriginalURL(saved)
        for name in policy.responseHeadersToCopy { copyFromResponse(name) }
        if response.status == 303, request.method != .get, request.method != .head {
            // RFC 9110 section 15.4.4: the answer to the request is to be had by GET.
            request.method = .get
            request.methodSlice = request.append("GET")
            request.remove(.contentLength)
            requestFraming = .none
            body.removeAll()
            keepsBody = false
        }
        restart()
        take(next, host, random: random, expectsContinue: false)
        return true
    }

    private struct SavedTarget {
        let path: Head.Slice
        let authority: Head.Slice
    }

    private func restore(_ saved: SavedTarget, _ proto: Head.Slice?) {
        request.path = saved.path
        request.authority = saved.authority
        if let proto { request.set(.xForwardedProto, proto) }
    }

    private func refuseRedirect(_ stat: HTTPStat) -> Bool {
        listener?.stats.increment(stat)
        cluster?.stats.increment(.upstreamInternalRedirectFailedTotal)
        return false
    }

    private func setOriginalURL(_ saved: SavedTarget) {
        let start = request.byteCount
        request.append(request.isTLS ? "https" : "http")
        request.append("://")
        request.append(saved.authority)
        request.append(saved.path)
        let value = Head.Slice(start, request.byteCount)
        request.replaceLines("x-envoy-original-url", value)
    }

    private func copyFromResponse(_ name: ByteString) {
        let bytes = name.bytes
        request.remove(named: bytes.span)
        guard let value = response.first(named: bytes.span) else { return }
        let copied = request.append(copyOf: response, value)
        request.addLine(name: request.append(bytes.span), value: copied)
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
        bodySentCount = 0
        flags = []
        hasRetriedStale = false
        stage = .idle
        loop.timers.cancel(&timer)
    }
}

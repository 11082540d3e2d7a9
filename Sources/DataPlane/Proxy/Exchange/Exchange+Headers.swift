import Model
import Policy
import Telemetry

/// Headers that the configuration adds, changes and removes.
extension Exchange {
    private var weighted: WeightedClusters.Entry? {
        guard let weightedEntry, case .weighted(let clusters) = forward?.destination,
            clusters.entries.indices.contains(weightedEntry)
        else { return nil }
        return clusters.entries[weightedEntry]
    }

    /// The operations of the weighted cluster, the route, its host and the table on the request.
    func changeRequestHeaders() {
        if weightedEntry != nil, let entry = weighted {
            if !entry.requestHeaders.isEmpty {
                entry.requestHeaders.apply(to: request) { describe() }
            }
        } else if let route, !route.requestHeaders.isEmpty {
            route.requestHeaders.apply(to: request) { describe() }
        }
    }

    /// The same on the response.
    func changeResponseHeaders() {
        if weightedEntry != nil, let entry = weighted {
            if !entry.responseHeaders.isEmpty {
                entry.responseHeaders.apply(to: response) { describe() }
            }
        } else if let route, !route.responseHeaders.isEmpty {
            route.responseHeaders.apply(to: response) { describe() }
        }
        guard let extras, !extras.hashCookies.isEmpty else { return }
        for cookie in extras.hashCookies {
            let bytes = cookie.bytes
            let value = response.append(bytes.span)
            response.addLine(name: response.append("set-cookie"), value: value)
        }
    }

    /// What the weighted cluster says beyond headers.
    func applyWeightedEntry() {
        metadataMatch = forward?.metadataMatch ?? [:]
        guard weightedEntry != nil, let entry = weighted else { return }
        metadataMatch = entry.metadataMatch
        if let literal = entry.hostRewriteLiteral, let forward {
            HostRewrite.apply(
                literal: literal,
                forward,
                to: request,
                // Envoy keeps no original here, unlike for every other rewrite.
                setsOriginalHost: false
            )
        }
    }

    /// The exchange as it is now, for values that are computed from it.
    ///
    /// The record is the worker's, filled anew; it is used at once.
    func describe() -> ExchangeRecord {
        fill(&worker.logRecord)
        if forward != nil, attemptCount == 0 { worker.logRecord.attemptCount = 1 }
        // Before the response is on its way, its status is known already.
        if !isLocalReply { worker.logRecord.responseCode = response.status }
        return worker.logRecord
    }
}

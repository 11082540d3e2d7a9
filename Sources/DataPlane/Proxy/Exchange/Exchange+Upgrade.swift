import Model
import Policy
import Telemetry
import Wire

/// Switching to another protocol: WebSocket and the like, and CONNECT (RFC 9110 sections 7.8 and
/// 9.3.6, RFC 8441).
extension Exchange {
    /// Whether the route lets this request switch; false where it has been refused.
    func allowUpgrade(_ route: Route) -> Bool {
        guard let chain else { return false }
        if let found = upgradeConfiguration(route, chain.http), found.isEnabled {
            upgrade = found
            return true
        }
        chain.stats.increment(.downstreamRqWsOnNonWsRoute)
        // What the client sends after such a request may not be a request.
        downstream?.closesUnfinished()
        let what = request.method == .connect ? "CONNECT" : "an upgrade"
        reply(
            403,
            [],
            "upgrade_failed",
            "the request asks for \(what), and \(route.explanation) of listener \(chain.listenerName) does not allow it (upgrade_configs)"
        )
        return false
    }

    /// The route's words go before the connection manager's.
    private func upgradeConfiguration(
        _ route: Route,
        _ http: HTTPConnectionManager
    ) -> UpgradeConfiguration? {
        if case .forward(let action) = route.action,
            let own = find(in: action.upgrades)
        {
            return own
        }
        return find(in: http.upgrades)
    }

    private func find(in upgrades: [UpgradeConfiguration]) -> UpgradeConfiguration? {
        let head = request
        for upgrade in upgrades {
            let type = upgrade.type.bytes
            if request.method == .connect, request.upgradeProtocol.isEmpty {
                if upgrade.type == "connect" { return upgrade }
            } else if head.span(head.upgradeProtocol).equalsIgnoringCase(lowercase: type.span) {
                return upgrade
            }
        }
        return nil
    }

    /// The request goes on without a body; what the client sends waits until both have agreed.
    func awaitSwitch() {
        requestFraming = .none
        isRequestComplete = false
        isAwaitingSwitch = true
    }

    /// A final response to a request that asked to switch: true where it ends the exchange.
    func settleSwitch() -> Bool {
        guard isAwaitingSwitch else { return false }
        isAwaitingSwitch = false
        let status = response.status
        let isConnect = request.method == .connect && request.upgradeProtocol.isEmpty
        if status == 101 || isConnect && status / 100 == 2 {
            isTunnel = true
            routeDeadline = .max
            perTryDeadline = .max
            keepsBody = false
            upstream?.switchProtocols()
            chain?.stats.increment(.downstreamCxUpgradesTotal)
            chain?.stats.increment(.downstreamCxUpgradesActive)
            if !isConnect { response.upgradeProtocol = response.first(.upgrade) ?? .empty }
            return false
        }
        // The other side stays with HTTP: the request is over as it stands.
        isRequestComplete = true
        isRequestFinishedUpstream = true
        body.removeAll()
        bodySentCount = 0
        requestCompleteAt = loop.nowMicroseconds
        downstream?.closesUnfinished()
        return false
    }

    /// The response's head is on its way: what waited of the client follows.
    func enterTunnel() {
        guard isTunnel, let downstream else { return }
        downstream.switchProtocols()
        sendBody()
        resumeRequestIfPossible()
    }

    /// The tunnel is over.
    func countTunnelEnd() {
        if isTunnel { chain?.stats.decrement(.downstreamCxUpgradesActive) }
    }
}

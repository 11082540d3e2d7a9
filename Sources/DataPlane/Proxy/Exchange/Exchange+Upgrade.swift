import Model
import Policy
import Telemetry
import Wire

/// Switching to another protocol: WebSocket and the like, and CONNECT (RFC 9110 sections 7.8 and
/// 9.3.6, RFC 8441).
extension Exchange {
    /// The request asks for another protocol, or for a tunnel.
    var asksToSwitch: Bool { request.method == .connect || !request.upgradeProtocol.isEmpty }

    /// Whether the request may ask for it; false where it has been refused.
    ///
    /// Such a request has no end that the client announces, whatever becomes of it.
    func allowUpgrade(
        _ lookup: RouteLookup,
        _ http: HTTPConnectionManager,
        random: UInt64
    ) -> Bool {
        guard let chain else { return false }
        var found: Route?
        if case .route(let route, let host) = lookup {
            found = route
            self.route = route
            virtualHost = host
        }
        let allowed = upgradeConfiguration(found, http)
        if allowed == nil, found == nil, request.method == .connect,
            request.upgradeProtocol.isEmpty
        {
            // A tunnel that no route is for leads nowhere, and that is the answer.
            downstream?.closesUnfinished()
            return true
        }
        isRequestComplete = false
        if let allowed, allowed.isEnabled {
            upgrade = allowed
            chain.stats.increment(.downstreamCxUpgradesTotal)
            chain.stats.increment(.downstreamCxUpgradesActive)
            return true
        }
        if case .forward(let action) = found?.action {
            cluster = chooseCluster(action, random: random)
        }
        chain.stats.increment(.downstreamRqWsOnNonWsRoute)
        // What the client sends after such a request may not be a request.
        downstream?.closesUnfinished()
        let what = request.method == .connect ? "CONNECT" : "an upgrade"
        let by =
            found.map { "\($0.explanation) of listener \(chain.listenerName)" }
            ?? "listener \(chain.listenerName)"
        reply(
            403,
            [],
            "upgrade_failed",
            "the request asks for \(what), and \(by) does not allow it (upgrade_configs)"
        )
        return false
    }

    /// The route's words go before the connection manager's.
    private func upgradeConfiguration(
        _ route: Route?,
        _ http: HTTPConnectionManager
    ) -> UpgradeConfiguration? {
        if case .forward(let action) = route?.action,
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
            if !isConnect, let named = response.first(.upgrade) { response.upgradeProtocol = named }
            return false
        }
        // The other side stays with HTTP: what the client sends is no part of it.
        isSwitchRefused = true
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

    /// The endpoint has ended its side of a tunnel, and with that the tunnel.
    ///
    /// Over HTTP/1.1 there is no telling that from a connection that broke, so that is what the log
    /// says, unless the client went first.
    func tunnelEnded() {
        guard isTunnel, stage == .sending else { return }
        releaseAttempt()
        upstream = nil
        if isRequestComplete {
            clientLeftTunnel()
            return
        }
        flags.insert(.upstreamConnectionTermination)
        details = "upstream_reset_after_response_started{connection_termination}"
        chain?.stats.increment(.downstreamRqTxReset)
        endTunnel()
    }

    /// The client ended its side first; now the endpoint has said all that it had to.
    func clientLeftTunnel() {
        dropUpstream()
        flags.insert(.downstreamConnectionTermination)
        details = "downstream_remote_disconnect"
        endTunnel()
    }

    /// Ends the client's side in order, after what waits for it.
    private func endTunnel() {
        countUnfinishedTunnel()
        finish()
        let downstream = self.downstream
        downstream?.respondEnd(trailers: nil)
        downstream?.exchangeFinished(self)
    }

    func countUnfinishedTunnel() {
        chain?.stats.increment(.downstreamRqResponseBeforeRqComplete)
        countUnfinishedUpgrade()
    }

    /// Counts a request that the client never ended; HTTP/2 counts its own streams.
    func countUnfinishedUpgrade() {
        if request.majorVersion == 1 { chain?.stats.increment(.downstreamRqRxReset) }
    }
}

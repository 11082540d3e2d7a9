import Model
import Policy
import Telemetry

/// The endpoints of an ORIGINAL_DST cluster on one worker: each is made when a connection first
/// wants to go there, and forgotten some time after the last one did.
///
/// An address has the same counts on all workers, and its own connections on each.
final class OriginalDestinations: TimerTarget {
    private struct Entry {
        let endpoint: EndpointState
        /// Since the last look at it.
        var isUsed: Bool
    }

    private unowned let cluster: ClusterState
    private let configuration: OriginalDestination
    private var entries: [SocketAddress: Entry] = [:]
    private var timer = TimerHandle.none
    /// Why the last question had no endpoint for an answer, to follow the cluster's name.
    private(set) var refusal = ""

    /// Clients name the addresses, so there is an end to what they can make a worker remember.
    static let countMax = 65_536

    init(_ configuration: OriginalDestination, cluster: ClusterState) {
        self.configuration = configuration
        self.cluster = cluster
        super.init()
    }

    // MARK: - Choosing

    /// The endpoint that this client wants, by the request's header or its connection; nil where
    /// none is known or it must not be used: then `refusal` says why.
    func endpoint(for peer: DownstreamPeer?, request: Head?) -> EndpointState? {
        var wanted: SocketAddress?
        if let header = configuration.header, let request {
            let name = header.bytes
            if let value = request.first(named: name.span) {
                wanted = Self.address(request.span(value))
                if wanted == nil { cluster.stats.increment(.originalDstHostInvalid) }
            }
        }
        guard var address = wanted ?? peer?.originalDestination, address.port != nil else {
            refusal =
                configuration.header.map {
                    "does not know where to: neither the header \($0) nor the connection says (ORIGINAL_DST)"
                }
                ?? "does not know where to: the connection was not redirected here (ORIGINAL_DST)"
            return nil
        }
        if let port = configuration.portOverride { address = address.with(port: port) }
        if let known = entries[address] {
            if !known.isUsed { entries[address]?.isUsed = true }
            return known.endpoint
        }
        return make(address)
    }

    private func make(_ address: SocketAddress) -> EndpointState? {
        if let listener = cluster.worker.listener(reachedAt: address) {
            refusal =
                "would connect the proxy to itself: \(address) is its listener \(listener.configuration.name)"
            return nil
        }
        guard entries.count < Self.countMax else {
            refusal = "has \(Self.countMax) destinations already"
            return nil
        }
        let endpoint = EndpointState(cluster.shared.take(destination: address), cluster: cluster)
        entries[address] = Entry(endpoint: endpoint, isUsed: true)
        cluster.append(destination: endpoint)
        if !timer.isArmed { armTimer() }
        return endpoint
    }

    /// `1.2.3.4:80` or `[::1]:80`; nil for anything else.
    static func address(_ text: Span<UInt8>) -> SocketAddress? {
        var colon = text.count - 1
        while colon > 0, text[colon] != 0x3a { colon -= 1 }
        guard colon > 0, let port = text.extracting((colon + 1)...).decimal(limit: 65_535)
        else { return nil }
        var host = text.extracting(..<colon)
        let isBracketed = host[0] == 0x5b
        if isBracketed {
            guard host.count > 2, host[host.count - 1] == 0x5d else { return nil }
            host = host.extracting(1..<(host.count - 1))
        }
        guard let address = AddressText.address(of: host), address.isIPv4 != isBracketed
        else { return nil }
        return address.with(port: UInt16(port))
    }

    // MARK: - Forgetting

    private func armTimer() {
        let loop = cluster.worker.loop
        loop.timers.arm(
            &timer,
            at: loop.nowMilliseconds + configuration.cleanupMilliseconds,
            target: self,
            kind: 0
        )
    }

    /// Forgets what nobody wanted since the last time and has no connection left.
    override func timerFired(kind: UInt8) {
        timer = .none
        var kept: [EndpointState] = []
        for (address, entry) in entries {
            if entry.isUsed || entry.endpoint.connectionCount > 0
                || entry.endpoint.activeRequests > 0
            {
                entries[address]?.isUsed = false
                kept.append(entry.endpoint)
            } else {
                entries[address] = nil
                forget(entry.endpoint)
            }
        }
        cluster.keep(destinations: kept)
        if !entries.isEmpty { armTimer() }
    }

    private func forget(_ endpoint: EndpointState) {
        endpoint.retire()
        cluster.shared.release(destination: endpoint.address)
    }

    /// The cluster is gone: what is under way finishes.
    func retire() {
        cluster.worker.loop.timers.cancel(&timer)
        let all = entries
        entries = [:]
        for entry in all.values { forget(entry.endpoint) }
    }
}

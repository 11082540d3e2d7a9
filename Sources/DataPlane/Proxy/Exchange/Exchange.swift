import Identity
import Model
import Policy
import Telemetry
import Wire

/// One request and its response, on their way through a worker.
///
/// It knows neither sockets nor versions of HTTP: the downstream codec feeds it the request and
/// writes what it answers, an upstream connection carries an attempt. It decides the route, the
/// endpoint, retries, timeouts and local replies. Objects are reused; everything is on one loop.
///
/// The life of an exchange: `begin` → `attempt` (→ `retryLater` → `attempt`)* → `upstreamHead` →
/// bodies in both directions → `finish`. `reply` ends it from anywhere before the response started.
final class Exchange: TimerTarget {
    enum Stage {
        case idle
        /// Waits in an endpoint's queue for a connection.
        case waiting
        /// A connection carries it.
        case sending
        /// Between two attempts.
        case backingOff
        /// A response, ours or the upstream's, is complete.
        case done
    }

    let worker: Worker
    let request = Head()
    let response = Head()
    private var trailerHead: Head?
    private var keptRequestTrailerHead: Head?

    // MARK: What it is
    var role: Role = .primary
    /// The exchange that this one is a copy of, as long as that one cares.
    var original: Exchange?
    var extras: ExchangeExtras?

    // MARK: The request's side
    var downstream: (any DownstreamStream)?
    var chain: HTTPChain?
    var requestFraming: BodyFraming = .none
    var isRequestComplete = false
    var requestTrailers: Head?
    /// The payload that was not sent yet, or may have to be sent again.
    var body = ByteQueue()
    /// How much of `body` the current attempt has been given.
    var bodySentCount = 0
    /// `body` still holds the payload from its first byte.
    var keepsBody = false
    var bodyBytesReceived: UInt64 = 0
    var bodyBytesSent: UInt64 = 0

    // MARK: The decision
    var stage: Stage = .idle
    var route: Route?
    var virtualHost: VirtualHost?
    var forward: ForwardAction?
    var cluster: ClusterState?
    var priority: RoutingPriority = .normal
    var retry: RetryState?
    var timeouts: RouteTimeouts?
    /// The position of the weighted cluster that was drawn.
    var weightedEntry: Int?
    var metadataMatch: [String: MetadataValue] = [:]
    /// Of the route's hash policies.
    var hash: UInt64?
    var virtualCluster: RouteStats?
    var routeStats: RouteStats?
    var virtualClusterName = ""
    /// The client's address where a trusted header gives it: a range of the request's head.
    var client: Head.Slice?
    /// The client, as a trusted header or the connection says.
    var clientAddress: SocketAddress?
    var isInternal = false
    /// An internal client asked to have `x-request-id` back.
    var returnsRequestID = false
    /// `x-envoy-upstream-alt-stat-name`: a range of the request's head.
    var alternativeStatName: Head.Slice?
    var setsEnvoyHeaders: Bool { hcm?.suppressesEnvoyHeaders != true }
    var endpoint: EndpointState?
    /// The pool that the current attempt has its connection of, or waits in.
    var pool: ConnectionPool?
    var upstream: (any UpstreamStream)?
    /// The connection's addresses, once the exchange has had one.
    var upstreamAddress: SocketAddress?
    var upstreamLocalAddress: SocketAddress?
    var upstreamTLS: TLSFacts?
    var upstreamConnectionID: UInt64 = 0
    var upstreamMajorVersion: UInt8 = 1
    /// The method that the current attempt was sent with.
    var sentMethod: Method = .get
    var attemptCount: UInt32 = 0
    /// The attempt counts among the endpoint's and the cluster's requests.
    var holdsAttempt = false
    /// A circuit breaker refused: the reply says `x-envoy-overloaded`.
    var isOverloaded = false
    /// The cluster drops every request: the reply says so.
    var dropsUnconditionally = false
    var isRetrying = false
    var hasRetriedStale = false
    var isRequestFinishedUpstream = false
    /// The request asks for another protocol, and the route lets it.
    var upgrade: UpgradeConfiguration?
    /// Bytes of the client wait until the other side has agreed to switch.
    var isAwaitingSwitch = false
    /// The other side stays with HTTP: what the client sends goes nowhere.
    var isSwitchRefused = false
    /// What passes is not HTTP any more.
    var isTunnel = false

    // MARK: The response
    var hasResponseStarted = false
    /// The head waits for the first byte of the body or the trailers, which may ask for a retry.
    var heldFraming: BodyFraming?
    /// The endpoint's trailers, as long as the exchange is under way.
    var responseTrailers: Head?
    var isLocalReply = false
    var responseFraming: BodyFraming = .none
    var interimCount = 0
    var flags: ResponseFlags = []
    var details: StaticString = ""
    var reason = ""
    var transportFailure = ""

    // MARK: Time: microseconds of the loop's clock, 0 where it has not happened
    var startedAt: Int64 = 0
    var requestCompleteAt: Int64 = 0
    var attemptStartedAt: Int64 = 0
    var requestSentAt: Int64 = 0
    var firstResponseByteAt: Int64 = 0
    var lastResponseByteAt: Int64 = 0
    /// Milliseconds.
    var lastActivity: Int64 = 0
    var routeDeadline: Int64 = .max
    var perTryDeadline: Int64 = .max
    var requestDeadline: Int64 = .max
    var streamIdleTimeout: Int64 = .max
    var bodyRateDeadline: Int64 = .max
    var bodyRateMark: UInt64 = 0
    /// `max_stream_duration`, of the exchange and of its attempts.
    var streamDeadline: Int64 = .max
    var upstreamStreamDeadline: Int64 = .max
    var timer = TimerHandle.none
    var backOffTimer = TimerHandle.none

    static let deadlineTimer: UInt8 = 0
    static let backOffTimerKind: UInt8 = 1

    init(worker: Worker) {
        self.worker = worker
        super.init()
    }

    var loop: EventLoop { worker.loop }
    var hcm: HTTPConnectionManager? { chain?.http }

    /// The head that the response's decoder puts trailers into, made when the first ones come.
    var trailers: Head {
        if let trailerHead { return trailerHead }
        let made = Head(byteCapacity: 256, fieldCapacity: 8)
        trailerHead = made
        return made
    }

    /// The same for the request: both may be read at the same time, and a decoder keeps offsets
    /// into its head, so they cannot share one.
    var requestTrailerHead: Head {
        if let keptRequestTrailerHead { return keptRequestTrailerHead }
        let made = Head(byteCapacity: 256, fieldCapacity: 8)
        keptRequestTrailerHead = made
        return made
    }

    /// Forgets everything, for the next use.
    func reset() {
        request.reset()
        response.reset()
        trailerHead?.reset()
        keptRequestTrailerHead?.reset()
        if role != .primary { role = .primary }
        original = nil
        extras = nil
        downstream = nil
        chain = nil
        requestFraming = .none
        isRequestComplete = false
        requestTrailers = nil
        body.removeAll()
        bodySentCount = 0
        keepsBody = false
        bodyBytesReceived = 0
        bodyBytesSent = 0
        stage = .idle
        route = nil
        virtualHost = nil
        forward = nil
        cluster = nil
        priority = .normal
        retry = nil
        timeouts = nil
        weightedEntry = nil
        metadataMatch = [:]
        hash = nil
        virtualCluster = nil
        routeStats = nil
        client = nil
        clientAddress = nil
        isInternal = false
        returnsRequestID = false
        alternativeStatName = nil
        if !virtualClusterName.isEmpty { virtualClusterName = "" }
        endpoint = nil
        pool = nil
        upstream = nil
        upstreamAddress = nil
        upstreamLocalAddress = nil
        attemptCount = 0
        holdsAttempt = false
        isOverloaded = false
        dropsUnconditionally = false
        isRetrying = false
        hasRetriedStale = false
        isRequestFinishedUpstream = false
        if upgrade != nil { upgrade = nil }
        isAwaitingSwitch = false
        isSwitchRefused = false
        isTunnel = false
        heldFraming = nil
        responseTrailers = nil
        upstreamTLS = nil
        upstreamConnectionID = 0
        upstreamMajorVersion = 1
        hasResponseStarted = false
        isLocalReply = false
        responseFraming = .none
        interimCount = 0
        flags = []
        details = ""
        reason = ""
        transportFailure = ""
        startedAt = 0
        requestCompleteAt = 0
        attemptStartedAt = 0
        requestSentAt = 0
        firstResponseByteAt = 0
        lastResponseByteAt = 0
        routeDeadline = .max
        perTryDeadline = .max
        requestDeadline = .max
        streamIdleTimeout = .max
        bodyRateDeadline = .max
        bodyRateMark = 0
        streamDeadline = .max
        upstreamStreamDeadline = .max
    }

    override func timerFired(kind: UInt8) { deadlineReached(kind: kind) }

    // MARK: - The end

    /// Everything has been said in both directions: count it, log it, and give everything back.
    func finish() {
        guard stage != .done else { return }
        loop.timers.cancel(&timer)
        loop.timers.cancel(&backOffTimer)
        stage = .done
        lastResponseByteAt = loop.nowMicroseconds
        releaseRetry()
        if extras != nil {
            abandonMirrors()
            abandonHedges()
        }
        if let chain, downstream != nil {
            let stats = chain.stats
            stats.decrement(.downstreamRqActive)
            if upgrade != nil { stats.decrement(.downstreamCxUpgradesActive) }
            let duration = UInt64(max(0, loop.nowMicroseconds - startedAt) / 1000)
            stats.record(.downstreamRqTime, milliseconds: duration)
            if !chain.accessLogs.isEmpty { writeAccessLog(chain) }
        }
    }

    private func writeAccessLog(_ chain: HTTPChain) {
        fill(&worker.logRecord)
        chain.writeAccessLogs()
        // The record outlives this exchange; it must not hold on to its heads.
        worker.logRecord.request = nil
        worker.logRecord.response = nil
        worker.logRecord.responseTrailers = nil
        worker.logRecord.requestTrailers = nil
        worker.logRecord.downstreamTLS = nil
        worker.logRecord.upstreamTLS = nil
    }

    /// Everything that can be said of the exchange as it is now.
    func fill(_ record: inout ExchangeRecord) {
        record.request = request
        record.response = response
        record.responseTrailers = responseTrailers
        record.requestTrailers = requestTrailers
        record.requestStartUnixMicroseconds = startedAt &+ loop.unixOffsetMicroseconds
        record.durationMicroseconds = loop.nowMicroseconds &- startedAt
        record.requestReceivedMicroseconds = since(requestCompleteAt)
        record.upstreamFirstByteSentMicroseconds = since(attemptStartedAt)
        record.upstreamLastByteSentMicroseconds = since(requestSentAt)
        record.responseFirstByteMicroseconds = since(firstResponseByteAt)
        record.responseLastByteMicroseconds =
            firstResponseByteAt == 0 ? nil : since(lastResponseByteAt)
        record.downstreamFirstByteSentMicroseconds = since(firstResponseByteAt)
        record.downstreamLastByteSentMicroseconds = lastResponseByteAt &- startedAt
        record.bytesReceived = bodyBytesReceived
        record.bytesSent = bodyBytesSent
        record.responseCode = hasResponseStarted ? response.status : 0
        record.responseCodeDetails = details
        record.flags = flags
        record.reason = reason
        record.routeName = route?.name ?? ""
        record.virtualHostName = virtualHost?.name ?? ""
        record.clusterName = cluster?.configuration.name ?? ""
        record.upstreamHost = endpoint?.text ?? ""
        record.upstreamHostName = endpoint?.hostname ?? ""
        record.upstreamTransportFailureReason = transportFailure
        record.attemptCount = attemptCount
        record.upstreamRemoteAddress = upstreamAddress
        record.upstreamLocalAddress = upstreamLocalAddress
        record.upstreamMetadata = endpoint?.shared.endpoint.attributes?.metadata
        record.clusterMetadata = cluster?.configuration.metadata
        record.upstreamClusterStatName = cluster?.configuration.statName ?? ""
        record.routeMetadata = route?.metadata
        record.virtualClusterName = virtualClusterName
        record.upstreamTLS = upstreamTLS
        record.upstreamConnectionID = upstreamConnectionID
        record.upstreamMajorVersion = upstreamMajorVersion
        // A copy speaks of the client that its original has.
        let source = original ?? self
        guard let chain = source.chain, let downstream = source.downstream else {
            record.downstreamRemoteAddress = nil
            record.downstreamDirectRemoteAddress = nil
            record.downstreamLocalAddress = nil
            record.connectionID = 0
            record.listenerName = ""
            record.isTLS = false
            record.downstreamTLS = nil
            record.requestedServerName = ""
            record.filterChainName = ""
            return
        }
        let peer = downstream.peer
        record.downstreamRemoteAddress = source.clientAddress ?? peer.remoteAddress
        record.downstreamDirectRemoteAddress = peer.directRemoteAddress
        record.isTLS = peer.isTLS
        record.downstreamTLS = peer.tls
        record.requestedServerName = peer.requestedServerName
        record.filterChainName = chain.configuration.name
        record.downstreamLocalAddress = downstream.localAddress
        record.connectionID = peer.connectionID
        record.listenerName = chain.listenerName
    }

    private func since(_ moment: Int64) -> Int64? { moment == 0 ? nil : moment &- startedAt }
}

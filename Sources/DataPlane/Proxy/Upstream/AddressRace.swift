import Model
import Policy
import Telemetry

/// Connections to several addresses of one endpoint, of which the first that succeeds is used
/// (happy eyeballs, RFC 8305).
///
/// The next address is tried after 300 ms, or at once when one fails.
final class AddressRace: TimerTarget {
    private let endpoint: EndpointState
    private let priority: RoutingPriority
    private var waiting: ArraySlice<SocketAddress>
    private let options: ConnectOptions
    private let receiver: any ConnectionReceiver
    private var attempts: [ConnectingSocket] = []
    /// The first attempt is counted by whoever started the race, every other one here.
    private var hasStarted = false
    private var timer = TimerHandle.none

    static let delayMilliseconds: Int64 = 300

    init(
        endpoint: EndpointState,
        priority: RoutingPriority,
        options: ConnectOptions,
        receiver: any ConnectionReceiver
    ) {
        self.endpoint = endpoint
        self.priority = priority
        self.options = options
        self.receiver = receiver
        waiting =
            Self.order(
                [endpoint.address] + endpoint.shared.endpoint.additionalAddresses,
                firstFamilyCount: endpoint.cluster.configuration.connection.firstFamilyCount,
                prefersIPv4: endpoint.cluster.configuration.connection.prefersIPv4First
            )[...]
        super.init()
    }

    /// Starts with the first address that a connection can be begun to.
    func start() throws(SystemCallError) {
        while true {
            do throws(SystemCallError) {
                try startNext()
                return
            } catch {
                if waiting.isEmpty { throw error }
            }
        }
    }

    /// Families take turns, after so many of the first (RFC 8305 section 4).
    static func order(
        _ addresses: [SocketAddress],
        firstFamilyCount: UInt32,
        prefersIPv4: Bool
    ) -> [SocketAddress] {
        guard let first = addresses.first else { return [] }
        let startsWithIPv4 = prefersIPv4 ? addresses.contains(where: \.isIPv4) : first.isIPv4
        var own = addresses.filter { $0.isIPv4 == startsWithIPv4 }[...]
        var other = addresses.filter { $0.isIPv4 != startsWithIPv4 }[...]
        var ordered = Array(own.prefix(Int(clamping: max(firstFamilyCount, 1))))
        own = own.dropFirst(ordered.count)
        while !own.isEmpty || !other.isEmpty {
            if let next = other.popFirst() { ordered.append(next) }
            if let next = own.popFirst() { ordered.append(next) }
        }
        return ordered
    }

    private func startNext() throws(SystemCallError) {
        guard let address = waiting.popFirst() else { return }
        let connection = try ConnectingSocket(
            endpoint: endpoint,
            priority: priority,
            address: address,
            options: options,
            receiver: receiver,
            race: self
        )
        if hasStarted { receiver.openedAnother(priority) }
        hasStarted = true
        attempts.append(connection)
        connection.start()
        if !waiting.isEmpty {
            let loop = endpoint.cluster.worker.loop
            loop.timers.arm(
                &timer,
                at: loop.nowMilliseconds + Self.delayMilliseconds,
                target: self,
                kind: 0
            )
        }
    }

    override func timerFired(kind: UInt8) {
        timer = .none
        while !waiting.isEmpty {
            do throws(SystemCallError) {
                try startNext()
                return
            } catch {
                continue
            }
        }
    }

    /// The winner is used, the others go.
    func connected(_ winner: ConnectingSocket) {
        endpoint.cluster.worker.loop.timers.cancel(&timer)
        let losers = attempts.filter { $0 !== winner }
        attempts = []
        waiting = []
        for loser in losers { loser.abandon() }
        receiver.connected(winner)
    }

    /// Nobody waits any more.
    func abandon() {
        endpoint.cluster.worker.loop.timers.cancel(&timer)
        let losers = attempts
        attempts = []
        waiting = []
        for loser in losers { loser.abandon() }
    }

    /// One address is out; the endpoint has failed when all are.
    func failed(_ connection: ConnectingSocket, _ failure: ConnectFailure) {
        attempts.removeAll { $0 === connection }
        endpoint.cluster.worker.loop.timers.cancel(&timer)
        if !waiting.isEmpty {
            let before = attempts.count
            timerFired(kind: 0)
            if attempts.count > before {
                receiver.closedWithoutLoss(connection)
                return
            }
        }
        if attempts.isEmpty {
            receiver.connectFailed(connection, failure)
        } else {
            receiver.closedWithoutLoss(connection)
        }
    }
}

extension SocketAddress {
    var isIPv4: Bool {
        if case .ipv4 = self { return true }
        return false
    }
}

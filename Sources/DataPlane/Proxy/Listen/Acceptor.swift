import Glibc
import Model
import Telemetry

/// A listening socket on a worker: takes connections and hands them to their codec.
final class Acceptor: Pollable {
    /// Whose connections these become; a reload may give the socket to another.
    var listener: ListenerState
    private var retryTimer = TimerHandle.none
    private var reportedAt = Int64.min
    /// So many are taken before other events get their turn.
    private static let acceptCountMax = 64
    /// With no descriptor free, accepting rests for this long.
    private static let exhaustedMilliseconds: Int64 = 100
    /// The log says so at most once in this time.
    private static let reportMilliseconds: Int64 = 10_000

    init(descriptor: Int32, listener: ListenerState) {
        self.listener = listener
        super.init(descriptor: descriptor)
    }

    private var worker: Worker { listener.worker }

    override func ready(events: UInt32) { acceptAvailable(limit: Self.acceptCountMax) }

    /// Takes what waits; false where descriptors ran out.
    private func acceptAvailable(limit: Int) {
        for _ in 0..<limit {
            do {
                guard let (accepted, peer) = try SystemCall.accept(descriptor) else { return }
                take(accepted, peer)
            } catch {
                rest(after: error)
                return
            }
        }
    }

    private func take(_ accepted: Int32, _ peer: SocketAddress) {
        guard listener.shared.tryOpen() else {
            listener.listenerStats.increment(.downstreamCxOverflow)
            _ = Glibc.close(accepted)
            return
        }
        guard let chain = listener.immediate else {
            let connection = AcceptedConnection(
                descriptor: accepted,
                remote: peer,
                listener: listener
            )
            if watch(connection) { connection.start() }
            return
        }
        let connection = DownstreamConnection(
            descriptor: accepted,
            peer: DownstreamPeer(connectionID: worker.nextConnectionID(), remoteAddress: peer),
            chain: chain
        )
        guard watch(connection) else { return }
        listener.listenerStats.increment(.downstreamCxTotal)
        listener.listenerStats.increment(.downstreamCxActive)
        connection.start()
    }

    private func watch(_ connection: some StreamConnection & ClientConnection) -> Bool {
        do {
            try worker.loop.add(connection, interest: .edges)
        } catch {
            listener.connectionClosed()
            _ = Glibc.close(connection.descriptor)
            return false
        }
        worker.addConnection(connection)
        return true
    }

    /// Out of descriptors or memory: a level-triggered socket would spin, so look away for a while.
    private func rest(after error: SystemCallError) {
        listener.listenerStats.increment(.downstreamGlobalCxOverflow)
        if reportedAt == .min || worker.loop.nowMilliseconds - reportedAt > Self.reportMilliseconds
        {
            reportedAt = worker.loop.nowMilliseconds
            worker.report(
                "accepting paused: \(error)",
                listener: listener.configuration.name
            )
        }
        worker.loop.setLevelInterest(self, isOn: false)
        worker.loop.timers.arm(
            &retryTimer,
            at: worker.loop.nowMilliseconds + Self.exhaustedMilliseconds,
            target: self,
            kind: 0
        )
    }

    override func timerFired(kind: UInt8) {
        retryTimer = .none
        if isOpen { worker.loop.setLevelInterest(self, isOn: true) }
    }

    /// Takes every connection that the kernel has completed, then closes: none of them is reset.
    func stop() {
        guard isOpen else { return }
        acceptAvailable(limit: 65_536)
        worker.loop.timers.cancel(&retryTimer)
        worker.loop.close(self)
    }
}

import Glibc
package import Model

/// A small HTTP/1.1 server on a loop, for the process's own pages: admin, the sample application.
///
/// It stands on the data plane's codec and connections, so it costs no library. Requests are handed
/// to a closure whole; limits: 60 KiB of head, 1 MiB of body kept (more is counted and dropped), as
/// many connections as there may be at once. One more than those takes the place of the one that has
/// waited longest for its client, so that nobody keeps others out by holding connections.
package final class LocalServer {
    package typealias Handler = (LocalRequest) -> LocalResponse

    /// What one client may take from the others.
    package struct Limits: Sendable {
        /// Connections at once.
        package var connections: Int
        /// A head is complete so long after its first byte, or after the connection was accepted.
        package var headMilliseconds: Int64 = 10_000
        /// Between two requests, between two parts of a body, and for reading a whole response.
        package var idleMilliseconds: Int64 = 60_000
        /// Of a generated body, in one turn of the loop.
        package var generatedBytes = 2 << 20

        package init(connections: Int = 1024) { self.connections = connections }
    }

    package let loop: EventLoop
    package let address: SocketAddress
    let handler: Handler
    /// Finishes the response it is writing and closes, once true.
    package private(set) var isDraining = false
    private var acceptor: LocalAcceptor?
    private var connections: [ObjectIdentifier: LocalConnection] = [:]
    let limits: Limits
    private var waits: UInt64 = 0
    /// Called when the last connection is gone while draining.
    private var drained: (() -> Void)?
    private var leaveDeadline: ClosureTimer?

    /// - Parameter inherited: a socket that listens on the address already; nil: one is made.
    package init(
        loop: EventLoop,
        address: SocketAddress,
        name: String,
        limits: Limits = Limits(),
        inherited: Int32? = nil,
        handler: @escaping Handler
    ) throws(BindFailure) {
        self.loop = loop
        self.handler = handler
        self.limits = limits
        let descriptor: Int32
        if let inherited {
            descriptor = inherited
            self.address = SystemCall.localAddress(inherited)
        } else {
            (descriptor, self.address) = try ListenSocket.bind(name: name, address)
        }
        let acceptor = LocalAcceptor(descriptor: descriptor, server: self)
        do throws(SystemCallError) {
            try loop.add(acceptor, interest: .level)
        } catch {
            throw BindFailure(listener: name, address: address, cause: error)
        }
        self.acceptor = acceptor
    }

    func accepted(_ descriptor: Int32, _ peer: SocketAddress) {
        if connections.count >= limits.connections, !closeLongestWaiting() {
            SystemCall.abort(descriptor)
            return
        }
        let connection = LocalConnection(descriptor: descriptor, peer: peer, server: self)
        do {
            try loop.add(connection, interest: .edges)
            connections[ObjectIdentifier(connection)] = connection
        } catch {
            // It has armed a timer, which does not retain it: closing cancels that too.
            connection.lost(error.code)
        }
    }

    /// The place of a connection that begins to wait for its client, after all that wait already.
    func nextWait() -> UInt64 {
        waits += 1
        return waits
    }

    /// Makes room for one connection; false where all of them are being answered.
    ///
    /// Who has not read its answer yet goes after those that have nothing to read.
    private func closeLongestWaiting() -> Bool {
        var first: (connection: LocalConnection, rank: (Int, UInt64))?
        for connection in connections.values {
            guard let wait = connection.wait else { continue }
            let rank = (connection.isDrained ? 0 : 1, wait)
            if let first, first.rank < rank { continue }
            first = (connection, rank)
        }
        first?.connection.giveWay()
        return first != nil
    }

    func closed(_ connection: LocalConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if isDraining, connections.isEmpty { finishDraining() }
    }

    /// The listening socket; nil where nothing is accepted any more.
    package var listeningDescriptor: Int32? { acceptor?.descriptor }

    /// Stops accepting, since another process does it; who is connected gets one answer more.
    package func leave() {
        isDraining = true
        acceptor?.stop()
        acceptor = nil
    }

    /// Stops accepting, and gives who is connected so long for one answer more.
    ///
    /// `done` is called on the loop, once nobody is left or the time is over.
    package func leave(withinMilliseconds milliseconds: Int64, done: @escaping () -> Void) {
        leave()
        drained = done
        if connections.isEmpty {
            finishDraining()
            return
        }
        let deadline = ClosureTimer(loop: loop) { [unowned self] in finishDraining() }
        deadline.schedule(afterMilliseconds: milliseconds)
        leaveDeadline = deadline
    }

    /// Stops accepting; responses under way are finished.
    ///
    /// `done` is called on the loop.
    package func drain(done: @escaping () -> Void) {
        isDraining = true
        drained = done
        acceptor?.stop()
        acceptor = nil
        for connection in connections.values { connection.closeIfIdle() }
        if connections.isEmpty { finishDraining() }
    }

    private func finishDraining() {
        leaveDeadline?.cancel()
        leaveDeadline = nil
        let done = drained
        drained = nil
        done?()
    }
}

private final class LocalAcceptor: Pollable {
    private let server: LocalServer
    private var retryTimer = TimerHandle.none
    /// With no descriptor free, accepting rests for this long.
    private static let exhaustedMilliseconds: Int64 = 100

    init(descriptor: Int32, server: LocalServer) {
        self.server = server
        super.init(descriptor: descriptor)
    }

    override func ready(events: UInt32) {
        for _ in 0..<16 {
            do {
                guard let (accepted, peer) = try SystemCall.accept(descriptor) else { return }
                server.accepted(accepted, peer)
            } catch {
                rest()
                return
            }
        }
    }

    /// A level-triggered socket whose connections cannot be taken would make the loop spin.
    private func rest() {
        server.loop.setLevelInterest(self, isOn: false)
        server.loop.timers.arm(
            &retryTimer,
            at: server.loop.nowMilliseconds + Self.exhaustedMilliseconds,
            target: self,
            kind: 0
        )
    }

    override func timerFired(kind: UInt8) {
        retryTimer = .none
        if isOpen { server.loop.setLevelInterest(self, isOn: true) }
    }

    func stop() {
        server.loop.timers.cancel(&retryTimer)
        // Another process may have the socket, too: it would be told of for ever.
        server.loop.setLevelInterest(self, isOn: false)
        server.loop.close(self)
    }
}

import Glibc
import Model
package import Telemetry

/// Where the next process asks for this one's place; on the main loop.
///
/// One takeover at a time. Nothing of this process changes before the other one says that it
/// serves; then it yields, and there is no way back.
package final class TakeoverServer {
    /// What the server asks of the process.
    package struct Parts {
        /// Calls the closure when no configuration is being taken over, and none will be until
        /// `release`.
        package var hold: (@escaping () -> Void) -> Void
        package var release: () -> Void
        package var offer: () -> TakeoverOffer
        /// Copies of the listening sockets, with their groups' counts.
        package var sockets: () -> [HandedSockets]
        package var counters: () -> [CarriedCounter]
        /// Stops accepting and begins to drain.
        package var yield: () -> Void
        /// Why there can be no takeover now; nil: there can.
        package var refusal: () -> String?

        package init(
            hold: @escaping (@escaping () -> Void) -> Void,
            release: @escaping () -> Void,
            offer: @escaping () -> TakeoverOffer,
            sockets: @escaping () -> [HandedSockets],
            counters: @escaping () -> [CarriedCounter],
            yield: @escaping () -> Void,
            refusal: @escaping () -> String?
        ) {
            self.hold = hold
            self.release = release
            self.offer = offer
            self.sockets = sockets
            self.counters = counters
            self.yield = yield
            self.refusal = refusal
        }
    }

    package struct Timing: Sendable {
        /// Up to the greeting.
        package var greetingMilliseconds: Int64 = 5_000
        /// From the offer until the new process serves.
        package var servingMilliseconds: Int64 = 60_000

        package init() {}
    }

    package let path: String
    private let loop: EventLoop
    private let parts: Parts
    private let timing: Timing
    private var acceptor: TakeoverAcceptor?
    private var session: Session?
    private var deadline: ClosureTimer?
    /// With no descriptor free, accepting rests.
    private var pause: ClosureTimer?
    private static let pauseMilliseconds: Int64 = 100
    private var counted: [CarriedCounter] = []
    package private(set) var hasYielded = false

    private final class Session {
        var channel: TakeoverChannel?
        var process: Int32 = 0
        var phase = Phase.greeting
        enum Phase { case greeting, holding, offered, yielded }
    }

    /// - Parameter inherited: the socket that the process before listened on at the same path.
    package init(
        loop: EventLoop,
        path: String,
        inherited: Int32? = nil,
        timing: Timing = Timing(),
        parts: Parts
    ) throws(TakeoverFailure) {
        self.loop = loop
        self.path = path
        self.timing = timing
        self.parts = parts
        let descriptor: Int32
        if let inherited {
            descriptor = inherited
        } else {
            descriptor = try TakeoverSocket.listen(path)
        }
        let acceptor = TakeoverAcceptor(descriptor: descriptor) { [unowned self] in accept() }
        do throws(SystemCallError) {
            try loop.add(acceptor, interest: .level)
        } catch {
            _ = Glibc.close(descriptor)
            throw TakeoverFailure("takeover: \(error)")
        }
        self.acceptor = acceptor
        deadline = ClosureTimer(loop: loop) { [unowned self] in outOfTime() }
        pause = ClosureTimer(loop: loop) { [unowned self] in
            if let acceptor = self.acceptor { loop.setLevelInterest(acceptor, isOn: true) }
        }
    }

    /// Takes no further requests; a takeover that has not happened yet does not happen.
    package func close() {
        if let session, session.phase != .yielded { fail(session, "this process is ending") }
        closeAcceptor()
    }

    private func closeAcceptor() {
        guard let acceptor else { return }
        self.acceptor = nil
        pause?.cancel()
        // The socket lives on in the other process: closing it here is not enough for epoll.
        loop.setLevelInterest(acceptor, isOn: false)
        loop.close(acceptor)
    }

    /// Tells the new process what was counted since the yield, and that this one ends.
    package func finish() {
        guard let session, session.phase == .yielded, let channel = session.channel else { return }
        send(parts.counters().since(counted), to: channel)
        channel.send(.finished)
        // A few packets, which the other process reads at once, if it is still there.
        var rest = 100
        var isSent = false
        channel.whenSent { isSent = true }
        while !isSent, rest > 0 {
            rest -= 1
            var polled = pollfd(fd: channel.descriptor, events: Int16(POLLOUT), revents: 0)
            _ = unsafe poll(&polled, 1, 20)
            channel.ready(events: 0)
        }
        channel.close()
        self.session = nil
    }

    // MARK: - The steps

    private func accept() {
        guard let acceptor else { return }
        while true {
            let found: (descriptor: Int32, peer: SocketAddress)?
            do throws(SystemCallError) {
                found = try SystemCall.accept(acceptor.descriptor)
            } catch {
                // What waits cannot be taken, and a level-triggered socket tells of it for ever.
                loop.setLevelInterest(acceptor, isOn: false)
                pause?.schedule(afterMilliseconds: Self.pauseMilliseconds)
                return
            }
            guard let found else { return }
            begin(found.descriptor)
        }
    }

    private func begin(_ descriptor: Int32) {
        let process: Int32
        do throws(TakeoverFailure) {
            process = try TakeoverSocket.checkPeer(descriptor)
        } catch {
            Log.shared.log(.warning, "takeover refused", ["why": error.description])
            refuse(descriptor, error.description)
            return
        }
        if session != nil {
            refuse(descriptor, "another takeover is under way")
            return
        }
        let session = Session()
        session.process = process
        do throws(SystemCallError) {
            session.channel = try TakeoverChannel(descriptor: descriptor, loop: loop) {
                [unowned self, unowned session] message, descriptors in
                for descriptor in descriptors { _ = Glibc.close(descriptor) }
                received(message, session)
            } ended: { [unowned self, unowned session] failure in
                ended(session, failure?.description)
            }
        } catch {
            _ = Glibc.close(descriptor)
            return
        }
        self.session = session
        deadline?.schedule(afterMilliseconds: timing.greetingMilliseconds)
    }

    private func refuse(_ descriptor: Int32, _ why: String) {
        _ = try? TakeoverSocket.send(TakeoverMessage.refusal(why).bytes, [], to: descriptor)
        _ = Glibc.close(descriptor)
    }

    private func received(_ message: TakeoverMessage, _ session: Session) {
        guard session === self.session else { return }
        switch (session.phase, message) {
        case (.greeting, .hello(let hello)): greeted(hello, session)
        case (.offered, .serving): yield(session)
        default: fail(session, "the messages came in a wrong order")
        }
    }

    private func greeted(_ hello: TakeoverHello, _ session: Session) {
        if hello.version != TakeoverMessage.version {
            let own = TakeoverMessage.version
            fail(
                session,
                "it speaks version \(own) of the takeover's protocol, not \(hello.version): "
                    + "end it with SIGTERM and start the new process then"
            )
            return
        }
        if let why = parts.refusal() {
            fail(session, why)
            return
        }
        session.phase = .holding
        deadline?.schedule(afterMilliseconds: timing.servingMilliseconds)
        Log.shared.log(
            .info,
            "takeover asked for",
            ["process": "\(session.process)", "version": hello.build]
        )
        parts.hold { [weak self, weak session] in
            guard let self, let session, session === self.session else { return }
            offer(session)
        }
    }

    private func offer(_ session: Session) {
        guard let channel = session.channel else { return }
        session.phase = .offered
        channel.send(.offer(parts.offer()))
        var all = parts.sockets()
        if let acceptor {
            let group = SocketGroup(purpose: .takeover, address: .unix(path: path), count: 1)
            all.append(HandedSockets(group, copying: [acceptor.descriptor]))
        }
        for (groups, descriptors) in HandedSockets.messages(all) {
            channel.send(.sockets(groups), descriptors: descriptors)
        }
        channel.send(.ready)
    }

    private func yield(_ session: Session) {
        guard let channel = session.channel else { return }
        session.phase = .yielded
        hasYielded = true
        deadline?.cancel()
        parts.yield()
        closeAcceptor()
        channel.send(.yielded)
        counted = parts.counters()
        send(counted, to: channel)
    }

    private func send(_ counters: [CarriedCounter], to channel: TakeoverChannel) {
        var rest = counters[...]
        while !rest.isEmpty {
            var part: [CarriedCounter] = []
            var room = TakeoverMessage.bytesMax - 16
            while let next = rest.first {
                let size = 16 + next.name.utf8.count + next.part.utf8.count + next.stat.utf8.count
                if size > room || part.count == Int(UInt16.max) { break }
                room -= size
                part.append(next)
                rest = rest.dropFirst()
            }
            // One that no message holds is left out.
            if part.isEmpty { rest = rest.dropFirst() } else { channel.send(.counters(part)) }
        }
    }

    // MARK: - What goes wrong

    private func outOfTime() {
        guard let session else { return }
        let seconds = timing.servingMilliseconds / 1_000
        fail(
            session,
            session.phase == .greeting
                ? "no greeting came" : "the new process did not serve within \(seconds) s"
        )
    }

    /// Says why, and goes on as if nothing had happened.
    private func fail(_ session: Session, _ why: String) {
        if session.phase != .yielded { session.channel?.send(.refusal(why)) }
        session.channel?.close()
        ended(session, why)
    }

    private func ended(_ session: Session, _ why: String?) {
        guard session === self.session else { return }
        let phase = session.phase
        if phase != .yielded { self.session = nil }
        deadline?.cancel()
        switch phase {
        case .yielded: break
        case .greeting:
            Log.shared.log(
                .warning,
                "takeover refused",
                ["why": why ?? "no greeting came", "process": "\(session.process)"]
            )
        case .holding, .offered:
            Log.shared.log(
                .warning,
                "takeover failed: this process serves on",
                [
                    "why": why ?? "the new process ended before it served",
                    "process": "\(session.process)",
                ]
            )
            parts.release()
        }
    }
}

/// Tells of connections to the takeover's socket.
private final class TakeoverAcceptor: Pollable {
    private let body: () -> Void

    init(descriptor: Int32, _ body: @escaping () -> Void) {
        self.body = body
        super.init(descriptor: descriptor)
    }

    override func ready(events: UInt32) { body() }
}

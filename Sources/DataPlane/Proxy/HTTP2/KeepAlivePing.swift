import Model
import Telemetry

/// The PINGs of one connection that find out whether its peer is still there
/// (`connection_keepalive`).
struct KeepAlivePing {
    private var timer = TimerHandle.none
    private var awaitsAnswer = false

    /// The kind that the owner's `timerFired` gets.
    static let timerKind: UInt8 = 16
    private static let opaque: UInt64 = 0x7069_6c6c_696f_6e02

    /// Waits for the next turn, where there is an interval.
    mutating func rest(_ session: HTTP2Session, random: UInt64) {
        guard let settings = session.options.keepAlive,
            let interval = settings.intervalMilliseconds
        else { return }
        let jitter = Double(interval) * settings.jitterPercent / 100
        let share = Double(random % 1_000) / 1_000
        arm(after: interval + Int64(jitter * share), session)
    }

    /// Asks the peer now, where it was not heard of for `connection_idle_interval`.
    mutating func ask(_ session: HTTP2Session, lastHeardAt: Int64) {
        guard let settings = session.options.keepAlive,
            let idle = settings.idleIntervalMilliseconds, !awaitsAnswer,
            session.socket.loop.nowMilliseconds >= lastHeardAt + idle
        else { return }
        ask(session, settings)
    }

    /// The timer has fired: true where the peer is gone; else it is asked.
    mutating func isUnanswered(_ session: HTTP2Session) -> Bool {
        timer = .none
        guard let settings = session.options.keepAlive else { return false }
        if awaitsAnswer {
            session.stats.increment(.keepaliveTimeout)
            return true
        }
        ask(session, settings)
        return false
    }

    /// The peer answered a PING.
    mutating func answered(_ opaque: UInt64, _ session: HTTP2Session, random: UInt64) {
        guard opaque == Self.opaque, awaitsAnswer else { return }
        awaitsAnswer = false
        cancel(session)
        rest(session, random: random)
    }

    mutating func cancel(_ session: HTTP2Session) { session.socket.loop.timers.cancel(&timer) }

    private mutating func ask(_ session: HTTP2Session, _ settings: HTTP2Options.KeepAlive) {
        awaitsAnswer = true
        session.writePing(Self.opaque)
        arm(after: settings.timeoutMilliseconds, session)
    }

    private mutating func arm(after milliseconds: Int64, _ session: HTTP2Session) {
        let loop = session.socket.loop
        loop.timers.arm(
            &timer,
            at: loop.nowMilliseconds + milliseconds,
            target: session.socket,
            kind: Self.timerKind
        )
    }
}

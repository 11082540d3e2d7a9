import Model
import Telemetry

/// The times that a connection, and the head of a request, may take.
extension DownstreamConnection {
    func armLifeTimer() {
        var due = Int64.max
        if let idle = http.idleTimeoutMilliseconds { due = lastActivity + idle }
        if let longest = http.connectionDurationMaxMilliseconds {
            due = min(due, openedAt + longest)
        }
        if due == .max { return }
        loop.timers.arm(&lifeTimer, at: due, target: self, kind: Self.lifeTimerKind)
    }

    func timedOutHead() {
        guard case .head = phase else { return }
        let exchange = chain.worker.takeExchange()
        self.exchange = exchange
        keepsAlive = false
        hasPartialHead = false
        phase = .responding
        isUnfinished = true
        exchange.beginRefused(chain, self)
        let limit = http.requestHeadersTimeoutMilliseconds ?? 0
        exchange.reply(
            408,
            [],
            "request_header_timeout",
            "request timeout: the head was not complete after request_headers_timeout (\(limit) ms)"
        )
    }

    /// A request that is on its way already is answered; then, or after a while, the end comes.
    func outlived() {
        if hasOutlived {
            if exchange == nil { close(local: true) }
            return
        }
        hasOutlived = true
        stats.increment(.downstreamCxMaxDurationReached)
        loop.timers.arm(
            &lifeTimer,
            at: loop.nowMilliseconds + Self.outlivedMilliseconds,
            target: self,
            kind: Self.lifeTimerKind
        )
    }

    func checkLife() {
        let now = loop.nowMilliseconds
        if let longest = http.connectionDurationMaxMilliseconds, now >= openedAt + longest {
            outlived()
            return
        }
        if exchange == nil, let idle = http.idleTimeoutMilliseconds, now >= lastActivity + idle {
            stats.increment(.downstreamCxIdleTimeout)
            close(local: true)
            return
        }
        if exchange != nil { lastActivity = now }
        armLifeTimer()
    }
}

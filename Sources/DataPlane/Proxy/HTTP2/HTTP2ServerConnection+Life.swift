import Model
import Telemetry
import Wire

/// How a connection ends: its farewell, its timers, and what is counted then.
extension HTTP2ServerConnection {
    /// The time for the preface where the configuration sets none for heads.
    private static let prefaceMilliseconds: Int64 = 10_000
    /// A client that does not answer the first step gets the second after this time.
    private static let farewellMilliseconds: Int64 = 1_000

    // MARK: - Farewell

    func drain() {
        guard farewell == .none, !isClosing, !session.hasFailed else { return }
        stats.increment(.downstreamCxDrainClose)
        sayFarewell()
    }

    func sayFarewell() {
        guard farewell == .none, !isClosing, !session.hasFailed else { return }
        farewell = .announced
        session.writeGoAway(HTTP2.windowMax, .noError)
        session.writePing(Self.farewellPing)
        loop.timers.cancel(&lifeTimer)
        loop.timers.arm(
            &lifeTimer,
            at: loop.nowMilliseconds + Self.farewellMilliseconds,
            target: self,
            kind: Self.farewellTimerKind
        )
    }

    func finishFarewell() {
        guard farewell == .announced else { return }
        farewell = .final
        loop.timers.cancel(&lifeTimer)
        session.writeGoAway(session.lastPeerStreamID, .noError)
        if session.streams.isEmpty { closeWhenWritten() } else { armLifeTimer() }
    }

    func cut() {
        stats.add(.downstreamRqDrained, UInt64(session.streams.count))
        session.loseStreams(.local)
        close(local: true, abruptly: true)
    }

    // MARK: - The end

    func closeWhenWritten() {
        guard !isClosing else { return }
        isClosing = true
        if isDrained {
            finishClosing()
        } else {
            scheduleFlush()
            armLinger()
        }
    }

    func finishClosing() {
        // What the client has sent and nobody has read would turn the end into a reset.
        guard isReadable || !input.isEmpty || session.hasFailed else {
            close(local: true)
            return
        }
        finishWriting()
        armLinger()
    }

    private func armLinger() {
        bytesSentBeforeLinger = bytesSent
        loop.timers.cancel(&lifeTimer)
        loop.timers.arm(
            &lifeTimer,
            at: loop.nowMilliseconds + http.delayedCloseTimeoutMilliseconds,
            target: self,
            kind: Self.lingerTimerKind
        )
    }

    /// A client that takes what waits has time; one that does not is not waited for.
    func lingerIsOver() {
        if !isDrained, bytesSent != bytesSentBeforeLinger {
            armLinger()
            return
        }
        stats.increment(.downstreamCxDelayedCloseTimeout)
        close(local: true)
    }

    func close(local: Bool, abruptly: Bool = false, hadStreams: Bool = false) {
        guard isOpen else { return }
        loop.timers.cancel(&lifeTimer)
        keepAlive.cancel(session)
        loop.timers.cancel(&headTimer)
        loop.timers.cancel(&flushTimer)
        countBytes()
        stats.decrement(.downstreamCxActive)
        stats.decrement(.downstreamCxHttp2Active)
        if peer.isTLS { stats.decrement(.downstreamCxSslActive) }
        stats.increment(.downstreamCxDestroy)
        stats.increment(local ? .downstreamCxDestroyLocal : .downstreamCxDestroyRemote)
        if hadStreams {
            stats.increment(.downstreamCxDestroyActiveRq)
            stats.increment(
                local ? .downstreamCxDestroyLocalActiveRq : .downstreamCxDestroyRemoteActiveRq
            )
        }
        let length = UInt64(max(0, loop.nowMilliseconds - openedAt))
        stats.record(.downstreamCxLengthMs, milliseconds: length)
        chain.listenerStats.record(.downstreamCxLengthMs, milliseconds: length)
        chain.listenerStats.decrement(.downstreamCxActive)
        chain.listenerStats.increment(.downstreamCxDestroy)
        arrived = []
        beginning = []
        free = []
        chain.writeConnectionLog(of: self, peer, openedAt: openedAt)
        closeNow(abruptly: abruptly)
        worker.removeConnection(self)
        chain.connectionClosed()
    }

    func countBytes() {
        stats.add(.downstreamCxRxBytesTotal, bytesReceived &- countedReceived)
        stats.add(.downstreamCxTxBytesTotal, bytesSent &- countedSent)
        countedReceived = bytesReceived
        countedSent = bytesSent
    }

    // MARK: - Time

    func armLifeTimer() {
        guard farewell != .announced else { return }
        var due = Int64.max
        if let idle = http.idleTimeoutMilliseconds { due = lastActivity + idle }
        if let longest = http.connectionDurationMaxMilliseconds, farewell == .none {
            due = min(due, openedAt + longest)
        }
        if due == .max { return }
        loop.timers.arm(&lifeTimer, at: due, target: self, kind: Self.lifeTimerKind)
    }

    private var headMilliseconds: Int64? {
        http.requestHeadersTimeoutMilliseconds ?? (hasPreface ? nil : Self.prefaceMilliseconds)
    }

    func armHeadTimer() {
        guard !headTimer.isArmed, unfinishedSince != Self.never, let limit = headMilliseconds
        else { return }
        loop.timers.arm(
            &headTimer,
            at: unfinishedSince + limit,
            target: self,
            kind: Self.headTimerKind
        )
    }

    func headIsDue() {
        guard unfinishedSince != Self.never, !isClosing, !session.hasFailed,
            let limit = headMilliseconds
        else { return }
        if loop.nowMilliseconds >= unfinishedSince + limit {
            session.fail(HTTP2Violation(.slowHead))
        } else {
            armHeadTimer()
        }
    }

    func keepAliveIsDue() {
        guard !isClosing, keepAlive.isUnanswered(session) else { return }
        session.loseStreams(.broken(0))
        close(local: true)
    }

    /// The answer on a stream is complete, and the client has not taken it: it has as long for each
    /// piece of it as a stream may be idle.
    func awaitFlush(_ stream: HTTP2ServerStream) {
        guard stream.flushTimeout != .max else { return }
        stream.lastSentAt = loop.nowMilliseconds
        armFlushTimer(at: stream.lastSentAt + stream.flushTimeout)
    }

    private func armFlushTimer(at due: Int64) {
        if flushTimer.isArmed, flushDue <= due { return }
        flushDue = due
        loop.timers.arm(&flushTimer, at: due, target: self, kind: Self.flushTimerKind)
    }

    func flushIsDue() {
        for stream in session.streams.values {
            guard let stream = stream as? HTTP2ServerStream, stream.awaitsFlush else { continue }
            let due = stream.lastSentAt + stream.flushTimeout
            if loop.nowMilliseconds < due {
                armFlushTimer(at: due)
            } else {
                session.stats.increment(.txFlushTimeout)
                stream.reset(.internalError)
            }
        }
    }

    func checkLife() {
        let now = loop.nowMilliseconds
        if let longest = http.connectionDurationMaxMilliseconds, now >= openedAt + longest,
            farewell == .none
        {
            stats.increment(.downstreamCxMaxDurationReached)
            sayFarewell()
            return
        }
        if !session.streams.isEmpty { lastActivity = now }
        if let idle = http.idleTimeoutMilliseconds, now >= lastActivity + idle {
            stats.increment(.downstreamCxIdleTimeout)
            session.writeGoAway(session.lastPeerStreamID, .noError)
            closeWhenWritten()
            return
        }
        armLifeTimer()
    }
}

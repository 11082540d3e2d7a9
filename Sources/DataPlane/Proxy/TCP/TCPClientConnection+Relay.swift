import Glibc
import Model
import Telemetry

/// Both directions, once the endpoint is connected.
extension TCPClientConnection {
    // MARK: - To the endpoint

    func relayToUpstream(_ bytes: Span<UInt8>) {
        guard let upstream else { return }
        lastActivity = loop.nowMilliseconds
        upstream.relay(bytes)
        countBytes()
        if upstream.writeError != 0 {
            // What follows has nowhere to go; the endpoint's side will say how it ends.
            isReadingPaused = true
            return
        }
        guard upstream.hasBacklog else { return }
        isReadingPaused = true
        stats.increment(.downstreamFlowControlPausedReadingTotal)
        countBuffered()
    }

    /// The endpoint took what waited.
    func upstreamDrained() {
        lastActivity = loop.nowMilliseconds
        countBytes()
        countBuffered()
        guard let upstream else { return }
        if phase == .flushingUpstream {
            finish()
            return
        }
        guard phase == .relaying else { return }
        if hasClientEnded {
            upstream.finishWriting()
            finishIfBothEnded()
        } else if isReadingPaused {
            stats.increment(.downstreamFlowControlResumedReadingTotal)
            resumeReadingLater()
        }
    }

    /// The client will send nothing more; it may still want to read.
    func clientEnded() {
        guard phase == .relaying, !hasClientEnded, let upstream else { return }
        hasClientEnded = true
        if upstream.isDrained { upstream.finishWriting() }
        finishIfBothEnded()
    }

    /// The client's connection is broken.
    func clientLost() {
        switch phase {
        case .connecting:
            cluster?.stats.increment(.upstreamRqCancelled)
            reason = "the client went away before an endpoint was connected"
            finish()
        case .relaying:
            guard let upstream, !upstream.isDrained else {
                finish()
                return
            }
            // The endpoint gets what the client had sent before it went.
            phase = .flushingUpstream
            stats.increment(.upstreamFlushTotal)
            stats.increment(.upstreamFlushActive)
            closeNow()
        case .flushingClient:
            finish(isLocal: false)
        case .flushingUpstream, .closed: break
        }
    }

    // MARK: - To the client

    func receivedFromUpstream(_ bytes: Span<UInt8>) {
        if phase == .flushingUpstream {
            // Nobody is there to read it, as with a socket that is closed.
            finish()
            return
        }
        lastActivity = loop.nowMilliseconds
        relay(bytes)
        countBytes()
        if writeError != 0, isReadingPaused {
            // The client is gone, and the endpoint does not take what is left of it.
            finish()
            return
        }
        guard hasBacklog, let upstream else { return }
        upstream.isReadingPaused = true
        upstream.stats.increment(.upstreamFlowControlPausedReadingTotal)
        countBuffered()
    }

    /// The client took what waited.
    func clientDrained() {
        lastActivity = loop.nowMilliseconds
        countBytes()
        countBuffered()
        if phase == .flushingClient {
            finish(isLocal: false)
            return
        }
        guard phase == .relaying, let upstream else { return }
        if hasUpstreamEnded {
            finishWriting()
            finishIfBothEnded()
        } else if upstream.isReadingPaused {
            upstream.stats.increment(.upstreamFlowControlResumedReadingTotal)
            upstream.resumeReadingLater()
        }
    }

    /// The endpoint will send nothing more; it may still want to read.
    func upstreamEnded() {
        if phase == .flushingUpstream {
            finish(isLocal: false)
            return
        }
        guard phase == .relaying, !hasUpstreamEnded else { return }
        hasUpstreamEnded = true
        didUpstreamEndFirst = !hasClientEnded
        if isDrained { finishWriting() }
        finishIfBothEnded()
    }

    /// The endpoint's connection is broken.
    func upstreamLost(_ code: Int32) {
        if phase == .flushingUpstream {
            finish(isLocal: false)
            return
        }
        guard phase == .relaying else { return }
        if code == ECONNRESET || upstream?.tls?.failure != nil {
            // The client must not take what it has for the whole, so it hears of it as we did.
            flags.insert(.upstreamRemoteReset)
            reason = "endpoint \(endpoint?.text ?? "-") reset the connection"
            finish(client: .reset, isLocal: false)
            return
        }
        if isDrained {
            finish(isLocal: false)
            return
        }
        phase = .flushingClient
        isReadingPaused = true
    }

    private func finishIfBothEnded() {
        guard hasClientEnded, hasUpstreamEnded, isDrained, let upstream else { return }
        if upstream.isDrained {
            finish(isLocal: didUpstreamEndFirst)
        } else if !isFlushCounted {
            isFlushCounted = true
            stats.increment(.upstreamFlushTotal)
        }
    }
}

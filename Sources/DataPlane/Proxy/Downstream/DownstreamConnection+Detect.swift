import Model
import Telemetry

/// The first bytes may be those of HTTP/2 (RFC 9113 section 3.4).
extension DownstreamConnection {
    private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// nil where the bytes are HTTP/1's; otherwise how many are understood: none while the preface is
    /// not whole, all when another object has taken over.
    func detectHTTP2(_ bytes: Span<UInt8>) -> Int? {
        guard chain.http.codec == .auto else { return nil }
        let count = Self.preface.utf8CodeUnitCount
        let length = min(count, bytes.count)
        var index = 0
        while index < length {
            if bytes[index] != (unsafe Self.preface.utf8Start[index]) {
                // From here on it is the head's own clock that runs.
                if !hasPartialHead { loop.timers.cancel(&headTimer) }
                return nil
            }
            index += 1
        }
        // PRI is a method, too, until the version says otherwise.
        if length < count {
            limitTimeOfPreface()
            return 0
        }
        loop.timers.cancel(&headTimer)
        retract()
        let next = HTTP2ServerConnection(descriptor: -1, peer: peer, chain: chain)
        handOver(to: next)
        next.input.removeAll()
        next.input.append(bytes)
        chain.worker.addConnection(next)
        next.start()
        next.scheduleResume()
        return bytes.count
    }

    /// The rest of the preface has as long as the rest of a head.
    private func limitTimeOfPreface() {
        guard !headTimer.isArmed, let limit = http.requestHeadersTimeoutMilliseconds else { return }
        loop.timers.arm(
            &headTimer,
            at: loop.nowMilliseconds + limit,
            target: self,
            kind: Self.headTimerKind
        )
    }
}

extension DownstreamConnection {
    var listenerLine: ListenerState.Line { chain.listenerLine }

    func listenerChanged() {
        if chain.line.isRemoved {
            drain()
        } else if chain.successor != nil {
            adoptSuccessor()
        }
    }
}

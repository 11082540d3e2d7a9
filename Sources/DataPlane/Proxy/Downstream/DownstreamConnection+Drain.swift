import Model
import Telemetry

/// What a reload and an end mean for a connection.
extension DownstreamConnection {
    /// Closes an idle connection; one that has a request under way closes after its response.
    func drain() {
        guard exchange == nil, isBetweenRequests else { return }
        // A request that has arrived is answered, also where the loop has not heard of it yet.
        if isReadable || !input.isEmpty || SystemCall.hasUnreadBytes(descriptor) { return }
        stats.increment(.downstreamCxDrainClose)
        closeWhenWritten()
    }

    /// The deadline of the drain has come.
    func cut() {
        if exchange != nil { stats.increment(.downstreamRqDrained) }
        let ended = exchange
        exchange = nil
        ended?.downstreamLost()
        close(local: true, abruptly: true, hadExchange: ended != nil)
        if let ended { chain.worker.giveBack(ended) }
    }

    /// Goes on with the listener's newest configuration, between two requests.
    func adoptSuccessor() {
        guard exchange == nil, isBetweenRequests, let next = chain.successor as? HTTPChain
        else { return }
        move(to: next)
    }
}

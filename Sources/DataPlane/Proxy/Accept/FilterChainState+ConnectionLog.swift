import Model
import Telemetry

/// The listener's own access log: one line for each connection, at its end.
extension FilterChainState {
    /// Writes the line of a connection that carried requests, while its socket is open still.
    ///
    /// - Parameter openedAt: milliseconds of the loop's clock.
    func writeConnectionLog(
        of connection: StreamConnection,
        _ peer: DownstreamPeer,
        openedAt: Int64
    ) {
        guard let logs = listenerLine.current?.accessLogs, !logs.isEmpty else { return }
        let loop = worker.loop
        var record = ExchangeRecord()
        record.isConnection = true
        record.requestStartUnixMicroseconds = openedAt * 1000 &+ loop.unixOffsetMicroseconds
        record.durationMicroseconds = max(0, loop.nowMilliseconds - openedAt) * 1000
        record.bytesReceived = connection.bytesReceived
        record.bytesSent = connection.bytesSent
        record.downstreamWireBytesReceived = connection.bytesReceived
        record.downstreamWireBytesSent = connection.bytesSent
        record.listenerName = listenerName
        record.filterChainName = configuration.name
        record.downstreamRemoteAddress = peer.remoteAddress
        record.downstreamDirectRemoteAddress = peer.directRemoteAddress
        record.downstreamLocalAddress =
            peer.localAddress ?? SystemCall.localAddress(connection.descriptor)
        record.connectionID = peer.connectionID
        record.requestedServerName = peer.requestedServerName
        record.isTLS = peer.isTLS
        record.downstreamTLS = peer.tls
        for log in logs {
            if !log.hasLines { worker.willWrite(to: log) }
            log.log(record)
        }
    }
}

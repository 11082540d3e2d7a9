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
        openedAt: Int64,
        _ complete: (inout ExchangeRecord) -> Void = { _ in }
    ) {
        guard let listener = listenerLine.current, !listener.accessLogs.isEmpty else { return }
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
        if connection is HTTP2ServerConnection, connection.bytesReceived > 0 {
            record.connectionProtocol = .http2
        }
        complete(&record)
        worker.writeConnectionLines(record, of: listener)
    }
}

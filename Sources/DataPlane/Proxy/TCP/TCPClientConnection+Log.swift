import Identity
import Model
import Telemetry

/// What is known of the endpoint's side, also after it is gone.
struct UpstreamFacts {
    var address: SocketAddress?
    var localAddress: SocketAddress?
    var tls: TLSFacts?
    var connectionID: UInt64 = 0
    /// Microseconds of the loop's clock; 0: never connected.
    var connectedAt: Int64 = 0
}

/// The lines that a connection writes: one at its end, others where the configuration says so.
extension TCPClientConnection {
    /// A line of the relay's own logs before the end.
    func writeLineMeanwhile() {
        if chain.accessLogs.isEmpty { return }
        worker.logRecord = record()
        chain.writeAccessLogs()
        worker.logRecord = ExchangeRecord()
    }

    func writeAccessLogs() {
        let listener = listenerLine.current
        if chain.accessLogs.isEmpty, listener?.accessLogs.isEmpty != false { return }
        worker.logRecord = record()
        chain.writeAccessLogs()
        // Requests fill what they know and expect the rest as it was.
        guard let listener else {
            worker.logRecord = ExchangeRecord()
            return
        }
        worker.writeConnectionLines(worker.logRecord, of: listener)
    }

    private func record() -> ExchangeRecord {
        var record = ExchangeRecord()
        let payload = payload
        record.isConnection = true
        record.requestStartUnixMicroseconds = startedAt &+ loop.unixOffsetMicroseconds
        record.durationMicroseconds = loop.nowMicroseconds &- startedAt
        record.bytesReceived = payload.received
        record.bytesSent = payload.sent
        record.downstreamWireBytesReceived = payload.received
        record.downstreamWireBytesSent = payload.sent
        if let upstream {
            record.upstreamWireBytesSent = upstream.bytesSent
            record.upstreamWireBytesReceived = upstream.bytesReceived
        }
        record.flags = flags
        record.reason = reason
        record.attemptCount = attemptCount
        record.listenerName = chain.listenerName
        record.filterChainName = chain.configuration.name
        record.downstreamRemoteAddress = peer.remoteAddress
        record.downstreamDirectRemoteAddress = peer.directRemoteAddress
        record.downstreamLocalAddress = localAddress
        record.connectionID = peer.connectionID
        record.requestedServerName = peer.requestedServerName
        record.isTLS = peer.isTLS
        record.downstreamTLS = peer.tls
        if let cluster {
            record.clusterName = cluster.configuration.name
            record.upstreamClusterStatName = cluster.configuration.statName
            record.clusterMetadata = cluster.configuration.metadata
        }
        record.upstreamHost = endpoint?.text ?? ""
        record.upstreamHostName = endpoint?.hostname ?? ""
        record.upstreamMetadata = endpoint?.shared.endpoint.attributes?.metadata
        record.upstreamRemoteAddress = upstreamFacts.address
        record.upstreamLocalAddress = upstreamFacts.localAddress
        record.upstreamTLS = upstreamFacts.tls
        record.upstreamConnectionID = upstreamFacts.connectionID
        record.upstreamTransportFailureReason = transportFailure
        return record
    }
}

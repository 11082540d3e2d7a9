/// What can be said about one exchange: in an access log line, and in headers that are computed.
///
/// It borrows: heads and names are references to what the exchange holds, nothing is copied. Filled
/// by the loop that owns the exchange and rendered there; kept no longer than the call. All offsets
/// are microseconds since `requestStartUnixMicroseconds`; nil says that it did not happen.
package struct ExchangeRecord {
    /// The request as it was received, with what the connection manager changed; nil where none
    /// could be parsed.
    package var request: Head?
    /// The response as it was sent; nil where none was.
    package var response: Head?
    /// Its fields are the trailers of the response.
    package var responseTrailers: Head?

    /// When the first byte of the request came: microseconds since 1970, UTC.
    package var requestStartUnixMicroseconds: Int64 = 0
    /// The end of the exchange.
    package var durationMicroseconds: Int64?
    /// The last byte of the request has been received.
    package var requestReceivedMicroseconds: Int64?
    /// The first byte of the request has been sent to the endpoint.
    package var upstreamFirstByteSentMicroseconds: Int64?
    /// The last byte of the request has been sent to the endpoint.
    package var upstreamLastByteSentMicroseconds: Int64?
    /// The first byte of the response has been received from the endpoint.
    package var responseFirstByteMicroseconds: Int64?
    /// The last byte of the response has been received from the endpoint.
    package var responseLastByteMicroseconds: Int64?
    /// The first byte of the response has been sent to the client.
    package var downstreamFirstByteSentMicroseconds: Int64?
    /// The last byte of the response has been sent to the client.
    package var downstreamLastByteSentMicroseconds: Int64?

    /// Bytes of the request's body as it was received, without framing.
    package var bytesReceived: UInt64 = 0
    /// Bytes of the response's body as it was sent, without framing.
    package var bytesSent: UInt64 = 0
    /// Bytes of the request's head on the wire.
    package var requestHeadBytes: UInt64 = 0
    /// Bytes of the response's head on the wire.
    package var responseHeadBytes: UInt64 = 0
    /// Bytes sent to and received from the endpoint, framing included, over all tries.
    package var upstreamWireBytesSent: UInt64 = 0
    package var upstreamWireBytesReceived: UInt64 = 0
    /// Bytes received from and sent to the client, framing included.
    package var downstreamWireBytesReceived: UInt64 = 0
    package var downstreamWireBytesSent: UInt64 = 0

    /// 0 where no response was sent.
    package var responseCode: UInt16 = 0
    /// What Envoy calls the details: `via_upstream`, `route_not_found`; empty where unknown.
    package var responseCodeDetails: StaticString = ""
    package var flags: ResponseFlags = []
    package var connectionTerminationDetails: StaticString = ""
    /// What decided, in words, as `x-pillion-reason` has it.
    package var reason: String = ""
    /// The text that a format of local replies puts a frame around; empty in every other format.
    package var localReplyBody: [UInt8] = []

    package var routeName: String = ""
    package var virtualHostName: String = ""
    package var clusterName: String = ""
    /// The endpoint's address, `10.0.0.1:80`; empty where none was chosen.
    package var upstreamHost: String = ""
    /// The endpoint's host name, as the cluster's configuration has it.
    package var upstreamHostName: String = ""
    package var upstreamLocalAddress: SocketAddress?
    package var upstreamTransportFailureReason: String = ""
    /// Tries sent to endpoints; 0 where none was.
    package var attemptCount: UInt32 = 0

    /// The client: as `x-forwarded-for` says where it is trusted, else as the connection says.
    package var downstreamRemoteAddress: SocketAddress?
    /// The client as the connection says.
    package var downstreamDirectRemoteAddress: SocketAddress?
    package var downstreamLocalAddress: SocketAddress?
    package var connectionID: UInt64 = 0
    package var upstreamConnectionID: UInt64 = 0
    /// 2 where the endpoint was spoken to in HTTP/2.
    package var upstreamMajorVersion: UInt8 = 1
    package var listenerName: String = ""
    package var routeMetadata: Metadata?
    package var clusterMetadata: Metadata?
    package var upstreamMetadata: Metadata?
    /// Where the endpoint is; nil where none was chosen or none is given.
    package var upstreamLocality: Locality?
    package var upstreamRemoteAddress: SocketAddress?
    package var upstreamClusterStatName: String = ""
    package var virtualClusterName: String = ""
    package var isTLS = false
    package var downstreamTLS: TLSFacts?
    package var upstreamTLS: TLSFacts?
    /// The server's name as the first bytes or the handshake had it; lower case.
    package var requestedServerName: ByteString = ""
    /// Why a handshake with the client failed.
    package var downstreamTransportFailureReason: String = ""
    package var filterChainName: String = ""
    /// The trailers of the request.
    package var requestTrailers: Head?
    /// A TCP connection, not a request: it has neither head.
    package var isConnection = false
    /// What a connection spoke, where it has no request to say so.
    package var connectionProtocol: ConnectionProtocol = .unknown

    package init() {}
}

@available(*, unavailable)
extension ExchangeRecord: Sendable {}

/// What a client's connection speaks.
package enum ConnectionProtocol: Sendable {
    /// Nothing has been said, or no HTTP.
    case unknown
    case http10, http11, http2
}

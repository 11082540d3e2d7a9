import Identity
import Model
import Wire

/// The client's side of one exchange: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
///
/// The exchange is told of the request by calls (`begin`, `requestBody`, `requestEnd`), and answers
/// through these. On the worker's loop.
protocol DownstreamStream: AnyObject {
    /// The version of the filter chain that the request began with.
    var chain: HTTPChain { get }
    var peer: DownstreamPeer { get }
    /// The connection's own address; asked of the kernel once.
    var localAddress: SocketAddress { get }

    /// The exchange cannot take more of the body for now.
    var isBodyPaused: Bool { get set }
    /// Reading goes on, from the top of the loop.
    func resumeBody()

    /// What was written has not all been taken by the client.
    var hasBacklog: Bool { get }
    func writeContinue()
    func respondInterim(_ head: Head)
    func respondHead(_ head: Head, framing: BodyFraming)
    func respondBody(_ bytes: Span<UInt8>)
    func respondEnd(trailers: Head?)
    /// The response broke off: the client must not take what it has for the whole.
    func abortResponse(_ reason: StreamAbort)
    /// The response has been written; the exchange is done and goes back.
    func exchangeFinished(_ ended: Exchange)

    /// A local reply comes before the request is complete: read the rest, if that is little.
    func prepareToDiscard(_ framing: BodyFraming)
    /// The response ends the connection, or the stream, although the client may be sending still.
    func closesUnfinished()
    /// An HTTP/1.1 connection carries no further request.
    func closesAfterResponse()
    /// What follows the head in both directions is not HTTP any more (RFC 9110 section 7.8).
    func switchProtocols()
}

/// Why a response breaks off.
enum StreamAbort {
    /// The upstream broke off, in whatever way.
    case upstreamReset
    /// This side decided so: a timeout, for instance.
    case local
    /// The client's message is malformed.
    case protocolError
}

/// The client's connection, as its requests see it; shared by all of them.
final class DownstreamPeer {
    let connectionID: UInt64
    /// The client: of the connection, or as the PROXY protocol says.
    let remoteAddress: SocketAddress
    /// The client as the connection says.
    let directRemoteAddress: SocketAddress
    /// The client's address without the port, as `x-forwarded-for` has it.
    let remoteText: [UInt8]
    /// This side of the connection; nil: the socket's own.
    let localAddress: SocketAddress?
    /// Where the client wanted to go, as the kernel or the PROXY protocol says; nil: here.
    let originalDestination: SocketAddress?
    /// nil: the connection is in clear.
    let session: TLSSession?
    /// What the client asked for in its first bytes or its handshake, lower case.
    let requestedServerName: ByteString
    /// What endpoints see instead of this sidecar (`original_src`).
    let imitated: ImitatedSource?

    var tls: TLSFacts? { session?.facts }
    var isTLS: Bool { session != nil }

    init(
        connectionID: UInt64,
        remoteAddress: SocketAddress,
        directRemoteAddress: SocketAddress? = nil,
        localAddress: SocketAddress? = nil,
        originalDestination: SocketAddress? = nil,
        session: TLSSession? = nil,
        requestedServerName: ByteString = "",
        imitated: ImitatedSource? = nil
    ) {
        self.connectionID = connectionID
        self.remoteAddress = remoteAddress
        self.directRemoteAddress = directRemoteAddress ?? remoteAddress
        remoteText = Array(remoteAddress.host.utf8)
        self.localAddress = localAddress
        self.originalDestination = originalDestination
        self.session = session
        self.requestedServerName = requestedServerName
        self.imitated = imitated
    }
}

import Identity
import Model
import Policy
import Wire

/// The endpoint's side of one attempt: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
///
/// It tells the exchange what comes back (`upstreamHead`, `upstreamBody`, `upstreamEnd`,
/// `upstreamFailed`). On the worker's loop.
protocol UpstreamStream: AnyObject {
    /// Of HTTP: 1 or 2.
    var majorVersion: UInt8 { get }
    var connectionID: UInt64 { get }
    /// The address that the connection is to: one of the endpoint's.
    var address: SocketAddress { get }
    var localAddress: SocketAddress { get }
    /// nil: the connection is in clear.
    var tlsFacts: TLSFacts? { get }

    /// Gives the stream to an exchange, which writes its request now.
    func attach(_ exchange: Exchange)
    /// Another exchange takes over the attempt, in the middle of its response's head.
    func hand(to next: Exchange)

    func sendHead(_ head: Head, framing: BodyFraming)
    /// A piece of the body, without framing.
    func sendBody(_ bytes: Span<UInt8>)
    func sendEnd(trailers: Head?)
    /// The other side takes part in what the request asked to switch to.
    func switchProtocols()

    /// What was written has not all been taken by the endpoint.
    var hasBacklog: Bool { get }
    /// Bytes that wait to be taken.
    var backlogCount: Int { get }
    var isReadingPaused: Bool { get }
    func pauseReading()
    func resumeReading()

    /// Both directions of the exchange are complete: the connection is free for another.
    func release()
    /// The request could not be finished, or its response is not wanted.
    func reset()
}

extension UpstreamStream {
    var majorVersion: UInt8 { 1 }
}

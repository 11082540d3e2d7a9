package import Model

/// What is known of a connection when its filter chain is chosen.
package struct ConnectionFacts: Sendable {
    /// The listener's end of the connection, or what interception or a PROXY header restored.
    package var destination: SocketAddress
    /// The name that the client asks for, in lower case; nil where it names none.
    package var serverName: ByteString?
    /// `tls` where a ClientHello was found, `raw_buffer` for anything else.
    package var transportProtocol: ByteString
    /// From the ClientHello or from the inspection of HTTP, in the client's order.
    package var applicationProtocols: [ByteString]
    /// The peer of the socket, whatever a PROXY header says.
    package var directRemote: SocketAddress
    /// The client: what a PROXY header says, or the peer.
    package var remote: SocketAddress

    package init(
        destination: SocketAddress,
        serverName: ByteString? = nil,
        transportProtocol: ByteString = "raw_buffer",
        applicationProtocols: [ByteString] = [],
        directRemote: SocketAddress,
        remote: SocketAddress
    ) {
        self.destination = destination
        self.serverName = serverName
        self.transportProtocol = transportProtocol
        self.applicationProtocols = applicationProtocols
        self.directRemote = directRemote
        self.remote = remote
    }
}

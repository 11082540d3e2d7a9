package import Model

/// What the first message of a TLS client says about the connection it wants.
///
/// Source: RFC 8446 section 4.1.2, RFC 6066 section 3 (server name), RFC 7301 (protocols).
package struct ClientHello: Sendable, Equatable {
    /// In lower case, 1 to 255 bytes without NUL; nil where the client names none.
    package var serverName: ByteString?
    /// In the order of the client's preference, none empty, the first 64 at most.
    ///
    /// Empty where the list is malformed: the handshake itself refuses it.
    package var applicationProtocols: [ByteString] = []
    /// `supported_versions` as sent, with those that mean nothing (RFC 8701).
    ///
    /// Empty before TLS 1.3, and where the list is malformed.
    package var supportedVersions: [UInt16] = []
    /// The version in the message itself: 0x0303 since TLS 1.2.
    package var legacyVersion: UInt16 = 0

    package init() {}
}

/// What is known of the start of a connection.
package enum ClientHelloResult: Sendable, Equatable {
    /// So far a TLS client; more bytes are needed.
    case more
    /// The first bytes are no TLS record with a handshake message.
    case notTLS
    case clientHello(ClientHello)
    /// Begins as TLS does, but no server would accept it.
    case malformed(ClientHelloFailure)
}

/// Why the start of a connection is no acceptable ClientHello.
package enum ClientHelloFailure: Error, Sendable, Equatable {
    /// The message with its record headers would exceed the limit.
    case tooLarge
    /// A record within the message that is empty, longer than 2^14 bytes or no handshake record.
    case record
    /// The first handshake message is another one.
    case notClientHello
    /// A field reaches beyond the one that holds it, or is shorter than it may be.
    case structure
    /// An extension is there twice.
    case repeatedExtension
    /// No single host name of 1 to 255 bytes without NUL.
    case serverName
}

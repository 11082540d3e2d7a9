import Model

/// How the encoder writes a field.
enum HPACKPolicy: UInt8 {
    /// Not at all: it belongs to the connection, or is a pseudo-header.
    case skipped
    /// Through the table when it repeats.
    case indexed
    /// Literally: it changes with each message, or is a secret.
    case literal
    /// Literally and marked as never to be indexed by anyone (RFC 7541 section 7.1.3).
    case never

    /// Fields above this size for the table are not indexed: few would fill it.
    static let indexedSizeMax = 800
    /// Cookies below this many bytes could be guessed.
    static let shortCookieBytes = 20

    @inline(__always)
    init(_ known: KnownField, value: Span<UInt8>) {
        switch known {
        case .unknown: self = .indexed
        case .host, .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade,
            .http2Settings:
            self = .skipped
        case .te: self = value.equalsIgnoringCase("trailers") ? .indexed : .skipped
        case .authorization: self = .never
        case .cookie: self = value.count < Self.shortCookieBytes ? .never : .literal
        case .contentLength, .date, .location, .xRequestID, .grpcTimeout, .grpcMessage,
            .xEnvoyUpstreamServiceTime, .xClientTraceID, .xEnvoyOriginalPath:
            self = .literal
        default: self = .indexed
        }
    }

    /// The policy for a name of the static table that is no known field.
    @inline(__always)
    static func forStatic(_ index: Int) -> HPACKPolicy {
        switch index {
        // proxy-authorization
        case 49: .never
        // set-cookie, etag, expires, age, last-modified, content-range, range, if-*
        case 55, 34, 36, 21, 44, 30, 50, 39, 40, 41, 42, 43: .literal
        default: .indexed
        }
    }
}

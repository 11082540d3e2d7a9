/// How the end of a message's body is found (RFC 9112 section 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// No body follows the head.
    case none
    /// Exactly this many bytes follow; at most `Int64.max`.
    case length(UInt64)
    /// Chunks follow, then an optional trailer section.
    case chunked
    /// Everything until the peer closes is the body. Responses only.
    case untilClose
}

/// The request methods that the data plane treats differently from others (RFC 9110 section 9).
package enum Method: UInt8, Sendable {
    case get, head, post, put, delete, options, trace, patch, connect, other

    /// A request that may be sent twice with the same effect as once (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}

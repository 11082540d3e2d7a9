import Model

/// Field names that decide about security, routing or framing.
enum ProtectedNames {
    /// Lower case, whole names.
    private static let names: [StaticString] = [
        // Framing and meaning of the body
        "host", "content-length", "content-type", "content-encoding", "content-range", "expect",
        "transfer-encoding", "trailer",
        // Who is asking
        "authorization", "proxy-authorization", "cookie", "set-cookie", "origin", "referer",
        "x-api-key", "x-csrf-token", "x-xsrf-token", "dpop", "signature", "signature-input",
        "www-authenticate", "proxy-authenticate", "authentication-info",
        // Where from, and through what
        "forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "true-client-ip",
        "cf-connecting-ip", "max-forwards",
        // Which request this is
        "x-request-id", "x-correlation-id", "traceparent", "tracestate", "baggage", "b3",
        "idempotency-key",
        // What a response promises
        "date", "server", "location", "retry-after", "cache-control", "pragma", "expires", "vary",
        "age", "etag", "strict-transport-security", "content-security-policy", "x-frame-options",
        "x-content-type-options", "referrer-policy", "permissions-policy",
    ]

    /// Lower case, families of names.
    private static let prefixes: [StaticString] = [
        "x-forwarded-", "x-envoy-", "x-pillion-", "x-b3-", "x-auth-", "x-jwt-", "sec-", "grpc-",
        "access-control-", "cross-origin-",
    ]

    /// Whether a name, in any case, may not be removed because a peer nominated it.
    static func contains(_ name: Span<UInt8>) -> Bool {
        for known in names where name.equalsIgnoringCase(known) { return true }
        for prefix in prefixes where name.hasPrefixIgnoringCase(prefix) { return true }
        return false
    }
}

/// Which fields may not stand in a trailer section (RFC 9110 section 6.5.1).
enum TrailerRules {
    private static let names: [StaticString] = [
        "connection", "keep-alive", "proxy-connection", "upgrade", "te", "http2-settings",
        "range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
        "if-range",
    ]

    /// Whether a trailer with this name, in any case, is dropped: it would change framing, routing,
    /// identity or caching after these were decided.
    static func isForbidden(_ name: Span<UInt8>) -> Bool {
        // gRPC's status is meant for the trailer section.
        if name.hasPrefixIgnoringCase("grpc-") { return false }
        // So are a validator and a date that are known only at the end.
        if name.equalsIgnoringCase("etag") || name.equalsIgnoringCase("date") { return false }
        for known in names where name.equalsIgnoringCase(known) { return true }
        return ProtectedNames.contains(name)
    }
}

/// Field names that the data plane itself reads or writes; each has a fixed slot in a head, so that
/// finding one costs an array read.
package enum KnownField: UInt8, Sendable, CaseIterable {
    case unknown = 0
    // Framing and connection (RFC 9110 section 7.6.1, RFC 9112)
    case host, contentLength, transferEncoding, connection, keepAlive, proxyConnection, upgrade
    case te, trailer, expect, http2Settings
    // Identity of the request
    case xForwardedFor, xForwardedProto, xForwardedHost, xForwardedClientCert, xRequestID
    case userAgent, contentType, authorization
    // Response
    case server, date, location, retryAfter, grpcStatus
    // Envoy's router (router_filter.rst)
    case xEnvoyMaxRetries, xEnvoyRetryOn, xEnvoyRetriableStatusCodes, xEnvoyRetriableHeaderNames
    case xEnvoyUpstreamRqTimeoutMs, xEnvoyUpstreamRqPerTryTimeoutMs, xEnvoyAttemptCount
    case xEnvoyExpectedRqTimeoutMs, xEnvoyUpstreamServiceTime, xEnvoyOriginalPath, xEnvoyInternal
    case xEnvoyExternalAddress, xEnvoyOverloaded, xEnvoyRatelimited, xEnvoyRetryGrpcOn
    case xEnvoyUpstreamRqTimeoutAltResponse
    // Ours
    case xPillionReason

    /// The name in lower case.
    package var name: StaticString {
        switch self {
        case .unknown: ""
        case .host: "host"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .connection: "connection"
        case .keepAlive: "keep-alive"
        case .proxyConnection: "proxy-connection"
        case .upgrade: "upgrade"
        case .te: "te"
        case .trailer: "trailer"
        case .expect: "expect"
        case .http2Settings: "http2-settings"
        case .xForwardedFor: "x-forwarded-for"
        case .xForwardedProto: "x-forwarded-proto"
        case .xForwardedHost: "x-forwarded-host"
        case .xForwardedClientCert: "x-forwarded-client-cert"
        case .xRequestID: "x-request-id"
        case .userAgent: "user-agent"
        case .contentType: "content-type"
        case .authorization: "authorization"
        case .server: "server"
        case .date: "date"
        case .location: "location"
        case .retryAfter: "retry-after"
        case .grpcStatus: "grpc-status"
        case .xEnvoyMaxRetries: "x-envoy-max-retries"
        case .xEnvoyRetryOn: "x-envoy-retry-on"
        case .xEnvoyRetriableStatusCodes: "x-envoy-retriable-status-codes"
        case .xEnvoyRetriableHeaderNames: "x-envoy-retriable-header-names"
        case .xEnvoyUpstreamRqTimeoutMs: "x-envoy-upstream-rq-timeout-ms"
        case .xEnvoyUpstreamRqPerTryTimeoutMs: "x-envoy-upstream-rq-per-try-timeout-ms"
        case .xEnvoyAttemptCount: "x-envoy-attempt-count"
        case .xEnvoyExpectedRqTimeoutMs: "x-envoy-expected-rq-timeout-ms"
        case .xEnvoyUpstreamServiceTime: "x-envoy-upstream-service-time"
        case .xEnvoyOriginalPath: "x-envoy-original-path"
        case .xEnvoyInternal: "x-envoy-internal"
        case .xEnvoyExternalAddress: "x-envoy-external-address"
        case .xEnvoyOverloaded: "x-envoy-overloaded"
        case .xEnvoyRatelimited: "x-envoy-ratelimited"
        case .xEnvoyRetryGrpcOn: "x-envoy-retry-grpc-on"
        case .xEnvoyUpstreamRqTimeoutAltResponse: "x-envoy-upstream-rq-timeout-alt-response"
        case .xPillionReason: "x-pillion-reason"
        }
    }

    package static let slotCount = 48
}

/// Finds the known field of a name: by a hash of its length and outer letters, then compared whole.
package struct KnownFieldIndex: Sendable {
    /// Candidates by hash, 4 for each; 0 where there is none.
    private let candidates: [UInt8]
    /// The names in lower case, one after another, and where each starts.
    private let text: [UInt8]
    private let starts: [Int]

    package static let shared = KnownFieldIndex()

    private init() {
        var candidates = [UInt8](repeating: 0, count: 256 * 4)
        var text: [UInt8] = []
        var starts: [Int] = [0]
        for field in KnownField.allCases {
            let name = Array("\(field.name)".utf8)
            text += name
            starts.append(text.count)
            if name.isEmpty { continue }
            var slot = Self.hash(name.span) * 4
            while candidates[slot] != 0 { slot += 1 }
            precondition(slot < candidates.count, "more names with one hash than the table holds")
            candidates[slot] = field.rawValue
        }
        self.candidates = candidates
        self.text = text
        self.starts = starts
    }

    @inline(__always)
    private static func hash(_ name: Span<UInt8>) -> Int {
        let first = name[0] | 0x20
        let last = name[name.count - 1] | 0x20
        let middle = name[name.count / 2] | 0x20
        return Int(
            (UInt8(truncatingIfNeeded: name.count) &* 37) &+ (first &* 11) &+ (last &* 71)
                &+ middle)
    }

    /// The known field with this name in any case, or `.unknown`.
    package func field(named name: Span<UInt8>) -> KnownField {
        if name.isEmpty { return .unknown }
        let slot = Self.hash(name) * 4
        let names = text.span
        for offset in 0..<4 {
            let candidate = Int(candidates[slot + offset])
            if candidate == 0 { return .unknown }
            let known = names.extracting(starts[candidate]..<starts[candidate + 1])
            if name.equalsIgnoringCase(lowercase: known) {
                return KnownField(rawValue: UInt8(candidate)) ?? .unknown
            }
        }
        return .unknown
    }
}

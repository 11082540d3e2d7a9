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
    case xEnvoyUpstreamAltStatName, xEnvoyHedgeOnPerTryTimeout, xEnvoyUpstreamStreamDurationMs
    case xEnvoyIsTimeoutRetry
    case xEnvoyUpstreamCanary, xEnvoyImmediateHealthCheckFail, xEnvoyDecoratorOperation
    case xEnvoyOriginalHost, xEnvoyOriginalURL, xEnvoyDownstreamServiceCluster
    case xEnvoyDownstreamServiceNode, xEnvoyForceTrace, xEnvoyIPTags, xEnvoyDegraded
    // More that both directions have
    case via, cookie, xForwardedPort, grpcTimeout, grpcMessage, xClientTraceID
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
        case .via: "via"
        case .cookie: "cookie"
        case .xForwardedPort: "x-forwarded-port"
        case .grpcTimeout: "grpc-timeout"
        case .grpcMessage: "grpc-message"
        case .xClientTraceID: "x-client-trace-id"
        case .xEnvoyUpstreamAltStatName: "x-envoy-upstream-alt-stat-name"
        case .xEnvoyHedgeOnPerTryTimeout: "x-envoy-hedge-on-per-try-timeout"
        case .xEnvoyUpstreamStreamDurationMs: "x-envoy-upstream-stream-duration-ms"
        case .xEnvoyIsTimeoutRetry: "x-envoy-is-timeout-retry"
        case .xEnvoyUpstreamCanary: "x-envoy-upstream-canary"
        case .xEnvoyImmediateHealthCheckFail: "x-envoy-immediate-health-check-fail"
        case .xEnvoyDecoratorOperation: "x-envoy-decorator-operation"
        case .xEnvoyOriginalHost: "x-envoy-original-host"
        case .xEnvoyOriginalURL: "x-envoy-original-url"
        case .xEnvoyDownstreamServiceCluster: "x-envoy-downstream-service-cluster"
        case .xEnvoyDownstreamServiceNode: "x-envoy-downstream-service-node"
        case .xEnvoyForceTrace: "x-envoy-force-trace"
        case .xEnvoyIPTags: "x-envoy-ip-tags"
        case .xEnvoyDegraded: "x-envoy-degraded"
        case .xPillionReason: "x-pillion-reason"
        }
    }

    package static let slotCount = 64
}

/// Finds the known field of a name: by a hash of its length and three letters, then compared whole.
@safe
package struct KnownFieldIndex: @unchecked Sendable {
    /// Made once and never changed or freed, which is what makes it safe to share.
    private let table: UnsafePointer<UInt8>

    /// Candidates by hash, 4 for each; 0 where there is none.
    private static let candidateCount = 256 * 4
    /// Names in lower case follow the candidates, each in a slot of its own, then their lengths.
    private static let nameBytes = 48
    private static let lengthsStart = candidateCount + nameBytes * KnownField.slotCount

    package static let shared = KnownFieldIndex()

    private init() {
        let count = Self.lengthsStart + KnownField.slotCount
        let table = UnsafeMutablePointer<UInt8>.allocate(capacity: count)
        unsafe table.initialize(repeating: 0, count: count)
        for field in KnownField.allCases {
            let name = Array("\(field.name)".utf8)
            precondition(name.count <= Self.nameBytes, "a name longer than its slot")
            let start = Self.candidateCount + Self.nameBytes * Int(field.rawValue)
            for index in name.indices { unsafe table[start + index] = name[index] }
            unsafe table[Self.lengthsStart + Int(field.rawValue)] = UInt8(name.count)
            if name.isEmpty { continue }
            let first = Self.hash(name.span) * 4
            var slot = first
            while unsafe table[slot] != 0 { slot += 1 }
            precondition(slot < first + 4, "more names with one hash than there is room")
            unsafe table[slot] = field.rawValue
        }
        unsafe self.table = unsafe UnsafePointer(table)
    }

    @inline(__always)
    private static func hash(_ name: Span<UInt8>) -> Int {
        let first = unsafe name[unchecked: 0] | 0x20
        let last = unsafe name[unchecked: name.count &- 1] | 0x20
        let middle = unsafe name[unchecked: name.count &>> 1] | 0x20
        return Int(
            (UInt8(truncatingIfNeeded: name.count) &* 37) &+ (first &* 11) &+ (last &* 71)
                &+ middle
        )
    }

    /// The known field with this name in any case, or `.unknown`.
    package func field(named name: Span<UInt8>) -> KnownField {
        if name.isEmpty { return .unknown }
        let slot = Self.hash(name) &* 4
        for offset in 0..<4 {
            let candidate = unsafe table[slot &+ offset]
            if candidate == 0 { return .unknown }
            if unsafe Int(table[Self.lengthsStart &+ Int(candidate)]) == name.count,
                equals(name, candidate)
            {
                return KnownField(rawValue: candidate) ?? .unknown
            }
        }
        return .unknown
    }

    /// Whether `name`, of the same length as a candidate, is that name in any case.
    @inline(__always)
    private func equals(_ name: Span<UInt8>, _ candidate: UInt8) -> Bool {
        let start = Self.candidateCount &+ Self.nameBytes &* Int(candidate)
        let known = unsafe UnsafeRawPointer(table + start)
        var index = 0
        if name.count >= 8 {
            // Eight at a time; the last eight overlap those before.
            while true {
                let word = unsafe known.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let other = unsafe name.bytes.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: index,
                    as: UInt64.self
                )
                // Bytes of known names with the bit 0x40 are letters: only these fold.
                if other | (word & 0x4040_4040_4040_4040) &>> 1 != word { return false }
                if index &+ 8 == name.count { return true }
                index = min(index &+ 8, name.count &- 8)
            }
        }
        while index < name.count {
            let byte = unsafe name[unchecked: index].asciiLowercased
            if unsafe known.load(fromByteOffset: index, as: UInt8.self) != byte { return false }
            index &+= 1
        }
        return true
    }
}

import Model
import Policy

// Stand-ins for policies that are being written; each goes when its policy is there.

extension HeaderOperations {
    func apply(to head: Head, record: () -> ExchangeRecord) {}
}

struct RedirectTarget {
    init?(_ location: Span<UInt8>, of request: Head) { return nil }
    func apply(to request: Head) {}
}

extension InternalRedirectPolicy {
    func allowsScheme(of target: RedirectTarget, request: Head) -> Bool { true }
    func allows(_ route: Route, after routes: [Route], target: RedirectTarget) -> Bool { true }
}

enum StrictHeaders {
    static func firstInvalid(_ head: Head, _ fields: [KnownField]) -> KnownField? { nil }
}

extension RouteTimeouts {
    init(action: ForwardAction, head: Head, respectsExpected: Bool) {
        self.init(action: action, head: head)
    }
    var streamDurationMilliseconds: Int64? { nil }
    var hedgesOnPerTryTimeout: Bool { false }
    var withoutAttempts: RouteTimeouts { self }
}

enum HashPolicies {
    static func hash(
        _ policies: [HashPolicy],
        head: Head,
        clientAddress: Span<UInt8>,
        random: inout Xoshiro256
    ) -> (hash: UInt64?, cookies: [[UInt8]]) { (nil, []) }
}

extension RetryPolicy.RateLimitedBackOff {
    func backOffMilliseconds(response: Head, nowUnixSeconds: Int64, random: UInt64) -> Int64? {
        nil
    }
}

extension VirtualHost {
    func virtualCluster(for head: Head) -> VirtualCluster? { nil }
}

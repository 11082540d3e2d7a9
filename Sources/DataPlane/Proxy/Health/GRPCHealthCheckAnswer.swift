import Model
import Policy
import Wire

/// The answer to one call of `grpc.health.v1.Health/Check`, as far as it has come.
///
/// Healthy is the status 0 with one message that says SERVING; anything else is not.
struct GRPCHealthCheckAnswer {
    /// Whatever follows, the endpoint is not healthy.
    private(set) var hasFailed = false
    private var status: Int?
    private var body: [UInt8] = []
    private var serving: GRPCHealthMessages.Status?

    var isServing: Bool { !hasFailed && status == 0 && serving == .serving }

    mutating func read(head: Head) {
        status = Self.status(of: head)
        if head.status != 200 || !head.isGRPC { hasFailed = true }
    }

    mutating func read(trailers: Head) { status = Self.status(of: trailers) ?? status }

    mutating func read(body bytes: Span<UInt8>) {
        if hasFailed { return }
        // The longest message that is read, with its prefix: more is none of this protocol.
        if body.count + bytes.count > GRPCHealthMessages.messageBytesMax + 5 {
            hasFailed = true
            return
        }
        for index in 0..<bytes.count { body.append(bytes[index]) }
        let sofar = body
        switch GRPCHealthMessages.response(sofar.span) {
        case .more: break
        case .status(let status): serving = status
        case .malformed: hasFailed = true
        }
    }

    private static func status(of head: Head) -> Int? {
        guard let slice = head.first(.grpcStatus) else { return nil }
        return head.span(slice).decimal(limit: 1 << 31) ?? -1
    }
}

import Model
import Policy
import Telemetry
import Wire

/// A gRPC response whose status comes in its trailers: its head waits for them, so that a status that
/// the retry policy names makes another attempt.
///
/// Only where no message comes first: the first byte of a body sends the head on.
extension Exchange {
    /// True where the head of this response waits.
    func holdsHead(framing: BodyFraming) -> Bool {
        guard let retry, retry.mayRetry, !isTunnel, role == .primary, request.isGRPC,
            response.isGRPC, !response.has(.grpcStatus), extras?.hedges.isEmpty != false
        else { return false }
        switch framing {
        case .none, .length(0): return false
        case .length, .chunked, .untilClose: break
        }
        guard retry.judgesGRPCStatus else { return false }
        heldFraming = framing
        return true
    }

    /// The response has ended without a message: true where another attempt follows, or the
    /// exchange is over.
    func settleHeldHead(trailers: Head?) -> Bool {
        guard let framing = heldFraming, let retry, let cluster else { return false }
        heldFraming = nil
        if let trailers {
            switch retry.decide(onTrailers: trailers) {
            case .yes:
                if retryLater(cluster, response: trailers) {
                    cluster.parts.ofRetried.countResponse(status: response.status)
                    return true
                }
            case .limitExceeded:
                cluster.stats.increment(.upstreamRqRetryLimitExceeded)
                virtualCluster?.increment(.upstreamRqRetryLimitExceeded)
                flags.insert(.upstreamRetryLimitExceeded)
            case .no: break
            }
        }
        deliverHead(framing: framing)
        return stage == .done
    }
}

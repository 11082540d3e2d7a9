import Model
import Policy
import Telemetry
import Wire

/// What is counted of one gRPC call (`grpc_stats`).
struct GRPCCallStatistics {
    /// Of the method, or of all methods together.
    let stats: GRPCStats
    /// Also how long the upstream took (`enable_upstream_stats`).
    let recordsTime: Bool
    private var requests = GRPCMessageCounter()
    /// nil: what comes back is no gRPC.
    private var responses: GRPCMessageCounter?

    init(_ stats: GRPCStats, recordsTime: Bool) {
        self.stats = stats
        self.recordsTime = recordsTime
    }

    mutating func countRequest(_ bytes: Span<UInt8>) {
        let begun = requests.consume(bytes)
        if begun > 0 { stats.add(.requestMessageCount, begun) }
    }

    /// The head of the answer, of the upstream or our own.
    mutating func countHead(_ head: Head, endsResponse: Bool) {
        countStatus(of: head)
        let isGRPC = endsResponse ? head.has(.grpcStatus) : head.status == 200 && head.isGRPC
        if isGRPC { responses = GRPCMessageCounter() }
    }

    mutating func countResponse(_ bytes: Span<UInt8>) {
        let begun = responses?.consume(bytes) ?? 0
        if begun > 0 { stats.add(.responseMessageCount, begun) }
    }

    /// Wherever `grpc-status` stands, the call has ended with it.
    func countStatus(of head: Head) {
        guard let slice = head.first(.grpcStatus) else { return }
        stats.countStatus(
            head.span(slice).decimal(limit: 1 << 31).map { UInt32(truncatingIfNeeded: $0) }
                ?? .max
        )
    }
}

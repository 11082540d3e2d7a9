/// The counters of the calls of one gRPC method, with Envoy's names below
/// `cluster.<name>.grpc.<service>.<method>.`, or `cluster.<name>.grpc.` for all methods together.
///
/// Those by status are printed once there was one.
public enum GRPCStat: Int, StatSet {
    case total
    case success
    case failure
    case requestMessageCount
    case responseMessageCount
    // By status
    case status0
    case status1
    case status2
    case status3
    case status4
    case status5
    case status6
    case status7
    case status8
    case status9
    case status10
    case status11
    case status12
    case status13
    case status14
    case status15
    case status16

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .total: .counter("total", "Calls that ended with a status.")
        case .success: .counter("success", "Calls that ended with the status 0.")
        case .failure: .counter("failure", "Calls that ended with another status than 0.")
        case .requestMessageCount: .counter("request_message_count", "Messages of requests.")
        case .responseMessageCount: .counter("response_message_count", "Messages of responses.")
        default: .seldom("\(rawValue - GRPCStat.status0.rawValue)", "Calls by status.")
        }
    }

    /// What comes after the first five has its cells from the first status on.
    @inlinable public static var directCount: Int { 5 }

    /// The scope's histograms.
    public typealias Histogram = GRPCHistogram
    /// How the scope's names are made.
    public static let scopeKind = ClusterStat.scopeKind
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

/// The histogram of the calls of one gRPC method.
public enum GRPCHistogram: Int, HistogramSet {
    case upstreamRqTime

    /// The name below the scope's prefix.
    public var name: String { "upstream_rq_time" }
    /// One sentence for `# HELP`.
    public var help: String { "Milliseconds from the end of the request to the end of the call." }
}

extension StatScope<GRPCStat> {
    /// Counts the end of a call: in total, as success or failure, and by status.
    ///
    /// A status that gRPC does not know counts as a failure only.
    package func countStatus(_ status: UInt32) {
        increment(.total)
        increment(status == 0 ? .success : .failure)
        guard status <= 16, let stat = GRPCStat(rawValue: GRPCStat.status0.rawValue + Int(status))
        else { return }
        increment(stat)
    }
}

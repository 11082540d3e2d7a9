import Model
import Policy

/// What few exchanges need: made when the first of it comes, so that the others do not pay for it.
final class ExchangeExtras {
    /// Copies of the request that are sent elsewhere, still on their way.
    var mirrors: [Exchange] = []
    /// Further attempts beside the first, after the time of an attempt was over.
    var hedges: [Exchange] = []
    /// The exchange's own attempt has failed, and its hedges have not.
    var awaitsHedges = false
    /// Endpoints of earlier attempts, for `previous_hosts`.
    var tried: [EndpointState] = []
    /// Priorities of earlier attempts, for `previous_priorities`.
    var priorities: PriorityOverride?
    /// Redirects followed so far, and the routes that they came by.
    var redirectCount: UInt32 = 0
    var redirectRoutes: [Route] = []
    /// `grpc_stats`: the call is counted.
    var grpc: GRPCCallStatistics?
    /// `grpc_web`: the client speaks gRPC-Web.
    var web: GRPCWebBridge?
    /// `set-cookie` for the hash policy's cookie.
    var hashCookies: [ByteString] = []
}

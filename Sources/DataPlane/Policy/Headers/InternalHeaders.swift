import Model

/// The request headers that only a request from inside may carry: they steer this proxy, or tell the
/// application what only this network may tell it.
enum InternalHeaders {
    /// Removes them from a request that comes from outside.
    ///
    /// `x-envoy-upstream-stream-duration-ms` is among them, which Envoy honours from anybody: it can
    /// switch a limit of the cluster off.
    ///
    /// - Parameters:
    ///   - isEdge: this proxy is the first of the trusted network, so that not even what a proxy
    ///     inside would have added can be genuine.
    ///   - others: lower-case names that the route table adds (`internal_only_headers`).
    static func remove(from head: Head, isEdge: Bool, others: [ByteString]) {
        // Each costs a read of its slot where it is not there, which is almost always.
        head.remove(.xEnvoyRetryOn)
        head.remove(.xEnvoyRetryGrpcOn)
        head.remove(.xEnvoyMaxRetries)
        head.remove(.xEnvoyRetriableStatusCodes)
        head.remove(.xEnvoyRetriableHeaderNames)
        head.remove(.xEnvoyHedgeOnPerTryTimeout)
        head.remove(.xEnvoyUpstreamRqTimeoutMs)
        head.remove(.xEnvoyUpstreamRqPerTryTimeoutMs)
        head.remove(.xEnvoyUpstreamRqTimeoutAltResponse)
        head.remove(.xEnvoyUpstreamStreamDurationMs)
        head.remove(.xEnvoyExpectedRqTimeoutMs)
        head.remove(.xEnvoyUpstreamAltStatName)
        head.remove(.xEnvoyForceTrace)
        head.remove(.xEnvoyIPTags)
        head.remove(.xEnvoyOriginalURL)
        if isEdge {
            head.remove(.xEnvoyDecoratorOperation)
            head.remove(.xEnvoyDownstreamServiceCluster)
            head.remove(.xEnvoyDownstreamServiceNode)
            head.remove(.xEnvoyOriginalPath)
            head.remove(.xEnvoyOriginalHost)
        }
        for index in 0..<others.count {
            let name = others[index].bytes
            head.remove(named: name.span)
        }
    }
}

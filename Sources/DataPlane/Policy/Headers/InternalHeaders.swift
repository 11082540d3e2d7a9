import Model

/// The `x-envoy-*` request headers that only a request from inside may carry: they steer this proxy.
enum InternalHeaders {
    /// Removes them from a request that comes from outside.
    ///
    /// - Parameter isEdge: this proxy is the first of the trusted network, so that not even what a
    ///   proxy inside would have added can be genuine.
    static func remove(from head: Head, isEdge: Bool) {
        let names = prefix.bytes
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            // Most lines end here: no name below 15 bytes is meant.
            if field.isRemoved || field.name.count < 15 { continue }
            let name = head.span(field.name)
            guard name.hasPrefixIgnoringCase(lowercase: names.span) else { continue }
            if isInternal(name.extracting(names.count...), isEdge: isEdge) {
                head.remove(at: index)
            }
        }
    }

    private static let prefix: ByteString = "x-envoy-"

    /// `rest` is what follows the common prefix.
    private static func isInternal(_ rest: Span<UInt8>, isEdge: Bool) -> Bool {
        rest.equalsIgnoringCase("retry-on")
            || rest.equalsIgnoringCase("retry-grpc-on")
            || rest.equalsIgnoringCase("max-retries")
            || rest.equalsIgnoringCase("retriable-status-codes")
            || rest.equalsIgnoringCase("retriable-header-names")
            || rest.equalsIgnoringCase("hedge-on-per-try-timeout")
            || rest.equalsIgnoringCase("upstream-rq-timeout-ms")
            || rest.equalsIgnoringCase("upstream-rq-per-try-timeout-ms")
            || rest.equalsIgnoringCase("upstream-rq-timeout-alt-response")
            || rest.equalsIgnoringCase("expected-rq-timeout-ms")
            || rest.equalsIgnoringCase("upstream-alt-stat-name")
            || rest.equalsIgnoringCase("force-trace")
            || rest.equalsIgnoringCase("ip-tags")
            || rest.equalsIgnoringCase("original-url")
            || isEdge
                && (rest.equalsIgnoringCase("decorator-operation")
                    || rest.equalsIgnoringCase("downstream-service-cluster")
                    || rest.equalsIgnoringCase("downstream-service-node"))
    }
}

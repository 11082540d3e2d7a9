import Model
import Policy
import Wire

extension HTTPHealthCheckConnection {
    /// Writes the request of a check.
    func writeRequest(_ http: HealthCheckConfiguration.HTTP, _ session: HealthCheckSession) {
        let head = session.cluster.owner.requestHead
        session.fill(head, http)
        let framing: BodyFraming =
            switch http.method {
            case .post, .put, .patch: .length(UInt64(http.sentBody.count))
            default: http.sentBody.isEmpty ? .none : .length(UInt64(http.sentBody.count))
            }
        let limit = HeadWriter.byteCount(request: head, framing: framing)
        unsafe write(upTo: limit) { room in
            unsafe HeadWriter.write(request: head, framing: framing, into: room)
        }
        let body = http.sentBody
        if !body.isEmpty { write(body.span) }
    }
}

extension HealthCheckSession {
    /// The head of a request: the method and path of the configuration, the host, and
    /// `user-agent: Envoy/HC`, by which applications know checks; then the configured headers.
    func fill(_ head: Head, _ http: HealthCheckConfiguration.HTTP) {
        let method = Array(http.method.text.utf8)
        begin(head, http.method, method.span, host: http.host)
        let path = http.path.bytes
        head.path = head.append(path.span)
        head.addLine(name: head.append("user-agent"), value: head.append("Envoy/HC"))
        http.headersToAdd.apply(to: head) { record(head) }
    }

    /// The head of a call of `grpc.health.v1.Health/Check`, which may take as long as the check.
    func fillCall(_ head: Head) {
        guard case .grpc(_, let authority, let metadata) = plan.configuration.kind else { return }
        let method: [UInt8] = Array("POST".utf8)
        begin(head, .post, method.span, host: authority)
        head.path = head.append(GRPCHealthMessages.path)
        head.addLine(name: head.append("te"), value: head.append("trailers"))
        head.set(.contentType, head.append("application/grpc"))
        head.addLine(name: head.append("user-agent"), value: head.append("Envoy/HC"))
        GRPCTimeout.set(plan.configuration.timeout, in: head)
        metadata.apply(to: head) { record(head) }
    }

    private func begin(
        _ head: Head,
        _ method: Method,
        _ spelled: Span<UInt8>,
        host named: String
    ) {
        head.reset()
        head.method = method
        head.methodSlice = head.append(spelled)
        let host = Array(host(named).utf8)
        head.authority = head.append(host.span)
    }

    /// The endpoint's own name for checks, the check's, or the cluster's.
    private func host(_ named: String) -> String {
        let own = endpoint.endpoint.attributes?.healthCheckHostname ?? ""
        if !own.isEmpty { return own }
        return named.isEmpty ? cluster.configuration.name : named
    }

    /// What `%UPSTREAM_…%` and the like print in headers of checks.
    private func record(_ head: Head) -> ExchangeRecord {
        var record = ExchangeRecord()
        let configuration = cluster.configuration
        let endpoint = endpoint.endpoint
        record.request = head
        record.requestStartUnixMicroseconds = cluster.loop.unixMicroseconds
        record.clusterName = configuration.name
        record.upstreamClusterStatName = configuration.statName
        record.clusterMetadata = configuration.metadata
        record.upstreamHost = endpoint.address.description
        record.upstreamHostName = endpoint.hostname
        record.upstreamRemoteAddress = endpoint.address
        record.upstreamMetadata = endpoint.attributes?.metadata
        let locality = Int(endpoint.locality)
        if locality < configuration.localities.count {
            record.upstreamLocality = configuration.localities[locality].locality
        }
        return record
    }
}

extension Method {
    /// The method as requests spell it; anything else is asked with GET.
    fileprivate var text: String {
        switch self {
        case .get, .other, .connect: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .patch: "PATCH"
        }
    }
}

import Model
import Policy
import Wire

extension HTTPHealthCheckConnection {
    /// Writes the request of a check: the method and path of the configuration, `host`, and
    /// `user-agent: Envoy/HC`, by which applications know checks; then the configured headers.
    func writeRequest(_ http: HealthCheckConfiguration.HTTP, _ session: HealthCheckSession) {
        let head = session.cluster.owner.requestHead
        head.reset()
        head.method = http.method
        let method = Array(http.method.text.utf8)
        head.methodSlice = head.append(method.span)
        let path = http.path.bytes
        head.path = head.append(path.span)
        let host = Array(Self.host(http, session).utf8)
        head.authority = head.append(host.span)
        head.addLine(name: head.append("user-agent"), value: head.append("Envoy/HC"))
        http.headersToAdd.apply(to: head) { Self.record(head, session) }
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

    /// The endpoint's own name for checks, the check's, or the cluster's.
    private static func host(
        _ http: HealthCheckConfiguration.HTTP,
        _ session: HealthCheckSession
    ) -> String {
        let own = session.endpoint.endpoint.attributes?.healthCheckHostname ?? ""
        if !own.isEmpty { return own }
        return http.host.isEmpty ? session.cluster.configuration.name : http.host
    }

    /// What `%UPSTREAM_…%` and the like print in headers of checks.
    private static func record(_ head: Head, _ session: HealthCheckSession) -> ExchangeRecord {
        var record = ExchangeRecord()
        let configuration = session.cluster.configuration
        let endpoint = session.endpoint.endpoint
        record.request = head
        record.requestStartUnixMicroseconds = session.cluster.loop.unixMicroseconds
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

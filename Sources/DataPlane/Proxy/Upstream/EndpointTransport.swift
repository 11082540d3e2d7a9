import Identity
import Model

/// How bytes to one endpoint are wrapped: the cluster's transport, or the first match of its metadata.
struct EndpointTransport {
    let configuration: UpstreamTransport
    let context: TLSContextSlot?

    /// The name that is sent: what the request asks for, the endpoint's, or the configured one.
    func serverName(_ requested: ByteString, _ hostname: String) -> String? {
        guard let tls = configuration.tls else { return nil }
        if !requested.isEmpty { return requested.description }
        if tls.sendsHostname, !hostname.isEmpty { return hostname }
        return tls.serverName.isEmpty ? nil : tls.serverName
    }

    /// The name or the address that the certificate must be for; nil: none in particular.
    ///
    /// - Parameter host: the request's, where that is demanded.
    func verifiedName(
        _ requested: ByteString,
        _ hostname: String,
        host: ByteString? = nil
    ) -> String? {
        guard let tls = configuration.tls else { return nil }
        if let host { return host.description }
        return tls.verifiesServerName ? serverName(requested, hostname) : nil
    }

    /// What is offered: the transport's own list, or what the pool speaks.
    func alpn(_ ofPool: [[UInt8]]) -> [[UInt8]] {
        guard let tls = configuration.tls else { return [] }
        return tls.common.alpn.isEmpty ? ofPool : tls.common.alpn
    }
}

internal import Model

/// Health checks over gRPC, and what checks have of the transport.
extension Compilation {
    func grpcCheck(
        _ check: Envoy_Config_Core_V3_HealthCheck.GrpcHealthCheck,
        _ path: FieldPath,
        _ http: UpstreamHTTP
    ) -> HealthCheckConfiguration.Kind? {
        if !http.speaksHTTP2 {
            refuse(
                path,
                "gRPC needs HTTP/2, which the cluster does not speak",
                "give explicit_http_config: {http2_protocol_options: {}} in "
                    + "typed_extension_protocol_options"
            )
        }
        guard headText(check.authority, path["authority"], inRequestLine: true) != nil
        else { return nil }
        return .grpc(
            service: check.serviceName,
            authority: check.authority,
            metadata: headers(
                adding: check.initialMetadata,
                path["initial_metadata"],
                path
            )
        )
    }

    /// How the connections of checks differ from those of requests.
    func readTransport(
        _ check: Envoy_Config_Core_V3_HealthCheck,
        _ path: FieldPath,
        _ compiled: inout HealthCheckConfiguration
    ) {
        switch check.healthChecker {
        case .httpHealthCheck(let http):
            let path = path["http_health_check"]["codec_client_type"]
            compiled.usesHTTP2 = known(http.codecClientType, path) == .http2
        case .grpcHealthCheck: compiled.usesHTTP2 = true
        case .tcpHealthCheck, nil: break
        }
        if check.hasTlsOptions {
            compiled.alpn = protocols(
                check.tlsOptions.alpnProtocols,
                path["tls_options"]["alpn_protocols"]
            )
        }
        if check.hasTransportSocketMatchCriteria {
            compiled.transportCriteria = Self.metadataFields(check.transportSocketMatchCriteria)
        }
    }
}

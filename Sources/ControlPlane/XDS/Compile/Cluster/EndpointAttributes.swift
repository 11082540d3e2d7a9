internal import Model

/// What few endpoints have: metadata, a health that is given, a health check of their own.
extension Compilation {
    /// The attributes; nil where there is nothing special, which costs no memory.
    func attributes(
        of endpoint: Envoy_Config_Endpoint_V3_LbEndpoint,
        _ host: Envoy_Config_Endpoint_V3_Endpoint,
        _ path: FieldPath
    ) -> EndpointAttributes? {
        let health: EndpointAttributes.Health =
            switch known(endpoint.healthStatus, path["health_status"]) {
            case .healthy: .healthy
            case .unhealthy: .unhealthy
            case .draining: .draining
            case .timeout: .timeout
            case .degraded: .degraded
            default: .unknown
            }
        let metadata = metadata(endpoint.metadata)
        if health == .unknown, metadata == nil, !host.hasHealthCheckConfig { return nil }
        let check = host.healthCheckConfig
        let path = path["endpoint"]["health_check_config"]
        let hostname = headText(check.hostname, path["hostname"], inRequestLine: true)
        return EndpointAttributes(
            metadata: metadata,
            health: health,
            healthCheckAddress: checkAddress(check, path),
            healthCheckPort: check.portValue == 0
                ? nil : port(check.portValue, path["port_value"]),
            healthCheckHostname: hostname == nil ? "" : check.hostname,
            isHealthCheckDisabled: check.disableActiveHealthCheck,
            isCanary: metadata?.loadBalancing["canary"] == .bool(true)
        )
    }

    private func checkAddress(
        _ check: Envoy_Config_Endpoint_V3_Endpoint.HealthCheckConfig,
        _ path: FieldPath
    ) -> SocketAddress? {
        guard check.hasAddress else { return nil }
        // port_value stands in for a port of 0 here, which is none to connect to otherwise.
        let use: AddressUse = check.portValue == 0 ? .literal : .bind
        guard case .address(let address) = location(check.address, path["address"], for: use)
        else { return nil }
        if case .unix = address, check.portValue != 0 {
            refuse(path["port_value"], "a Unix socket has no port", "leave it out")
        }
        return address
    }
}

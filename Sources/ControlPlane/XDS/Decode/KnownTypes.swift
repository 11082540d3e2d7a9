internal import SwiftProtobuf

/// Which messages may stand in the `Any` of which field.
///
/// Only these are decoded: the others of Envoy are refused as not supported yet, so that no filter
/// that protects something is dropped silently.
enum KnownTypes {
    /// What `LoadBalancingPolicy` may name.
    private static let balancers: [any Message.Type] = [
        Envoy_Extensions_LoadBalancingPolicies_RoundRobin_V3_RoundRobin.self,
        Envoy_Extensions_LoadBalancingPolicies_LeastRequest_V3_LeastRequest.self,
        Envoy_Extensions_LoadBalancingPolicies_Random_V3_Random.self,
        Envoy_Extensions_LoadBalancingPolicies_RingHash_V3_RingHash.self,
        Envoy_Extensions_LoadBalancingPolicies_Maglev_V3_Maglev.self,
        Envoy_Extensions_LoadBalancingPolicies_Subset_V3_Subset.self,
        Envoy_Extensions_LoadBalancingPolicies_WrrLocality_V3_WrrLocality.self,
        Envoy_Extensions_LoadBalancingPolicies_PeakEwma_V3alpha_PeakEwma.self,
    ]

    /// The ways to ask DNS.
    private static let resolvers: [any Message.Type] = [
        Envoy_Extensions_Network_DnsResolver_Cares_V3_CaresDnsResolverConfig.self
    ]

    /// What a route may say of a filter: whether it takes part, and what a filter with a
    /// configuration by route takes.
    private static let perFilter: [any Message.Type] = [
        Envoy_Config_Route_V3_FilterConfig.self,
        Envoy_Extensions_Filters_Http_HeaderMutation_V3_HeaderMutationPerRoute.self,
    ]

    /// How the bytes to endpoints are wrapped.
    private static let upstreamTransports: [any Message.Type] = [
        Envoy_Extensions_TransportSockets_Tls_V3_UpstreamTlsContext.self,
        Envoy_Extensions_TransportSockets_RawBuffer_V3_RawBuffer.self,
        Envoy_Extensions_TransportSockets_ProxyProtocol_V3_ProxyProtocolUpstreamTransport.self,
    ]

    /// By the full name of the message and the name of its field: the field that holds the `Any`,
    /// or the field that holds the `TypedExtensionConfig` or `TransportSocket` with the `Any` in it.
    private static let byField: [String: [any Message.Type]] = [
        "envoy.config.listener.v3.Filter.typed_config": [
            Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpConnectionManager.self,
            Envoy_Extensions_Filters_Network_TcpProxy_V3_TcpProxy.self,
        ],
        "envoy.config.listener.v3.FilterChain.transport_socket": [
            Envoy_Extensions_TransportSockets_Tls_V3_DownstreamTlsContext.self,
            Envoy_Extensions_TransportSockets_RawBuffer_V3_RawBuffer.self,
        ],
        "envoy.config.cluster.v3.Cluster.transport_socket": upstreamTransports,
        "envoy.config.cluster.v3.Cluster.TransportSocketMatch.transport_socket":
            upstreamTransports,
        "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"
            + ".transport_socket": [
                Envoy_Extensions_TransportSockets_Tls_V3_UpstreamTlsContext.self,
                Envoy_Extensions_TransportSockets_RawBuffer_V3_RawBuffer.self,
            ],
        "envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext"
            + ".custom_validator_config": [
                Envoy_Extensions_TransportSockets_Tls_V3_SPIFFECertValidatorConfig.self
            ],
        "envoy.config.listener.v3.ListenerFilter.typed_config": [
            Envoy_Extensions_Filters_Listener_HttpInspector_V3_HttpInspector.self,
            Envoy_Extensions_Filters_Listener_TlsInspector_V3_TlsInspector.self,
            Envoy_Extensions_Filters_Listener_ProxyProtocol_V3_ProxyProtocol.self,
            Envoy_Extensions_Filters_Listener_OriginalDst_V3_OriginalDst.self,
            Envoy_Extensions_Filters_Listener_OriginalSrc_V3_OriginalSrc.self,
        ],
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter.typed_config": [
            Envoy_Extensions_Filters_Http_Router_V3_Router.self,
            Envoy_Extensions_Filters_Http_HeaderMutation_V3_HeaderMutation.self,
            Envoy_Extensions_Filters_Http_GrpcWeb_V3_GrpcWeb.self,
            Envoy_Extensions_Filters_Http_GrpcStats_V3_FilterConfig.self,
        ],
        "envoy.config.accesslog.v3.AccessLog.typed_config": [
            Envoy_Extensions_AccessLoggers_File_V3_FileAccessLog.self,
            Envoy_Extensions_AccessLoggers_Stream_V3_StdoutAccessLog.self,
            Envoy_Extensions_AccessLoggers_Stream_V3_StderrAccessLog.self,
        ],
        "envoy.config.cluster.v3.Cluster.typed_extension_protocol_options": [
            Envoy_Extensions_Upstreams_Http_V3_HttpProtocolOptions.self
        ],
        "envoy.config.cluster.v3.Cluster.CustomClusterType.typed_config": [
            Envoy_Extensions_Clusters_Dns_V3_DnsCluster.self
        ],
        "envoy.config.cluster.v3.Cluster.typed_dns_resolver_config": resolvers,
        "envoy.extensions.clusters.dns.v3.DnsCluster.typed_dns_resolver_config": resolvers,
        "envoy.config.bootstrap.v3.Bootstrap.typed_dns_resolver_config": resolvers,
        "envoy.config.cluster.v3.LoadBalancingPolicy.Policy.typed_extension_config": balancers,
        "envoy.config.core.v3.BindConfig.local_address_selector": [
            Envoy_Config_Upstream_LocalAddressSelector_V3_DefaultLocalAddressSelector.self
        ],
        "envoy.config.core.v3.HealthCheck.event_logger": [
            Envoy_Extensions_HealthCheck_EventSinks_File_V3_HealthCheckEventFileSink.self
        ],
        "envoy.config.route.v3.RouteConfiguration.typed_per_filter_config": perFilter,
        "envoy.config.route.v3.VirtualHost.typed_per_filter_config": perFilter,
        "envoy.config.route.v3.Route.typed_per_filter_config": perFilter,
        "envoy.config.route.v3.WeightedCluster.ClusterWeight.typed_per_filter_config": perFilter,
        "envoy.config.route.v3.FilterConfig.config": [
            Envoy_Extensions_Filters_Http_HeaderMutation_V3_HeaderMutationPerRoute.self
        ],
        "envoy.config.route.v3.RetryPolicy.RetryPriority.typed_config": [
            Envoy_Extensions_Retry_Priority_PreviousPriorities_V3_PreviousPrioritiesConfig.self
        ],
        "envoy.config.route.v3.RetryPolicy.RetryHostPredicate.typed_config": [
            Envoy_Extensions_Retry_Host_PreviousHosts_V3_PreviousHostsPredicate.self,
            Envoy_Extensions_Retry_Host_OmitCanaryHosts_V3_OmitCanaryHostsPredicate.self,
            Envoy_Extensions_Retry_Host_OmitHostMetadata_V3_OmitHostMetadataConfig.self,
        ],
        "envoy.config.route.v3.InternalRedirectPolicy.predicates": [
            Envoy_Extensions_InternalRedirect_AllowListedRoutes_V3_AllowListedRoutesConfig.self,
            Envoy_Extensions_InternalRedirect_PreviousRoutes_V3_PreviousRoutesConfig.self,
            Envoy_Extensions_InternalRedirect_SafeCrossScheme_V3_SafeCrossSchemeConfig.self,
        ],
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
            + ".original_ip_detection_extensions": [
                Envoy_Extensions_Http_OriginalIpDetection_Xff_V3_XffConfig.self,
                Envoy_Extensions_Http_OriginalIpDetection_CustomHeader_V3_CustomHeaderConfig.self,
            ],
        "envoy.extensions.filters.network.http_connection_manager.v3.RequestIDExtension"
            + ".typed_config": [Envoy_Extensions_RequestId_Uuid_V3_UuidRequestIdConfig.self],
    ]

    /// What may stand in a field; empty for fields without an `Any`.
    static func types(in message: String, field: String) -> [any Message.Type] {
        byField["\(message).\(field)"] ?? []
    }

    /// The message with a full name, where it may stand in any field.
    static func type(named name: String) -> (any Message.Type)? {
        for types in byField.values {
            if let found = types.first(where: { $0.protoMessageName == name }) { return found }
        }
        return nil
    }

    /// Whether a message is decoded anywhere.
    static func isKnownElsewhere(_ name: String) -> Bool {
        byField.values.contains { $0.contains { $0.protoMessageName == name } }
    }
}

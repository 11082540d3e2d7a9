/// The extensions of Envoy that this proxy knows by name, and what is lost without each.
///
/// A filter that protects something and is left out without a word is an open door, so the
/// compiler names what it would have done. Source: the `envoy/extensions/filters` folders of the
/// Envoy v3 API.
enum KnownFilters {
    static let router = "envoy.filters.http.router"
    static let connectionManager = "envoy.filters.network.http_connection_manager"
    static let tcpProxy = "envoy.filters.network.tcp_proxy"

    struct HTTPFilter: Sendable {
        /// What is in the file that configures it: completes "typed_config with …".
        let configuration: String
        /// What happens without it: completes "without it …".
        let loss: String
        /// True where `configuration` names several things.
        var isPlural = false
        var pronoun: String { isPlural ? "them" : "it" }
    }

    /// By the last part of the name (`envoy.filters.http.<key>`).
    static let http: [String: HTTPFilter] = [
        // Filters that decide who may do what.
        "jwt_authn": HTTPFilter(
            configuration: "the providers and rules of its JSON Web Tokens",
            loss: "no request is authenticated",
            isPlural: true
        ),
        "ratelimit": HTTPFilter(
            configuration: "its domain and rate limit service",
            loss: "no request is limited",
            isPlural: true
        ),
        "rbac": HTTPFilter(
            configuration: "its rules",
            loss: "every request is allowed",
            isPlural: true
        ),
        "ext_authz": HTTPFilter(
            configuration: "its authorization service",
            loss: "no request is authorized"
        ),
        "local_ratelimit": HTTPFilter(
            configuration: "its token bucket",
            loss: "no request is limited"
        ),
        "oauth2": HTTPFilter(
            configuration: "its token endpoint and credentials",
            loss: "nobody has to sign in",
            isPlural: true
        ),
        "csrf": HTTPFilter(
            configuration: "its filter_enabled and origins",
            loss: "no request's origin is checked",
            isPlural: true
        ),
        "cors": HTTPFilter(
            configuration: "its Cors message",
            loss: "no cross-origin policy is applied"
        ),
        "basic_auth": HTTPFilter(
            configuration: "its users",
            loss: "no password is asked for",
            isPlural: true
        ),
        "api_key_auth": HTTPFilter(
            configuration: "its credentials",
            loss: "no API key is asked for",
            isPlural: true
        ),
        "gcp_authn": HTTPFilter(
            configuration: "its metadata server",
            loss: "no identity token is attached"
        ),
        "credential_injector": HTTPFilter(
            configuration: "its credential",
            loss: "no credential is attached"
        ),
        "aws_request_signing": HTTPFilter(
            configuration: "its service and region",
            loss: "no request is signed",
            isPlural: true
        ),
        "ext_proc": HTTPFilter(
            configuration: "its processing service",
            loss: "no request is shown to the service"
        ),
        "lua": HTTPFilter(configuration: "its script", loss: "the script does not run"),
        "wasm": HTTPFilter(configuration: "its module", loss: "the module does not run"),
        "dynamic_modules": HTTPFilter(
            configuration: "its module",
            loss: "the module does not run"
        ),
        // Filters that keep load within bounds.
        "adaptive_concurrency": HTTPFilter(
            configuration: "its controller",
            loss: "concurrency is not limited"
        ),
        "admission_control": HTTPFilter(
            configuration: "its thresholds",
            loss: "no load is shed",
            isPlural: true
        ),
        "bandwidth_limit": HTTPFilter(
            configuration: "its limit",
            loss: "bandwidth is not limited"
        ),
        "buffer": HTTPFilter(
            configuration: "max_request_bytes",
            loss: "the size of requests is not limited"
        ),
        "rate_limit_quota": HTTPFilter(
            configuration: "its quota service",
            loss: "no request is limited"
        ),
        "file_system_buffer": HTTPFilter(
            configuration: "its limits",
            loss: "no request is buffered",
            isPlural: true
        ),
        "cdn_loop": HTTPFilter(configuration: "its cdn_id", loss: "loops are not detected"),
        "original_src": HTTPFilter(
            configuration: "its mark",
            loss: "the app does not see the client's address"
        ),
        "proto_api_scrubber": HTTPFilter(
            configuration: "its rules",
            loss: "no field is removed",
            isPlural: true
        ),
        "fault": HTTPFilter(
            configuration: "its delay or abort",
            loss: "no fault is injected"
        ),
        // Filters that change what passes.
        "alternate_protocols_cache": .plain, "aws_lambda": .plain, "cache": .plain,
        "cache_v2": .plain, "composite": .plain, "compressor": .plain,
        "connect_grpc_bridge": .plain, "custom_response": .plain, "decompressor": .plain,
        "dynamic_forward_proxy": .plain, "geoip": .plain, "grpc_field_extraction": .plain,
        "grpc_http1_bridge": .plain, "grpc_http1_reverse_bridge": .plain,
        "grpc_json_reverse_transcoder": .plain, "grpc_json_transcoder": .plain,
        "grpc_stats": .plain, "grpc_web": .plain,
        "header_mutation": HTTPFilter(
            configuration: "its mutations",
            loss: "no header is changed",
            isPlural: true
        ),
        "header_to_metadata": .plain, "health_check": .plain, "ip_tagging": .plain,
        "json_to_metadata": .plain, "kill_request": .plain, "mcp": .plain, "mcp_router": .plain,
        "on_demand": .plain, "proto_message_extraction": .plain, "set_filter_state": .plain,
        "set_metadata": .plain, "stateful_session": .plain, "tap": .plain,
        "thrift_to_metadata": .plain, "transform": .plain, "upstream_codec": .plain,
    ]

    /// The last parts of the names of the network filters (`envoy.filters.network.<key>`).
    static let network = [
        "connection_limit", "direct_response", "dubbo_proxy", "dynamic_modules", "echo",
        "ext_authz", "ext_proc", "generic_proxy", "geoip", "http_connection_manager",
        "local_ratelimit", "mongo_proxy", "ratelimit", "rbac", "redis_proxy", "reverse_tunnel",
        "set_filter_state", "sni_cluster", "sni_dynamic_forward_proxy", "tcp_proxy",
        "thrift_proxy", "wasm", "zookeeper_proxy",
    ]

    /// The last parts of the names of the listener filters (`envoy.filters.listener.<key>`).
    static let listener = [
        "dynamic_modules", "http_inspector", "local_ratelimit", "original_dst", "original_src",
        "proxy_protocol", "reverse_connection", "set_filter_state", "tls_inspector",
    ]

    static var listenerNames: [String] { listener.map { "envoy.filters.listener." + $0 } }
    static var httpNames: [String] {
        http.keys.map { "envoy.filters.http." + $0 } + [router]
    }
    static var networkNames: [String] { network.map { "envoy.filters.network." + $0 } }

    /// The HTTP filter with this full name, where it is one of Envoy's.
    static func httpFilter(named name: String) -> HTTPFilter? {
        let prefix = "envoy.filters.http."
        guard name.hasPrefix(prefix) else { return nil }
        return http[String(name.dropFirst(prefix.count))]
    }
}

extension KnownFilters.HTTPFilter {
    static let plain = Self(configuration: "its message", loss: "what it does does not happen")
}

/// Configurations that the tests of this folder share.
enum Examples {
    /// A small sidecar: one listener, one route, one cluster.
    static let sidecar = """
        node: {id: sidecar-1, cluster: demo, metadata: {team: a, ports: [80, 81.5], on: true}}
        admin:
          address:
            socket_address: {address: 127.0.0.1, port_value: 15000}
        static_resources:
          listeners:
            - name: inbound
              address:
                socket_address:
                  address: 0.0.0.0
                  port_value: 15001
              per_connection_buffer_limit_bytes: 32768
              filter_chains:
                - filters:
                    - name: envoy.filters.network.http_connection_manager
                      typed_config:
                        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                        stat_prefix: inbound
                        codec_type: AUTO
                        use_remote_address: true
                        stream_idle_timeout: 0s
                        access_log:
                          - name: envoy.access_loggers.file
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                              path: /dev/stdout
                              log_format:
                                json_format:
                                  nested: {list: ["%START_TIME%", 1, null, {a: [true]}]}
                        route_config:
                          name: local_route
                          virtual_hosts:
                            - name: local_service
                              domains: ["*"]
                              routes:
                                - match:
                                    safe_regex: {regex: "/v[0-9]+/.*"}
                                    headers:
                                      - name: ":method"
                                        string_match: {exact: GET}
                                      - name: x-n
                                        range_match: {start: -5, end: "9007199254740993"}
                                    runtime_fraction:
                                      default_value: {numerator: 5, denominator: TEN_THOUSAND}
                                  route:
                                    timeout: 1.5s
                                    weighted_clusters:
                                      clusters:
                                        - {name: local_app, weight: 90}
                                        - {name: other, weight: 0}
                                    retry_policy:
                                      retry_on: 5xx,reset
                                      num_retries: 3
                                      per_try_timeout: 0.25s
                                      retriable_status_codes: [503, 504]
                                - match: {path: /old}
                                  redirect: {path_redirect: /new, response_code: FOUND}
                                - match: {path: /hello}
                                  direct_response:
                                    status: 200
                                    body: {inline_bytes: aGVsbG8=}
                                - match: {prefix: "/"}
                                  route: {cluster: local_app}
                        http_filters:
                          - name: envoy.filters.http.router
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
                              suppress_envoy_headers: true
          clusters:
            - name: local_app
              connect_timeout: 0.25s
              type: STATIC
              lb_policy: LEAST_REQUEST
              least_request_lb_config: {choice_count: 3}
              circuit_breakers:
                thresholds:
                  - {priority: HIGH, max_connections: 10}
              typed_extension_protocol_options:
                envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
                  "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
                  explicit_http_config: {http_protocol_options: {}}
                  common_http_protocol_options: {idle_timeout: 60s}
              load_assignment:
                cluster_name: local_app
                endpoints:
                  - locality: {zone: b}
                    lb_endpoints:
                      - endpoint:
                          address:
                            socket_address: {address: 127.0.0.1, port_value: 8080}
                        load_balancing_weight: 2
                      - endpoint: {address: {pipe: {path: /run/app.sock, mode: 432}}}
            - name: other
              type: STRICT_DNS
              respect_dns_ttl: true
              load_assignment: {cluster_name: other}
        """

    /// The same kinds of fields as JSON has them: lowerCamelCase, enums by number, 64-bit as text.
    static let json = """
        {
          "node": {"id": "a", "metadata": {"x": null, "y": [true, 1e2, "z"]}},
          "admin": {"address": {"pipe": {"path": "/run/admin.sock"}}},
          "staticResources": {
            "clusters": [
              {
                "name": "c",
                "type": 2,
                "lbPolicy": "RANDOM",
                "connectTimeout": "3.000000001s",
                "perConnectionBufferLimitBytes": 1e3,
                "respectDnsTtl": false,
                "dnsLookupFamily": "V4_PREFERRED",
                "loadAssignment": {
                  "clusterName": "c",
                  "endpoints": [{"lbEndpoints": [
                    {"endpoint": {"hostname": "h", "address": {
                      "socketAddress": {"address": "example.com", "portValue": "443"}}}}
                  ]}]
                }
              }
            ]
          }
        }
        """

    /// A configuration whose only cluster has these further lines.
    static func cluster(_ lines: String) -> String {
        let indented = lines.split(separator: "\n", omittingEmptySubsequences: false)
            .map { "      \($0)" }.joined(separator: "\n")
        return "static_resources:\n  clusters:\n    -\n\(indented)\n"
    }
}

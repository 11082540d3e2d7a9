/// Virtual clusters and tables, connection managers, the runtime.
extension BadRouterField {
    static let others: [BadRouterField] = [
        BadRouterField(
            "a virtual cluster says which requests",
            [
                .host("virtual_clusters: [{name: reads}]")
            ],
            says: [
                """
                envoy.yaml:22:42: <host>.virtual_clusters[0]: has no headers: say which requests \
                it counts, for example headers: [{name: ":method", string_match: {exact: GET}}]
                """
            ]
        ),
        BadRouterField(
            "a virtual cluster has a name",
            [
                .host("virtual_clusters: [{headers: [{name: x-a}]}]")
            ],
            says: [
                """
                envoy.yaml:22:42: <host>.virtual_clusters[0].name: is empty: name it; statistics \
                are …vcluster.<name>.…
                """
            ]
        ),
        BadRouterField(
            "a cookie has a name and a value",
            [
                .match("cookies: [{string_match: {exact: b}}, {name: a}]")
            ],
            says: [
                """
                envoy.yaml:24:61: <host>.routes[0].match.cookies[0].name: is empty: give the name \
                of the cookie
                """,
                """
                envoy.yaml:24:89: <host>.routes[0].match.cookies[1].string_match: is missing: \
                give string_match: {exact: value}
                """,
            ]
        ),
        BadRouterField(
            "an internal header is a header",
            [
                .table(#"internal_only_headers: ["x y"]"#)
            ],
            says: [
                """
                envoy.yaml:20:43: <manager>.route_config.internal_only_headers[0]: "x y" is not \
                the name of a header: names are letters, digits and !#$%&'*+-.^_`|~
                """
            ]
        ),
        BadRouterField(
            "the header of the virtual host is not supported",
            [
                .table("vhost_header: x-host")
            ],
            says: [
                """
                envoy.yaml:20:19: <manager>.route_config.vhost_header: it is not supported yet: \
                the host is in :authority
                """
            ]
        ),
        BadRouterField(
            "ports are stripped in one way",
            [
                .manager("strip_any_host_port: true"),
                .manager("strip_matching_host_port: true"),
            ],
            says: [
                """
                envoy.yaml:18:17: <manager>.strip_matching_host_port: stands beside \
                strip_any_host_port: keep one of the two; any port includes the listener's own
                """
            ]
        ),
        BadRouterField(
            "an extension and the peer exclude each other",
            [
                .manager(
                    """
                    original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                    @/extensions.http.original_ip_detection.xff.v3.XffConfig}}]
                    """
                ),
                .manager("use_remote_address: true"),
            ],
            says: [
                """
                envoy.yaml:18:17: <manager>.use_remote_address: stands beside \
                original_ip_detection_extensions: either the peer is the client or it is looked \
                for; keep one of the two
                """
            ]
        ),
        BadRouterField(
            "an extension and trusted hops exclude each other",
            [
                .manager(
                    """
                    original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                    @/extensions.http.original_ip_detection.xff.v3.XffConfig}}]
                    """
                ),
                .manager("xff_num_trusted_hops: 1"),
            ],
            says: [
                """
                envoy.yaml:18:17: <manager>.xff_num_trusted_hops: stands beside \
                original_ip_detection_extensions: give it in an XffConfig
                """
            ]
        ),
        BadRouterField(
            "proxies are trusted in one way",
            [
                .manager(
                    """
                    original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                    @/extensions.http.original_ip_detection.xff.v3.XffConfig, \
                    xff_num_trusted_hops: 1, xff_trusted_cidrs: {cidrs: [{address_prefix: \
                    10.0.0.0, prefix_len: 8}]}}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:18:168: \
                <manager>.original_ip_detection_extensions[0].typed_config.xff_num_trusted_hops: \
                stands beside xff_trusted_cidrs: trust proxies by their number or by their \
                addresses; keep one of the two
                """
            ]
        ),
        BadRouterField(
            "an extension for addresses is known",
            [
                .manager(
                    """
                    original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                    @/extensions.http.original_ip_detection.geo.v3.Geo}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:18:86: <manager>.original_ip_detection_extensions[0].typed_config: the \
                type envoy.extensions.http.original_ip_detection.geo.v3.Geo is not supported yet: \
                supported here: envoy.extensions.http.original_ip_detection.xff.v3.XffConfig, \
                envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig
                """
            ]
        ),
        BadRouterField(
            "the header with the address has a name",
            [
                .manager(
                    """
                    original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                    @/extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:18:62: \
                <manager>.original_ip_detection_extensions[0].typed_config.header_name: is empty: \
                give the name of a header, for example x-version
                """
            ]
        ),
        BadRouterField(
            "an internal range is an address",
            [
                .manager(
                    """
                    internal_address_config: {cidr_ranges: [{address_prefix: 10.0.0.0/8}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:18:58: \
                <manager>.internal_address_config.cidr_ranges[0].address_prefix: "10.0.0.0/8" is \
                not an IP address: write the length in prefix_len, as address_prefix: 10.0.0.0 \
                and prefix_len: 8
                """
            ]
        ),
        BadRouterField(
            "an internal range is not longer than its address",
            [
                .manager(
                    """
                    internal_address_config: {cidr_ranges: [{address_prefix: 10.0.0.0, \
                    prefix_len: 64}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:18:84: <manager>.internal_address_config.cidr_ranges[0].prefix_len: 64 \
                is more than the address has bits: give 0 to 32
                """
            ]
        ),
        BadRouterField(
            "a scheme is one of HTTP",
            [
                .manager("scheme_header_transformation: {scheme_to_overwrite: ftp}")
            ],
            says: [
                """
                envoy.yaml:18:48: <manager>.scheme_header_transformation.scheme_to_overwrite: \
                "ftp" is no scheme of HTTP: give http or https
                """
            ]
        ),
        BadRouterField(
            "the scheme of the upstream is not known",
            [
                .manager("scheme_header_transformation: {match_upstream: true}")
            ],
            says: [
                """
                envoy.yaml:18:48: <manager>.scheme_header_transformation.match_upstream: it is \
                not supported yet: give scheme_to_overwrite: http or https
                """
            ]
        ),
        BadRouterField(
            "a mapper says which replies it changes",
            [.manager("local_reply_config: {mappers: [{status_code: 503}]}")],
            says: [
                """
                envoy.yaml:18:48: <manager>.local_reply_config.mappers[0].filter: is missing: say \
                which answers: {status_code_filter: …}
                """
            ]
        ),
        BadRouterField(
            "a log is written once",
            [
                .manager("access_log_options: {access_log_flush_interval: 1s}")
            ],
            says: [
                """
                envoy.yaml:18:38: <manager>.access_log_options.access_log_flush_interval: it is \
                not supported yet: remove it: each exchange has one line, at its end
                """
            ]
        ),
        BadRouterField(
            "the text for via has no line end",
            [
                .manager(#"via: "1.1 a\nb""#)
            ],
            says: [
                "envoy.yaml:18:17: <manager>.via: contains a control character: leave it out"
            ]
        ),
        BadRouterField(
            "a header that can be checked is checked",
            [
                .router("strict_check_headers: [x-envoy-max-retry]")
            ],
            says: [
                """
                envoy.yaml:43:46: <manager>.http_filters[0].typed_config.strict_check_headers[0]: \
                "x-envoy-max-retry" is none of the headers that can be checked: did you mean \
                "x-envoy-max-retries"?
                """
            ]
        ),
        BadRouterField(
            "a weight of the runtime is a number",
            [
                .root("layered_runtime: {layers: [{name: a, static_layer: {split.app: many}}]}"),
                .weighted("runtime_key_prefix: split, clusters: [{name: app, weight: 1}]"),
            ],
            says: [
                """
                envoy.yaml:1:53: layered_runtime.layers[0].static_layer["split.app"]: runtime key \
                "split.app" is not a number: give a number
                """
            ]
        ),
        BadRouterField(
            "a share of the runtime has a denominator",
            [
                .root(
                    """
                    layered_runtime: {layers: [{name: a, static_layer: {part: {numerator: 1, \
                    denominator: TEN}}}]}
                    """
                ),
                .match("runtime_fraction: {runtime_key: part, default_value: {numerator: 1}}"),
            ],
            says: [
                """
                envoy.yaml:1:74: layered_runtime.layers[0].static_layer["part"]["denominator"]: \
                is not a denominator: give HUNDRED, TEN_THOUSAND or MILLION
                """
            ]
        ),
    ]
}

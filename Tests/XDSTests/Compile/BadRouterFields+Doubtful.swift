/// What is accepted and does not work as it may seem.
extension BadRouterField {
    static let doubtful: [BadRouterField] = [
        BadRouterField(
            "a header without a value is never added",
            [
                .route("request_headers_to_add: [{header: {key: x-a}}]")
            ],
            says: [
                """
                envoy.yaml:26:53: <host>.routes[0].request_headers_to_add[0].header: header "x-a" \
                has no value, so it is never added: give it a value, or say keep_empty_value: true
                """
            ]
        ),
        BadRouterField(
            "removing the framing of a message has no effect",
            [
                .table("response_headers_to_remove: [transfer-encoding]")
            ],
            says: [
                """
                envoy.yaml:20:48: <manager>.route_config.response_headers_to_remove[0]: \
                "transfer-encoding" is the proxy's own to write, so removing it has no effect: \
                leave it out
                """
            ]
        ),
        BadRouterField(
            "the older limit of gRPC has no effect beside the newer one",
            [
                .action("cluster: app, max_grpc_timeout: 1s, max_stream_duration: {}")
            ],
            says: [
                """
                envoy.yaml:25:49: <host>.routes[0].route.max_grpc_timeout: has no effect beside \
                max_stream_duration: max_stream_duration: {grpc_timeout_header_max: …} takes its \
                place
                """
            ]
        ),
        BadRouterField(
            "a filter by route is in the chain",
            [
                .route(
                    """
                    typed_per_filter_config: {edit: {"@type": \
                    @/extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:26:53: <host>.routes[0].typed_per_filter_config["edit"]: there is no \
                filter "edit" in this chain, so it has no effect: the key is the name of a filter \
                in http_filters
                """
            ]
        ),
        BadRouterField(
            "metadata for no balancer have no effect",
            [
                .action("cluster: app, metadata_match: {filter_metadata: {envoy.lp: {a: b}}}")
            ],
            says: [
                """
                envoy.yaml:25:84: \
                <host>.routes[0].route.metadata_match.filter_metadata["envoy.lp"]: endpoints are \
                chosen by "envoy.lb" alone, so this has no effect: did you mean "envoy.lb"?
                """
            ]
        ),
        BadRouterField(
            "a hash without a hashing balancer has no effect",
            [
                .action("cluster: app, hash_policy: [{header: {header_name: x-a}}]")
            ],
            says: [
                """
                envoy.yaml:25:49: <host>.routes[0].route.hash_policy: has no effect: cluster \
                "app" does not balance by hash: give the cluster lb_policy: RING_HASH or MAGLEV
                """
            ]
        ),
        BadRouterField(
            "a hash of weighted clusters needs a policy",
            [
                .weighted("use_hash_policy: true, clusters: [{name: app, weight: 1}]")
            ],
            says: [
                """
                envoy.yaml:25:55: <host>.routes[0].route.weighted_clusters.use_hash_policy: has \
                no effect without a hash_policy: give the route a hash_policy, for example by a \
                header
                """
            ]
        ),
        BadRouterField(
            "a cookie without a ttl has no attributes",
            [
                .ringHash,
                .action("cluster: app, hash_policy: [{cookie: {name: a, path: /}}]"),
            ],
            says: [
                """
                envoy.yaml:25:64: <host>.routes[0].route.hash_policy[0].cookie: without a ttl no \
                cookie is made, so path and attributes have no effect: give ttl: 0s for a cookie \
                of the session
                """
            ]
        ),
        BadRouterField(
            "a hash of nothing has no effect",
            [
                .action("cluster: app, hash_policy: [{connection_properties: {}}]")
            ],
            says: [
                """
                envoy.yaml:25:64: <host>.routes[0].route.hash_policy[0].connection_properties: \
                has no effect without source_ip: give source_ip: true
                """
            ]
        ),
        BadRouterField(
            "hedging needs a limit for each try",
            [
                .action("cluster: app, hedge_policy: {hedge_on_per_try_timeout: true}")
            ],
            says: [
                """
                envoy.yaml:25:64: <host>.routes[0].route.hedge_policy.hedge_on_per_try_timeout: \
                has no effect without a per_try_timeout: give retry_policy: {per_try_timeout: \
                0.25s}
                """
            ]
        ),
        BadRouterField(
            "retries need a condition",
            [
                .action("cluster: app, retry_policy: {num_retries: 2}")
            ],
            says: [
                """
                envoy.yaml:25:49: <host>.routes[0].route.retry_policy: says no condition, so only \
                requests with x-envoy-retry-on are retried: give retry_on, for example retry_on: \
                "connect-failure,refused-stream,5xx"
                """
            ]
        ),
        BadRouterField(
            "retriable headers need their condition",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, retriable_headers: [{name: x-a}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:79: <host>.routes[0].route.retry_policy.retriable_headers: has no \
                effect without the condition "retriable-headers": add it to retry_on
                """
            ]
        ),
        BadRouterField(
            "a try is shorter than the request",
            [
                .action(
                    """
                    cluster: app, timeout: 1s, retry_policy: {retry_on: 5xx, per_try_timeout: 2s}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:92: <host>.routes[0].route.retry_policy.per_try_timeout: has no \
                effect: the whole request has 1000 ms: make it shorter than the route's timeout
                """
            ]
        ),
        BadRouterField(
            "drawing hosts needs a predicate",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, \
                    host_selection_retry_max_attempts: 3}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:79: \
                <host>.routes[0].route.retry_policy.host_selection_retry_max_attempts: has no \
                effect without a retry_host_predicate: add one, for example \
                envoy.retry_host_predicates.previous_hosts
                """
            ]
        ),
        BadRouterField(
            "a code that is no redirect is left out",
            [
                .action(
                    """
                    cluster: app, internal_redirect_policy: {redirect_response_codes: [302, 200]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:107: \
                <host>.routes[0].route.internal_redirect_policy.redirect_response_codes[1]: 200 \
                is no redirect that can be followed, so it is left out: give 301, 302, 303, 307 \
                or 308
                """
            ]
        ),
        BadRouterField(
            "a safe redirect needs another scheme",
            [
                .action(
                    """
                    cluster: app, internal_redirect_policy: {predicates: [{name: a, typed_config: \
                    {"@type": \
                    @/extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig}}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:89: <host>.routes[0].route.internal_redirect_policy.predicates[0]: \
                has no effect: no redirect to another scheme is followed: give \
                allow_cross_scheme_redirect: true
                """
            ]
        ),
        BadRouterField(
            "the older way to follow redirects gives way",
            [
                .action(
                    """
                    cluster: app, internal_redirect_action: HANDLE_INTERNAL_REDIRECT, \
                    internal_redirect_policy: {}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:49: <host>.routes[0].route.internal_redirect_action: has no effect \
                beside internal_redirect_policy: it is the older way to say the same; remove it
                """
            ]
        ),
        BadRouterField(
            "an offset needs its limit",
            [
                .action("cluster: app, max_stream_duration: {grpc_timeout_header_offset: 0.1s}")
            ],
            says: [
                """
                envoy.yaml:25:71: \
                <host>.routes[0].route.max_stream_duration.grpc_timeout_header_offset: has no \
                effect without grpc_timeout_header_max: give grpc_timeout_header_max: 0s to take \
                grpc-timeout as it is
                """
            ]
        ),
        BadRouterField(
            "two names of the buffer limit",
            [
                .route("per_request_buffer_limit_bytes: 20"),
                .route("request_body_buffer_limit: 10"),
            ],
            says: [
                """
                envoy.yaml:27:27: <host>.routes[0].per_request_buffer_limit_bytes: has no effect \
                beside request_body_buffer_limit: it is the older name of the same; remove it
                """
            ]
        ),
        BadRouterField(
            "a mirror of nothing copies nothing",
            [
                .action(
                    """
                    cluster: app, request_mirror_policies: [{cluster: canary, runtime_fraction: \
                    {default_value: {}}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:93: \
                <host>.routes[0].route.request_mirror_policies[0].runtime_fraction: is 0, so no \
                request is copied: remove the policy, or raise the share
                """
            ]
        ),
        BadRouterField(
            "every address is internal",
            [
                .manager("internal_address_config: {cidr_ranges: [{address_prefix: 10.0.0.0}]}")
            ],
            says: [
                """
                envoy.yaml:18:57: <manager>.internal_address_config.cidr_ranges[0]: is every \
                address of its family: give prefix_len; 32 is this address alone
                """
            ]
        ),
        BadRouterField(
            "a status that is no error becomes one",
            [
                .manager(
                    """
                    original_ip_detection_extensions: [{name: a, typed_config: {"@type": \
                    @/extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig, \
                    header_name: x-a, reject_with_status: {code: 200}}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:18:226: <manager>.original_ip_detection_extensions[0].typed_config.reje\
                ct_with_status.code: 200 is no error, so 403 is sent: give 400 to 511
                """
            ]
        ),
        BadRouterField(
            "metadata of a virtual host have no effect",
            [
                .host("metadata: {filter_metadata: {a: {b: c}}}")
            ],
            says: [
                """
                envoy.yaml:22:23: <host>.metadata: has no effect: only metadata of routes are \
                read: remove it
                """
            ]
        ),
        BadRouterField(
            "a runtime key that nothing asks for",
            [
                .root("layered_runtime: {layers: [{name: a, static_layer: {split.ap: 5}}]}"),
                .weighted("runtime_key_prefix: split, clusters: [{name: app, weight: 1}]"),
            ],
            says: [
                """
                envoy.yaml:1:53: layered_runtime.layers[0].static_layer["split.ap"]: runtime key \
                "split.ap" has no effect: did you mean "split.app"?
                """
            ]
        ),
    ]
}

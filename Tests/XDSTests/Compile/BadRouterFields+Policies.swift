/// Redirects that are followed, limits of time, retries.
extension BadRouterField {
    static let policies: [BadRouterField] = [
        BadRouterField(
            "a redirect is followed a few times",
            [
                .action("cluster: app, internal_redirect_policy: {max_internal_redirects: 1000}")
            ],
            says: [
                """
                envoy.yaml:25:76: \
                <host>.routes[0].route.internal_redirect_policy.max_internal_redirects: 1000 \
                redirects of one request: at most 30; 1 to 5 is usual
                """
            ]
        ),
        BadRouterField(
            "the host of a redirect cannot be copied",
            [
                .action(
                    """
                    cluster: app, internal_redirect_policy: {response_headers_to_copy: [host]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:103: \
                <host>.routes[0].route.internal_redirect_policy.response_headers_to_copy[0]: \
                :-prefixed headers and host cannot be copied: the location of the redirect says \
                host and path
                """
            ]
        ),
        BadRouterField(
            "a predicate of redirects is known",
            [
                .action(
                    """
                    cluster: app, internal_redirect_policy: {predicates: [{name: a, typed_config: \
                    {"@type": @/extensions.internal_redirect.previous_routes.v3.PreviousRoute}}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:123: \
                <host>.routes[0].route.internal_redirect_policy.predicates[0].typed_config: the \
                type envoy.extensions.internal_redirect.previous_routes.v3.PreviousRoute is not \
                supported yet: supported here: envoy.extensions.internal_redirect.allow_listed_rou\
                tes.v3.AllowListedRoutesConfig, \
                envoy.extensions.internal_redirect.previous_routes.v3.PreviousRoutesConfig, \
                envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig
                """
            ]
        ),
        BadRouterField(
            "there are five codes of redirects",
            [
                .action(
                    """
                    cluster: app, internal_redirect_policy: {redirect_response_codes: [301, 302, \
                    303, 307, 308, 301]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:76: \
                <host>.routes[0].route.internal_redirect_policy.redirect_response_codes: lists 6 \
                codes: there are 5
                """
            ]
        ),
        BadRouterField(
            "an allowed route has a name",
            [
                .action(
                    """
                    cluster: app, internal_redirect_policy: {predicates: [{name: a, typed_config: \
                    {"@type": @/extensions.internal_redirect.allow_listed_routes.v3.AllowListedRou\
                    tesConfig, allowed_route_names: [""]}}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:248: <host>.routes[0].route.internal_redirect_policy.predicates[0].t\
                yped_config.allowed_route_names[0]: is empty: give the name of a route
                """
            ]
        ),
        BadRouterField(
            "a stream does not end before it begins",
            [
                .action("cluster: app, max_stream_duration: {max_stream_duration: -1s}")
            ],
            says: [
                """
                envoy.yaml:25:71: <host>.routes[0].route.max_stream_duration.max_stream_duration: \
                is negative: a duration is at least 0s
                """
            ]
        ),
        BadRouterField(
            "a limit of gRPC is not negative",
            [
                .action("cluster: app, max_stream_duration: {grpc_timeout_header_max: -0.5s}")
            ],
            says: [
                """
                envoy.yaml:25:71: \
                <host>.routes[0].route.max_stream_duration.grpc_timeout_header_max: is negative: \
                a duration is at least 0s
                """
            ]
        ),
        BadRouterField(
            "a request keeps no more than a gigabyte",
            [
                .route("request_body_buffer_limit: 2147483648")
            ],
            says: [
                """
                envoy.yaml:26:27: <host>.routes[0].request_body_buffer_limit: 2147483648 bytes of \
                one request would be kept in memory: give at most 1073741824
                """
            ]
        ),
        BadRouterField(
            "a body is not kept at any size",
            [
                .table("max_direct_response_body_size_bytes: 4294967295")
            ],
            says: [
                """
                envoy.yaml:20:19: <manager>.route_config.max_direct_response_body_size_bytes: \
                4294967295 bytes would be kept in memory for each response: give at most 16777216
                """
            ]
        ),
        BadRouterField(
            "a retry host predicate is configured",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, retry_host_predicate: [{name: \
                    envoy.retry_host_predicates.previous_hosts}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:102: <host>.routes[0].route.retry_policy.retry_host_predicate[0]: \
                retry host predicate "envoy.retry_host_predicates.previous_hosts" has no \
                typed_config: give a PreviousHostsPredicate, OmitCanaryHostsPredicate or \
                OmitHostMetadataConfig
                """
            ]
        ),
        BadRouterField(
            "a retry host predicate leaves something out",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, retry_host_predicate: [{name: a, \
                    typed_config: {"@type": \
                    @/extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig}}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:112: <host>.routes[0].route.retry_policy.retry_host_predicate[0].typ\
                ed_config.metadata_match: says no value, so no endpoint would be left out: give \
                filter_metadata: {envoy.lb: {key: value}}
                """
            ]
        ),
        BadRouterField(
            "a retry priority says how often",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, retry_priority: {name: a, \
                    typed_config: {"@type": \
                    @/extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig}}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:105: \
                <host>.routes[0].route.retry_policy.retry_priority.typed_config.update_frequency: \
                is missing: give the number of attempts after which priorities are left out, at \
                least 1
                """
            ]
        ),
        BadRouterField(
            "a retry priority is configured",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, retry_priority: {name: \
                    envoy.retry_priorities.previous_priorities}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:79: <host>.routes[0].route.retry_policy.retry_priority: retry \
                priority "envoy.retry_priorities.previous_priorities" has no typed_config: give a \
                PreviousPrioritiesConfig
                """
            ]
        ),
        BadRouterField(
            "hosts are drawn a few times",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, \
                    host_selection_retry_max_attempts: -1}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:79: \
                <host>.routes[0].route.retry_policy.host_selection_retry_max_attempts: -1 draws \
                for one attempt: give 1 to 1000; 3 to 5 is usual
                """
            ]
        ),
        BadRouterField(
            "a rate-limited back-off has headers",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, rate_limited_retry_back_off: \
                    {max_interval: 1s}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:79: \
                <host>.routes[0].route.retry_policy.rate_limited_retry_back_off.reset_headers: is \
                empty, so no response could say how long to wait: give at least one, for example \
                {name: retry-after, format: SECONDS}
                """
            ]
        ),
        BadRouterField(
            "a rate-limited back-off has an end",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, rate_limited_retry_back_off: \
                    {max_interval: 0s, reset_headers: [{name: retry-after}]}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:109: \
                <host>.routes[0].route.retry_policy.rate_limited_retry_back_off.max_interval: \
                must be longer than 0s: leave it out for 300 s
                """
            ]
        ),
        BadRouterField(
            "a reset header has a format",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: 5xx, rate_limited_retry_back_off: \
                    {reset_headers: [{name: a, format: MINUTES}]}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:143: <host>.routes[0].route.retry_policy.rate_limited_retry_back_off\
                .reset_headers[0].format: "MINUTES" is not a known value: known values: SECONDS, \
                UNIX_TIMESTAMP
                """
            ]
        ),
        BadRouterField(
            "a retriable header has a name",
            [
                .action(
                    """
                    cluster: app, retry_policy: {retry_on: retriable-headers, retriable_headers: \
                    [{string_match: {exact: a}}]}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:113: <host>.routes[0].route.retry_policy.retriable_headers[0].name: \
                is empty: give the name of a header, for example x-version
                """
            ]
        ),
    ]
}

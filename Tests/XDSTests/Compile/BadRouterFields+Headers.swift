/// Changes of headers, and what routes say of filters.
extension BadRouterField {
    static let headers: [BadRouterField] = [
        BadRouterField(
            "a pseudo-header cannot be added",
            [
                .route(#"request_headers_to_add: [{header: {key: ":path", value: /x}}]"#)
            ],
            says: [
                """
                envoy.yaml:26:62: <host>.routes[0].request_headers_to_add[0].header.key: \
                :-prefixed headers and host cannot be changed: host_rewrite_literal, \
                prefix_rewrite and regex_rewrite change host and path
                """
            ]
        ),
        BadRouterField(
            "the host cannot be added",
            [
                .route("request_headers_to_add: [{header: {key: Host, value: a}}]")
            ],
            says: [
                """
                envoy.yaml:26:62: <host>.routes[0].request_headers_to_add[0].header.key: \
                :-prefixed headers and host cannot be changed: host_rewrite_literal, \
                prefix_rewrite and regex_rewrite change host and path
                """
            ]
        ),
        BadRouterField(
            "the host cannot be removed",
            [
                .route("request_headers_to_remove: [host]")
            ],
            says: [
                """
                envoy.yaml:26:55: <host>.routes[0].request_headers_to_remove[0]: :-prefixed \
                headers and host cannot be removed: every request has them
                """
            ]
        ),
        BadRouterField(
            "a pseudo-header cannot be removed",
            [
                .host(#"response_headers_to_remove: [":status"]"#)
            ],
            says: [
                """
                envoy.yaml:22:52: <host>.response_headers_to_remove[0]: :-prefixed headers and \
                host cannot be removed: every request has them
                """
            ]
        ),
        BadRouterField(
            "the length of a message cannot be changed",
            [
                .route(#"request_headers_to_add: [{header: {key: Content-Length, value: "5"}}]"#)
            ],
            says: [
                """
                envoy.yaml:26:62: <host>.routes[0].request_headers_to_add[0].header.key: \
                "Content-Length" says where the message ends and cannot be changed: leave it out: \
                the proxy writes it
                """
            ]
        ),
        BadRouterField(
            "a header of the connection cannot be added",
            [
                .route("response_headers_to_add: [{header: {key: connection, value: close}}]")
            ],
            says: [
                """
                envoy.yaml:26:63: <host>.routes[0].response_headers_to_add[0].header.key: \
                "connection" belongs to one connection and cannot be changed: leave it out: the \
                proxy writes it for each connection
                """
            ]
        ),
        BadRouterField(
            "a header has a name",
            [
                .route("request_headers_to_add: [{header: {value: a}}]")
            ],
            says: [
                """
                envoy.yaml:26:53: <host>.routes[0].request_headers_to_add[0].header.key: is \
                empty: give the name of a header, for example x-version
                """
            ]
        ),
        BadRouterField(
            "a header that is added is given",
            [
                .route("request_headers_to_add: [{append_action: ADD_IF_ABSENT}]")
            ],
            says: [
                """
                envoy.yaml:26:52: <host>.routes[0].request_headers_to_add[0]: has no header: give \
                header: {key: x-name, value: text}
                """
            ]
        ),
        BadRouterField(
            "the name of a header has no space",
            [
                .route(#"request_headers_to_add: [{header: {key: "x y", value: a}}]"#)
            ],
            says: [
                """
                envoy.yaml:26:62: <host>.routes[0].request_headers_to_add[0].header.key: "x y" is \
                not the name of a header: names are letters, digits and !#$%&'*+-.^_`|~
                """
            ]
        ),
        BadRouterField(
            "a name to remove has no colon",
            [
                .route(#"request_headers_to_remove: ["x-a:"]"#)
            ],
            says: [
                """
                envoy.yaml:26:55: <host>.routes[0].request_headers_to_remove[0]: "x-a:" is not \
                the name of a header: leave the colon out
                """
            ]
        ),
        BadRouterField(
            "append and append_action exclude each other",
            [
                .route(
                    """
                    request_headers_to_add: [{header: {key: x-a, value: b}, append: true, \
                    append_action: ADD_IF_ABSENT}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:26:83: <host>.routes[0].request_headers_to_add[0].append: stands \
                beside append_action: append is the older of the two; keep append_action alone
                """
            ]
        ),
        BadRouterField(
            "an append_action is one of four",
            [
                .route(
                    """
                    request_headers_to_add: [{header: {key: x-a, value: b}, append_action: \
                    REPLACE}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:26:98: <host>.routes[0].request_headers_to_add[0].append_action: \
                "REPLACE" is not a known value: known values: APPEND_IF_EXISTS_OR_ADD, \
                ADD_IF_ABSENT, OVERWRITE_IF_EXISTS_OR_ADD, OVERWRITE_IF_EXISTS
                """
            ]
        ),
        BadRouterField(
            "value and raw_value exclude each other",
            [
                .route(
                    """
                    request_headers_to_add: [{header: {key: x-a, value: b, raw_value: YQ==}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:26:82: <host>.routes[0].request_headers_to_add[0].header.raw_value: \
                stands beside value: keep one of the two
                """
            ]
        ),
        BadRouterField(
            "a value has no line end",
            [
                .route(#"request_headers_to_add: [{header: {key: x-a, value: "a\nx-b: c"}}]"#)
            ],
            says: [
                """
                envoy.yaml:26:72: <host>.routes[0].request_headers_to_add[0].header.value: \
                contains a control character: a line end there would be a header of its own; \
                leave it out
                """
            ]
        ),
        BadRouterField(
            "an operator in a value is known",
            [
                .host(#"request_headers_to_add: [{header: {key: x-a, value: "%REQUEST_ID%"}}]"#)
            ],
            says: [
                """
                envoy.yaml:22:68: <host>.request_headers_to_add[0].header.value: unknown operator \
                %REQUEST_ID%: docs/reference/access-log.md lists the operators
                """
            ]
        ),
        BadRouterField(
            "an operator in a value ends",
            [
                .route(#"request_headers_to_add: [{header: {key: x-a, value: "%REQ(x-b)"}}]"#)
            ],
            says: [
                """
                envoy.yaml:26:72: <host>.routes[0].request_headers_to_add[0].header.value: an \
                operator without its closing %: write %% for a percent sign
                """
            ]
        ),
        BadRouterField(
            "a route says nothing of the router",
            [
                .route(
                    """
                    typed_per_filter_config: {envoy.filters.http.router: {"@type": \
                    @/config.route.v3.FilterConfig, disabled: true}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:26:53: \
                <host>.routes[0].typed_per_filter_config["envoy.filters.http.router"]: the router \
                cannot be disabled: remove it
                """
            ]
        ),
        BadRouterField(
            "a configuration by route has a type that is known",
            [
                .route(
                    """
                    typed_per_filter_config: {envoy.filters.http.lua: {"@type": \
                    @/extensions.filters.http.lua.v3.LuaPerRoute}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:26:87: \
                <host>.routes[0].typed_per_filter_config["envoy.filters.http.lua"]: the type \
                envoy.extensions.filters.http.lua.v3.LuaPerRoute is not supported yet: supported \
                here: envoy.config.route.v3.FilterConfig, \
                envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute
                """
            ]
        ),
        BadRouterField(
            "a mutation says a change",
            [
                .filter(
                    """
                    - {name: edits, typed_config: {"@type": \
                    @/extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: \
                    {request_mutations: [{}]}}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:40:176: \
                <manager>.http_filters[0].typed_config.mutations.request_mutations[0]: says no \
                change: give remove or append
                """
            ]
        ),
        BadRouterField(
            "a mutation cannot change the path",
            [
                .filter(
                    """
                    - {name: edits, typed_config: {"@type": \
                    @/extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: \
                    {request_mutations: [{append: {header: {key: ":path", value: /}}}]}}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:40:195: <manager>.http_filters[0].typed_config.mutations.request_mutati\
                ons[0].append.header.key: :-prefixed headers and host cannot be changed: \
                host_rewrite_literal, prefix_rewrite and regex_rewrite change host and path
                """
            ]
        ),
        BadRouterField(
            "a mutation by condition is not supported",
            [
                .filter(
                    """
                    - {name: edits, typed_config: {"@type": \
                    @/extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: \
                    {response_mutations: [{remove_on_match: {key_matcher: {prefix: x-}}}]}}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:40:178: <manager>.http_filters[0].typed_config.mutations.response_mutat\
                ions[0].remove_on_match: it is not supported yet: name each header with remove
                """
            ]
        ),
        BadRouterField(
            "a mutation of query parameters is not supported",
            [
                .filter(
                    """
                    - {name: edits, typed_config: {"@type": \
                    @/extensions.filters.http.header_mutation.v3.HeaderMutation, mutations: \
                    {query_parameter_mutations: [{remove: a}]}}}
                    """
                )
            ],
            says: [
                """
                envoy.yaml:40:156: \
                <manager>.http_filters[0].typed_config.mutations.query_parameter_mutations: it is \
                not supported yet
                """
            ]
        ),
        BadRouterField(
            "a filter that is left out cannot be turned on",
            [
                .filter("- {name: own.filter, is_optional: true}"),
                .route(
                    """
                    typed_per_filter_config: {own.filter: {"@type": \
                    @/config.route.v3.FilterConfig, config: {}}}
                    """
                ),
            ],
            says: [
                """
                envoy.yaml:26:53: <host>.routes[0].typed_per_filter_config["own.filter"]: turns \
                on filter "own.filter", which is not supported yet: remove it to run without the \
                filter
                """
            ]
        ),
        BadRouterField(
            "a configuration by route says something",
            [
                .filter(
                    """
                    - {name: edits, typed_config: {"@type": \
                    @/extensions.filters.http.header_mutation.v3.HeaderMutation}}
                    """
                ),
                .route(
                    """
                    typed_per_filter_config: {edits: {"@type": @/config.route.v3.FilterConfig}}
                    """
                ),
            ],
            says: [
                """
                envoy.yaml:26:53: <host>.routes[0].typed_per_filter_config["edits"]: says \
                nothing: give disabled: true, or config: {} to turn it on
                """
            ]
        ),
    ]
}

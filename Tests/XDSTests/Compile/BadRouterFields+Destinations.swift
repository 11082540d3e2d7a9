/// Where requests go: clusters by header and by weight, mirrors, hashes.
extension BadRouterField {
    static let destinations: [BadRouterField] = [
        BadRouterField(
            "a cluster header has a name",
            [
                .action(#"cluster_header: """#)
            ],
            says: [
                """
                envoy.yaml:25:35: <host>.routes[0].route.cluster_header: is empty: give the name \
                of a header, for example x-version
                """
            ]
        ),
        BadRouterField(
            "a cluster header is a header",
            [
                .action(#"cluster_header: "x y""#)
            ],
            says: [
                """
                envoy.yaml:25:35: <host>.routes[0].route.cluster_header: "x y" is not the name of \
                a header: names are letters, digits and !#$%&'*+-.^_`|~
                """
            ]
        ),
        BadRouterField(
            "only one of cluster and cluster_header is given",
            [
                .action("cluster: app, cluster_header: x-a")
            ],
            says: [
                """
                envoy.yaml:25:49: <host>.routes[0].route.cluster_header: it can't stand beside \
                cluster: give only one
                """
            ]
        ),
        BadRouterField(
            "a weighted cluster exists",
            [
                .weighted("clusters: [{name: cannary, weight: 1}]")
            ],
            says: [
                """
                envoy.yaml:25:67: <host>.routes[0].route.weighted_clusters.clusters[0].name: \
                there is no cluster "cannary": did you mean "canary"?
                """
            ]
        ),
        BadRouterField(
            "a weighted cluster is named in one way",
            [
                .weighted("clusters: [{name: app, cluster_header: x-a, weight: 1}]")
            ],
            says: [
                """
                envoy.yaml:25:78: \
                <host>.routes[0].route.weighted_clusters.clusters[0].cluster_header: stands \
                beside the name: keep one of the two
                """
            ]
        ),
        BadRouterField(
            "weights are not over the total of 32 bits",
            [
                .weighted(
                    """
                    clusters: [{name: app, weight: 4294967295}, {name: canary, weight: 1}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:55: <host>.routes[0].route.weighted_clusters.clusters: the weights \
                add up to 4294967296: their sum is at most 4294967295; 0 to 100 is usual
                """
            ]
        ),
        BadRouterField(
            "the host of a weighted cluster has no space",
            [
                .weighted(#"clusters: [{name: app, weight: 1, host_rewrite_literal: "a b"}]"#)
            ],
            says: [
                """
                envoy.yaml:25:89: \
                <host>.routes[0].route.weighted_clusters.clusters[0].host_rewrite_literal: \
                contains a space: write %20
                """
            ]
        ),
        BadRouterField(
            "a header of a weighted cluster can be changed",
            [
                .weighted(
                    """
                    clusters: [{name: app, weight: 1, request_headers_to_remove: [host]}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:117: <host>.routes[0].route.weighted_clusters.clusters[0].request_he\
                aders_to_remove[0]: :-prefixed headers and host cannot be removed: every request \
                has them
                """
            ]
        ),
        BadRouterField(
            "the header with the random number has a name",
            [
                .weighted(#"header_name: "", clusters: [{name: app, weight: 1}]"#)
            ],
            says: [
                """
                envoy.yaml:25:55: <host>.routes[0].route.weighted_clusters.header_name: is empty: \
                give the name of a header, for example x-version
                """
            ]
        ),
        BadRouterField(
            "only one of header_name and use_hash_policy is given",
            [
                .weighted(
                    """
                    header_name: x-a, use_hash_policy: true, clusters: [{name: app, weight: 1}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:73: <host>.routes[0].route.weighted_clusters.use_hash_policy: it \
                can't stand beside header_name: give only one
                """
            ]
        ),
        BadRouterField(
            "a mirror exists",
            [
                .action("cluster: app, request_mirror_policies: [{cluster: canry}]")
            ],
            says: [
                """
                envoy.yaml:25:76: <host>.routes[0].route.request_mirror_policies[0].cluster: \
                there is no cluster "canry": did you mean "canary"?
                """
            ]
        ),
        BadRouterField(
            "a mirror is named",
            [
                .action("cluster: app, request_mirror_policies: [{}]")
            ],
            says: [
                """
                envoy.yaml:25:75: <host>.routes[0].route.request_mirror_policies[0]: names no \
                cluster: give cluster or cluster_header
                """
            ]
        ),
        BadRouterField(
            "a mirror is named in one way",
            [
                .action(
                    """
                    cluster: app, request_mirror_policies: [{cluster: app, cluster_header: x-a}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:90: \
                <host>.routes[0].route.request_mirror_policies[0].cluster_header: stands beside \
                cluster: keep one of the two
                """
            ]
        ),
        BadRouterField(
            "a mirror of a virtual host exists",
            [
                .host("request_mirror_policies: [{cluster: shadow}]")
            ],
            says: [
                """
                envoy.yaml:22:50: <host>.request_mirror_policies[0].cluster: there is no cluster \
                "shadow": add it to static_resources.clusters; there are "app", "canary"
                """
            ]
        ),
        BadRouterField(
            "a mirror of a table exists",
            [
                .table("request_mirror_policies: [{cluster: shadow}]")
            ],
            says: [
                """
                envoy.yaml:20:46: <manager>.route_config.request_mirror_policies[0].cluster: \
                there is no cluster "shadow": add it to static_resources.clusters; there are \
                "app", "canary"
                """
            ]
        ),
        BadRouterField(
            "a share of the mirror has a default",
            [
                .action(
                    """
                    cluster: app, request_mirror_policies: [{cluster: canary, runtime_fraction: \
                    {runtime_key: a}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:93: \
                <host>.routes[0].route.request_mirror_policies[0].runtime_fraction: has no \
                default_value: give numerator and denominator
                """
            ]
        ),
        BadRouterField(
            "a hash policy says what",
            [
                .action("cluster: app, hash_policy: [{terminal: true}]")
            ],
            says: [
                """
                envoy.yaml:25:63: <host>.routes[0].route.hash_policy[0]: says nothing to hash: \
                give one of header, cookie, connection_properties and query_parameter
                """
            ]
        ),
        BadRouterField(
            "a hash policy says one thing",
            [
                .action(
                    """
                    cluster: app, hash_policy: [{header: {header_name: a}, query_parameter: \
                    {name: b}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:90: <host>.routes[0].route.hash_policy[0].query_parameter: it can't \
                stand beside header: give only one
                """
            ]
        ),
        BadRouterField(
            "a hashed header has a name",
            [
                .action("cluster: app, hash_policy: [{header: {}}]")
            ],
            says: [
                """
                envoy.yaml:25:64: <host>.routes[0].route.hash_policy[0].header.header_name: is \
                empty: give the name of a header, for example x-version
                """
            ]
        ),
        BadRouterField(
            "a hashed cookie has a name",
            [
                .action("cluster: app, hash_policy: [{cookie: {ttl: 0s}}]")
            ],
            says: [
                """
                envoy.yaml:25:64: <host>.routes[0].route.hash_policy[0].cookie.name: is empty: \
                give a name
                """
            ]
        ),
        BadRouterField(
            "a hashed cookie does not end early",
            [
                .action(#"cluster: app, hash_policy: [{cookie: {name: "a;b"}}]"#)
            ],
            says: [
                """
                envoy.yaml:25:73: <host>.routes[0].route.hash_policy[0].cookie.name: "a;b" \
                contains a ";": a cookie would end or break there
                """
            ]
        ),
        BadRouterField(
            "a cookie does not live for less than nothing",
            [
                .action("cluster: app, hash_policy: [{cookie: {name: a, ttl: -1s}}]")
            ],
            says: [
                """
                envoy.yaml:25:82: <host>.routes[0].route.hash_policy[0].cookie.ttl: is negative: \
                a duration is at least 0s
                """
            ]
        ),
        BadRouterField(
            "the path of a cookie does not end it",
            [
                .action(
                    """
                    cluster: app, hash_policy: [{cookie: {name: a, ttl: 0s, path: "/; Secure"}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:91: <host>.routes[0].route.hash_policy[0].cookie.path: "/; Secure" \
                contains a ";": a cookie would end or break there
                """
            ]
        ),
        BadRouterField(
            "a hashed query parameter has a name",
            [
                .action("cluster: app, hash_policy: [{query_parameter: {}}]")
            ],
            says: [
                """
                envoy.yaml:25:64: <host>.routes[0].route.hash_policy[0].query_parameter.name: is \
                empty: give the name of the query parameter
                """
            ]
        ),
        BadRouterField(
            "the rewrite of a hashed header is an expression",
            [
                .action(
                    """
                    cluster: app, hash_policy: [{header: {header_name: a, regex_rewrite: \
                    {pattern: {regex: "("}, substitution: b}}}]
                    """
                )
            ],
            says: [
                """
                envoy.yaml:25:115: \
                <host>.routes[0].route.hash_policy[0].header.regex_rewrite.pattern.regex: "(" is \
                not a regular expression: missing ): (: the syntax is RE2's: \
                https://github.com/google/re2/wiki/Syntax
                """
            ]
        ),
    ]
}

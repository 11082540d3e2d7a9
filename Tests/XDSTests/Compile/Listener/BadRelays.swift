/// TCP proxies that are refused or doubtful, and what is said of them.
extension BadListener {
    static let relays: [BadListener] = [
        BadListener(
            "a relay has a name in statistics",
            .namelessRelay,
            "cluster: c",
            says: [
                #"""
                refused: 3:121: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.stat_p\#
                refix: is empty: name it; statistics are tcp.<stat_prefix>.…
                """#
            ]
        ),
        BadListener(
            "a relay leads somewhere",
            .relay,
            "",
            says: [
                #"""
                refused: 3:121: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config: names \#
                no cluster: give cluster or weighted_clusters
                """#
            ]
        ),
        BadListener(
            "a cluster has a name",
            .relay,
            #"cluster: """#,
            says: [
                #"""
                refused: 4:8: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.cluste\#
                r: is empty: give the name of a cluster
                """#
            ]
        ),
        BadListener(
            "a cluster that is not there closes connections",
            .relay,
            "cluster: d",
            says: [
                #"""
                4:8: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.cluste\#
                r: there is no cluster "d", so its connections are closed: did you mean "c"?
                """#
            ]
        ),
        BadListener(
            "shares are of clusters",
            .relay,
            "weighted_clusters: {clusters: []}",
            says: [
                #"""
                refused: 4:28: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.weight\#
                ed_clusters.clusters: is empty: give at least one cluster with its weight
                """#
            ]
        ),
        BadListener(
            "a share is at least 1",
            .relay,
            "weighted_clusters: {clusters: [{name: c, weight: 0}, {name: c, weight: 1}]}",
            says: [
                #"""
                refused: 4:49: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.weight\#
                ed_clusters.clusters[0].weight: is not at least 1: remove a cluster without a \#
                share
                """#
            ]
        ),
        BadListener(
            "shares add up to what can be drawn",
            .relay,
            #"""
            weighted_clusters: {clusters: [{name: c, weight: 4294967295}, {name: c, weight: \#
            1}]}
            """#,
            says: [
                #"""
                refused: 4:28: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.weight\#
                ed_clusters.clusters: the weights add up to 4294967296: their sum is at most \#
                4294967295; 0 to 100 is usual
                """#
            ]
        ),
        BadListener(
            "a share has no metadata of its own yet",
            .relay,
            "weighted_clusters: {clusters: [{name: c, weight: 1, metadata_match: {}}]}",
            says: [
                #"""
                refused: 4:60: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.weight\#
                ed_clusters.clusters[0].metadata_match: it is not supported yet
                """#
            ]
        ),
        BadListener(
            "some endpoint is tried",
            .relay,
            "cluster: c, max_connect_attempts: 0",
            says: [
                #"""
                refused: 4:20: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.max_co\#
                nnect_attempts: is 0, so no endpoint would be tried: leave it out for 1
                """#
            ]
        ),
        BadListener(
            "a connection lives for some time",
            .relay,
            "cluster: c, max_downstream_connection_duration: 0s",
            says: [
                #"""
                refused: 4:20: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.max_do\#
                wnstream_connection_duration: must be longer than 0s: leave it out for no \#
                limit
                """#
            ]
        ),
        BadListener(
            "a connection is hashed by one thing",
            .relay,
            "cluster: c, hash_policy: [{source_ip: {}}, {source_ip: {}}]",
            says: [
                #"""
                refused: 4:51: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.hash_p\#
                olicy[1]: is a second policy: a connection is hashed by one
                """#
            ]
        ),
        BadListener(
            "something is hashed",
            .relay,
            "cluster: c, hash_policy: [{}]",
            says: [
                #"""
                refused: 4:34: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.hash_p\#
                olicy[0]: says nothing to hash: give source_ip: {}
                """#
            ]
        ),
        BadListener(
            "state of filters is not hashed",
            .relay,
            "cluster: c, hash_policy: [{filter_state: {key: a}}]",
            says: [
                #"""
                refused: 4:35: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.hash_p\#
                olicy[0].filter_state: it is not supported yet
                """#
            ]
        ),
        BadListener(
            "no tunnel is built",
            .relay,
            #"cluster: c, tunneling_config: {hostname: "db:5432"}"#,
            says: [
                #"""
                refused: 4:20: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.tunnel\#
                ing_config: it is not supported yet
                """#
            ]
        ),
        BadListener(
            "lines of a log need some time between them",
            .relay,
            "cluster: c, access_log_options: {access_log_flush_interval: 0s}",
            says: [
                #"""
                refused: 4:41: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.access\#
                _log_options.access_log_flush_interval: must be longer than 0s: leave it out for \#
                lines at the end alone
                """#
            ]
        ),
        BadListener(
            "the times of lines are said in one place",
            .relay,
            "cluster: c, flush_access_log_on_connected: true, access_log_options: {}",
            says: [
                #"""
                refused: 4:20: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.flush_\#
                access_log_on_connected: stands beside access_log_options: say all of it in \#
                access_log_options
                """#
            ]
        ),
        BadListener(
            "one time is for both directions",
            .relay,
            "cluster: c, upstream_idle_timeout: 1s",
            says: [
                #"""
                refused: 4:20: \#
                static_resources.listeners[0].filter_chains[0].filters[0].typed_config.upstre\#
                am_idle_timeout: it is not supported yet
                """#
            ]
        ),
    ]
}

/// Fragments about subsets, and what is said of them.
extension BadCluster {
    static let subsets: [BadCluster] = [
        BadCluster(
            "no selectors",
            "lb_subset_config: {fallback_policy: ANY_ENDPOINT}",
            says: [
                """
                4:8: static_resources.clusters[0].lb_subset_config: has no effect without \
                subset_selectors: name the keys that divide the endpoints: subset_selectors: \
                [{keys: [version]}]
                """
            ]
        ),
        BadCluster(
            "a default that is not given",
            """
            lb_subset_config: {fallback_policy: DEFAULT_SUBSET, subset_selectors: [{keys: [v]}]}
            """,
            says: [
                """
                4:27: static_resources.clusters[0].lb_subset_config.fallback_policy: \
                DEFAULT_SUBSET without default_subset means any endpoint: give default_subset, \
                or write ANY_ENDPOINT
                """
            ]
        ),
        BadCluster(
            "a default that is not used",
            "lb_subset_config: {default_subset: {v: 1}, subset_selectors: [{keys: [v]}]}",
            says: [
                """
                4:27: static_resources.clusters[0].lb_subset_config.default_subset: has no \
                effect: no fallback is DEFAULT_SUBSET: write fallback_policy: DEFAULT_SUBSET
                """
            ]
        ),
        BadCluster(
            "a selector without keys",
            "lb_subset_config: {subset_selectors: [{}]}",
            says: [
                """
                4:8: static_resources.clusters[0].lb_subset_config: has no effect without \
                subset_selectors: name the keys that divide the endpoints: subset_selectors: \
                [{keys: [version]}]
                """,
                """
                4:46: static_resources.clusters[0].lb_subset_config.subset_selectors[0].keys: \
                is empty, so the selector divides nothing: name at least one key of the \
                endpoints' metadata
                """,
            ]
        ),
        BadCluster(
            "an empty key",
            #"lb_subset_config: {subset_selectors: [{keys: [""]}]}"#,
            says: [
                """
                4:47: static_resources.clusters[0].lb_subset_config.subset_selectors[0].keys: \
                refused, an empty name is no key: name a key of the metadata
                """
            ]
        ),
        BadCluster(
            "a selector twice",
            "lb_subset_config: {subset_selectors: [{keys: [a, b]}, {keys: [b, a]}]}",
            says: [
                """
                4:62: static_resources.clusters[0].lb_subset_config.subset_selectors[1]: \
                another selector has the same keys: only the first counts
                """
            ]
        ),
        BadCluster(
            "one endpoint by two keys",
            """
            lb_subset_config: {subset_selectors: [{keys: [a, b], single_host_per_subset: true}]}
            """,
            says: [
                """
                4:61: static_resources.clusters[0].lb_subset_config.subset_selectors[0].\
                single_host_per_subset: is meant for one key, not 2: leave it out, or give one \
                key
                """
            ]
        ),
        BadCluster(
            "a fallback to no keys",
            """
            lb_subset_config: {subset_selectors: [{keys: [a, b], fallback_policy: KEYS_SUBSET}]}
            """,
            says: [
                """
                4:46: static_resources.clusters[0].lb_subset_config.subset_selectors[0].\
                fallback_keys_subset: refused, is empty: name some of the selector's keys, or \
                write NO_FALLBACK
                """
            ]
        ),
        BadCluster(
            "a fallback to a foreign key",
            """
            lb_subset_config: {subset_selectors: [{keys: [version, stage], fallback_policy: \
            KEYS_SUBSET, fallback_keys_subset: [versoin]}]}
            """,
            says: [
                """
                4:101: static_resources.clusters[0].lb_subset_config.subset_selectors[0].\
                fallback_keys_subset: refused, "versoin" is no key of the selector: did you \
                mean "version"?
                """
            ]
        ),
        BadCluster(
            "a fallback to all keys",
            """
            lb_subset_config: {subset_selectors: [{keys: [a, b], fallback_policy: KEYS_SUBSET, \
            fallback_keys_subset: [b, a]}]}
            """,
            says: [
                """
                4:91: static_resources.clusters[0].lb_subset_config.subset_selectors[0].\
                fallback_keys_subset: refused, has all keys of the selector: leave at least one \
                out
                """
            ]
        ),
        BadCluster(
            "keys for another fallback",
            """
            lb_subset_config: {subset_selectors: [{keys: [a, b], fallback_policy: ANY_ENDPOINT, \
            fallback_keys_subset: [a]}]}
            """,
            says: [
                """
                4:92: static_resources.clusters[0].lb_subset_config.subset_selectors[0].\
                fallback_keys_subset: refused, only KEYS_SUBSET takes keys: write \
                fallback_policy: KEYS_SUBSET
                """
            ]
        ),
        BadCluster(
            "localities that are not weighed",
            "lb_subset_config: {locality_weight_aware: true, subset_selectors: [{keys: [a]}]}",
            says: [
                """
                4:27: static_resources.clusters[0].lb_subset_config.locality_weight_aware: \
                refused, localities are not weighed: add common_lb_config: \
                {locality_weighted_lb_config: {}}
                """
            ]
        ),
    ]
}

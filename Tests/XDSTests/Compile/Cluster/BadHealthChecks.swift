/// Fragments about health checks, and what is said of them.
extension BadCluster {
    static let healthChecks: [BadCluster] = [
        BadCluster(
            "nothing to check",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2}]
            """,
            says: [
                """
                4:24: static_resources.clusters[0].health_checks[0]: refused, says nothing to \
                check: give http_health_check: {path: /healthz}, grpc_health_check: {} or \
                tcp_health_check: {}
                """
            ]
        ),
        BadCluster(
            "no timeout",
            """
            health_checks: [{interval: 5s, unhealthy_threshold: 3, healthy_threshold: 2, \
            tcp_health_check: {}}]
            """,
            says: [
                """
                4:24: static_resources.clusters[0].health_checks[0]: refused, has no timeout: \
                give the time for an answer, for example timeout: 1s
                """
            ]
        ),
        BadCluster(
            "a timeout of zero",
            """
            health_checks: [{timeout: 0s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}}]
            """,
            says: [
                """
                4:25: static_resources.clusters[0].health_checks[0].timeout: refused, must be \
                longer than 0s: give the time for an answer, for example timeout: 1s
                """
            ]
        ),
        BadCluster(
            "no interval",
            """
            health_checks: [{timeout: 1s, unhealthy_threshold: 3, healthy_threshold: 2, \
            tcp_health_check: {}}]
            """,
            says: [
                """
                4:24: static_resources.clusters[0].health_checks[0]: refused, has no interval: \
                give the time between two checks, for example interval: 5s
                """
            ]
        ),
        BadCluster(
            "a negative interval",
            """
            health_checks: [{timeout: 1s, interval: -5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}}]
            """,
            says: [
                """
                4:38: static_resources.clusters[0].health_checks[0].interval: refused, is \
                negative: a duration is at least 0s
                """
            ]
        ),
        BadCluster(
            "no thresholds",
            "health_checks: [{timeout: 1s, interval: 5s, tcp_health_check: {}}]",
            says: [
                """
                4:24: static_resources.clusters[0].health_checks[0]: refused, has no \
                unhealthy_threshold: give the failures in a row that make an endpoint \
                unhealthy, for example 3
                """,
                """
                4:24: static_resources.clusters[0].health_checks[0]: refused, has no \
                healthy_threshold: give the successes in a row that make an endpoint healthy, \
                for example 2
                """,
            ]
        ),
        BadCluster(
            "thresholds of zero",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 0, \
            healthy_threshold: 0, tcp_health_check: {}}]
            """,
            says: [
                """
                4:52: static_resources.clusters[0].health_checks[0].unhealthy_threshold: \
                refused, is 0: give the failures in a row that make an endpoint unhealthy, for \
                example 3
                """,
                """
                4:76: static_resources.clusters[0].health_checks[0].healthy_threshold: refused, \
                is 0: give the successes in a row that make an endpoint healthy, for example 2
                """,
            ]
        ),
        BadCluster(
            "a jitter above the interval",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, interval_jitter: 6s}]
            """,
            says: [
                """
                4:120: static_resources.clusters[0].health_checks[0].interval_jitter: is longer \
                than the interval: checks come after interval to interval + interval_jitter: is \
                the unit right?
                """
            ]
        ),
        BadCluster(
            "a jitter above all percent",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, interval_jitter_percent: 101}]
            """,
            says: [
                """
                4:120: static_resources.clusters[0].health_checks[0].interval_jitter_percent: \
                101 percent is more than the interval: checks come after interval to interval \
                and so many percent of it
                """
            ]
        ),
        BadCluster(
            "an interval without traffic of zero",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, no_traffic_interval: 0s}]
            """,
            says: [
                """
                4:120: static_resources.clusters[0].health_checks[0].no_traffic_interval: \
                refused, must be longer than 0s: leave it out for 60 s
                """
            ]
        ),
        BadCluster(
            "an edge interval of zero",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, unhealthy_edge_interval: 0s}]
            """,
            says: [
                """
                4:120: static_resources.clusters[0].health_checks[0].unhealthy_edge_interval: \
                refused, must be longer than 0s: leave it out for its default
                """
            ]
        ),
        BadCluster(
            "a port above all",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, alt_port: 65536}]
            """,
            says: [
                """
                4:120: static_resources.clusters[0].health_checks[0].alt_port: refused, 65536 \
                is not a port: give 1 to 65535
                """
            ]
        ),
        BadCluster(
            "no path",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {}}]
            """,
            says: [
                """
                4:98: static_resources.clusters[0].health_checks[0].http_health_check.path: \
                refused, is empty: give the path that tells health, for example /healthz
                """
            ]
        ),
        BadCluster(
            "a path without a slash",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: healthz}}]
            """,
            says: [
                """
                4:118: static_resources.clusters[0].health_checks[0].http_health_check.path: \
                "healthz" begins with no slash: write "/healthz"
                """
            ]
        ),
        BadCluster(
            "a path with a space",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: "/a b"}}]
            """,
            says: [
                """
                4:118: static_resources.clusters[0].health_checks[0].http_health_check.path: \
                refused, contains a space: write %20
                """
            ]
        ),
        BadCluster(
            "a path with a fragment",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: "/a#b"}}]
            """,
            says: [
                """
                4:118: static_resources.clusters[0].health_checks[0].http_health_check.path: \
                refused, a request has no fragment: leave out what follows #
                """
            ]
        ),
        BadCluster(
            "a host with a line break",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, host: "a\\nb"}}]
            """,
            says: [
                """
                4:127: static_resources.clusters[0].health_checks[0].http_health_check.host: \
                refused, contains a control character: leave it out
                """
            ]
        ),
        BadCluster(
            "two kinds at once",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /}, tcp_health_check: {}}]
            """,
            says: [
                """
                4:128: static_resources.clusters[0].health_checks[0].tcp_health_check: refused, \
                it can't stand beside http_health_check: give only one
                """
            ]
        ),
        BadCluster(
            "a range of statuses turned around",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, expected_statuses: [{start: 300, \
            end: 200}]}}]
            """,
            says: [
                """
                4:147: static_resources.clusters[0].health_checks[0].http_health_check.\
                expected_statuses[0]: refused, 300 to 200 holds no status: the end is not part \
                of the range: {start: 200, end: 201} is 200
                """
            ]
        ),
        BadCluster(
            "an empty range of statuses",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, expected_statuses: [{start: 200, \
            end: 200}]}}]
            """,
            says: [
                """
                4:147: static_resources.clusters[0].health_checks[0].http_health_check.\
                expected_statuses[0]: refused, 200 to 200 holds no status: the end is not part \
                of the range: {start: 200, end: 201} is 200
                """
            ]
        ),
        BadCluster(
            "a range of statuses beyond all",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, expected_statuses: [{start: 200, \
            end: 601}]}}]
            """,
            says: [
                """
                4:147: static_resources.clusters[0].health_checks[0].http_health_check.\
                expected_statuses[0]: refused, 200 to 601 holds numbers that are no status: \
                statuses are 100 to 599; the end is not part of the range
                """
            ]
        ),
        BadCluster(
            "a status both expected and retriable",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, retriable_statuses: [{start: \
            200, end: 300}]}}]
            """,
            says: [
                """
                4:148: static_resources.clusters[0].health_checks[0].http_health_check.\
                retriable_statuses[0]: holds a status that is expected, which is a success: \
                leave it out of one of the two
                """
            ]
        ),
        BadCluster(
            "a body with GET",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, send: {text: "00"}}}]
            """,
            says: [
                """
                4:127: static_resources.clusters[0].health_checks[0].http_health_check.send: \
                refused, a request with this method carries no body: write method: POST, PUT, \
                PATCH or OPTIONS
                """
            ]
        ),
        BadCluster(
            "CONNECT",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, method: CONNECT}}]
            """,
            says: [
                """
                4:127: static_resources.clusters[0].health_checks[0].http_health_check.method: \
                refused, CONNECT opens a tunnel and tells no health: write GET or HEAD
                """
            ]
        ),
    ]
}

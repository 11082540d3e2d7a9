/// What routes do that are wrong, and what is said of them.
extension BadFile {
    static let actions: [BadFile] = [
        BadFile(
            "a cluster exists",
            replacing: Fixture.action,
            with: "route: {cluster: ap}",
            says: [
                """
                envoy.yaml:25:35: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                cluster: there is no cluster "ap": did you mean "app"?
                """
            ]
        ),
        BadFile(
            "a cluster that resembles none is refused",
            replacing: Fixture.action,
            with: "route: {cluster: payments}",
            says: [
                """
                envoy.yaml:25:35: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                cluster: there is no cluster "payments": add it to static_resources.clusters; \
                there are "app", "canary"
                """
            ]
        ),
        BadFile(
            "a cluster has a name",
            replacing: Fixture.action,
            with: #"route: {cluster: ""}"#,
            says: [
                """
                envoy.yaml:25:35: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                cluster: is empty: give the name of a cluster
                """
            ]
        ),
        BadFile(
            "a route names a cluster",
            replacing: Fixture.action,
            with: "route: {timeout: 3s}",
            says: [
                """
                envoy.yaml:25:27: \(manager).route_config.virtual_hosts[0].routes[0].route: \
                names no cluster: give cluster, cluster_header or \
                weighted_clusters
                """
            ]
        ),
        BadFile(
            "weights are not all zero",
            replacing: """
                - {name: app, weight: 90}
                                                - {name: canary, weight: 10}
                """,
            with: """
                - {name: app, weight: 0}
                                                - {name: canary, weight: 0}
                """,
            says: [
                """
                envoy.yaml:29:31: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters: all weights are 0, so no request could be sent: give \
                at least one cluster a weight above 0
                """
            ]
        ),
        BadFile(
            "a weight is given",
            replacing: """
                - {name: app, weight: 90}
                                                - {name: canary, weight: 10}
                """,
            with: """
                - {name: app, weight: 90}
                                                - {name: canary}
                """,
            says: [
                """
                envoy.yaml:31:35: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters[1]: has no weight: give its share, for example \
                weight: 10
                """
            ]
        ),
        BadFile(
            "weights add up to 32 bits",
            replacing: """
                - {name: app, weight: 90}
                                                - {name: canary, weight: 10}
                """,
            with: """
                - {name: app, weight: 4294967295}
                                                - {name: canary, weight: 10}
                """,
            says: [
                """
                envoy.yaml:29:31: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters: the weights add up to 4294967305: their sum is at \
                most 4294967295; 0 to 100 is usual
                """
            ]
        ),
        BadFile(
            "a weight is a number",
            replacing: """
                - {name: app, weight: 90}
                                                - {name: canary, weight: 10}
                """,
            with: """
                - {name: app, weight: ninety}
                                                - {name: canary, weight: 10}
                """,
            says: [
                """
                envoy.yaml:30:55: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters[0].weight: "ninety" is not a whole number: write \
                digits only
                """
            ]
        ),
        BadFile(
            "a weighted cluster exists",
            replacing: """
                - {name: app, weight: 90}
                                                - {name: canary, weight: 10}
                """,
            with: """
                - {name: app, weight: 90}
                                                - {name: cannary, weight: 10}
                """,
            says: [
                """
                envoy.yaml:31:36: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters[1].name: there is no cluster "cannary": did you mean \
                "canary"?
                """
            ]
        ),
        BadFile(
            "there are weighted clusters",
            replacing: """
                - {name: app, weight: 90}
                                                - {name: canary, weight: 10}
                """,
            with: "[]",
            says: [
                """
                envoy.yaml:29:31: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.clusters: is empty: give at least one cluster with its weight
                """
            ]
        ),
        BadFile(
            "the total is what the weights add up to",
            replacing: "                              clusters:\n",
            with: """
                                              total_weight: 99
                                              clusters:

                """,
            says: [
                """
                envoy.yaml:29:31: \(manager).route_config.virtual_hosts[0].routes[1].route.\
                weighted_clusters.total_weight: says 99, but the weights add up to 100: leave it \
                out: the sum is taken
                """
            ]
        ),
        BadFile(
            "a timeout of a route is not negative",
            replacing: Fixture.action,
            with: "route: {cluster: app, timeout: -3s}",
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                timeout: is negative: a duration is at least 0s
                """
            ]
        ),
        BadFile(
            "a timeout of a route is a duration",
            replacing: Fixture.action,
            with: "route: {cluster: app, timeout: soon}",
            says: [
                """
                envoy.yaml:25:58: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                timeout: "soon" is not a duration: write seconds, such as 0.25s
                """
            ]
        ),
        BadFile(
            "two rewrites are refused",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, prefix_rewrite: "/", regex_rewrite: {pattern: {regex: "^/a"}, \
                substitution: "/"}}
                """,
            says: [
                """
                envoy.yaml:25:70: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                regex_rewrite: stands beside prefix_rewrite: keep one of the two
                """
            ]
        ),
        BadFile(
            "a rewrite holds no space",
            replacing: Fixture.action,
            with: #"route: {cluster: app, prefix_rewrite: "/a b"}"#,
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                prefix_rewrite: contains a space: write %20
                """
            ]
        ),
        BadFile(
            "a rewrite holds no line end",
            replacing: Fixture.action,
            with: #"route: {cluster: app, prefix_rewrite: "/a\r\nX: y"}"#,
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                prefix_rewrite: contains a control character: leave it out
                """
            ]
        ),
        BadFile(
            "a host holds no line end",
            replacing: Fixture.action,
            with: #"route: {cluster: app, host_rewrite_literal: "a\nb"}"#,
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                host_rewrite_literal: contains a control character: leave it out
                """
            ]
        ),
        BadFile(
            "a substitution names groups of the expression",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, regex_rewrite: {pattern: {regex: "^/a"}, substitution: \
                "/\\\\1"}}
                """,
            says: [
                """
                envoy.yaml:25:90: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                regex_rewrite.substitution: "/\\1" cannot be filled in: Rewrite schema requests \
                1 matches, but the regexp only has 0 parenthesized subexpressions: \\0 is the \
                match, \\1 to \\9 are its groups, \\\\ is a backslash
                """
            ]
        ),
        BadFile(
            "a rewrite has a pattern",
            replacing: Fixture.action,
            with: #"route: {cluster: app, regex_rewrite: {substitution: "/"}}"#,
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                regex_rewrite: has no pattern: give pattern: {regex: …}
                """
            ]
        ),
        BadFile(
            "a host comes from a header of the message",
            replacing: Fixture.action,
            with: #"route: {cluster: app, host_rewrite_header: ":path"}"#,
            says: [
                """
                envoy.yaml:25:49: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                host_rewrite_header: there is no header ":path": only headers of the message can \
                stand here
                """
            ]
        ),
        BadFile(
            "a retry condition is known",
            replacing: Fixture.action,
            with: #"route: {cluster: app, retry_policy: {retry_on: "5xx,conect-failure"}}"#,
            says: [
                """
                envoy.yaml:25:64: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retry_on: there is no retry condition "conect-failure": did you \
                mean "connect-failure"?
                """
            ]
        ),
        BadFile(
            "a retry condition that resembles none is refused",
            replacing: Fixture.action,
            with: "route: {cluster: app, retry_policy: {retry_on: sometimes}}",
            says: [
                """
                envoy.yaml:25:64: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retry_on: there is no retry condition "sometimes": known are 5xx, \
                gateway-error, reset, reset-before-request, connect-failure, envoy-ratelimited, \
                retriable-4xx, refused-stream, retriable-status-codes, retriable-headers, \
                http3-post-connect-failure, cancelled, deadline-exceeded, internal, \
                resource-exhausted, unavailable
                """
            ]
        ),
        BadFile(
            "retries are at most 100",
            replacing: Fixture.action,
            with: "route: {cluster: app, retry_policy: {retry_on: 5xx, num_retries: 1000}}",
            says: [
                """
                envoy.yaml:25:79: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.num_retries: 1000 retries of one request: at most 100; with every \
                one of them the load on a failing cluster grows
                """
            ]
        ),
        BadFile(
            "retries are not negative",
            replacing: Fixture.action,
            with: "route: {cluster: app, retry_policy: {retry_on: 5xx, num_retries: -1}}",
            says: [
                """
                envoy.yaml:25:92: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.num_retries: -1 is out of range: from 0 to 4294967295
                """
            ]
        ),
        BadFile(
            "a back-off has a base",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, retry_policy: {retry_on: 5xx, retry_back_off: {max_interval: \
                1s}}}
                """,
            says: [
                """
                envoy.yaml:25:79: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retry_back_off: has no base_interval: give one, for example \
                base_interval: 0.025s
                """
            ]
        ),
        BadFile(
            "a back-off is not zero",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, retry_policy: {retry_on: 5xx, retry_back_off: {base_interval: \
                0s}}}
                """,
            says: [
                """
                envoy.yaml:25:96: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retry_back_off.base_interval: must be longer than 0s: leave \
                retry_back_off out for 25 ms
                """
            ]
        ),
        BadFile(
            "a back-off grows",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, retry_policy: {retry_on: 5xx, retry_back_off: {base_interval: \
                1s, max_interval: 0.5s}}}
                """,
            says: [
                """
                envoy.yaml:25:115: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retry_back_off.max_interval: is shorter than base_interval: make it \
                at least 1000 ms, or leave it out for ten times the base_interval
                """
            ]
        ),
        BadFile(
            "a retriable status is a status",
            replacing: Fixture.action,
            with: """
                route: {cluster: app, retry_policy: {retry_on: retriable-status-codes, \
                retriable_status_codes: [503, 1000]}}
                """,
            says: [
                """
                envoy.yaml:25:128: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                retry_policy.retriable_status_codes[1]: 1000 is not a status code: status codes \
                are 100 to 599
                """
            ]
        ),
        BadFile(
            "an unknown priority is refused",
            replacing: Fixture.action,
            with: "route: {cluster: app, priority: URGENT}",
            says: [
                """
                envoy.yaml:25:59: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                priority: "URGENT" is not a known value: known values: DEFAULT, HIGH
                """
            ]
        ),
        BadFile(
            "a status of a missing cluster is one of three",
            replacing: Fixture.action,
            with: "route: {cluster: app, cluster_not_found_response_code: TEAPOT}",
            says: [
                """
                envoy.yaml:25:82: \(manager).route_config.virtual_hosts[0].routes[0].route.\
                cluster_not_found_response_code: "TEAPOT" is not a known value: known values: \
                SERVICE_UNAVAILABLE, NOT_FOUND, INTERNAL_SERVER_ERROR
                """
            ]
        ),
        BadFile(
            "a redirect's port is a port",
            replacing: Fixture.action,
            with: "redirect: {port_redirect: 65536}",
            says: [
                """
                envoy.yaml:25:38: \(manager).route_config.virtual_hosts[0].routes[0].redirect.\
                port_redirect: 65536 is not a port: ports are 1 to 65535
                """
            ]
        ),
        BadFile(
            "a redirect's scheme is a scheme",
            replacing: Fixture.action,
            with: #"redirect: {scheme_redirect: "https://"}"#,
            says: [
                """
                envoy.yaml:25:38: \(manager).route_config.virtual_hosts[0].routes[0].redirect.\
                scheme_redirect: "https://" is not a scheme: write https, without ://
                """
            ]
        ),
        BadFile(
            "a redirect's host is a host",
            replacing: Fixture.action,
            with: #"redirect: {host_redirect: "a/b"}"#,
            says: [
                """
                envoy.yaml:25:38: \(manager).route_config.virtual_hosts[0].routes[0].redirect.\
                host_redirect: "a/b" is not a host: scheme and path have fields of their own
                """
            ]
        ),
        BadFile(
            "a redirect's path is one line",
            replacing: Fixture.action,
            with: #"redirect: {path_redirect: "/a\r\nSet-Cookie: b"}"#,
            says: [
                """
                envoy.yaml:25:38: \(manager).route_config.virtual_hosts[0].routes[0].redirect.\
                path_redirect: contains a control character: leave it out
                """
            ]
        ),
        BadFile(
            "two changes of a redirect's path are refused",
            replacing: Fixture.action,
            with: #"redirect: {path_redirect: "/a", prefix_rewrite: "/b"}"#,
            says: [
                """
                envoy.yaml:25:59: \(manager).route_config.virtual_hosts[0].routes[0].redirect.\
                prefix_rewrite: it can't stand beside path_redirect: give only one
                """
            ]
        ),
        BadFile(
            "two schemes of a redirect are refused",
            replacing: Fixture.action,
            with: "redirect: {https_redirect: true, scheme_redirect: http}",
            says: [
                """
                envoy.yaml:25:60: \(manager).route_config.virtual_hosts[0].routes[0].redirect.\
                scheme_redirect: it can't stand beside https_redirect: give only one
                """
            ]
        ),
        BadFile(
            "two actions are refused",
            replacing: Fixture.action,
            with: """
                route: {cluster: app}
                                          redirect: {https_redirect: true}
                """,
            says: [
                """
                envoy.yaml:26:27: \(manager).route_config.virtual_hosts[0].routes[0].redirect: \
                it can't stand beside route: give only one
                """
            ]
        ),
        BadFile(
            "a direct response has a status",
            replacing: Fixture.action,
            with: "direct_response: {}",
            says: [
                """
                envoy.yaml:25:27: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.status: is missing: give 200 to 599
                """
            ]
        ),
        BadFile(
            "a direct response's status is a final one",
            replacing: Fixture.action,
            with: "direct_response: {status: 101}",
            says: [
                """
                envoy.yaml:25:45: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.status: 101 is not the status of a response: give 200 to 599
                """
            ]
        ),
        BadFile(
            "a status is below 600",
            replacing: Fixture.action,
            with: "direct_response: {status: 600}",
            says: [
                """
                envoy.yaml:25:45: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.status: 600 is not the status of a response: give 200 to 599
                """
            ]
        ),
        BadFile(
            "a 204 has no body",
            replacing: Fixture.action,
            with: "direct_response: {status: 204, body: {inline_string: x}}",
            says: [
                """
                envoy.yaml:25:58: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.body: a 204 response carries no body: leave the body out, or \
                answer with 200
                """
            ]
        ),
        BadFile(
            "a body is short",
            replacing: Fixture.action,
            with: "direct_response: {status: 200, body: {inline_string: \""
                + String(repeating: "x", count: 5000)
                + "\"}}",
            says: [
                """
                envoy.yaml:25:65: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.body.inline_string: has 5000 bytes: at most 4096 are allowed here
                """
            ]
        ),
        BadFile(
            "a body's file can be read",
            replacing: Fixture.action,
            with: "direct_response: {status: 200, body: {filename: /nonexistent/body}}",
            says: [
                """
                envoy.yaml:25:65: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.body.filename: "/nonexistent/body": the file can't be opened: no \
                such file or directory
                """
            ]
        ),
        BadFile(
            "a body's variable is set",
            replacing: Fixture.action,
            with: """
                direct_response: {status: 200, body: {environment_variable: PILLION_TEST_UNSET}}
                """,
            says: [
                """
                envoy.yaml:25:65: \(manager).route_config.virtual_hosts[0].routes[0].\
                direct_response.body.environment_variable: there is no environment variable \
                "PILLION_TEST_UNSET": set it
                """
            ]
        ),
    ]
}

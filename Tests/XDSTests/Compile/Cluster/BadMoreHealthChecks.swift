/// Fragments about health checks, and what is said of them.
extension BadCluster {
    static let moreHealthChecks: [BadCluster] = [
        BadCluster(
            "an unknown method",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, method: GOT}}]
            """,
            says: [
                """
                4:135: static_resources.clusters[0].health_checks[0].http_health_check.method: \
                refused, "GOT" is not a known value: did you mean "GET"?
                """
            ]
        ),
        BadCluster(
            "HTTP/3",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, codec_client_type: HTTP3}}]
            """,
            says: [
                """
                4:146: static_resources.clusters[0].health_checks[0].http_health_check.\
                codec_client_type: refused, HTTP3 is not supported yet: supported: HTTP1, HTTP2
                """
            ]
        ),
        BadCluster(
            "more body than is looked at",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, response_buffer_size: 1, \
            receive: [{text: "0000"}]}}]
            """,
            says: [
                """
                4:152: static_resources.clusters[0].health_checks[0].http_health_check.receive: \
                refused, has 2 bytes, but only 1 are looked at: make response_buffer_size larger
                """
            ]
        ),
        BadCluster(
            "an absurd buffer",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, response_buffer_size: \
            99999999999}}]
            """,
            says: [
                """
                4:127: static_resources.clusters[0].health_checks[0].http_health_check.\
                response_buffer_size: refused, 99999999999 bytes are too many: give at most \
                16777216
                """
            ]
        ),
        BadCluster(
            "a header without a name",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, request_headers_to_add: \
            [{header: {value: a}}]}}]
            """,
            says: [
                """
                4:153: static_resources.clusters[0].health_checks[0].http_health_check.\
                request_headers_to_add[0].header.key: refused, is empty: give the name of a \
                header, for example x-version
                """
            ]
        ),
        BadCluster(
            "a header with a colon",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, request_headers_to_add: \
            [{header: {key: ":path", value: a}}]}}]
            """,
            says: [
                """
                4:162: static_resources.clusters[0].health_checks[0].http_health_check.\
                request_headers_to_add[0].header.key: refused, there is no header ":path": only \
                headers of the message can stand here
                """
            ]
        ),
        BadCluster(
            "a header that is the host",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, request_headers_to_add: \
            [{header: {key: host, value: a}}]}}]
            """,
            says: [
                """
                4:162: static_resources.clusters[0].health_checks[0].http_health_check.\
                request_headers_to_add[0].header.key: refused, the host has a field of its own: \
                write host: in http_health_check, authority: in grpc_health_check
                """
            ]
        ),
        BadCluster(
            "a matcher without a pattern",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, http_health_check: {path: /, service_name_matcher: {}}}]
            """,
            says: [
                """
                4:127: static_resources.clusters[0].health_checks[0].http_health_check.\
                service_name_matcher: refused, says nothing to match: give one of exact, \
                prefix, suffix, contains and safe_regex
                """
            ]
        ),
        BadCluster(
            "odd hexadecimal",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {send: {text: "abc"}}}]
            """,
            says: [
                """
                4:124: static_resources.clusters[0].health_checks[0].tcp_health_check.send.\
                text: refused, has an odd number of digits: a byte is two digits of hexadecimal
                """
            ]
        ),
        BadCluster(
            "text that is not hexadecimal",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {send: {text: "PING"}}}]
            """,
            says: [
                """
                4:124: static_resources.clusters[0].health_checks[0].tcp_health_check.send.\
                text: refused, "PING" is not hexadecimal: text begins with "50494e47" in \
                hexadecimal, if it is meant so
                """
            ]
        ),
        BadCluster(
            "nothing to send",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {send: {text: ""}}}]
            """,
            says: [
                """
                4:124: static_resources.clusters[0].health_checks[0].tcp_health_check.send.\
                text: refused, is empty: leave the whole entry out
                """
            ]
        ),
        BadCluster(
            "bytes without a form",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {receive: [{}]}}]
            """,
            says: [
                """
                4:127: static_resources.clusters[0].health_checks[0].tcp_health_check.\
                receive[0]: refused, holds no bytes: give text: in hexadecimal, for example \
                "50494e47"
                """
            ]
        ),
        BadCluster(
            "a custom check",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, custom_health_check: {name: x}}]
            """,
            says: [
                """
                4:98: static_resources.clusters[0].health_checks[0].custom_health_check: \
                refused, it is not supported yet
                """
            ]
        ),
        BadCluster(
            "a log without a path",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, event_logger: [{name: x, typed_config: \
            {"@type": type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3.\
            HealthCheckEventFileSink}}]}]
            """,
            says: [
                """
                4:145: static_resources.clusters[0].health_checks[0].event_logger[0].\
                typed_config.event_log_path: refused, is empty: give the path of a file, for \
                example /dev/stdout
                """
            ]
        ),
        BadCluster(
            "two logs",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, event_log_path: /a, event_logger: \
            [{name: x, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.health_check.event_sinks.file.v3.\
            HealthCheckEventFileSink, event_log_path: /b}}]}]
            """,
            says: [
                """
                4:285: static_resources.clusters[0].health_checks[0].event_logger[0].\
                typed_config.event_log_path: refused, is a second log: the events of a check go \
                to one file
                """
            ]
        ),
        BadCluster(
            "logging to nowhere",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}, always_log_health_check_failures: true}]
            """,
            says: [
                """
                4:24: static_resources.clusters[0].health_checks[0]: no log is named, so there \
                is nowhere to log checks to: add event_logger, or leave always_log_… out
                """
            ]
        ),
        BadCluster(
            "two checks without names",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}}, {timeout: 1s, interval: 5s, \
            unhealthy_threshold: 3, healthy_threshold: 2, tcp_health_check: {}}]
            """,
            says: [
                """
                4:24: static_resources.clusters[0].health_checks[0]: refused, has no name: each \
                of several health checks has one, to tell them apart
                """,
                """
                4:121: static_resources.clusters[0].health_checks[1]: refused, has no name: \
                each of several health checks has one, to tell them apart
                """,
            ]
        ),
        BadCluster(
            "two checks of one name",
            """
            health_checks: [{name: a, timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}}, {name: a, timeout: 1s, interval: 5s, \
            unhealthy_threshold: 3, healthy_threshold: 2, tcp_health_check: {}}]
            """,
            says: [
                """
                4:131: static_resources.clusters[0].health_checks[1].name: refused, there is \
                another health check "a": names are unique within a cluster
                """
            ]
        ),
        BadCluster(
            "checks without endpoints",
            """
            health_checks: [{timeout: 1s, interval: 5s, unhealthy_threshold: 3, \
            healthy_threshold: 2, tcp_health_check: {}}]
            """,
            endpoints: "load_assignment: {cluster_name: c}",
            says: [
                """
                3:17: static_resources.clusters[0].load_assignment: cluster "c" has no \
                endpoints, so its requests get 503: add lb_endpoints; its health checks check \
                nothing
                """
            ]
        ),
        BadCluster(
            "waiting for checks that are not there",
            "common_lb_config: {ignore_new_hosts_until_first_hc: true}",
            says: [
                """
                4:27: static_resources.clusters[0].common_lb_config.\
                ignore_new_hosts_until_first_hc: has no effect without health checks: add \
                health_checks, or leave it out
                """
            ]
        ),
        BadCluster(
            "closing after checks that are not there",
            "close_connections_on_host_health_failure: true",
            says: [
                """
                4:8: static_resources.clusters[0].close_connections_on_host_health_failure: has \
                no effect without health_checks: add them, or leave it out
                """
            ]
        ),
        BadCluster(
            "removal without checks",
            "ignore_health_on_host_removal: true",
            says: [
                """
                4:8: static_resources.clusters[0].ignore_health_on_host_removal: has no effect \
                without health_checks: endpoints without checks are removed at once in any case
                """
            ]
        ),
    ]
}

/// The connection manager, its filters and logs that are wrong, and what is said of them.
extension BadFile {
    static let connectionManagers: [BadFile] = [
        BadFile(
            "a connection manager has a stat_prefix",
            replacing: "                stat_prefix: inbound\n",
            with: "",
            says: [
                """
                envoy.yaml:15:15: \(manager).stat_prefix: is empty: name it; statistics are http.\
                <stat_prefix>.…
                """
            ]
        ),
        BadFile(
            "a codec is HTTP/1 or HTTP/2",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                codec_type: HTTP3
                """,
            says: [
                """
                envoy.yaml:18:29: \(manager).codec_type: HTTP3 is not supported yet: supported: \
                AUTO, HTTP1, HTTP2
                """
            ]
        ),
        BadFile(
            "an unknown codec is refused",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                codec_type: HTTP9
                """,
            says: [
                """
                envoy.yaml:18:29: \(manager).codec_type: "HTTP9" is not a known value: did you \
                mean "HTTP1"?
                """
            ]
        ),
        BadFile(
            "a wrong type is refused",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                merge_slashes: maybe
                """,
            says: [
                """
                envoy.yaml:18:32: \(manager).merge_slashes: "maybe" is not a boolean: write true \
                or false
                """
            ]
        ),
        BadFile(
            "an unknown field is refused",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                stat_prefx: x
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).stat_prefx: the field is not known: did you mean \
                "stat_prefix"?
                """
            ]
        ),
        BadFile(
            "a head has at least a kilobyte",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                max_request_headers_kb: 0
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).max_request_headers_kb: 0 is out of range: give 1 \
                to 8192
                """
            ]
        ),
        BadFile(
            "a head has at most 8 MiB",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                max_request_headers_kb: 9000
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).max_request_headers_kb: 9000 is out of range: give \
                1 to 8192
                """
            ]
        ),
        BadFile(
            "a header count is in range",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                common_http_protocol_options: {max_headers_count: 0}
                """,
            says: [
                """
                envoy.yaml:18:48: \(manager).common_http_protocol_options.max_headers_count: 0 \
                is out of range: give 1 to 32768
                """
            ]
        ),
        BadFile(
            "a connection lasts",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                common_http_protocol_options: {max_connection_duration: 0s}
                """,
            says: [
                """
                envoy.yaml:18:48: \(manager).common_http_protocol_options.\
                max_connection_duration: must be longer than 0s: leave it out for no limit
                """
            ]
        ),
        BadFile(
            "a timeout is not negative",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                request_timeout: -1s
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).request_timeout: is negative: a duration is at \
                least 0s
                """
            ]
        ),
        BadFile(
            "a timeout has a unit",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                request_timeout: 10
                """,
            says: [
                """
                envoy.yaml:18:34: \(manager).request_timeout: "10" is not a duration: write 10s
                """
            ]
        ),
        BadFile(
            "a timeout is not absurd",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                stream_idle_timeout: 99999999999s
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).stream_idle_timeout: is longer than 292 years: is \
                the unit right? Write 0.25s, 15s or 3600s
                """
            ]
        ),
        BadFile(
            "a server name is one line",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                server_name: "a\\r\\nb"
                """,
            says: [
                """
                envoy.yaml:18:17: \(manager).server_name: contains a control character: leave it \
                out
                """
            ]
        ),
        BadFile(
            "there are filters",
            replacing: """
                                http_filters:
                                  - name: envoy.filters.http.router
                                    typed_config:
                                      "@type": type.googleapis.com/envoy.extensions.filters.http.\
                router.v3.Router

                """,
            with: "",
            says: [
                """
                envoy.yaml:15:15: \(manager).http_filters: has no filters: the last filter is \
                envoy.filters.http.router
                """
            ]
        ),
        BadFile(
            "the last filter is the router",
            replacing: """
                                  - name: envoy.filters.http.router
                                    typed_config:
                                      "@type": type.googleapis.com/envoy.extensions.filters.http.\
                router.v3.Router
                """,
            with: """
                                  - name: envoy.filters.http.router
                                  - name: envoy.filters.http.router
                """,
            says: [
                """
                envoy.yaml:41:21: \(manager).http_filters[1]: is a second router: the router \
                stands once, at the end
                """
            ]
        ),
        BadFile(
            "the router is not followed by another",
            replacing: """
                                  - name: envoy.filters.http.router
                                    typed_config:
                                      "@type": type.googleapis.com/envoy.extensions.filters.http.\
                router.v3.Router
                """,
            with: """
                                  - name: envoy.filters.http.router
                                  - name: envoy.filters.http.cors
                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: the router is not the last filter: \
                move it to the end: filters behind it would see no request
                """,
                """
                envoy.yaml:41:21: \(manager).http_filters[1]: filter "envoy.filters.http.cors" \
                has no typed_config: its Cors message is missing, and without it no cross-origin \
                policy is applied: configure it, remove it, or run with \
                --allow-unconfigured-filters to go without it
                """,
            ]
        ),
        BadFile(
            "jwt_authn is not left without its configuration",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.jwt_authn
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: filter "envoy.filters.http.\
                jwt_authn" has no typed_config: the providers and rules of its JSON Web Tokens \
                are missing, and without them no request is authenticated: configure it, remove \
                it, or run with --allow-unconfigured-filters to go without it
                """
            ]
        ),
        BadFile(
            "ratelimit is not left without its configuration",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.ratelimit
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: filter "envoy.filters.http.\
                ratelimit" has no typed_config: its domain and rate limit service are missing, \
                and without them no request is limited: configure it, remove it, or run with \
                --allow-unconfigured-filters to go without it
                """
            ]
        ),
        BadFile(
            "rbac is not left without its configuration",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.rbac
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: filter "envoy.filters.http.rbac" \
                has no typed_config: its rules are missing, and without them every request is \
                allowed: configure it, remove it, or run with --allow-unconfigured-filters to go \
                without it
                """
            ]
        ),
        BadFile(
            "ext_authz is not left without its configuration",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.ext_authz
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: filter "envoy.filters.http.\
                ext_authz" has no typed_config: its authorization service is missing, and \
                without it no request is authorized: configure it, remove it, or run with \
                --allow-unconfigured-filters to go without it
                """
            ]
        ),
        BadFile(
            "lua is not left without its script",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.lua
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0]: filter "envoy.filters.http.lua" \
                has no typed_config: its script is missing, and without it the script does not \
                run: configure it, remove it, or run with --allow-unconfigured-filters to go \
                without it
                """
            ]
        ),
        BadFile(
            "an unknown filter is refused",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.jwt_auth
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0].name: there is no filter "envoy.\
                filters.http.jwt_auth": did you mean "envoy.filters.http.jwt_authn"?
                """
            ]
        ),
        BadFile(
            "an old name of a filter is refused",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.cors
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0].name: there is no filter "envoy.\
                cors": did you mean "envoy.filters.http.cors"?
                """
            ]
        ),
        BadFile(
            "a filter has a name",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: ""
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:40:21: \(manager).http_filters[0].name: is empty: give the name of \
                the filter, for example envoy.filters.http.router
                """
            ]
        ),
        BadFile(
            "a filter with a configuration that is not known is refused",
            replacing: "                  - name: envoy.filters.http.router\n",
            with: """
                                  - name: envoy.filters.http.rbac
                                    typed_config: {"@type": type.googleapis.com/envoy.extensions.\
                filters.http.rbac.v3.RBAC}
                                  - name: envoy.filters.http.router

                """,
            says: [
                """
                envoy.yaml:41:45: \(manager).http_filters[0].typed_config: the type envoy.\
                extensions.filters.http.rbac.v3.RBAC is not supported yet: supported here: envoy.\
                extensions.filters.http.router.v3.Router, envoy.extensions.filters.http.\
                header_mutation.v3.HeaderMutation, envoy.extensions.filters.http.grpc_web.v3.\
                GrpcWeb, envoy.extensions.filters.http.grpc_stats.v3.FilterConfig
                """
            ]
        ),
        BadFile(
            "an access log has a path",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                access_log:
                                  - name: log
                                    typed_config: {"@type": type.googleapis.com/envoy.extensions.\
                access_loggers.file.v3.FileAccessLog, path: ""}
                """,
            says: [
                """
                envoy.yaml:20:120: \(manager).access_log[0].typed_config.path: is empty: give a \
                file, or /dev/stdout
                """
            ]
        ),
        BadFile(
            "an operator is known",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                access_log:
                                  - name: log
                                    typed_config: {"@type": type.googleapis.com/envoy.extensions.\
                access_loggers.file.v3.FileAccessLog, path: /dev/stdout, log_format: \
                {text_format_source: {inline_string: "%RESPONSE_COD%\\n"}}}
                """,
            says: [
                """
                envoy.yaml:20:152: \(manager).access_log[0].typed_config.log_format.\
                text_format_source: unknown operator %RESPONSE_COD%: did you mean %RESPONSE_CODE%?
                """
            ]
        ),
        BadFile(
            "an operator in JSON is known",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                access_log:
                                  - name: log
                                    typed_config: {"@type": type.googleapis.com/envoy.extensions.\
                access_loggers.stream.v3.StdoutAccessLog, log_format: {json_format: {status: \
                "%RESPONSE_COD%"}}}
                """,
            says: [
                """
                envoy.yaml:20:137: \(manager).access_log[0].typed_config.log_format.json_format: \
                in member "status": unknown operator %RESPONSE_COD%: did you mean %RESPONSE_CODE%?
                """
            ]
        ),
        BadFile(
            "an access log has a configuration",
            replacing: Fixture.statPrefix,
            with: """
                stat_prefix: inbound
                                access_log: [{name: envoy.access_loggers.file}]
                """,
            says: [
                """
                envoy.yaml:18:30: \(manager).access_log[0]: access log "envoy.access_loggers.\
                file" has no typed_config: give a FileAccessLog, StdoutAccessLog or \
                StderrAccessLog
                """
            ]
        ),
    ]
}

import Model

@testable import Telemetry

/// The pages of `docs/reference` that are made from the code.
enum ReferencePage {
    static let metrics: String = {
        var page = """
            # Metrics

            Made from the code by `PILLION_WRITE_REFERENCE=1 swift test --filter ReferenceTests`; do \
            not edit.

            The admin interface prints them at `/stats` (text), `/stats?format=json` and \
            `/stats/prometheus`. `?usedonly` leaves out what stands at 0, `?filter=` keeps the names \
            that match. Names and labels are Envoy's; what Envoy does not have says "(ours)". \
            Envoy statistics for features that are not supported yet are absent.

            A counter only grows, until `POST /reset_counters`; a gauge is a value of this moment. \
            Where several workers count, the value is their sum; "same" marks those of which every \
            worker says the same, and the largest is printed. Histograms count milliseconds, or what \
            their name says; their \
            boundaries in Prometheus are exact, and the quantiles of `/stats` err by at most 1/16. \
            The interval of a quantile reaches back to the last look at `/stats` that is at least \
            5 seconds old.


            """
        page += section(
            "Clusters",
            "`cluster.<name>.`",
            "envoy_cluster_",
            "envoy_cluster_name",
            ClusterStat.self
        )
        page += """

            Responses are also counted by exact status, from the first on: \
            `cluster.<name>.upstream_rq_503`, in Prometheus `envoy_cluster_upstream_rq` with the \
            label `envoy_response_code`.


            """
        page += section(
            "Parts of a cluster's responses",
            "`cluster.<name>.<part>.`",
            "envoy_cluster_<part>_",
            "envoy_cluster_name",
            ClusterPartStat.self
        )
        page += """

            The parts are `internal` and `external` (where the request came from), `canary` \
            (endpoints whose metadata say so), `zone.<from>.<to>` (where both are known), `retry` \
            (responses that were tried again), and what `x-envoy-upstream-alt-stat-name` of an \
            internal request says: \(ClusterParts.alternativesMax) names for each cluster, of at \
            most \(ClusterParts.alternativeBytesMax) bytes. They exist from the first response on.


            """
        page += section(
            "Virtual clusters and routes",
            "`vhost.<virtual host>.vcluster.<name>.` or `vhost.<virtual host>.route.<stat_prefix>.`",
            "envoy_vhost_vcluster_` or `envoy_vhost_route_",
            "envoy_virtual_host` and `envoy_virtual_cluster` or `envoy_route",
            RouteStat.self
        )
        page += """

            The following parts of a cluster exist where it uses TLS, HTTP/2 or gRPC statistics, \
            from the first connection or call on. Envoy takes the label of a gRPC method from the \
            wrong place where the service has a package in its name; here it is the method.


            """
        page += section(
            "Handshakes with a cluster",
            "`cluster.<name>.ssl.`",
            "envoy_cluster_ssl_",
            "envoy_cluster_name",
            TLSStat.self
        )
        page += choices("cluster", "cipher_suite")
        page += section(
            "What the handshakes with a cluster need",
            "`cluster.<name>.client_ssl_socket_factory.`",
            "envoy_cluster_client_ssl_socket_factory_",
            "envoy_cluster_name",
            TLSContextStat.self
        )
        page += "\n"
        page += section(
            "HTTP/2 to a cluster",
            "`cluster.<name>.http2.`",
            "envoy_cluster_http2_",
            "envoy_cluster_name",
            HTTP2Stat.self
        )
        page += "\n"
        page += section(
            "gRPC methods",
            "`cluster.<name>.grpc.` or `cluster.<name>.grpc.<service>.<method>.`",
            "envoy_cluster_grpc_",
            "envoy_cluster_name`, `envoy_grpc_bridge_service` and `envoy_grpc_bridge_method",
            GRPCStat.self
        )
        page += """

            Clients choose the names: a process counts \(ClusterMethods.methodsMax) of them, of at \
            most \(ClusterMethods.nameBytesMax) bytes; the rest stands under the service `other`.


            """
        page += section(
            "HTTP connection managers",
            "`http.<stat_prefix>.`",
            "envoy_http_",
            "envoy_http_conn_manager_prefix",
            HTTPStat.self
        )
        page += "\n"
        page += section(
            "Listeners",
            "`listener.<address>.`",
            "envoy_listener_",
            "envoy_listener_address",
            ListenerStat.self
        )
        page += "\n"
        page += section(
            "Handshakes of a listener",
            "`listener.<address>.ssl.`",
            "envoy_listener_ssl_",
            "envoy_listener_address",
            TLSStat.self
        )
        page += choices("listener", "envoy_ssl_cipher")
        page += section(
            "What the handshakes of a listener need",
            "`listener.<address>.server_ssl_socket_factory.`",
            "envoy_listener_server_ssl_socket_factory_",
            "envoy_listener_address",
            TLSContextStat.self
        )
        page += "\n"
        page += section(
            "Listener filters, over all listeners",
            "no prefix",
            "envoy_",
            nil,
            ListenerFilterStat.self
        )
        page += """

            In Prometheus the version of the PROXY protocol is the label \
            `envoy_proxy_protocol_version`: `envoy_proxy_proto_found`.


            """
        page += section(
            "TCP proxies",
            "`tcp.<stat_prefix>.`",
            "envoy_tcp_",
            "envoy_tcp_prefix",
            TCPStat.self
        )
        page += "\n"
        page += section(
            "HTTP/2 of all listeners",
            "`http2.`",
            "envoy_http2_",
            nil,
            HTTP2Stat.self
        )
        page += "\n"
        page += section("The process", "no prefix", "envoy_", nil, ServerStat.self)
        return page
    }()

    /// What is said of a side's counters whose names the handshakes decide.
    private static func choices(_ side: String, _ cipherLabel: String) -> String {
        """

        What the handshakes chose is counted from the first on: `ssl.ciphers.<name>`, \
        `ssl.versions.<name>`, `ssl.curves.<name>` and `ssl.sigalgs.<name>`, in Prometheus \
        `envoy_\(side)_ssl_ciphers` and so on with the labels `\(cipherLabel)`, \
        `envoy_ssl_version`, `envoy_ssl_curve` and `envoy_ssl_sigalg`. \
        `ssl.certificate.<name>.expiration_unix_time_seconds`, with the label \
        `envoy_tls_certificate`, is a gauge for each certificate.


        """
    }

    private static func section<Stat: StatSet>(
        _ title: String,
        _ prefix: String,
        _ metric: String,
        _ label: String?,
        _: Stat.Type
    ) -> String {
        let labelled = label.map { ", label `\($0)`" } ?? ""
        var text = """
            ## \(title)

            In `/stats` with \(prefix); in Prometheus with `\(metric)`\(labelled).

            | Name | Kind | Meaning |
            |---|---|---|

            """
        for stat in Stat.allCases {
            let description = stat.description
            let kind = description.kind.rawValue + (description.merge == .maximum ? ", same" : "")
            text += "| `\(description.name)` | \(kind) | \(description.help) |\n"
        }
        for histogram in Stat.Histogram.allCases {
            text += "| `\(histogram.name)` | histogram | \(histogram.help) |\n"
        }
        return text
    }

    static let accessLog: String = {
        var page = """
            # Access log

            Made from the code by `PILLION_WRITE_REFERENCE=1 swift test --filter ReferenceTests`; do \
            not edit.

            A format is a text with operators, `%NAME%`, `%NAME(ARGUMENT)%` or \
            `%NAME(ARGUMENT):LENGTH%`; `%%` is a percent sign. In text a value that is absent or \
            empty is `-`, and a line ends where the format says so. In JSON a member with one \
            operator alone keeps its type: numbers are numbers, an absent value is `null`; a member \
            with more than that is a string. Members stand in the order of the configuration.

            What a client or an endpoint chose cannot forge a line: in text, control characters, \
            quotes and backslashes become `\\xNN`; JSON is escaped as RFC 8259 says, and bytes that \
            are no UTF-8 are written as `\\xNN` there, too. `LENGTH` cuts before that.

            The log of a TCP proxy has a line for each connection: what belongs to a request or \
            response is absent, and `RESPONSE_CODE` is 0. The names of a certificate have commas \
            between them; `GRPC_STATUS` is that of the trailers, else of the response's head, else \
            what the HTTP status stands for, and absent where the request is not gRPC's.

            Without a format it is Envoy's default:

            ```
            \(AccessLogFormat.standardText)```

            ## Operators

            | Operator | Takes | Value |
            |---|---|---|

            """
        for each in OperatorName.all where each.code != .unsupported {
            page += "| `\(each.name)` | \(takes(each.arguments)) | \(each.help) |\n"
        }
        let refused = OperatorName.all.filter { $0.code == .unsupported }
            .map { "`\($0.name)`" }.joined(separator: ", ")
        page += """

            Refused, since they are not supported yet: \(refused).

            `START_TIME` takes `%Y %y %m %d %e %j %H %I %M %S %p %a %A %b %h %B %F %T %D %R %Z %z %s` \
            and `%%`; `%3f` (1 to 9 digits of the fraction; the clock has 6) and `%f` (9); `%3s`, \
            `%6s`, `%9s` (milli-, micro- and nanoseconds since 1970); `%E3S` (seconds with a \
            fraction). Without an argument it is `%Y-%m-%dT%H:%M:%S.%3fZ`.

            `COMMON_DURATION` knows these points: \
            \(OperatorUse.timePointNames.map { "`\($0)`" }.joined(separator: ", ")): \
            downstream (DS) or upstream (US), received (RX) or sent (TX), first (BEG) or last (END) \
            byte.

            ## Response flags

            | Short | Long |
            |---|---|

            """
        for flag in ResponseFlags.names { page += "| `\(flag.short)` | \(flag.long) |\n" }
        page += """

            ## Files

            One thread writes for all workers. A worker hands over lines when it has 32 KiB of them, \
            and at least at each tick of its loop; it never waits. What does not fit into a backlog \
            of 16 MiB is dropped, and so is what a full disk refuses: `access_log.lines_dropped` \
            counts the lines. Files are appended to, and opened again on SIGUSR1. `/dev/stdout` and \
            `/dev/stderr` are the streams that the process was started with.

            """
        return page
    }()

    private static func takes(_ arguments: OperatorArguments) -> String {
        var parts: [String] = []
        if arguments.contains(.required) { parts.append("`(…)`") }
        if arguments.contains(.optional) { parts.append("`(…)` or nothing") }
        if arguments.contains(.length) { parts.append("`:LENGTH`") }
        return parts.joined(separator: ", ")
    }
}

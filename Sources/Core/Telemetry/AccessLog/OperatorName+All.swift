extension OperatorName {
    /// Every operator, in the order of the reference page.
    static let all: [OperatorName] = untilTLS + ofTLS + unsupported

    private static let untilTLS: [OperatorName] = [
        OperatorName(
            "START_TIME",
            .startTime,
            .optional,
            "When the first byte of the request came, in UTC; `(FORMAT)` is a subset of strftime."
        ),
        OperatorName(
            "REQ",
            .requestHeader,
            [.required, .length],
            "A header of the request, `(NAME?ALTERNATIVE):LENGTH`; `:METHOD`, "
                + "`:PATH`, `:AUTHORITY`, `:SCHEME`, too."
        ),
        OperatorName(
            "RESP",
            .responseHeader,
            [.required, .length],
            "A header of the response, `(NAME?ALTERNATIVE):LENGTH`; `:STATUS`, too."
        ),
        OperatorName(
            "TRAILER",
            .trailer,
            [.required, .length],
            "A trailer of the response, `(NAME?ALTERNATIVE):LENGTH`."
        ),
        OperatorName(
            "PATH",
            .path,
            [.optional, .length],
            "The path, `(QUERY:SOURCE)`: `WQ` with or `NQ` without the query; "
                + "`ORIG`, `PATH` or `ORIG_OR_PATH`."
        ),
        OperatorName(
            "QUERY_PARAM",
            .queryParameter,
            [.required, .length],
            "The first value of a query parameter, as it stands in the path."
        ),
        OperatorName(
            "PROTOCOL",
            .httpVersion,
            .none,
            "The protocol of the request: HTTP/1.0, HTTP/1.1 or HTTP/2."
        ),
        OperatorName(
            "RESPONSE_CODE",
            .responseCode,
            .none,
            "The status of the response; 0 where none was sent."
        ),
        OperatorName(
            "RESPONSE_CODE_DETAILS",
            .responseCodeDetails,
            .none,
            "Who made the response and why: `via_upstream`, `route_not_found`."
        ),
        OperatorName(
            "RESPONSE_FLAGS",
            .responseFlags,
            .none,
            "The response flags by their short names."
        ),
        OperatorName(
            "RESPONSE_FLAGS_LONG",
            .responseFlagsLong,
            .none,
            "The response flags by their long names."
        ),
        OperatorName(
            "CONNECTION_TERMINATION_DETAILS",
            .connectionTerminationDetails,
            .none,
            "Why this side closed the connection."
        ),
        OperatorName(
            "GRPC_STATUS",
            .grpcStatus,
            .optional,
            "The gRPC status: `(CAMEL_STRING)`, `(SNAKE_STRING)` or `(NUMBER)`."
        ),
        OperatorName(
            "GRPC_STATUS_NUMBER",
            .grpcStatusNumber,
            .none,
            "The gRPC status as a number."
        ),
        OperatorName("BYTES_RECEIVED", .bytesReceived, .none, "Bytes of the body of the request."),
        OperatorName("BYTES_SENT", .bytesSent, .none, "Bytes of the body of the response."),
        OperatorName(
            "REQUEST_HEADERS_BYTES",
            .requestHeadBytes,
            .none,
            "Bytes of the head of the request."
        ),
        OperatorName(
            "RESPONSE_HEADERS_BYTES",
            .responseHeadBytes,
            .none,
            "Bytes of the head of the response."
        ),
        OperatorName(
            "UPSTREAM_WIRE_BYTES_SENT",
            .upstreamWireBytesSent,
            .none,
            "Bytes sent to the endpoint, framing included."
        ),
        OperatorName(
            "UPSTREAM_WIRE_BYTES_RECEIVED",
            .upstreamWireBytesReceived,
            .none,
            "Bytes received from the endpoint, framing included."
        ),
        OperatorName(
            "DOWNSTREAM_WIRE_BYTES_SENT",
            .downstreamWireBytesSent,
            .none,
            "Bytes sent to the client, framing included."
        ),
        OperatorName(
            "DOWNSTREAM_WIRE_BYTES_RECEIVED",
            .downstreamWireBytesReceived,
            .none,
            "Bytes received from the client, framing included."
        ),
        OperatorName(
            "DURATION",
            .duration,
            .none,
            "Milliseconds from the first byte of the request to the last of the response."
        ),
        OperatorName(
            "REQUEST_DURATION",
            .requestDuration,
            .none,
            "Milliseconds until the last byte of the request was received."
        ),
        OperatorName(
            "REQUEST_TX_DURATION",
            .requestSentDuration,
            .none,
            "Milliseconds until the last byte of the request was sent to the endpoint."
        ),
        OperatorName(
            "RESPONSE_DURATION",
            .responseDuration,
            .none,
            "Milliseconds until the first byte of the response came from the endpoint."
        ),
        OperatorName(
            "RESPONSE_TX_DURATION",
            .responseSentDuration,
            .none,
            "Milliseconds from the first byte of the endpoint to the last byte to the client."
        ),
        OperatorName(
            "COMMON_DURATION",
            .commonDuration,
            .required,
            "The time between two points, `(START:END:UNIT)`; UNIT is `ms`, `us` or `ns`."
        ),
        OperatorName("UPSTREAM_HOST", .upstreamHost, .none, "The address of the endpoint."),
        OperatorName(
            "UPSTREAM_HOST_NAME",
            .upstreamHostName,
            .none,
            "The host name of the endpoint, or its address."
        ),
        OperatorName(
            "UPSTREAM_REMOTE_ADDRESS",
            .upstreamHost,
            .none,
            "The address of the endpoint."
        ),
        OperatorName(
            "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
            .upstreamHostWithoutPort,
            .none,
            "The address of the endpoint without the port."
        ),
        OperatorName("UPSTREAM_REMOTE_PORT", .upstreamPort, .none, "The port of the endpoint."),
        OperatorName(
            "UPSTREAM_CLUSTER",
            .upstreamCluster,
            .none,
            "The cluster, by its `alt_stat_name` where it has one."
        ),
        OperatorName(
            "UPSTREAM_CLUSTER_RAW",
            .upstreamClusterRaw,
            .none,
            "The cluster by its own name."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_ADDRESS",
            .upstreamLocalAddress,
            .none,
            "The address of this side of the connection to the endpoint."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
            .upstreamLocalAddressWithoutPort,
            .none,
            "The same without the port."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_PORT",
            .upstreamLocalPort,
            .none,
            "The port of this side of the connection to the endpoint."
        ),
        OperatorName(
            "UPSTREAM_REQUEST_ATTEMPT_COUNT",
            .upstreamRequestAttemptCount,
            .none,
            "How often the request was sent; 0 where it never was."
        ),
        OperatorName(
            "UPSTREAM_TRANSPORT_FAILURE_REASON",
            .upstreamTransportFailureReason,
            .none,
            "Why the connection to the endpoint failed."
        ),
        OperatorName(
            "UPSTREAM_CONNECTION_ID",
            .upstreamConnectionID,
            .none,
            "The number of the connection to the endpoint."
        ),
        OperatorName(
            "UPSTREAM_PROTOCOL",
            .upstreamProtocol,
            .none,
            "The protocol of the connection to the endpoint: HTTP/1.1."
        ),
        OperatorName(
            "DOWNSTREAM_REMOTE_ADDRESS",
            .downstreamRemoteAddress,
            .none,
            "The address of the client, from `x-forwarded-for` where it is trusted."
        ),
        OperatorName(
            "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
            .downstreamRemoteAddressWithoutPort,
            .none,
            "The same without the port."
        ),
        OperatorName(
            "DOWNSTREAM_REMOTE_PORT",
            .downstreamRemotePort,
            .none,
            "The port of the client."
        ),
        OperatorName(
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
            .downstreamDirectAddress,
            .none,
            "The address of the client's connection."
        ),
        OperatorName(
            "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
            .downstreamDirectAddressWithoutPort,
            .none,
            "The same without the port."
        ),
        OperatorName(
            "DOWNSTREAM_DIRECT_REMOTE_PORT",
            .downstreamDirectPort,
            .none,
            "The port of the client's connection."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_ADDRESS",
            .downstreamLocalAddress,
            .none,
            "The address that the client connected to."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
            .downstreamLocalAddressWithoutPort,
            .none,
            "The same without the port."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_PORT",
            .downstreamLocalPort,
            .none,
            "The port that the client connected to."
        ),
        OperatorName(
            "CONNECTION_ID",
            .connectionID,
            .none,
            "The number of the connection of the client."
        ),
        OperatorName("ROUTE_NAME", .routeName, .none, "The name of the route."),
        OperatorName(
            "VIRTUAL_CLUSTER_NAME",
            .virtualCluster,
            .none,
            "The virtual cluster that counts the request."
        ),
        OperatorName(
            "METADATA",
            .metadata,
            [.required, .length],
            "A value of metadata, `(ROUTE|CLUSTER|UPSTREAM_HOST:FILTER:KEY:KEY…)`; `DYNAMIC` is "
                + "always absent."
        ),
        OperatorName(
            "CLUSTER_METADATA",
            .metadata,
            [.required, .length],
            "A value of the cluster's metadata, `(FILTER:KEY:KEY…)`."
        ),
        OperatorName(
            "UPSTREAM_METADATA",
            .metadata,
            [.required, .length],
            "A value of the endpoint's metadata, `(FILTER:KEY:KEY…)`."
        ),
        OperatorName(
            "DYNAMIC_METADATA",
            .absent,
            [.required, .length],
            "Metadata that filters set: always absent, since none does."
        ),
        OperatorName("STREAM_ID", .requestHeader, .none, "The `x-request-id` of the request."),
        OperatorName("UNIQUE_ID", .uniqueID, .none, "A new random UUID."),
        OperatorName("HOSTNAME", .hostname, .none, "The name of the host."),
        OperatorName(
            "ENVIRONMENT",
            .environment,
            [.required, .length],
            "A variable of the environment, read when the format is compiled."
        ),
        OperatorName(
            "LOCAL_REPLY_BODY",
            .localReplyBody,
            .none,
            "In `body_format` of local replies the text of the reply; in access logs nothing."
        ),
        OperatorName(
            "PILLION_REASON",
            .reason,
            .none,
            "What decided a local reply, in words (ours)."
        ),
        OperatorName("PILLION_VIRTUAL_HOST", .virtualHost, .none, "The virtual host (ours)."),
        OperatorName("PILLION_LISTENER", .listenerName, .none, "The listener (ours)."),
        OperatorName("LISTENER_NAME", .listenerName, .none, "The listener."),
        OperatorName(
            "REQUESTED_SERVER_NAME",
            .requestedServerName,
            .none,
            "The server's name as the client's handshake has it."
        ),
        OperatorName(
            "FILTER_CHAIN_NAME",
            .filterChainName,
            .none,
            "The filter chain of the connection."
        ),
        OperatorName(
            "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
            .downstreamTransportFailureReason,
            .none,
            "Why the handshake with the client failed; spaces are underscores."
        ),
        OperatorName("TRACE_ID", .absent, .none, "The trace: absent until it is supported."),
    ]

    private static let unsupported: [OperatorName] = [
        OperatorName(
            "FILTER_STATE",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "UPSTREAM_FILTER_STATE",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "PER_REQUEST_STATE",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName("CEL", .unsupported, [.optional, .length], "Not supported yet: refused."),
        OperatorName(
            "ACCESS_LOG_TYPE",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "EMIT_TIME",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "QUERY_PARAMS",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "UPSTREAM_HOSTS_ATTEMPTED",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "REQUESTED_SERVER_NAME_OR_HOST",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "COALESCE",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_ISSUER_SERIAL",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_OTHERNAME_SAN",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_OTHERNAME_SAN",
            .unsupported,
            [.optional, .length],
            "Not supported yet: refused."
        ),
    ]
}

/// Every field of the short form.
extension ShortForm {
    static let apiVersion = "pillion.dev/v1"
    static let kind = "SidecarConfig"

    static let root: [ShortFormField] = [
        ShortFormField(
            "apiVersion",
            .word([apiVersion]),
            "The version of the form.",
            isRequired: true
        ),
        ShortFormField("kind", .word([kind]), "The kind of the form.", isRequired: true),
        ShortFormField(
            "metadata",
            .object(metadata),
            "Who this sidecar is.",
            isRequired: true
        ),
        ShortFormField("spec", .object(spec), "What the sidecar does.", isRequired: true),
    ]

    private static let labels = ShortFormKind.map(key: .label, value: .text(.any), countMax: 1_000)

    private static let metadata: [ShortFormField] = [
        ShortFormField(
            "name",
            .text(.name),
            "Names this sidecar, in `/server_info` and in logs.",
            isRequired: true
        ),
        ShortFormField("namespace", .text(.name), "For other tools; it has no effect here."),
        ShortFormField("labels", labels, "For other tools; they have no effect here."),
        ShortFormField("annotations", labels, "For other tools; they have no effect here."),
    ]

    private static let spec: [ShortFormField] = [
        ShortFormField(
            "app",
            .object(app),
            "The application beside the sidecar.",
            absence: "nothing is taken in"
        ),
        ShortFormField(
            "inbound",
            .object(inbound),
            "What others send to the application; it needs `app`.",
            absence: "the defaults, where there is an `app`"
        ),
        ShortFormField(
            "outbound",
            .map(key: .name, value: .object(outbound), countMax: 10_000),
            "The services that the application calls, by name.",
            absence: "none"
        ),
        ShortFormField(
            "outboundListen",
            .listen(host: "127.0.0.1"),
            "Where the application reaches all services of `outbound` by their names: an HTTP request "
                + "with the host `payments` goes to the service `payments`.",
            standard: "127.0.0.1:15001"
        ),
        ShortFormField(
            "limits",
            .object(limits),
            "What one connection or request may take, in both directions.",
            standard: "{}"
        ),
        ShortFormField(
            "logs",
            .object(logs),
            "One line for each request.",
            absence: "no access log"
        ),
        ShortFormField(
            "admin",
            .listen(host: "127.0.0.1"),
            "Where the admin interface listens.",
            absence: "no admin interface, unless the command line gives one"
        ),
    ]

    private static let app: [ShortFormField] = [
        ShortFormField("port", port, "The application's port.", absence: "`socket` is given"),
        ShortFormField(
            "host",
            .text(.address),
            "The application's address; goes with `port`.",
            standard: "127.0.0.1"
        ),
        ShortFormField(
            "socket",
            .text(.socket),
            "The application's Unix socket, instead of a port.",
            absence: "`port` is given"
        ),
        ShortFormField(
            "protocol",
            .word(protocols),
            "What the application speaks: HTTP/1, HTTP/2, gRPC, or something else over TCP, which "
                + "is relayed byte for byte. Clients of an HTTP application may speak both versions.",
            standard: "http"
        ),
        ShortFormField(
            "connectTimeout",
            .duration(1_000_000...600_000_000_000),
            "How long a connection to the application may take to open.",
            standard: "1s"
        ),
        ShortFormField(
            "health",
            .object(health),
            "How the application is asked whether it is well. While it is not, requests are answered "
                + "with 503 at once.",
            absence: "it is not asked, and counts as well"
        ),
    ]

    private static let health: [ShortFormField] = [
        ShortFormField(
            "path",
            .text(.urlPath),
            "The path of a GET request.",
            absence: "a TCP connection that opens is enough"
        ),
        ShortFormField(
            "statuses",
            .oneOrMany(.text(.statuses), countMax: 100),
            "The statuses that mean well; goes with `path`.",
            standard: "200"
        ),
        ShortFormField(
            "interval",
            .duration(10_000_000...3_600_000_000_000),
            "Time between two checks.",
            standard: "10s"
        ),
        ShortFormField(
            "timeout",
            .duration(1_000_000...600_000_000_000),
            "Time for an answer.",
            standard: "1s"
        ),
        ShortFormField(
            "unhealthyAfter",
            .integer(1...1_000),
            "Failures in a row that make it unhealthy.",
            standard: "3"
        ),
        ShortFormField(
            "healthyAfter",
            .integer(1...1_000),
            "Successes in a row that make it healthy again.",
            standard: "1"
        ),
    ]

    private static let inbound: [ShortFormField] = [
        ShortFormField(
            "listen",
            .listen(host: "0.0.0.0"),
            "Where others reach the application.",
            standard: "0.0.0.0:15006"
        ),
        ShortFormField(
            "tls",
            .object(inboundTLS),
            "Clients speak TLS.",
            absence: "they speak in clear"
        ),
        ShortFormField("timeout", requestTimeout, requestTimeoutSummary, standard: "15s"),
        ShortFormField("websocket", .boolean, websocketSummary, standard: "false"),
        ShortFormField(
            "limits",
            .object(inboundLimits),
            "What the application is given at the same time.",
            standard: "{}"
        ),
    ]

    private static let inboundTLS: [ShortFormField] = [
        ShortFormField(
            "certificate",
            .text(.file),
            "The certificate and its chain, in PEM.",
            isRequired: true
        ),
        ShortFormField("key", .text(.file), "The private key, in PEM.", isRequired: true),
        ShortFormField(
            "clientCA",
            .text(.file),
            "The authorities of clients, in PEM. Clients show a certificate of theirs, and "
                + "`x-forwarded-client-cert` tells the application whose.",
            absence: "clients need no certificate"
        ),
    ]

    private static let outboundTLS: [ShortFormField] = [
        ShortFormField(
            "serverName",
            .text(.serverName),
            "The name that the service's certificate is for.",
            absence: "the name in `to`"
        ),
        ShortFormField(
            "ca",
            .text(.file),
            "The authorities that vouch for the service, in PEM.",
            standard: "/etc/ssl/certs/ca-certificates.crt"
        ),
        ShortFormField(
            "certificate",
            .text(.file),
            "Our own certificate, in PEM; goes with `key`.",
            absence: "none is shown"
        ),
        ShortFormField(
            "key",
            .text(.file),
            "The private key of `certificate`, in PEM.",
            absence: "none"
        ),
    ]

    private static let inboundLimits: [ShortFormField] = [
        ShortFormField(
            "maxConnections",
            .integer(1...4_000_000),
            "Connections of clients.",
            absence: "as many as the process may open"
        ),
        ShortFormField(
            "maxRequests",
            count,
            "Requests that the application works on; more get 503.",
            standard: "1024"
        ),
        ShortFormField(
            "maxPending",
            count,
            "Requests that wait for a connection to the application; more get 503.",
            standard: "1024"
        ),
    ]

    private static let outbound: [ShortFormField] = [
        ShortFormField(
            "to",
            .byShape(
                object: .map(
                    key: .name,
                    value: .oneOrMany(.destination, countMax: 10_000),
                    countMax: 100
                ),
                other: .oneOrMany(.destination, countMax: 10_000)
            ),
            "Where the service is: addresses, or names that DNS knows. For `split`, an object of "
                + "versions: `{v1: payments-v1:8080, v2: payments-v2:8080}`.",
            isRequired: true
        ),
        ShortFormField(
            "listen",
            .listen(host: "127.0.0.1"),
            "A port of its own: everything that comes to it goes to this service.",
            absence: "it is reached by name at `outboundListen`"
        ),
        ShortFormField(
            "hosts",
            .oneOrMany(.text(.host), countMax: 1_000),
            "Further names of the service at `outboundListen`.",
            absence: "its own name only"
        ),
        ShortFormField(
            "protocol",
            .word(protocols),
            "What the service speaks: HTTP/1, HTTP/2, gRPC, or something else over TCP, which needs "
                + "`listen` and is relayed byte for byte.",
            standard: "http"
        ),
        ShortFormField(
            "tls",
            .object(outboundTLS),
            "The service is spoken to over TLS, and its certificate is verified.",
            absence: "it is spoken to in clear"
        ),
        ShortFormField("websocket", .boolean, websocketSummary, standard: "false"),
        ShortFormField("timeout", requestTimeout, requestTimeoutSummary, standard: "15s"),
        ShortFormField(
            "connectTimeout",
            .duration(1_000_000...600_000_000_000),
            "How long a connection to the service may take to open.",
            standard: "1s"
        ),
        ShortFormField(
            "retries",
            .object(retries),
            "Whether and when a failed request is sent again.",
            absence: "no retries"
        ),
        ShortFormField(
            "breaker",
            .object(breaker),
            "When the service, or one of its endpoints, is given no more.",
            standard: "{}"
        ),
        ShortFormField(
            "health",
            .object(health),
            "How each endpoint is asked whether it is well.",
            absence: "they are not asked, and count as well"
        ),
        ShortFormField(
            "loadBalancing",
            .word(loadBalancing.map(\.word)),
            "How an endpoint is chosen. The last two send what `hashOn` says to the same endpoint.",
            standard: "leastRequest"
        ),
        ShortFormField(
            "hashOn",
            .text(.hash),
            "What ringHash and maglev look at: `header:NAME`, `cookie:NAME`, `query:NAME` or "
                + "`source-ip`.",
            absence: "nothing"
        ),
        ShortFormField(
            "split",
            .map(key: .name, value: .integer(0...100), countMax: 100),
            "The share of each version of `to`, in percent; together 100.",
            absence: "all of it goes to the one version"
        ),
        ShortFormField(
            "rewriteHost",
            .boolean,
            "Sends the name in `to` as the host, as services outside the cluster expect.",
            standard: "false"
        ),
    ]

    private static let retries: [ShortFormField] = [
        ShortFormField(
            "attempts",
            .integer(1...100),
            "How often a request is sent again at most.",
            standard: "2"
        ),
        ShortFormField(
            "on",
            .oneOrMany(.word(retryConditions), countMax: 20),
            "What is tried again, in Envoy's words. The default is what the service cannot have "
                + "acted upon.",
            standard: "[connect-failure, refused-stream, reset-before-request]"
        ),
        ShortFormField(
            "statuses",
            .oneOrMany(.integer(100...599), countMax: 100),
            "Answers with these statuses are tried again too.",
            absence: "none"
        ),
        ShortFormField(
            "perTry",
            .duration(1_000_000...86_400_000_000_000),
            "The time of each attempt.",
            absence: "the whole `timeout`"
        ),
        ShortFormField(
            "backOff",
            .duration(1_000_000...600_000_000_000),
            "The first pause before a retry; it doubles, up to ten times this, and is drawn at random "
                + "up to that.",
            standard: "25ms"
        ),
        ShortFormField(
            "budget",
            .percent,
            "Retries at the same time, as a share of the requests to the service; three are always "
                + "allowed.",
            standard: "20%"
        ),
    ]

    private static let breaker: [ShortFormField] = [
        ShortFormField(
            "maxConnections",
            count,
            "Connections to the service.",
            standard: "1024"
        ),
        ShortFormField(
            "maxPending",
            count,
            "Requests that wait for a connection; more get 503.",
            standard: "1024"
        ),
        ShortFormField(
            "maxRequests",
            count,
            "Requests under way; more get 503.",
            standard: "1024"
        ),
        ShortFormField(
            "consecutiveErrors",
            .integer(1...1_000_000),
            "Answers of 5xx in a row, or failures to connect, after which an endpoint is left out.",
            absence: "endpoints are not left out"
        ),
        ShortFormField(
            "ejection",
            .duration(1_000_000...86_400_000_000_000),
            "How long an endpoint is left out, times the number of times; goes with "
                + "`consecutiveErrors`.",
            standard: "30s"
        ),
        ShortFormField(
            "maxEjected",
            .percent,
            "The largest share of the endpoints that is left out; goes with `consecutiveErrors`.",
            standard: "50%"
        ),
    ]

    private static let limits: [ShortFormField] = [
        ShortFormField(
            "headSize",
            .size(1_024...8_388_608),
            "The head of a request; a larger one gets 431.",
            standard: "60KiB"
        ),
        ShortFormField(
            "headerCount",
            .integer(1...10_000),
            "Headers of a request; more get 431.",
            standard: "100"
        ),
        ShortFormField(
            "headTimeout",
            .duration(0...86_400_000_000_000),
            "Time for the head of a request to arrive; 0s: no limit.",
            standard: "10s"
        ),
        ShortFormField(
            "streamIdleTimeout",
            .duration(0...86_400_000_000_000),
            "Time without a byte in a request or response; 0s: no limit.",
            standard: "5m"
        ),
        ShortFormField(
            "idleTimeout",
            .duration(0...31_536_000_000_000_000),
            "Time after which a connection without a request is closed; 0s: never.",
            standard: "1h"
        ),
        ShortFormField(
            "bufferSize",
            .size(4_096...1_073_741_824),
            "What may wait in either direction before reading pauses.",
            standard: "1MiB"
        ),
    ]

    private static let logs: [ShortFormField] = [
        ShortFormField(
            "format",
            .word(["text", "json"]),
            "Envoy's standard line, or a JSON object.",
            standard: "text"
        ),
        ShortFormField("path", .text(.file), "The file.", standard: "/dev/stdout"),
    ]

    // MARK: - Kinds that several fields share

    private static let port = ShortFormKind.integer(1...65_535)
    private static let count = ShortFormKind.integer(1...4_294_967_295)
    private static let requestTimeout = ShortFormKind.duration(0...86_400_000_000_000)
    private static let requestTimeoutSummary =
        "From the end of a request to the end of its response, retries included; 0s: no limit. Then "
        + "the client gets 504."

    private static let protocols = ["http", "http2", "grpc", "tcp"]
    private static let websocketSummary = "Requests may switch to WebSocket."

    /// The words of `loadBalancing`, and Envoy's.
    static let loadBalancing: [(word: String, policy: String)] = [
        ("leastRequest", "LEAST_REQUEST"), ("roundRobin", "ROUND_ROBIN"), ("random", "RANDOM"),
        ("ringHash", "RING_HASH"), ("maglev", "MAGLEV"),
    ]

    /// The words of `retries.on`; `statuses` stands for `retriable-status-codes`.
    private static let retryConditions = [
        "connect-failure", "refused-stream", "reset-before-request", "reset", "5xx",
        "gateway-error", "retriable-4xx", "envoy-ratelimited",
    ]
}

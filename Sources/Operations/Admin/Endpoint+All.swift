import Proxy

/// What the interface answers to, with the words of `/help`.
extension Endpoint {
    private static let format: (name: String, meaning: String) = ("format", "text or json")
    private static let scrape: [(name: String, meaning: String)] = [
        ("filter", "a regular expression (RE2) that part of the name must match"),
        ("usedonly", "leaves out what stands at 0"),
    ]

    /// Every endpoint, in the order of `/help`.
    static let all: [Endpoint] = [
        Endpoint("/", "This page.") { admin, _ in admin.home() },
        Endpoint("/help", "Lists the endpoints as text.") { _, _ in
            LocalResponse(200, HomePage.help)
        },
        Endpoint("/ready", "200 where the state is LIVE, else 503.") { admin, _ in admin.ready() },
        Endpoint("/server_info", "Version, state, uptime and options.") { admin, _ in
            admin.serverInfo()
        },
        Endpoint(
            "/clusters",
            "Clusters with their limits, endpoints and counts.",
            parameters: [format]
        ) { admin, request in admin.clusters(request) },
        Endpoint(
            "/listeners",
            "Listeners with the addresses that they are bound to.",
            parameters: [format]
        ) { admin, request in admin.listeners(request) },
        Endpoint(
            "/config_dump",
            "The configuration that is loaded.",
            parameters: [
                ("resource", "only the elements of this list, such as static_listeners"),
                ("mask", "only these fields, separated by commas"),
                ("name_regex", "a regular expression (RE2) that the whole name must match"),
                ("include_eds", "shows endpoints, too"),
            ]
        ) { admin, request in admin.configDump(request) },
        Endpoint(
            "/config_status",
            "Which version serves, and how the last reload ended."
        ) { admin, _ in admin.configStatus() },
        Endpoint(
            "/stats",
            "Statistics.",
            parameters: [("format", "text, json or prometheus")] + scrape
        ) { admin, request in admin.stats(request, format: nil) },
        Endpoint(
            "/stats/prometheus",
            "Statistics in the text format of Prometheus.",
            parameters: scrape
        ) { admin, request in admin.stats(request, format: "prometheus") },
        Endpoint(
            "/logs",
            "The log shipper: what its sources have read, and what waits for its sinks.",
            parameters: [format]
        ) { admin, request in admin.companion("logs", request) },
        Endpoint("/certs", "The certificates in use, and when they expire; never their keys.") {
            admin,
            _ in
            admin.certificates()
        },
        Endpoint("/memory", "Memory of the process, in bytes.") { _, _ in AdminInterface.memory() },
        Endpoint("/runtime", "Always empty: no runtime value can be changed.") { _, _ in
            AdminInterface.json(["layers": [], "entries": [:]])
        },
        Endpoint("/init_dump", "What the start still waits for.") { admin, _ in admin.initDump() },
        Endpoint(
            "/hot_restart_version",
            "The version of the takeover's protocol, or disabled."
        ) { admin, _ in LocalResponse(200, "\(admin.process.takeoverText)\n") },
        Endpoint(
            "/logging",
            "Shows the log level; POST changes it.",
            kind: .both,
            parameters: [("level", "trace, debug, info, warning, error, critical or off")]
        ) { admin, request in admin.logging(request) },
        Endpoint(
            "/healthcheck/fail",
            "Makes /ready answer 503, and responses end their connection.",
            kind: .action
        ) { admin, _ in
            admin.setHealthCheck(failed: true)
        },
        Endpoint("/healthcheck/ok", "Takes /healthcheck/fail back.", kind: .action) { admin, _ in
            admin.setHealthCheck(failed: false)
        },
        Endpoint(
            "/drain_listeners",
            "Stops accepting connections; there is no way back.",
            kind: .action,
            parameters: [
                ("graceful", "also closes idle connections, and those in use after a response")
            ]
        ) { admin, request in admin.drainListeners(request) },
        Endpoint("/reset_counters", "Makes every counter print 0 again.", kind: .action) {
            admin,
            _ in
            admin.resetCounters()
        },
        Endpoint("/reopen_logs", "Opens the files of the access logs again.", kind: .action) {
            admin,
            _ in
            admin.reopenLogs()
        },
        Endpoint("/quitquitquit", "Ends the process as SIGTERM does.", kind: .action) { admin, _ in
            admin.quit()
        },
    ]

    static let byPath: [String: Endpoint] = Dictionary(
        all.map { ($0.path, $0) },
        uniquingKeysWith: { first, _ in first }
    )
}

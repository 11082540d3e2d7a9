internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.core.v3.HealthCheck`: times, thresholds and the log of a cluster's checks.
extension Compilation {
    func healthChecks(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ http: UpstreamHTTP
    ) -> [HealthCheckConfiguration] {
        if cluster.healthChecks.isEmpty {
            warnWithoutChecks(cluster, path)
            return []
        }
        let path = path["health_checks"]
        checkNames(cluster.healthChecks, path)
        return cluster.healthChecks.enumerated().compactMap { index, check in
            healthCheck(check, path[index], http)
        }
    }

    /// Several checks need names to be told apart, as in Envoy.
    private func checkNames(
        _ checks: [Envoy_Config_Core_V3_HealthCheck],
        _ path: FieldPath
    ) {
        if checks.count < 2 { return }
        var seen: Set<String> = []
        for (index, check) in checks.enumerated() {
            if check.name.isEmpty {
                refuse(
                    path[index],
                    "has no name",
                    "each of several health checks has one, to tell them apart"
                )
            } else if !seen.insert(check.name).inserted {
                refuse(
                    path[index]["name"],
                    "there is another health check \(quoted(check.name))",
                    "names are unique within a cluster"
                )
            }
        }
    }

    private func warnWithoutChecks(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) {
        if cluster.closeConnectionsOnHostHealthFailure, !cluster.hasOutlierDetection {
            warn(
                path["close_connections_on_host_health_failure"],
                "has no effect without health_checks",
                "add them, or leave it out"
            )
        }
        if cluster.ignoreHealthOnHostRemoval {
            warn(
                path["ignore_health_on_host_removal"],
                "has no effect without health_checks",
                "endpoints without checks are removed at once in any case"
            )
        }
    }

    private func healthCheck(
        _ check: Envoy_Config_Core_V3_HealthCheck,
        _ path: FieldPath,
        _ http: UpstreamHTTP
    ) -> HealthCheckConfiguration? {
        let kind = kind(of: check, path, http)
        let timeout = required(
            check.hasTimeout ? check.timeout : nil,
            path,
            "timeout",
            "give the time for an answer, for example timeout: 1s"
        )
        let interval = required(
            check.hasInterval ? check.interval : nil,
            path,
            "interval",
            "give the time between two checks, for example interval: 5s"
        )
        let unhealthy = threshold(
            check.hasUnhealthyThreshold ? check.unhealthyThreshold.value : nil,
            path,
            "unhealthy_threshold",
            "give the failures in a row that make an endpoint unhealthy, for example 3"
        )
        let healthy = threshold(
            check.hasHealthyThreshold ? check.healthyThreshold.value : nil,
            path,
            "healthy_threshold",
            "give the successes in a row that make an endpoint healthy, for example 2"
        )
        guard let kind else { return nil }
        var compiled = HealthCheckConfiguration(
            kind: kind,
            timeout: timeout,
            interval: interval,
            unhealthyThreshold: unhealthy,
            healthyThreshold: healthy
        )
        readTimes(check, path, &compiled)
        readTransport(check, path, &compiled)
        if check.hasAltPort { compiled.altPort = port(check.altPort.value, path["alt_port"]) }
        if check.hasReuseConnection { compiled.reusesConnection = check.reuseConnection.value }
        compiled.eventLogPath = eventLog(check, path)
        compiled.logsEveryFailure = check.alwaysLogHealthCheckFailures
        compiled.logsEverySuccess = check.alwaysLogHealthCheckSuccess
        if compiled.eventLogPath == nil,
            check.alwaysLogHealthCheckFailures || check.alwaysLogHealthCheckSuccess
        {
            warn(
                path,
                "no log is named, so there is nowhere to log checks to",
                "add event_logger, or leave always_log_… out"
            )
        }
        return compiled
    }

    private func kind(
        of check: Envoy_Config_Core_V3_HealthCheck,
        _ path: FieldPath,
        _ http: UpstreamHTTP
    ) -> HealthCheckConfiguration.Kind? {
        switch check.healthChecker {
        case .httpHealthCheck(let check):
            return httpCheck(check, path["http_health_check"]).map { .http($0) }
        case .tcpHealthCheck(let check): return tcpCheck(check, path["tcp_health_check"])
        case .grpcHealthCheck(let check):
            return grpcCheck(check, path["grpc_health_check"], http)
        case nil:
            refuse(
                path,
                "says nothing to check",
                "give http_health_check: {path: /healthz}, grpc_health_check: {} or "
                    + "tcp_health_check: {}"
            )
            return nil
        }
    }

    private func required(
        _ value: Google_Protobuf_Duration?,
        _ path: FieldPath,
        _ name: StaticString,
        _ hint: String
    ) -> Int64 {
        guard let value else {
            refuse(path, "has no \(name)", hint)
            return 1_000
        }
        return positive(value, path[name], unset: 1_000, hint)
    }

    private func threshold(
        _ value: UInt32?,
        _ path: FieldPath,
        _ name: StaticString,
        _ hint: String
    ) -> UInt32 {
        guard let value else {
            refuse(path, "has no \(name)", hint)
            return 1
        }
        if value == 0 { refuse(path[name], "is 0", hint) }
        return max(1, value)
    }

    private func readTimes(
        _ check: Envoy_Config_Core_V3_HealthCheck,
        _ path: FieldPath,
        _ compiled: inout HealthCheckConfiguration
    ) {
        compiled.initialJitter = duration(
            check.hasInitialJitter ? check.initialJitter : nil,
            path["initial_jitter"],
            unset: 0
        )
        compiled.intervalJitter = duration(
            check.hasIntervalJitter ? check.intervalJitter : nil,
            path["interval_jitter"],
            unset: 0
        )
        compiled.intervalJitterPercent = check.intervalJitterPercent
        if compiled.intervalJitter > compiled.interval {
            warn(
                path["interval_jitter"],
                "is longer than the interval",
                "checks come after interval to interval + interval_jitter: is the unit right?"
            )
        }
        if check.intervalJitterPercent > 100 {
            warn(
                path["interval_jitter_percent"],
                "\(check.intervalJitterPercent) percent is more than the interval",
                "checks come after interval to interval and so many percent of it"
            )
        }
        let hint = "leave it out for its default"
        if let time = positiveIfGiven(
            check.hasNoTrafficInterval ? check.noTrafficInterval : nil,
            path["no_traffic_interval"],
            "leave it out for 60 s"
        ) {
            compiled.noTrafficInterval = time
        }
        compiled.noTrafficHealthyInterval = positiveIfGiven(
            check.hasNoTrafficHealthyInterval ? check.noTrafficHealthyInterval : nil,
            path["no_traffic_healthy_interval"],
            hint
        )
        compiled.unhealthyInterval = positiveIfGiven(
            check.hasUnhealthyInterval ? check.unhealthyInterval : nil,
            path["unhealthy_interval"],
            hint
        )
        compiled.unhealthyEdgeInterval = positiveIfGiven(
            check.hasUnhealthyEdgeInterval ? check.unhealthyEdgeInterval : nil,
            path["unhealthy_edge_interval"],
            hint
        )
        compiled.healthyEdgeInterval = positiveIfGiven(
            check.hasHealthyEdgeInterval ? check.healthyEdgeInterval : nil,
            path["healthy_edge_interval"],
            hint
        )
    }

    private func eventLog(
        _ check: Envoy_Config_Core_V3_HealthCheck,
        _ path: FieldPath
    ) -> String? {
        var logs: [(text: String, path: FieldPath)] = []
        if !check.eventLogPath.isEmpty {
            logs.append((check.eventLogPath, path["event_log_path"]))
        }
        typealias Sink = Envoy_Extensions_HealthCheck_EventSinks_File_V3_HealthCheckEventFileSink
        for (index, logger) in check.eventLogger.enumerated() {
            let path = path["event_logger"][index]["typed_config"]
            guard logger.hasTypedConfig else {
                refuse(path, "is missing", "give it with @type, as " + Sink.protoMessageName)
                continue
            }
            guard let sink = unpack(logger.typedConfig, as: Sink.self, path) else { continue }
            logs.append((sink.eventLogPath, path["event_log_path"]))
        }
        if logs.count > 1, logs[1].text != logs[0].text {
            refuse(logs[1].path, "is a second log", "the events of a check go to one file")
        }
        return logs.first.flatMap { logPath($0.text, $0.path) }
    }
}

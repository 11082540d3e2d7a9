import Model
import Policy
import Telemetry

/// A file of events, one line of JSON each, in the shape of Envoy's event messages.
///
/// The writer of access logs carries the lines to the disk, so that one that stalls holds up no
/// check.
struct HealthEventLog {
    private let writer: AccessLogWriter
    private let sink: SinkID

    /// nil, with a warning, where the file cannot be opened.
    init?(path: String, writer: AccessLogWriter) {
        self.writer = writer
        do throws(AccessLogOpenFailure) {
            sink = try writer.open(.file(path: path))
        } catch {
            Log.shared.log(
                .warning,
                "event log cannot be opened: events are not written",
                ["path": path, "error": error.description]
            )
            return nil
        }
    }

    /// `envoy.data.core.v3.HealthCheckEvent`.
    func write(
        _ event: HealthCheckEvent,
        checker: StaticString,
        cluster: ClusterConfiguration,
        endpoint: ResolvedEndpoint,
        unixMicroseconds: Int64
    ) {
        var line = EventLine()
        line.add("health_checker_type", checker)
        line.add("host", endpoint.address)
        line.add("cluster_name", text: cluster.name)
        line.add("timestamp", unixMicroseconds: unixMicroseconds)
        switch event {
        case .ejectUnhealthy(let failure, let status):
            line.open("eject_unhealthy_event")
            line.add("failure_type", failure.name)
            line.add("http_status_code", number: Int64(status))
            line.close()
        case .failed(let failure, let isFirst, let status):
            line.open("health_check_failure_event")
            line.add("failure_type", failure.name)
            line.add("first_check", isFirst)
            line.add("http_status_code", number: Int64(status))
            line.close()
        case .addHealthy(let isFirst):
            line.open("add_healthy_event")
            line.add("first_check", isFirst)
            line.close()
        case .succeeded: line.addEmpty("successful_health_check_event")
        case .degraded: line.addEmpty("degraded_healthy_host")
        case .noLongerDegraded: line.addEmpty("no_longer_degraded_host")
        }
        if Int(endpoint.locality) < cluster.localities.count {
            let locality = cluster.localities[Int(endpoint.locality)].locality
            line.open("locality")
            line.add("region", text: locality.region)
            line.add("zone", text: locality.zone)
            line.add("sub_zone", text: locality.subZone)
            line.close()
        }
        submit(line)
    }

    /// `envoy.data.cluster.v3.OutlierDetectionEvent`; nothing for events that Envoy does not log.
    func write(
        _ event: OutlierEvent,
        cluster: String,
        address: SocketAddress,
        unixMicroseconds: Int64
    ) {
        var line = EventLine()
        func common(
            _ kind: EjectionKind,
            _ action: StaticString,
            count: UInt32,
            since: Int64?,
            isEnforced: Bool
        ) {
            line.add("type", kind.name)
            line.add("timestamp", unixMicroseconds: unixMicroseconds)
            // 64-bit numbers are in quotes in the JSON mapping of protobuf.
            if let since { line.add("secs_since_last_action", text: "\(since / 1000)") }
            line.add("cluster_name", text: cluster)
            line.add("upstream_url", text: address.description)
            line.add("action", action)
            line.add("num_ejections", number: Int64(count))
            line.add("enforced", isEnforced)
        }
        switch event {
        case .detected, .overflow: return
        case .unejected(_, let count, let since):
            // The type is the field's zero: an end has no type of its own.
            common(.consecutive5xx, "UNEJECT", count: count, since: since, isEnforced: false)
        case .ejected(let ejection), .spared(let ejection):
            var isEnforced = false
            if case .ejected = event { isEnforced = true }
            common(
                ejection.kind,
                "EJECT",
                count: ejection.count,
                since: ejection.sinceUnejection,
                isEnforced: isEnforced
            )
            line.add(ejection)
        }
        submit(line)
    }

    private func submit(_ line: EventLine) {
        writer.submit(sink: sink, bytes: line.finished, lineCount: 1)
    }
}

extension EventLine {
    /// The member that says what led to an ejection.
    fileprivate mutating func add(_ ejection: OutlierEvent.Ejection) {
        switch ejection.kind {
        case .consecutive5xx, .consecutiveGatewayFailure, .consecutiveLocalOriginFailure:
            addEmpty("eject_consecutive_event")
        case .successRate, .successRateLocalOrigin:
            open("eject_success_rate_event")
            add("host_success_rate", number: percent(ejection.rate))
            add("cluster_average_success_rate", number: percent(ejection.threshold?.mean ?? 0))
            add(
                "cluster_success_rate_ejection_threshold",
                number: percent(ejection.threshold?.ejection ?? 0)
            )
            close()
        case .failurePercentage, .failurePercentageLocalOrigin:
            open("eject_failure_percentage_event")
            add("host_success_rate", number: percent(ejection.rate))
            close()
        }
    }

    /// Whole percent, as the messages have them.
    private func percent(_ value: Double) -> Int64 { Int64(max(0, min(100, value))) }
}

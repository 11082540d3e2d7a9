import Proxy
import Telemetry

/// What changes something.
extension AdminInterface {
    func setHealthCheck(failed: Bool) -> LocalResponse {
        condition.hasFailedHealthCheck = failed
        plane.setHealthCheck(failed: failed)
        return LocalResponse(200, "OK\n")
    }

    /// Stops accepting, at once; with `graceful` what is connected is asked to go, too.
    func drainListeners(_ request: LocalRequest) -> LocalResponse {
        if request.parameter("inboundonly") != nil {
            return LocalResponse(
                400,
                "inboundonly is not supported yet: listeners have no traffic_direction.\n"
            )
        }
        if request.parameter("skip_exit") != nil {
            return LocalResponse(
                400,
                "skip_exit is not supported: the process never ends by this page.\n"
            )
        }
        condition.hasStoppedListeners = true
        if request.parameter("graceful") != nil {
            // A second drain would forget who waits for the first one.
            if !plane.isDraining { plane.drain {} }
        } else {
            plane.stopListening()
        }
        return LocalResponse(200, "OK\n")
    }

    func resetCounters() -> LocalResponse {
        registry.resetCounters()
        return LocalResponse(200, "OK\n")
    }

    func reopenLogs() -> LocalResponse {
        plane.flushLogs()
        plane.accessLog.reopen()
        return LocalResponse(200, "OK\n")
    }

    /// There is one logger, so `level` is the one parameter.
    func logging(_ request: LocalRequest) -> LocalResponse {
        if request.method == "POST", let refusal = setLevel(request) { return refusal }
        if request.method != "POST", !request.query.isEmpty {
            return LocalResponse(
                405,
                headers: [("allow", "POST")],
                "changing the level takes a POST.\n"
            )
        }
        return LocalResponse(200, "active loggers:\n  pillion: \(Log.shared.level.name)\n")
    }

    private func setLevel(_ request: LocalRequest) -> LocalResponse? {
        let levels = Log.Level.allCases.map(\.name).joined(separator: ", ")
        guard let parameter = request.query.first else { return nil }
        guard parameter.name == "level", request.query.count == 1 else {
            return LocalResponse(
                400,
                "there is one logger: set it with level=… and nothing else (\(levels)).\n"
            )
        }
        guard let level = Log.Level(name: parameter.value) else {
            return LocalResponse(
                400,
                "level '\(PlainText.line(parameter.value))' is not known; there are \(levels).\n"
            )
        }
        Log.shared.level = level
        return nil
    }
}

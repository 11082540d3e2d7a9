package import Proxy

/// An application for demonstrations and tests: echoes what it receives, and misbehaves on request.
///
/// `handle` is given to a `LocalServer`; a process may run several instances on one loop.
/// Everything in here belongs to that loop. What a request can ask for is bounded: delays by 10
/// minutes, bodies by 10 GiB (made as they are sent), pieces by 1000.
package final class SampleApplication {
    /// The version or name that every response carries as `x-app-label`.
    package let label: String
    /// Counts the instances of one process; every response carries it as `x-app-instance`.
    package let instance: Int
    /// Requests so far, this one included.
    private(set) var requestCount: UInt64 = 0
    var failures = FailureSchedule()

    package init(label: String, instance: Int) {
        self.label = label
        self.instance = instance
    }

    /// Answers one request.
    package func handle(_ request: LocalRequest) -> LocalResponse {
        requestCount &+= 1
        var response: LocalResponse
        do throws(ParameterFailure) {
            response = try answer(request)
        } catch {
            response = LocalResponse(400, "\(error.explanation)\n")
        }
        response.headers += [("x-app-label", label), ("x-app-instance", "\(instance)")]
        return response
    }

    private func answer(_ request: LocalRequest) throws(ParameterFailure) -> LocalResponse {
        let segments = request.path.split(separator: "/").map(String.init)
        switch segments.first {
        case "status", "delay": return try scripted(request, segments)
        case "fail" where segments.count == 1: return try failing(request)
        case "bytes" where segments.count <= 2: return try generated(request, segments)
        case "slow" where segments.count == 1: return try slow(request)
        case "headers" where segments.count == 1: return try withHeaders(request)
        case "health" where segments.count == 1: return LocalResponse(200, "ok\n")
        case "reset" where segments.count == 1:
            var response = LocalResponse(200)
            response.resets = true
            return response
        case "close" where segments.count == 1:
            var response = echo(request)
            response.closes = true
            return response
        default: return echo(request)
        }
    }
}

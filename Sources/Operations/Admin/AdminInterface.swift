package import Model
package import Proxy
package import Telemetry

/// The process's own pages for operators, with Envoy's paths and shapes.
///
/// `handle` is given to a `LocalServer`; everything in here belongs to that server's loop, and each
/// request is answered at once from what the data plane and the registry say. Nothing waits for a
/// worker.
package final class AdminInterface {
    let plane: DataPlane
    let registry: StatsRegistry
    let process: ProcessInformation
    /// What decides whether `/ready` says so; may be read from any thread.
    package let condition: ServerCondition
    private let onQuit: () -> Void
    /// Companions that run in this process; set before the first request.
    package var companions: [any CompanionPages] = []

    /// Where the interface listens, which decides to which `Host` it answers.
    ///
    /// Until the executable sets it, the snapshot's address counts; without one, loopback does.
    package var boundAddress: SocketAddress?
    /// Host names, besides `localhost`, under which the interface was told to listen.
    package var boundNames: [String] = []

    /// - Parameter onQuit: Called on the loop by `/quitquitquit`, before the answer is sent: starts
    ///   the end of the process as SIGTERM does, and must not stop the loop at once.
    package init(
        plane: DataPlane,
        registry: StatsRegistry,
        process: ProcessInformation,
        onQuit: @escaping () -> Void
    ) {
        self.plane = plane
        self.registry = registry
        self.process = process
        self.onQuit = onQuit
        condition = ServerCondition(plane: plane)
        registry.computeServerStats(plane: plane, condition: condition, process: process)
    }

    /// The state that `/ready` and `/server_info` print.
    package var state: ServerState { condition.state }

    /// True where `/ready` answers 200.
    package var isReady: Bool { state == .live }

    /// Answers one request.
    package func handle(_ request: LocalRequest) -> LocalResponse {
        var response = answer(request)
        response.headers += [
            ("cache-control", "no-cache, max-age=0"),
            ("x-content-type-options", "nosniff"),
        ]
        return response
    }

    private func answer(_ request: LocalRequest) -> LocalResponse {
        let endpoint = Endpoint.byPath[request.path]
        let refusal = RequestGuard.refusal(
            of: request,
            isMutation: endpoint?.isMutation(method: request.method) ?? false,
            bound: boundAddress ?? plane.snapshot?.admin ?? .ipv4(0x7f00_0001, port: 0),
            names: boundNames.map { $0.lowercased() }
        )
        if let refusal { return LocalResponse(403, refusal) }
        guard let endpoint else {
            return LocalResponse(404, "there is no such page here; there are:\n\(HomePage.help)")
        }
        guard endpoint.allowed.contains(request.method) else {
            let allowed = endpoint.allowed.joined(separator: ", ")
            let sentence =
                endpoint.kind == .action
                ? "\(endpoint.path) changes something: send a POST." : "send \(allowed)."
            return LocalResponse(405, headers: [("allow", allowed)], "\(sentence)\n")
        }
        if endpoint.isMutation(method: request.method) {
            Log.shared.log(
                .info,
                "admin request",
                ["path": endpoint.path, "remote": request.peer.description]
            )
        }
        return endpoint.answer(self, request)
    }

    static func json(_ value: JSONValue) -> LocalResponse {
        LocalResponse(200, contentType: "application/json", value.text)
    }

    /// `format` where it is one of the formats; an answer that names them where it is not.
    enum FormatChoice {
        case format(String)
        case refused(LocalResponse)
    }

    static func format(of request: LocalRequest, among formats: [String]) -> FormatChoice {
        let format = request.parameter("format") ?? formats[0]
        if formats.contains(format) { return .format(format) }
        return .refused(
            LocalResponse(
                400,
                "format '\(PlainText.line(format))' is not known; it may be "
                    + "\(formats.joined(separator: ", ")).\n"
            )
        )
    }

    func quit() -> LocalResponse {
        onQuit()
        var response = LocalResponse(200, "OK\n")
        response.closes = true
        return response
    }
}

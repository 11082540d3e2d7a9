import Model
package import Proxy

/// What the readiness port answers: whether requests may come, and how a job ends the process.
///
/// Unlike the admin interface it may be open to everybody (a kubelet asks from outside of the pod),
/// so it shows a sentence and nothing else, and only this machine may change anything. This machine is
/// 127.0.0.1 and ::1 alone: a sidecar passes on what comes from elsewhere with 127.0.0.6 or ::6 as its
/// source (`upstream_bind_config`). Made for a
/// thread of its own: a scrape of the admin interface must not make a probe late.
package struct ReadinessPages: Sendable {
    private let condition: ServerCondition
    private let onQuit: @Sendable () -> Void

    /// - Parameter onQuit: called on the server's loop by `POST /quitquitquit`.
    package init(condition: ServerCondition, onQuit: @escaping @Sendable () -> Void) {
        self.condition = condition
        self.onQuit = onQuit
    }

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
        switch request.path {
        case "/healthz/ready": page(request) { ready() }
        case "/healthz/live": page(request) { LocalResponse(200, "live\n") }
        case "/quitquitquit": quit(request)
        default:
            LocalResponse(
                404,
                "there are /healthz/ready and /healthz/live here, and POST /quitquitquit.\n"
            )
        }
    }

    private func page(_ request: LocalRequest, _ body: () -> LocalResponse) -> LocalResponse {
        if request.method == "GET" || request.method == "HEAD" { return body() }
        return LocalResponse(405, headers: [("allow", "GET, HEAD")], "send GET or HEAD.\n")
    }

    private func ready() -> LocalResponse {
        guard let reason = condition.reasonAgainstReadiness else {
            return LocalResponse(200, "ready\n")
        }
        return LocalResponse(503, "not ready: \(PlainText.line(reason))\n")
    }

    private func quit(_ request: LocalRequest) -> LocalResponse {
        guard request.peer.isOwnCaller else {
            return LocalResponse(403, "only processes of this machine may end this one.\n")
        }
        // A web page on this machine's browser would come with one of these.
        if request.header("origin") != nil || request.header("sec-fetch-site") != nil {
            return LocalResponse(403, "a web page may not end this process.\n")
        }
        guard request.method == "POST" else {
            return LocalResponse(
                405,
                headers: [("allow", "POST")],
                "/quitquitquit ends the process: send a POST.\n"
            )
        }
        onQuit()
        var response = LocalResponse(200, "OK\n")
        response.closes = true
        return response
    }
}

extension SocketAddress {
    /// A process of this machine that connected without choosing its own address.
    fileprivate var isOwnCaller: Bool {
        switch self {
        case .ipv4(let address, _): address == 0x7f00_0001
        // The second is 127.0.0.1 as an IPv6 socket shows it.
        case .ipv6(let high, let low, _, _): high == 0 && (low == 1 || low == 0xffff_7f00_0001)
        case .unix: true
        }
    }
}

import Model
import Proxy

/// Keeps web pages that an operator happens to visit away from the admin interface.
///
/// A browser on the same machine reaches loopback. A page elsewhere can make it send a form, which
/// then carries the page's `Origin`; or it gives its own name the address 127.0.0.1 (DNS
/// rebinding), and then that name is in `Host`.
enum RequestGuard {
    /// Why the request is refused, in words; nil where it is not.
    ///
    /// - Parameters:
    ///   - bound: Where the interface listens.
    ///   - names: Names under which it was told to listen, in lower case.
    static func refusal(
        of request: LocalRequest,
        isMutation: Bool,
        bound: SocketAddress,
        names: [String]
    ) -> String? {
        let host = request.header("host") ?? ""
        if case .unix = bound {
            // No browser reaches a Unix socket.
        } else if bound.isLoopback, !host.isEmpty, !isOwn(name(of: host), names) {
            return "this interface listens on loopback and answers to an IP address or localhost "
                + "only, not to the host '\(PlainText.line(host))'.\n"
        }
        guard isMutation else { return nil }
        if let origin = request.header("origin"), authority(of: origin) != host.lowercased() {
            return "a page of '\(PlainText.line(origin))' may not change anything here.\n"
        }
        if let site = request.header("sec-fetch-site"), site != "same-origin", site != "none" {
            return "a page of another site may not change anything here.\n"
        }
        return nil
    }

    private static func isOwn(_ name: String, _ names: [String]) -> Bool {
        name == "localhost" || names.contains(name) || SocketAddress(literal: name, port: 0) != nil
    }

    /// The host without port and brackets, in lower case.
    private static func name(of authority: String) -> String {
        let text = authority.lowercased()
        if text.hasPrefix("[") {
            let inner = text.dropFirst().prefix { $0 != "]" }
            let rest = text.dropFirst(inner.count + 1)
            return rest == "]" || rest.hasPrefix("]:") ? String(inner) : text
        }
        return String(text.prefix { $0 != ":" })
    }

    /// `http://host:port` without the scheme, in lower case; `null` and anything else is no host.
    private static func authority(of origin: String) -> String? {
        let text = origin.lowercased()
        guard text.hasPrefix("http://") else { return nil }
        return String(text.dropFirst("http://".count))
    }
}

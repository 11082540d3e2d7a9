import Model
import Proxy
import Telemetry

/// The page for people, as HTML and as text.
enum HomePage {
    /// What `/help` prints.
    static let help: String = {
        var text = ""
        for endpoint in Endpoint.all {
            text += "  \(endpoint.path)"
            if endpoint.kind == .action { text += " (POST)" }
            text += ": \(endpoint.help)\n"
            for parameter in endpoint.parameters {
                text += "      \(parameter.name): \(parameter.meaning)\n"
            }
        }
        return text
    }()

    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;\
        color:#1c1c1c;background:#fff}
        h1{font-size:1.4rem;margin:0}h2{font-size:1rem;margin:2rem 0 .5rem}
        p{margin:.25rem 0;color:#555}table{border-collapse:collapse;width:100%}
        td{padding:.4rem .75rem .4rem 0;border-top:1px solid #ddd;vertical-align:top}
        td:first-child{white-space:nowrap;width:14rem}form{margin:0;display:inline}
        a{color:#0b57a4}button{font:inherit;padding:.1rem .6rem}
        small{color:#555;display:block}.live{color:#17692d}.other{color:#a33}
        @media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}p,small{color:#999}\
        td{border-color:#333}a{color:#7ab7f5}.live{color:#6cc784}.other{color:#f08a80}}
        """

    static func html(state: ServerState, facts: [String], problems: [String]) -> String {
        var pages = ""
        var actions = ""
        for endpoint in Endpoint.all where endpoint.path != "/" {
            let path = PlainText.html(endpoint.path)
            if endpoint.kind != .action {
                pages += row("<a href=\"\(path)\">\(path)</a>\(variants(of: endpoint))", endpoint)
            }
            if endpoint.kind == .action {
                actions += row(form(path, button(path)), endpoint)
            } else if endpoint.kind == .both {
                let levels = Log.Level.allCases.map { button("\(path)?level=\($0.name)", $0.name) }
                actions += row(form(path, levels.joined(separator: " ")), endpoint)
            }
        }
        let facts = facts.map(PlainText.html).joined(separator: " · ")
        let refused = refusal(problems)
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>pillion admin</title>
            <meta name="viewport" content="width=device-width"><style>\(style)</style></head><body>
            <h1>pillion <span class="\(state == .live ? "live" : "other")">\(state.name)</span></h1>
            <p>\(facts)</p>\(refused)
            <h2>Pages</h2><table>\(pages)</table>
            <h2>Actions</h2><table>\(actions)</table>
            </body></html>

            """
    }

    /// The files are refused: what is wrong, before anything else.
    private static func refusal(_ problems: [String]) -> String {
        if problems.isEmpty { return "" }
        let items = problems.map { "<li>\(PlainText.html($0))</li>" }.joined()
        return "<h2 class=\"other\">The configuration on disk is refused; the one before serves on"
            + "</h2><ul>\(items)</ul>"
    }

    private static func row(_ first: String, _ endpoint: Endpoint) -> String {
        let parameters = endpoint.parameters.map {
            "<small>\(PlainText.html($0.name)): \(PlainText.html($0.meaning))</small>"
        }
        return "<tr><td>\(first)</td><td>\(PlainText.html(endpoint.help))"
            + "\(parameters.joined())</td></tr>\n"
    }

    private static func variants(of endpoint: Endpoint) -> String {
        guard endpoint.parameters.contains(where: { $0.name == "format" }) else { return "" }
        return " <a href=\"\(PlainText.html(endpoint.path))?format=json\">json</a>"
    }

    private static func form(_ path: String, _ buttons: String) -> String {
        "<form method=\"post\" action=\"\(path)\">\(buttons)</form>"
    }

    private static func button(_ target: String, _ label: String? = nil) -> String {
        "<button formaction=\"\(target)\">\(label ?? target)</button>"
    }
}

extension AdminInterface {
    func home() -> LocalResponse {
        let snapshot = plane.snapshot
        var facts = ["version \(process.version)", "up \(process.uptimeSeconds) s"]
        facts.append("\(process.workers) \(process.workers == 1 ? "worker" : "workers")")
        if let id = snapshot?.nodeID, !id.isEmpty { facts.append("node \(id)") }
        facts += process.configurationFiles
        let (loaded, problems) = configurationFacts()
        if !loaded.isEmpty { facts.append(loaded) }
        // Buttons post to this origin only, and no other page may frame them.
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'"
        return LocalResponse(
            200,
            contentType: "text/html; charset=UTF-8",
            headers: [("content-security-policy", policy)],
            HomePage.html(state: state, facts: facts, problems: problems)
        )
    }
}

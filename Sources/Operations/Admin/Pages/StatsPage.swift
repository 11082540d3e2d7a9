import Policy
import Proxy
import Telemetry

/// Statistics in their three formats, searched with RE2.
extension AdminInterface {
    private static let filterBytesMax = 1024

    /// `/stats` and `/stats/prometheus`.
    ///
    /// - Parameter format: What the path says; nil: what the query says.
    func stats(_ request: LocalRequest, format: String?) -> LocalResponse {
        plane.refreshGauges()
        var chosen = format ?? ""
        if format == nil {
            switch Self.format(of: request, among: ["text", "json", "prometheus"]) {
            case .format(let format): chosen = format
            case .refused(let response): return response
            }
        }
        var query = StatsQuery(usedOnly: request.parameter("usedonly") != nil)
        if let pattern = request.parameter("filter"), !pattern.isEmpty {
            do {
                query.filter = try Self.filter(pattern)
            } catch {
                return LocalResponse(
                    400,
                    "filter '\(PlainText.line(pattern))': \(error.message).\n"
                )
            }
        }
        switch chosen {
        case "json":
            return LocalResponse(200, contentType: "application/json", registry.json(query))
        case "prometheus":
            return LocalResponse(
                200,
                contentType: "text/plain; version=0.0.4; charset=utf-8",
                registry.prometheus(query) + companionStatistics(query)
            )
        default: return LocalResponse(200, registry.text(query))
        }
    }

    /// Statistics of companions, which have names of their own; a search looks at the registry only.
    private func companionStatistics(_ query: StatsQuery) -> String {
        query.filter == nil ? companions.map { $0.prometheus() }.joined() : ""
    }

    /// The page of a companion.
    func companion(_ name: String, _ request: LocalRequest) -> LocalResponse {
        guard let pages = companions.first(where: { $0.name == name }) else {
            return LocalResponse(404, "nothing of this kind runs in this process\n")
        }
        switch Self.format(of: request, among: ["text", "json"]) {
        case .format("json"):
            return LocalResponse(200, contentType: "application/json", pages.json())
        case .format: return LocalResponse(200, pages.text())
        case .refused(let response): return response
        }
    }

    private struct FilterFailure: Error { let message: String }

    /// A search anywhere in the name, in time linear in it.
    private static func filter(
        _ pattern: String
    ) throws(FilterFailure) -> @Sendable (String) -> Bool {
        if pattern.utf8.count > filterBytesMax {
            throw FilterFailure(message: "longer than \(filterBytesMax) bytes")
        }
        do throws(RegexFailure) {
            // Alone first: `a)|(b` is no expression, although it would be one inside of a group.
            _ = try RE2Expression(pattern: pattern, programSizeMax: 10_000, memoryMax: 1 << 20)
            let search = try RE2Expression(
                pattern: ".*(?:\(pattern)).*",
                programSizeMax: 20_000,
                memoryMax: 2 << 20
            )
            return { name in
                let bytes = Array(name.utf8)
                return search.matchesWhole(bytes.span)
            }
        } catch {
            throw FilterFailure(message: error.message)
        }
    }
}

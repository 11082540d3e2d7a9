internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.Route`: a condition, and what follows from it.
extension Compilation {
    func route(
        _ route: Envoy_Config_Route_V3_Route,
        _ path: FieldPath,
        _ scope: RouteScope,
        _ host: HostScope,
        number: Int
    ) -> Route? {
        var match: RouteMatch?
        if route.hasMatch {
            match = routeMatch(route.match, path["match"])
        } else {
            refuse(path, "has no match", "match: {prefix: \"/\"} takes every request")
        }
        let levels = HeaderLevels(
            scope: scope,
            host: host,
            route: HeaderChanges(
                request: headerOperations(
                    adding: route.requestHeadersToAdd,
                    path["request_headers_to_add"],
                    removing: route.requestHeadersToRemove,
                    path["request_headers_to_remove"]
                ),
                response: headerOperations(
                    adding: route.responseHeadersToAdd,
                    path["response_headers_to_add"],
                    removing: route.responseHeadersToRemove,
                    path["response_headers_to_remove"]
                )
            ),
            routeFilters: filterOverrides(
                route.typedPerFilterConfig,
                path["typed_per_filter_config"]
            )
        )
        let bufferLimit =
            requestBufferLimit(
                route.hasRequestBodyBufferLimit ? route.requestBodyBufferLimit.value : nil,
                old: route.hasPerRequestBufferLimitBytes
                    ? route.perRequestBufferLimitBytes.value : nil,
                path
            ) ?? host.bufferLimitBytes
        let action: RouteAction?
        switch route.action {
        case .route(let forward):
            let compiled = forwardAction(forward, path["route"], levels, bufferLimit)
            if let compiled { warnOfUntakenConnect(match, compiled, path["match"]) }
            action = compiled.map { .forward($0) }
        case .redirect(let redirect):
            action = redirectAction(redirect, path["redirect"]).map { .redirect($0) }
        case .directResponse(let response):
            action = directResponse(response, path["direct_response"], scope).map {
                .directResponse($0)
            }
        case .nonForwardingAction:
            refuse(
                path["non_forwarding_action"],
                "it is not supported yet",
                "give one of route, redirect and direct_response"
            )
            action = nil
        case nil:
            refuse(path, "has no action", "give one of route, redirect and direct_response")
            action = nil
        }
        guard let match, let action else { return nil }
        let changes = levels.flattened(filterChain)
        return Route(
            name: route.name,
            explanation: explanation(of: route, number: number, virtualHost: host.name),
            match: match,
            action: action,
            metadata: route.hasMetadata ? metadata(route.metadata) : nil,
            statPrefix: route.statPrefix.isEmpty ? nil : route.statPrefix,
            requestHeaders: changes.request,
            responseHeaders: changes.response
        )
    }

    /// Says so where a route is for CONNECT requests, and nothing allows them.
    private func warnOfUntakenConnect(
        _ match: RouteMatch?,
        _ action: ForwardAction,
        _ path: FieldPath
    ) {
        guard case .connect? = match?.path else { return }
        let own = action.upgrades.first { $0.type == "connect" }
        if own?.isEnabled ?? filterChain.allowsConnect { return }
        warn(
            path["connect_matcher"],
            "CONNECT is no protocol that upgrade_configs allows, so 403 is answered",
            "give the route upgrade_configs: [{upgrade_type: CONNECT}]"
        )
    }

    /// The route in words, as local replies and logs name it.
    private func explanation(
        of route: Envoy_Config_Route_V3_Route,
        number: Int,
        virtualHost: String
    ) -> String {
        if !route.name.isEmpty { return "route \(quoted(route.name))" }
        let condition =
            switch route.match.pathSpecifier {
            case .prefix(let text): "prefix \(quoted(text))"
            case .path(let text): "path \(quoted(text))"
            case .pathSeparatedPrefix(let text): "path-separated prefix \(quoted(text))"
            case .safeRegex(let expression): "regex \(quoted(expression.regex))"
            case .connectMatcher: "CONNECT"
            case nil: "no path"
            }
        return "route \(number) of virtual host \(virtualHost) (\(condition))"
    }
}

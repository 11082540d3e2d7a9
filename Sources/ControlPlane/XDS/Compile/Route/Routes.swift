internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.Route`: a condition, and what follows from it.
extension Compilation {
    func route(
        _ route: Envoy_Config_Route_V3_Route,
        _ path: FieldPath,
        _ scope: RouteScope,
        number: Int,
        virtualHost: String,
        retryPolicy: RetryPolicy?
    ) -> Route? {
        var match: RouteMatch?
        if route.hasMatch {
            match = routeMatch(route.match, path["match"])
        } else {
            refuse(path, "has no match", "match: {prefix: \"/\"} takes every request")
        }
        let action: RouteAction?
        switch route.action {
        case .route(let forward):
            action = forwardAction(forward, path["route"], scope, retryPolicy).map { .forward($0) }
        case .redirect(let redirect):
            action = redirectAction(redirect, path["redirect"]).map { .redirect($0) }
        case .directResponse(let response):
            action = directResponse(response, path["direct_response"], scope).map {
                .directResponse($0)
            }
        case .nonForwardingAction:
            refuse(path["non_forwarding_action"], "it is not supported yet")
            action = nil
        case nil:
            refuse(path, "has no action", "give one of route, redirect and direct_response")
            action = nil
        }
        guard let match, let action else { return nil }
        return Route(
            name: route.name,
            explanation: explanation(of: route, number: number, virtualHost: virtualHost),
            match: match,
            action: action
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
            case nil: "no path"
            }
        return "route \(number) of virtual host \(virtualHost) (\(condition))"
    }

    // MARK: - To a cluster

    private func forwardAction(
        _ action: Envoy_Config_Route_V3_RouteAction,
        _ path: FieldPath,
        _ scope: RouteScope,
        _ inherited: RetryPolicy?
    ) -> ForwardAction? {
        let destination = destination(action, path, scope)
        if !action.prefixRewrite.isEmpty, action.hasRegexRewrite {
            refuse(path["regex_rewrite"], "stands beside prefix_rewrite", "keep one of the two")
        }
        let prefixRewrite = prefixRewrite(action.prefixRewrite, path["prefix_rewrite"])
        let regexRewrite =
            action.hasRegexRewrite ? rewrite(action.regexRewrite, path["regex_rewrite"]) : nil
        let hostRewrite = hostRewrite(action, path)
        let status: UInt16
        switch known(action.clusterNotFoundResponseCode, path["cluster_not_found_response_code"])
        {
        case .notFound: status = 404
        case .internalServerError: status = 500
        default: status = 503
        }
        let total = timeout(
            action.hasTimeout ? action.timeout : nil,
            path["timeout"],
            unset: 15_000
        )
        // Zero switches off what the connection manager would say, so it cannot become nil here.
        var idle: Int64?
        if action.hasIdleTimeout,
            let given = milliseconds(action.idleTimeout, path["idle_timeout"])
        {
            idle = given == 0 ? Self.neverMilliseconds : given
        }
        let policy =
            action.hasRetryPolicy
            ? retryPolicy(action.retryPolicy, path["retry_policy"]) : inherited
        guard let destination else { return nil }
        return ForwardAction(
            destination: destination,
            prefixRewrite: prefixRewrite,
            regexRewrite: regexRewrite,
            hostRewrite: hostRewrite,
            clusterNotFoundStatus: status,
            timeoutMilliseconds: total,
            idleTimeoutMilliseconds: idle,
            retryPolicy: policy,
            priority: priority(action.priority, path["priority"])
        )
    }

    private func destination(
        _ action: Envoy_Config_Route_V3_RouteAction,
        _ path: FieldPath,
        _ scope: RouteScope
    ) -> ForwardAction.Destination? {
        switch action.clusterSpecifier {
        case .cluster(let name):
            checkCluster(name, path["cluster"], scope)
            return .cluster(name)
        case .weightedClusters(let weighted):
            return weightedDestination(weighted, path["weighted_clusters"], scope)
        case .clusterHeader:
            refuse(path["cluster_header"], "it is not supported yet")
            return nil
        case nil:
            refuse(path, "names no cluster", "give cluster or weighted_clusters")
            return nil
        }
    }

    private func checkCluster(_ name: String, _ path: FieldPath, _ scope: RouteScope) {
        if name.isEmpty {
            refuse(path, "is empty", "give the name of a cluster")
        } else if !clusterNameSet.contains(name) {
            let hint =
                clusterNames.isEmpty
                ? "add it to static_resources.clusters"
                : didYouMean(
                    name,
                    among: clusterNames,
                    otherwise: "add it to static_resources.clusters; there are "
                        + clusterNames.prefix(8).map { quoted($0) }.joined(separator: ", ")
                        + (clusterNames.count > 8 ? ", …" : "")
                )
            if scope.validatesClusters {
                refuse(path, "there is no cluster \(quoted(name))", hint)
            } else {
                warn(
                    path,
                    "there is no cluster \(quoted(name)), so its requests are answered here",
                    hint
                )
            }
        }
    }

    private func weightedDestination(
        _ weighted: Envoy_Config_Route_V3_WeightedCluster,
        _ path: FieldPath,
        _ scope: RouteScope
    ) -> ForwardAction.Destination? {
        let clusters = path["clusters"]
        if weighted.clusters.isEmpty {
            refuse(clusters, "is empty", "give at least one cluster with its weight")
            return nil
        }
        var shares: [(name: String, weight: UInt32)] = []
        var total: UInt64 = 0
        for (index, cluster) in weighted.clusters.enumerated() {
            let path = clusters[index]
            checkCluster(cluster.name, path["name"], scope)
            if !cluster.hasWeight {
                refuse(path, "has no weight", "give its share, for example weight: 10")
            }
            total += UInt64(cluster.weight.value)
            // A canary that is parked at 0 is in the file and takes nothing.
            if cluster.weight.value > 0 { shares.append((cluster.name, cluster.weight.value)) }
        }
        if total > UInt64(UInt32.max) {
            refuse(
                clusters,
                "the weights add up to \(total)",
                "their sum is at most \(UInt32.max); 0 to 100 is usual"
            )
        } else if total == 0, weighted.clusters.allSatisfy(\.hasWeight) {
            refuse(
                clusters,
                "all weights are 0, so no request could be sent",
                "give at least one cluster a weight above 0"
            )
        }
        if weighted.hasTotalWeight, UInt64(weighted.totalWeight.value) != total {
            refuse(
                path["total_weight"],
                "says \(weighted.totalWeight.value), but the weights add up to \(total)",
                "leave it out: the sum is taken"
            )
        }
        return .weighted(
            WeightedClusters(
                entries: shares.map { .init(name: .literal($0.name), weight: $0.weight) },
                total: max(total, 1)
            )
        )
    }

    // MARK: - Rewrites

    private func prefixRewrite(_ text: String, _ path: FieldPath) -> ByteString? {
        if text.isEmpty { return nil }
        if !text.hasPrefix("/") {
            warn(
                path,
                "\(quoted(text)) does not begin with a slash, as a path must",
                "write \(quoted("/" + text))"
            )
        }
        return headText(text, path, inRequestLine: true)
    }

    private func hostRewrite(
        _ action: Envoy_Config_Route_V3_RouteAction,
        _ path: FieldPath
    ) -> HostRewrite {
        switch action.hostRewriteSpecifier {
        case nil: return .none
        case .hostRewriteLiteral(let text):
            if text.isEmpty { return .none }
            return headText(text, path["host_rewrite_literal"], inRequestLine: true)
                .map { .literal($0) } ?? .none
        case .autoHostRewrite(let isOn): return isOn.value ? .endpoint : .none
        case .hostRewriteHeader(let name):
            if name.isEmpty { return .none }
            return headerName(name, path["host_rewrite_header"], allowsPseudo: false)
                .map { .header($0) } ?? .none
        case .hostRewrite:
            refuse(path["host_rewrite"], "it is not supported yet")
            return .none
        case .hostRewritePathRegex(let given):
            return rewrite(given, path["host_rewrite_path_regex"])
                .map { .pathRegex(expression: $0.expression, substitution: $0.substitution) }
                ?? .none
        }
    }
}

internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.route.v3.RouteAction`: the request goes to a cluster.
extension Compilation {
    typealias ActionMessage = Envoy_Config_Route_V3_RouteAction

    func forwardAction(
        _ action: ActionMessage,
        _ path: FieldPath,
        _ levels: HeaderLevels,
        _ bufferLimit: Int?
    ) -> ForwardAction? {
        refuseUnsupported(action, path)
        let matched =
            action.hasMetadataMatch
            ? metadataMatch(action.metadataMatch, path["metadata_match"]) : [:]
        let destination = destination(action, path, levels, matched)
        if !action.prefixRewrite.isEmpty, action.hasRegexRewrite {
            refuse(path["regex_rewrite"], "stands beside prefix_rewrite", "keep one of the two")
        }
        let policy =
            action.hasRetryPolicy
            ? retryPolicy(action.retryPolicy, path["retry_policy"]) : levels.host.retryPolicy
        let hashes = hashPolicies(action.hashPolicy, path["hash_policy"])
        let total = timeout(
            action.hasTimeout ? action.timeout : nil,
            path["timeout"],
            unset: 15_000
        )
        warnOfLateTries(action, policy, total, path)
        let compiled = ForwardAction(
            destination: destination ?? .cluster(""),
            prefixRewrite: prefixRewrite(action.prefixRewrite, path["prefix_rewrite"]),
            regexRewrite: action.hasRegexRewrite
                ? rewrite(action.regexRewrite, path["regex_rewrite"]) : nil,
            hostRewrite: hostRewrite(action, path),
            appendsForwardedHost: action.appendXForwardedHost,
            clusterNotFoundStatus: clusterNotFoundStatus(action, path),
            timeoutMilliseconds: total,
            idleTimeoutMilliseconds: idleTimeout(action, path["idle_timeout"]),
            streamDuration: streamDuration(action, path["max_stream_duration"]),
            grpcTimeout: grpcTimeout(action, path),
            retryPolicy: policy,
            hedgesOnPerTryTimeout: hedges(action, policy, levels.host, path["hedge_policy"]),
            priority: priority(action.priority, path["priority"]),
            metadataMatch: matched,
            hashPolicies: hashes,
            mirrors: mirrors(action, path, levels),
            internalRedirects: internalRedirects(action, path),
            bufferLimitBytes: bufferLimit,
            upgrades: upgrades(action.upgradeConfigs, path["upgrade_configs"])
        )
        guard let destination else { return nil }
        warnOfUnusedHash(hashes, destination, path["hash_policy"])
        return compiled
    }

    private func refuseUnsupported(_ action: ActionMessage, _ path: FieldPath) {
        if !action.pathRewrite.isEmpty {
            refuse(
                path["path_rewrite"],
                "it is not supported yet",
                "prefix_rewrite and regex_rewrite change the path"
            )
        }
    }

    // MARK: - Where to

    private func destination(
        _ action: ActionMessage,
        _ path: FieldPath,
        _ levels: HeaderLevels,
        _ matched: [String: MetadataValue]
    ) -> ForwardAction.Destination? {
        switch action.clusterSpecifier {
        case .cluster(let name):
            checkCluster(name, path["cluster"], validates: levels.scope.validatesClusters)
            return .cluster(name)
        case .weightedClusters(let weighted):
            return weightedDestination(
                weighted,
                path["weighted_clusters"],
                levels,
                matched,
                hasHash: !action.hashPolicy.isEmpty
            )
        case .clusterHeader(let name):
            return headerName(name, path["cluster_header"], allowsPseudo: true)
                .map { .header($0) }
        case nil:
            refuse(
                path,
                "names no cluster",
                "give cluster, cluster_header or weighted_clusters"
            )
            return nil
        }
    }

    func checkCluster(_ name: String, _ path: FieldPath, validates: Bool) {
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
            if validates {
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

    private func clusterNotFoundStatus(_ action: ActionMessage, _ path: FieldPath) -> UInt16 {
        switch known(action.clusterNotFoundResponseCode, path["cluster_not_found_response_code"]) {
        case .notFound: 404
        case .internalServerError: 500
        default: 503
        }
    }

    private func mirrors(
        _ action: ActionMessage,
        _ path: FieldPath,
        _ levels: HeaderLevels
    ) -> [MirrorPolicy] {
        if action.requestMirrorPolicies.isEmpty { return levels.host.mirrors }
        return mirrorPolicies(
            action.requestMirrorPolicies,
            path["request_mirror_policies"],
            validatesClusters: levels.scope.validatesClusters
        )
    }

    /// `metadata_match`: what endpoints have to say of themselves, the `envoy.lb` values.
    func metadataMatch(
        _ metadata: Envoy_Config_Core_V3_Metadata,
        _ path: FieldPath
    ) -> [String: MetadataValue] {
        let place = path["filter_metadata"]
        let wanted = "envoy.lb"
        for name in metadata.filterMetadata.keys.sorted() where name != wanted {
            warn(
                place[key: name],
                "endpoints are chosen by \(quoted(wanted)) alone, so this has no effect",
                didYouMean(name, among: [wanted], otherwise: "move the values to \(quoted(wanted))")
            )
        }
        guard let object = metadata.filterMetadata[wanted] else { return [:] }
        return Self.metadataFields(object)
    }

    // MARK: - Times

    private func idleTimeout(_ action: ActionMessage, _ path: FieldPath) -> Int64? {
        guard action.hasIdleTimeout, let given = milliseconds(action.idleTimeout, path) else {
            return nil
        }
        // Zero switches off what the connection manager would say, so it cannot become nil here.
        return given == 0 ? Self.neverMilliseconds : given
    }

    private func streamDuration(_ action: ActionMessage, _ path: FieldPath) -> StreamDuration {
        var compiled = StreamDuration()
        guard action.hasMaxStreamDuration else { return compiled }
        let given = action.maxStreamDuration
        if given.hasMaxStreamDuration,
            let most = milliseconds(given.maxStreamDuration, path["max_stream_duration"])
        {
            compiled.maximum = most == 0 ? .max : most
        }
        if given.hasGrpcTimeoutHeaderMax {
            compiled.grpcTimeoutHeaderMax = milliseconds(
                given.grpcTimeoutHeaderMax,
                path["grpc_timeout_header_max"]
            )
        }
        if given.hasGrpcTimeoutHeaderOffset {
            let place = path["grpc_timeout_header_offset"]
            compiled.grpcTimeoutHeaderOffset =
                milliseconds(given.grpcTimeoutHeaderOffset, place) ?? 0
            if !given.hasGrpcTimeoutHeaderMax {
                warn(
                    place,
                    "has no effect without grpc_timeout_header_max",
                    "give grpc_timeout_header_max: 0s to take grpc-timeout as it is"
                )
            }
        }
        return compiled
    }

    /// `max_grpc_timeout` and `grpc_timeout_offset`, which `max_stream_duration` replaced.
    private func grpcTimeout(_ action: ActionMessage, _ path: FieldPath) -> GRPCTimeoutLimit? {
        let most = path["max_grpc_timeout"]
        let less = path["grpc_timeout_offset"]
        let maximum = action.hasMaxGrpcTimeout ? milliseconds(action.maxGrpcTimeout, most) : nil
        let offset =
            action.hasGrpcTimeoutOffset ? milliseconds(action.grpcTimeoutOffset, less) ?? 0 : 0
        if action.hasMaxStreamDuration {
            for (isGiven, place) in [
                (action.hasMaxGrpcTimeout, most), (action.hasGrpcTimeoutOffset, less),
            ] where isGiven {
                warn(
                    place,
                    "has no effect beside max_stream_duration",
                    "max_stream_duration: {grpc_timeout_header_max: …} takes its place"
                )
            }
        } else if action.hasGrpcTimeoutOffset, !action.hasMaxGrpcTimeout {
            warn(
                less,
                "has no effect without max_grpc_timeout",
                "give max_grpc_timeout: 0s to take grpc-timeout as it is"
            )
        }
        return maximum.map { GRPCTimeoutLimit(maximum: $0, offset: offset) }
    }

    private func hedges(
        _ action: ActionMessage,
        _ policy: RetryPolicy?,
        _ host: HostScope,
        _ path: FieldPath
    ) -> Bool {
        guard action.hasHedgePolicy else { return host.hedges }
        let isOn = action.hedgePolicy.hedgeOnPerTryTimeout
        if isOn, policy?.perTryTimeoutMilliseconds == nil {
            warn(
                path["hedge_on_per_try_timeout"],
                "has no effect without a per_try_timeout",
                "give retry_policy: {per_try_timeout: 0.25s}"
            )
        }
        return isOn
    }

    /// Says so where no try can reach its own time limit.
    private func warnOfLateTries(
        _ action: ActionMessage,
        _ policy: RetryPolicy?,
        _ total: Int64?,
        _ path: FieldPath
    ) {
        guard action.hasRetryPolicy, let total, let each = policy?.perTryTimeoutMilliseconds,
            each >= total
        else { return }
        warn(
            path["retry_policy"]["per_try_timeout"],
            "has no effect: the whole request has \(total) ms",
            "make it shorter than the route's timeout"
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

    private func hostRewrite(_ action: ActionMessage, _ path: FieldPath) -> HostRewrite {
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
            refuse(
                path["host_rewrite"],
                "it is not supported yet",
                "host_rewrite_literal, host_rewrite_header and host_rewrite_path_regex are"
            )
            return .none
        case .hostRewritePathRegex(let given):
            return rewrite(given, path["host_rewrite_path_regex"])
                .map { .pathRegex(expression: $0.expression, substitution: $0.substitution) }
                ?? .none
        }
    }
}

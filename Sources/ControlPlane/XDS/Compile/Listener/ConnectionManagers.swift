internal import Model
internal import SwiftProtobuf

/// `HttpConnectionManager`.
extension Compilation {
    typealias ManagerMessage =
        Envoy_Extensions_Filters_Network_HttpConnectionManager_V3_HttpConnectionManager

    func connectionManager(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> HTTPConnectionManager {
        if manager.statPrefix.isEmpty {
            refuse(path["stat_prefix"], "is empty", "name it; statistics are http.<stat_prefix>.…")
        }
        let common = messageLimits(
            manager.hasCommonHTTPProtocolOptions ? manager.commonHTTPProtocolOptions : nil,
            path["common_http_protocol_options"]
        )
        let old = oldProtocol(manager, path["http_protocol_options"])
        refuseUnsupported(manager, path)
        // Routes may say something of the filters, so these come first.
        filterChain = httpFilterChain(manager.httpFilters, path["http_filters"])
        let upgrades = upgrades(manager.upgradeConfigs, path["upgrade_configs"])
        filterChain.allowsConnect = upgrades.contains { $0.type == "connect" && $0.isEnabled }
        let chain = filterChain
        return HTTPConnectionManager(
            statPrefix: manager.statPrefix,
            routes: routes(manager, path),
            accessLogs: accessLogs(manager.accessLog, path["access_log"]),
            accessLogFilters: accessLogFilters(manager.accessLog, path["access_log"]),
            usesRemoteAddress: manager.useRemoteAddress.value,
            skipsXFFAppend: manager.skipXffAppend,
            xffTrustedHopCount: manager.xffNumTrustedHops,
            originalIPDetection: originalIPDetection(manager, path),
            internalAddresses: internalAddresses(manager, path["internal_address_config"]),
            appendsForwardedPort: manager.appendXForwardedPort,
            addsUserAgent: addedUserAgent(manager, path["add_user_agent"]),
            via: headText(manager.via, path["via"], inRequestLine: false) ?? "",
            stripsPort: portStripping(manager, path),
            stripsTrailingDot: manager.stripTrailingHostDot,
            schemeOverwrite: schemeOverwrite(manager, path["scheme_header_transformation"]),
            forwardsContinue: manager.proxy100Continue,
            generatesRequestID: manager.hasGenerateRequestID
                ? manager.generateRequestID.value : true,
            preservesExternalRequestID: manager.preserveExternalRequestID,
            setsRequestIDInResponse: manager.alwaysSetRequestIDInResponse,
            serverName: serverName(manager, path["server_name"]),
            serverHeader: serverHeader(
                manager,
                path["server_header_transformation"]
            ),
            suppressesEnvoyHeaders: chain.suppressesEnvoyHeaders,
            respectsExpectedTimeout: chain.respectsExpectedTimeout,
            countsByStatus: chain.countsByStatus,
            strictlyCheckedHeaders: chain.strictlyCheckedHeaders,
            normalizesPath: manager.hasNormalizePath ? manager.normalizePath.value : true,
            mergesSlashes: manager.mergeSlashes,
            escapedSlashes: escapedSlashes(
                manager,
                path["path_with_escaped_slashes_action"]
            ),
            streamIdleTimeoutMilliseconds: timeout(
                manager.hasStreamIdleTimeout ? manager.streamIdleTimeout : nil,
                path["stream_idle_timeout"],
                unset: 300_000
            ),
            requestTimeoutMilliseconds: timeout(
                manager.hasRequestTimeout ? manager.requestTimeout : nil,
                path["request_timeout"],
                unset: nil
            ),
            requestHeadersTimeoutMilliseconds: timeout(
                manager.hasRequestHeadersTimeout ? manager.requestHeadersTimeout : nil,
                path["request_headers_timeout"],
                unset: 10_000
            ),
            idleTimeoutMilliseconds: common.idleTimeoutMilliseconds,
            connectionDurationMaxMilliseconds: common.connectionDurationMaxMilliseconds,
            delayedCloseTimeoutMilliseconds: timeout(
                manager.hasDelayedCloseTimeout ? manager.delayedCloseTimeout : nil,
                path["delayed_close_timeout"],
                unset: 1_000
            ) ?? 0,
            requestHeadBytesMax: manager.hasMaxRequestHeadersKb
                ? 1024
                    * count(
                        manager.maxRequestHeadersKb.value,
                        path["max_request_headers_kb"],
                        1...8192
                    )
                : 60 * 1024,
            requestHeaderCountMax: common.headerCountMax,
            underscoredHeaders: underscoredHeaders(manager),
            streamDurationMaxMilliseconds: common.streamDurationMaxMilliseconds,
            requestsPerConnectionMax: common.requestsPerConnectionMax,
            acceptsHTTP10: old.isAccepted,
            defaultHostForHTTP10: old.host,
            codec: codec(manager, path["codec_type"]),
            http2: manager.hasHTTP2ProtocolOptions
                ? http2Options(manager.http2ProtocolOptions, path["http2_protocol_options"])
                : HTTP2Options(),
            upgrades: upgrades,
            clientCertificates: clientCertificates(manager, path),
            bridgesGRPCWeb: chain.bridgesGRPCWeb,
            grpcStatistics: chain.grpcStatistics,
            localReplies: localReplies(manager, path["local_reply_config"]),
            explainsLocalReplies: options.explainsLocalReplies
        )
    }

    private func codec(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> HTTPConnectionManager.Codec {
        switch known(manager.codecType, path) {
        case .http1: .http1
        case .http2: .http2
        default: .auto
        }
    }

    private func routes(_ manager: ManagerMessage, _ path: FieldPath) -> RouteTable {
        guard case .routeConfig(let table) = manager.routeSpecifier else {
            refuse(path, "has no routes", "give route_config with virtual_hosts")
            return routeTable(.with { $0.virtualHosts = [.init()] }, path["route_config"])
        }
        return routeTable(table, path["route_config"])
    }

    private func oldProtocol(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> (isAccepted: Bool, host: ByteString?) {
        let given = manager.httpProtocolOptions
        guard !given.defaultHostForHTTP10.isEmpty else { return (given.acceptHTTP10, nil) }
        let host = headText(
            given.defaultHostForHTTP10,
            path["default_host_for_http_10"],
            inRequestLine: true
        )
        return (given.acceptHTTP10, host)
    }

    private func serverName(_ manager: ManagerMessage, _ path: FieldPath) -> ByteString {
        guard !manager.serverName.isEmpty else { return "pillion" }
        return headText(manager.serverName, path, inRequestLine: false) ?? "pillion"
    }

    private func serverHeader(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> HTTPConnectionManager.ServerHeader {
        switch known(manager.serverHeaderTransformation, path) {
        case .appendIfAbsent: .appendIfAbsent
        case .passThrough: .passThrough
        default: .overwrite
        }
    }

    private func escapedSlashes(
        _ manager: ManagerMessage,
        _ path: FieldPath
    ) -> HTTPConnectionManager.EscapedSlashes {
        switch known(manager.pathWithEscapedSlashesAction, path) {
        case .rejectRequest: .reject
        case .unescapeAndRedirect: .unescapeAndRedirect
        case .unescapeAndForward: .unescapeAndForward
        default: .keep
        }
    }
}

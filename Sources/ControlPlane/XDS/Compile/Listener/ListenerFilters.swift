internal import Document
internal import Model
internal import SwiftProtobuf

/// `envoy.config.listener.v3.ListenerFilter`: what looks at a connection before its chain is chosen.
extension Compilation {
    private typealias ListenerFilterMessage = Envoy_Config_Listener_V3_ListenerFilter
    private typealias HTTP = Envoy_Extensions_Filters_Listener_HttpInspector_V3_HttpInspector
    private typealias TLS = Envoy_Extensions_Filters_Listener_TlsInspector_V3_TlsInspector
    private typealias Destination = Envoy_Extensions_Filters_Listener_OriginalDst_V3_OriginalDst
    private typealias Source = Envoy_Extensions_Filters_Listener_OriginalSrc_V3_OriginalSrc
    private typealias Proxy = Envoy_Extensions_Filters_Listener_ProxyProtocol_V3_ProxyProtocol

    private enum Kind: String {
        case tlsInspector = "envoy.filters.listener.tls_inspector"
        case httpInspector = "envoy.filters.listener.http_inspector"
        case originalDestination = "envoy.filters.listener.original_dst"
        case originalSource = "envoy.filters.listener.original_src"
        case proxyProtocol = "envoy.filters.listener.proxy_protocol"

        static let all: [Kind] = [
            .tlsInspector, .httpInspector, .originalDestination, .originalSource, .proxyProtocol,
        ]
    }

    func listenerFilters(
        _ listener: Envoy_Config_Listener_V3_Listener,
        _ path: FieldPath
    ) -> ListenerFilters {
        var filters = ListenerFilters()
        var seen: [Kind] = []
        for (index, filter) in listener.listenerFilters.enumerated() {
            let path = path["listener_filters"][index]
            guard let kind = listenerFilterKind(of: filter, path) else { continue }
            if seen.contains(kind) {
                warn(path, "is there already, and takes part once", "remove it")
                continue
            }
            if kind == .proxyProtocol, seen.contains(.tlsInspector) || seen.contains(.httpInspector)
            {
                warn(
                    path,
                    "stands behind an inspector, but its header is read first",
                    "move it to the front"
                )
            }
            seen.append(kind)
            readOptions(kind, filter, path, into: &filters)
        }
        // Connections are handed on by the address that this filter finds, so it is implied.
        if listener.useOriginalDst.value { filters.originalDestination = true }
        if listener.hasListenerFiltersTimeout {
            filters.timeoutMilliseconds = timeout(
                listener.listenerFiltersTimeout,
                path["listener_filters_timeout"],
                unset: nil
            )
        }
        filters.continuesOnTimeout = listener.continueOnListenerFiltersTimeout
        return filters
    }

    /// Says so where a chain asks what only an inspector finds; as in Envoy, none is added.
    func warnOfMissingInspectors(
        _ filters: ListenerFilters,
        _ listener: Envoy_Config_Listener_V3_Listener,
        _ path: FieldPath
    ) {
        for (index, chain) in listener.filterChains.enumerated() {
            let match = chain.filterChainMatch
            let place = path["filter_chains"][index]["filter_chain_match"]
            let asksTLS =
                match.transportProtocol == "tls" || match.serverNames.contains { !$0.isEmpty }
            if asksTLS, !filters.tlsInspector {
                warn(
                    place,
                    "takes nothing: no listener filter finds out what TLS asks for",
                    "give listener_filters: [{name: \(Kind.tlsInspector.rawValue), …}]"
                )
            } else if !match.applicationProtocols.isEmpty, !filters.inspectsBytes {
                warn(
                    place["application_protocols"],
                    "match nothing: no listener filter finds out what clients speak",
                    "give listener_filters tls_inspector for ALPN, http_inspector for HTTP in clear"
                )
            }
        }
    }

    // MARK: - Kinds

    private func listenerFilterKind(of filter: ListenerFilterMessage, _ path: FieldPath) -> Kind? {
        guard case .typedConfig(let any) = filter.configType else {
            // These have nothing to be configured, so their name is enough.
            if let kind = Kind(rawValue: filter.name) { return kind }
            if KnownFilters.listenerNames.contains(filter.name) {
                refuse(
                    path,
                    "listener filter \(quoted(filter.name)) is not supported yet",
                    Self.knownListenerFilters
                )
            } else {
                refuse(
                    path["name"],
                    "there is no listener filter \(quoted(filter.name))",
                    Self.filterHint(
                        filter.name,
                        prefix: "envoy.filters.listener.",
                        KnownFilters.listenerNames
                    )
                )
            }
            return nil
        }
        if any.isA(TLS.self) { return .tlsInspector }
        if any.isA(HTTP.self) { return .httpInspector }
        if any.isA(Destination.self) { return .originalDestination }
        if any.isA(Source.self) { return .originalSource }
        if any.isA(Proxy.self) { return .proxyProtocol }
        refuse(
            path,
            "listener filter \(quoted(filter.name)) (\(typeName(any))) is not supported yet",
            Self.knownListenerFilters
        )
        return nil
    }

    private static var knownListenerFilters: String {
        "known are " + Kind.all.map(\.rawValue).joined(separator: ", ")
    }

    private func readOptions(
        _ kind: Kind,
        _ filter: ListenerFilterMessage,
        _ path: FieldPath,
        into filters: inout ListenerFilters
    ) {
        var any: Google_Protobuf_Any?
        if case .typedConfig(let given) = filter.configType { any = given }
        var off = PortSet()
        if filter.hasFilterDisabled {
            let place = path["filter_disabled"]
            off = portSet(filter.filterDisabled, place) ?? off
            if kind != .tlsInspector, kind != .httpInspector {
                refuse(
                    place,
                    "it is not supported for \(kind.rawValue) yet",
                    "it turns off tls_inspector and http_inspector alone"
                )
            }
        }
        let path = path["typed_config"]
        switch kind {
        case .tlsInspector:
            filters.tlsInspector = true
            filters.tlsInspectorOffPorts = off.ranges
        case .httpInspector:
            filters.httpInspector = true
            filters.httpInspectorOffPorts = off.ranges
        case .originalDestination: filters.originalDestination = true
        case .originalSource:
            let config = any.flatMap { unpack($0, as: Source.self, path) } ?? Source()
            filters.originalSource = ListenerFilters.OriginalSource(
                mark: config.mark,
                bindsPort: config.bindPort
            )
        case .proxyProtocol:
            let config = any.flatMap { unpack($0, as: Proxy.self, path) } ?? Proxy()
            filters.proxyProtocol = proxyProtocol(config, path)
        }
    }

    private func proxyProtocol(
        _ config: Proxy,
        _ path: FieldPath
    ) -> ListenerFilters.ProxyProtocol {
        var compiled = ListenerFilters.ProxyProtocol(
            allowsMissing: config.allowRequestsWithoutProxyProtocol
        )
        let place = path["disallowed_versions"]
        for (index, version) in config.disallowedVersions.enumerated() {
            switch known(version, place[index]) {
            case .v2: compiled.acceptsV2 = false
            default: compiled.acceptsV1 = false
            }
        }
        if !compiled.acceptsV1, !compiled.acceptsV2 {
            warn(place, "refuses every version, so no header is taken", "leave one out")
        }
        return compiled
    }
}

/// `FilterChainMatch`, compiled: which connections a chain is for.
package struct FilterChainMatch: Sendable {
    package enum SourceType: Sendable { case any, sameIPOrLoopback, external }

    package var destinationPort: UInt16?
    /// Empty: any.
    package var destinationRanges: [AddressRange] = []
    /// Lower case, `*.example.com` for all below it; empty: any.
    package var serverNames: [ByteString] = []
    /// `raw_buffer` or `tls`; empty: any.
    package var transportProtocol: ByteString = ""
    /// As in the handshake, or as `http_inspector` found; empty: any.
    package var applicationProtocols: [ByteString] = []
    package var directSourceRanges: [AddressRange] = []
    package var sourceType: SourceType = .any
    package var sourceRanges: [AddressRange] = []
    package var sourcePorts: [UInt16] = []

    package init() {}

    /// Every connection matches.
    package var isEmpty: Bool {
        destinationPort == nil && destinationRanges.isEmpty && serverNames.isEmpty
            && transportProtocol.isEmpty && applicationProtocols.isEmpty
            && directSourceRanges.isEmpty && sourceType == .any && sourceRanges.isEmpty
            && sourcePorts.isEmpty
    }
}

/// What a chain does with the bytes of its connections.
package enum NetworkFilter: Sendable {
    case http(HTTPConnectionManager)
    case tcp(TCPProxyConfiguration)

    package func isSameKind(as other: NetworkFilter) -> Bool {
        switch (self, other) {
        case (.http, .http), (.tcp, .tcp): true
        default: false
        }
    }

    package var accessLogs: [AccessLogConfiguration] {
        switch self {
        case .http(let manager): manager.accessLogs
        case .tcp(let proxy): proxy.accessLogs
        }
    }
}

/// `FilterChain`, compiled.
package final class FilterChainConfiguration: Sendable {
    /// Empty where the configuration gives none.
    package let name: String
    package let match: FilterChainMatch
    /// nil: in clear.
    package let tls: DownstreamTLSConfiguration?
    /// Milliseconds from the acceptance to the end of the handshake; nil: the default of 10 s.
    package let transportConnectTimeoutMilliseconds: Int64?
    package let filter: NetworkFilter
    /// The chain's resource as comparable bytes: equal bytes, same chain.
    package let fingerprint: [UInt8]

    package init(
        name: String = "",
        match: FilterChainMatch = FilterChainMatch(),
        tls: DownstreamTLSConfiguration? = nil,
        transportConnectTimeoutMilliseconds: Int64? = nil,
        filter: NetworkFilter,
        fingerprint: [UInt8] = []
    ) {
        self.name = name
        self.match = match
        self.tls = tls
        self.transportConnectTimeoutMilliseconds = transportConnectTimeoutMilliseconds
        self.filter = filter
        self.fingerprint = fingerprint
    }
}

/// What looks at a connection before its chain is chosen.
package struct ListenerFilters: Sendable, Equatable {
    package struct ProxyProtocol: Sendable, Equatable {
        /// Connections without a header are taken as they are.
        package var allowsMissing: Bool
        package var acceptsV1: Bool
        package var acceptsV2: Bool

        package init(allowsMissing: Bool = false, acceptsV1: Bool = true, acceptsV2: Bool = true) {
            self.allowsMissing = allowsMissing
            self.acceptsV1 = acceptsV1
            self.acceptsV2 = acceptsV2
        }
    }
    /// `original_src`: connections to endpoints get the client's address.
    package struct OriginalSource: Sendable, Equatable {
        /// SO_MARK; 0: none.
        package var mark: UInt32
        package var bindsPort: Bool

        package init(mark: UInt32 = 0, bindsPort: Bool = false) {
            self.mark = mark
            self.bindsPort = bindsPort
        }
    }
    package var proxyProtocol: ProxyProtocol?
    package var originalDestination = false
    package var originalSource: OriginalSource?
    package var tlsInspector = false
    package var httpInspector = false
    /// Ports of destinations for whose connections the inspector is off (`filter_disabled`); in
    /// order, without overlaps.
    package var tlsInspectorOffPorts: [ClosedRange<UInt16>] = []
    package var httpInspectorOffPorts: [ClosedRange<UInt16>] = []
    /// Milliseconds; nil: no limit.
    ///
    /// Server-first protocols wait this long where something inspects.
    package var timeoutMilliseconds: Int64? = 15_000
    /// After the time the connection goes on with what is known.
    package var continuesOnTimeout = false

    package init() {}

    /// Bytes of the client may have to come before a chain can be chosen.
    package var inspects: Bool { proxyProtocol != nil || inspectsBytes }
    package var inspectsBytes: Bool { tlsInspector || httpInspector }

    /// Whether `tls_inspector` looks at connections to a port; nil: not one of TCP.
    package func inspectsTLS(to port: UInt16?) -> Bool {
        tlsInspector && !tlsInspectorOffPorts.contains { port.map($0.contains) ?? false }
    }

    /// Whether `http_inspector` looks at connections to a port; nil: not one of TCP.
    package func inspectsHTTP(to port: UInt16?) -> Bool {
        httpInspector && !httpInspectorOffPorts.contains { port.map($0.contains) ?? false }
    }
}

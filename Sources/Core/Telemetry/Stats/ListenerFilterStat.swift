/// The counters of what looks at connections before a filter chain is chosen, over all listeners,
/// with Envoy's full names.
public enum ListenerFilterStat: Int, StatSet {
    // The PROXY protocol
    case proxyProtoError
    case proxyProtoNotFoundDisallowed
    case proxyProtoNotFoundAllowed
    case proxyProtoV1Found
    case proxyProtoV1Disallowed
    case proxyProtoV1Error
    case proxyProtoV2Found
    case proxyProtoV2Disallowed
    case proxyProtoV2Error
    // TLS
    case tlsInspectorClientHelloTooLarge
    case tlsInspectorTlsFound
    case tlsInspectorTlsNotFound
    case tlsInspectorAlpnFound
    case tlsInspectorAlpnNotFound
    case tlsInspectorSniFound
    case tlsInspectorSniNotFound
    // HTTP
    case httpInspectorHttp10Found
    case httpInspectorHttp11Found
    case httpInspectorHttp2Found
    case httpInspectorHttpNotFound
    case httpInspectorReadError

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .proxyProtoError:
            .counter(
                "downstream_cx_proxy_proto_error",
                "Connections closed because their PROXY header is malformed or not allowed."
            )
        case .proxyProtoNotFoundDisallowed:
            .counter(
                "proxy_proto.not_found_disallowed",
                "Connections closed because they have no PROXY header."
            )
        case .proxyProtoNotFoundAllowed:
            .counter(
                "proxy_proto.not_found_allowed",
                "Connections without a PROXY header that were let in."
            )
        case .proxyProtoV1Found: .proxyProtocol(1, "found", "Connections with a PROXY header.")
        case .proxyProtoV1Disallowed:
            .proxyProtocol(1, "disallowed", "Connections whose version is not allowed.")
        case .proxyProtoV1Error:
            .proxyProtocol(1, "error", "Connections whose PROXY header is malformed.")
        case .proxyProtoV2Found: .proxyProtocol(2, "found", "Connections with a PROXY header.")
        case .proxyProtoV2Disallowed:
            .proxyProtocol(2, "disallowed", "Connections whose version is not allowed.")
        case .proxyProtoV2Error:
            .proxyProtocol(2, "error", "Connections whose PROXY header is malformed.")
        case .tlsInspectorClientHelloTooLarge:
            .counter(
                "tls_inspector.client_hello_too_large",
                "Connections whose ClientHello is larger than the inspector reads."
            )
        case .tlsInspectorTlsFound:
            .counter("tls_inspector.tls_found", "Connections that speak TLS.")
        case .tlsInspectorTlsNotFound:
            .counter("tls_inspector.tls_not_found", "Connections that do not speak TLS.")
        case .tlsInspectorAlpnFound:
            .counter("tls_inspector.alpn_found", "ClientHellos that offer protocols.")
        case .tlsInspectorAlpnNotFound:
            .counter("tls_inspector.alpn_not_found", "ClientHellos that offer no protocol.")
        case .tlsInspectorSniFound:
            .counter("tls_inspector.sni_found", "ClientHellos that name the server.")
        case .tlsInspectorSniNotFound:
            .counter("tls_inspector.sni_not_found", "ClientHellos that do not name the server.")
        case .httpInspectorHttp10Found:
            .counter("http_inspector.http10_found", "Connections that speak HTTP/1.0.")
        case .httpInspectorHttp11Found:
            .counter("http_inspector.http11_found", "Connections that speak HTTP/1.1.")
        case .httpInspectorHttp2Found:
            .counter("http_inspector.http2_found", "Connections that speak HTTP/2.")
        case .httpInspectorHttpNotFound:
            .counter("http_inspector.http_not_found", "Connections that do not speak HTTP.")
        case .httpInspectorReadError:
            .counter("http_inspector.read_error", "Connections that could not be read.")
        }
    }

    /// The scope's histograms.
    public typealias Histogram = ListenerFilterHistogram
    /// How the scope's names are made.
    public static let scopeKind = ScopeKind(prefix: "", label: nil)
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

/// The histogram of what looks at connections.
public enum ListenerFilterHistogram: Int, HistogramSet {
    case tlsInspectorBytesProcessed

    /// The full name.
    public var name: String { "tls_inspector.bytes_processed" }
    /// One sentence for `# HELP`.
    public var help: String { "Bytes that the TLS inspector looked at." }
}

extension StatDescription {
    /// A counter of one version of the PROXY protocol.
    fileprivate static func proxyProtocol(
        _ version: Int,
        _ name: StaticString,
        _ help: StaticString
    ) -> StatDescription {
        .labelled(
            "proxy_proto.versions.v\(version).\(name)",
            metric: "proxy_proto.\(name)",
            label: "envoy_proxy_protocol_version=\"\(version)\"",
            help
        )
    }
}

internal import Document
internal import Model

/// How HTTP is spoken to the endpoints of a cluster.
struct UpstreamHTTP {
    var upstreamProtocol: UpstreamProtocol = .http1
    var http2 = HTTP2Options()
    var takesServerNameFromHost = false
    var serverNameHeader: ByteString?
    var verifiesServerNameOfHost = false

    /// HTTP/2 may be spoken.
    var speaksHTTP2: Bool {
        switch upstreamProtocol {
        case .http1, .asDownstream(allowsHTTP2: false): false
        case .http2, .negotiated, .asDownstream(allowsHTTP2: true): true
        }
    }
}

/// `HttpProtocolOptions` of a cluster, and the fields that were there before it.
extension Compilation {
    typealias UpstreamOptions = Envoy_Extensions_Upstreams_Http_V3_HttpProtocolOptions
    private static let upstreamOptionsKey =
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

    /// The typed options of a cluster and where they stand; nil: it has none.
    func typedOptions(
        of cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath
    ) -> (options: Envoy_Extensions_Upstreams_Http_V3_HttpProtocolOptions, path: FieldPath)? {
        let typed = path["typed_extension_protocol_options"]
        for key in cluster.typedExtensionProtocolOptions.keys.sorted()
        where key != Self.upstreamOptionsKey {
            refuse(
                typed[key: key],
                "\(quoted(key)) is not supported yet",
                "known is " + Self.upstreamOptionsKey
            )
        }
        guard let any = cluster.typedExtensionProtocolOptions[Self.upstreamOptionsKey]
        else { return nil }
        let place = typed[key: Self.upstreamOptionsKey]
        guard let options = unpack(any, as: UpstreamOptions.self, place) else { return nil }
        let older: [(StaticString, Bool, String)] = [
            (
                "common_http_protocol_options", cluster.hasCommonHTTPProtocolOptions,
                "move it to common_http_protocol_options in there"
            ),
            (
                "http2_protocol_options", cluster.hasHTTP2ProtocolOptions,
                "move it to explicit_http_config in there"
            ),
            (
                "upstream_http_protocol_options", cluster.hasUpstreamHTTPProtocolOptions,
                "move it to upstream_http_protocol_options in there"
            ),
        ]
        for (name, isGiven, hint) in older where isGiven {
            refuse(path[name], "stands beside typed_extension_protocol_options", hint)
        }
        return (options, place)
    }

    /// The limits of a cluster: in its typed options, or in the field that was there before them.
    func commonLimits(
        of cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ typed: (options: UpstreamOptions, path: FieldPath)?
    ) -> MessageLimits {
        if let typed {
            let given = typed.options.hasCommonHTTPProtocolOptions
            return messageLimits(
                given ? typed.options.commonHTTPProtocolOptions : nil,
                typed.path["common_http_protocol_options"]
            )
        }
        let given = cluster.hasCommonHTTPProtocolOptions
        return messageLimits(
            given ? cluster.commonHTTPProtocolOptions : nil,
            path["common_http_protocol_options"]
        )
    }

    func upstreamHTTP(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ typed: (options: UpstreamOptions, path: FieldPath)?,
        _ transports: [UpstreamTransport]
    ) -> UpstreamHTTP {
        var http = UpstreamHTTP()
        if let typed {
            readVersion(typed.options, typed.path, transports, &http)
            if typed.options.hasUpstreamHTTPProtocolOptions {
                readServerNames(
                    typed.options.upstreamHTTPProtocolOptions,
                    typed.path["upstream_http_protocol_options"],
                    transports,
                    &http
                )
            }
        } else {
            readOlderVersion(cluster, path, &http)
            if cluster.hasUpstreamHTTPProtocolOptions {
                readServerNames(
                    cluster.upstreamHTTPProtocolOptions,
                    path["upstream_http_protocol_options"],
                    transports,
                    &http
                )
            }
        }
        return http
    }

    private func readVersion(
        _ options: UpstreamOptions,
        _ path: FieldPath,
        _ transports: [UpstreamTransport],
        _ http: inout UpstreamHTTP
    ) {
        switch options.upstreamProtocolOptions {
        case .explicitHTTPConfig(let explicit):
            let path = path["explicit_http_config"]
            switch explicit.protocolConfig {
            case .httpProtocolOptions: http.upstreamProtocol = .http1
            case .http2ProtocolOptions(let options):
                http.upstreamProtocol = .http2
                http.http2 = http2Options(options, path["http2_protocol_options"])
            case nil:
                refuse(
                    path,
                    "names no version of HTTP",
                    "give http_protocol_options: {} or http2_protocol_options: {}"
                )
            }
        case .useDownstreamProtocolConfig(let config):
            let path = path["use_downstream_protocol_config"]["http2_protocol_options"]
            http.upstreamProtocol = .asDownstream(allowsHTTP2: config.hasHTTP2ProtocolOptions)
            http.http2 = http2Options(config.http2ProtocolOptions, path)
        case .autoConfig(let config):
            let path = path["auto_config"]
            http.upstreamProtocol = .negotiated
            http.http2 = http2Options(
                config.http2ProtocolOptions,
                path["http2_protocol_options"]
            )
            if transports.contains(where: { $0.tls == nil }) {
                refuse(
                    path,
                    "the endpoint chooses the version in the handshake of TLS, but bytes go in clear",
                    "give every transport_socket UpstreamTlsContext, or write explicit_http_config"
                )
            }
        case nil:
            refuse(
                path,
                "names no version of HTTP",
                "give explicit_http_config: {http_protocol_options: {}}"
            )
        }
    }

    private func readOlderVersion(
        _ cluster: Envoy_Config_Cluster_V3_Cluster,
        _ path: FieldPath,
        _ http: inout UpstreamHTTP
    ) {
        let place = path["http2_protocol_options"]
        let asDownstream =
            known(cluster.protocolSelection, path["protocol_selection"])
            == .useDownstreamProtocol
        if cluster.hasHTTP2ProtocolOptions {
            http.http2 = http2Options(cluster.http2ProtocolOptions, place)
            http.upstreamProtocol = .http2
            if cluster.hasHTTPProtocolOptions, !asDownstream {
                refuse(
                    place,
                    "stands beside http_protocol_options",
                    "give only one, or protocol_selection: USE_DOWNSTREAM_PROTOCOL"
                )
            }
        }
        if asDownstream {
            http.upstreamProtocol = .asDownstream(allowsHTTP2: cluster.hasHTTP2ProtocolOptions)
        }
    }

    private func readServerNames(
        _ options: Envoy_Config_Core_V3_UpstreamHttpProtocolOptions,
        _ path: FieldPath,
        _ transports: [UpstreamTransport],
        _ http: inout UpstreamHTTP
    ) {
        http.takesServerNameFromHost = options.autoSni
        http.verifiesServerNameOfHost = options.autoSanValidation
        if !options.overrideAutoSniHeader.isEmpty {
            let place = path["override_auto_sni_header"]
            http.serverNameHeader = headerName(
                options.overrideAutoSniHeader,
                place,
                allowsPseudo: true
            )
            if !options.autoSni, !options.autoSanValidation {
                warn(place, "has no effect without auto_sni", "write auto_sni: true")
            }
        }
        guard options.autoSni || options.autoSanValidation else { return }
        let contexts = transports.compactMap(\.tls)
        if contexts.isEmpty {
            warn(
                path,
                "has no effect without TLS",
                "give transport_socket with UpstreamTlsContext"
            )
        } else if options.autoSanValidation,
            contexts.contains(where: { !($0.common.peerValidation?.hasAuthorities ?? false) })
        {
            warn(
                path["auto_san_validation"],
                "verifies nothing without authorities",
                "give validation_context with trusted_ca in common_tls_context"
            )
        }
    }
}

extension CertificateValidation {
    /// Some authority vouches for the names of a certificate.
    var hasAuthorities: Bool { trustedCA != nil || !trustDomains.isEmpty }
}

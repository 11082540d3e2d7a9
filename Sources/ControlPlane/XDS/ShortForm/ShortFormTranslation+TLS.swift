internal import Document

/// TLS and versions of HTTP of the short form.
extension ShortFormTranslation {
    private static let sockets = "envoy.extensions.transport_sockets.tls.v3"

    /// TLS from clients.
    func clientTransport(_ tls: ShortFormValue, _ app: ShortFormValue) -> Node {
        let at = tls.position
        let authority = tls["clientCA"].map { authority in
            Nodes.object(authority.position, [("trusted_ca", file(authority))])
        }
        // Clients choose; whatever they speak is turned into what the application speaks.
        let protocols = app["protocol"]?.text == "tcp" ? [] : ["h2", "http/1.1"]
        return transport(
            "DownstreamTlsContext",
            at,
            [
                (
                    "common_tls_context",
                    common(certificates(tls), authority, protocols, at)
                ),
                (
                    "require_client_certificate",
                    tls["clientCA"].map { Nodes.boolean(true, $0.position) }
                ),
            ]
        )
    }

    /// TLS to a service; nil: in clear.
    func serverTransport(_ service: ShortFormValue, _ to: ShortFormValue) -> Node? {
        guard let tls = service["tls"] else { return nil }
        let at = tls.position
        switch (tls["certificate"], tls["key"]) {
        case (let certificate?, nil):
            refuse(certificate.position, "it has no key", "add key, the file of its private key")
        case (nil, let key?):
            refuse(key.position, "it has no certificate", "add certificate, the file of it")
        default: break
        }
        let authority = tls["ca"].map { authority in
            Nodes.object(authority.position, [("trusted_ca", file(authority))])
        }
        let protocols: [String] =
            switch service["protocol"]?.text {
            case "tcp": []
            case "http2", "grpc": ["h2"]
            default: ["http/1.1"]
            }
        return transport(
            "UpstreamTlsContext",
            at,
            [
                ("sni", serverName(tls, to)),
                ("auto_sni_san_validation", Nodes.boolean(true, at)),
                (
                    "common_tls_context",
                    common(certificates(tls), authority, protocols, at)
                ),
            ]
        )
    }

    /// The options of a cluster that speaks HTTP/2; nil: HTTP/1, or no HTTP at all.
    func protocolOptions(_ value: ShortFormValue) -> Node? {
        guard let given = value["protocol"], given.text == "http2" || given.text == "grpc"
        else { return nil }
        let at = given.position
        let type = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        let version = Nodes.object(at, [("http2_protocol_options", Nodes.object(at, []))])
        return Nodes.object(at, [(type, Nodes.any(type, at, [("explicit_http_config", version)]))])
    }

    // MARK: - Parts

    private func serverName(_ tls: ShortFormValue, _ to: ShortFormValue) -> Node? {
        if let name = tls["serverName"] { return Nodes.text(name.text, name.position) }
        var names: [String] = []
        for element in to.elements {
            guard case .destination(let host, _, let isLiteral) = element.content, !isLiteral,
                !names.contains(host)
            else { continue }
            names.append(host)
        }
        guard let name = names.first, names.count == 1 else {
            refuse(
                tls.position,
                names.isEmpty
                    ? "to has addresses only, so there is no name to verify"
                    : "to has \(names.count) names, and certificates are verified for one",
                "add serverName"
            )
            return nil
        }
        return Nodes.text(name, to.position)
    }

    private func transport(
        _ message: String,
        _ at: Position,
        _ members: [(String, Node?)]
    ) -> Node {
        Nodes.object(
            at,
            [
                ("name", Nodes.text("envoy.transport_sockets.tls", at)),
                ("typed_config", Nodes.any("\(Self.sockets).\(message)", at, members)),
            ]
        )
    }

    private func common(
        _ certificates: Node?,
        _ validation: Node?,
        _ protocols: [String],
        _ at: Position
    ) -> Node {
        Nodes.object(
            at,
            [
                ("tls_certificates", certificates),
                ("validation_context", validation),
                (
                    "alpn_protocols",
                    protocols.isEmpty
                        ? nil : Nodes.list(protocols.map { Nodes.text($0, at) }, at)
                ),
            ]
        )
    }

    private func certificates(_ tls: ShortFormValue) -> Node? {
        guard let certificate = tls["certificate"], let key = tls["key"] else { return nil }
        let at = certificate.position
        let pair = Nodes.object(
            at,
            [("certificate_chain", file(certificate)), ("private_key", file(key))]
        )
        return Nodes.list([pair], at)
    }

    private func file(_ value: ShortFormValue) -> Node {
        let name = Nodes.text(value.text, value.position)
        return Nodes.object(value.position, [("filename", name)])
    }
}

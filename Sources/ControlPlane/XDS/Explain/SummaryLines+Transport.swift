internal import Document

/// TLS in words: certificates, names and what is demanded of peers.
extension SummaryLines {
    /// How the bytes of a chain's clients are wrapped; nothing where they go in clear.
    mutating func addTransport(of chain: ConfigurationFact) {
        guard let context = chain["transport_socket"]?["typed_config"],
            context.isA("DownstreamTlsContext")
        else { return }
        let common = context["common_tls_context"]
        add("TLS with \(Self.certificates(common))", indent: 1)
        let demanded = Self.demanded(common)
        switch (context["require_client_certificate"]?.bare == "true", demanded) {
        case (true, let demanded?): add("clients show a certificate \(demanded)", indent: 2)
        case (true, nil): add("clients show a certificate, of anybody", indent: 2)
        case (false, let demanded?): add("clients may show a certificate \(demanded)", indent: 2)
        case (false, nil): add("clients need no certificate (default)", indent: 2)
        }
        addNames(common)
        addLeniency(common)
        addVersions(common)
    }

    /// How the bytes to a cluster's endpoints are wrapped, and what is spoken.
    mutating func addUpstreamTransport(_ cluster: ConfigurationFact) {
        if let socket = cluster["transport_socket"] { addUpstream(socket) }
        for match in cluster["transport_socket_matches"]?.elements ?? [] {
            guard let socket = match["transport_socket"] else { continue }
            let condition = match["match"]?.bare ?? ""
            add("endpoints with \(condition.isEmpty ? "any metadata" : condition)", indent: 1)
            depth += 1
            addUpstream(socket)
            depth -= 1
        }
        let key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        let options = cluster["typed_extension_protocol_options"]?[key]
        if cluster["http2_protocol_options"] != nil
            || options?["explicit_http_config"]?["http2_protocol_options"] != nil
        {
            add("HTTP/2", indent: 1)
        } else if options?["auto_config"] != nil {
            add("HTTP/2 or HTTP/1, as the endpoint chooses", indent: 1)
        } else if options?["use_downstream_protocol_config"] != nil {
            add("the version of HTTP that the client speaks", indent: 1)
        }
    }

    private mutating func addUpstream(_ socket: ConfigurationFact) {
        guard var context = socket["typed_config"] else { return }
        if context.isA("ProxyProtocolUpstreamTransport") {
            let version = context["config"]?["version"]?.text ?? "V1"
            add("the PROXY protocol \(version) tells the client's address", indent: 1)
            guard let inner = context["transport_socket"]?["typed_config"] else { return }
            context = inner
        }
        guard context.isA("UpstreamTlsContext") else { return }
        let common = context["common_tls_context"]
        let name = context["sni"]?.text ?? ""
        add("TLS" + (name.isEmpty ? "" : " to the name \(name)"), indent: 1)
        if let demanded = Self.demanded(common) {
            add("endpoints show a certificate \(demanded)", indent: 2)
        } else {
            add("certificates of endpoints are not verified (default)", indent: 2)
        }
        if context["auto_sni_san_validation"]?.bare == "true" {
            add("it has to be for that name", indent: 2)
        }
        addNames(common)
        addLeniency(common)
        if common?["tls_certificates"] != nil
            || common?["tls_certificate_sds_secret_configs"] != nil
        {
            add("ours is \(Self.certificates(common))", indent: 2)
        }
        addVersions(common)
    }

    // MARK: - Parts

    private static func certificates(_ common: ConfigurationFact?) -> String {
        let files = (common?["tls_certificates"]?.elements ?? []).map { certificate in
            let chain = certificate["certificate_chain"] ?? certificate["pkcs12"]
            return "the certificate in \(source(chain))"
        }
        let named = (common?["tls_certificate_sds_secret_configs"]?.elements ?? []).map {
            "the certificate \(secret($0))"
        }
        let all = files + named
        return all.isEmpty ? "no certificate" : all.joined(separator: " and ")
    }

    private static func validation(_ common: ConfigurationFact?) -> ConfigurationFact? {
        common?["validation_context"]
            ?? common?["combined_validation_context"]?["default_validation_context"]
    }

    /// Who has to vouch for a peer.
    private static func authority(_ common: ConfigurationFact?) -> String? {
        if let authority = validation(common)?["trusted_ca"] {
            return "an authority in \(source(authority))"
        }
        if validation(common)?["custom_validator_config"] != nil {
            return "an authority of its trust domain"
        }
        let named =
            common?["validation_context_sds_secret_config"]
            ?? common?["combined_validation_context"]?["validation_context_sds_secret_config"]
        return named.map { "an authority in \(secret($0))" }
    }

    /// What a peer's certificate has to be; nil: nothing in particular.
    private static func demanded(_ common: ConfigurationFact?) -> String? {
        var demands = authority(common).map { ["of \($0)"] } ?? []
        let pinned = ["verify_certificate_spki", "verify_certificate_hash"].reduce(0) {
            $0 + (validation(common)?[$1]?.elements.count ?? 0)
        }
        if pinned > 0 {
            demands.append(pinned == 1 ? "that is the one pinned" : "of the \(pinned) pinned ones")
        }
        return demands.isEmpty ? nil : demands.joined(separator: ", ")
    }

    /// Which faults of a certificate matter more or less than usual.
    private mutating func addLeniency(_ common: ConfigurationFact?) {
        guard let validation = Self.validation(common) else { return }
        if let list = validation["crl"] {
            add("those revoked in \(Self.source(list)) are refused", indent: 2)
        }
        if validation["allow_expired_certificate"]?.bare == "true" {
            add("one that has expired will do", indent: 2)
        }
        if validation["trust_chain_verification"]?.text == "ACCEPT_UNTRUSTED" {
            add("one that is not trusted is let in all the same", indent: 2)
        }
    }

    private mutating func addNames(_ common: ConfigurationFact?) {
        let matchers = Self.validation(common)?["match_typed_subject_alt_names"]?.elements ?? []
        if matchers.isEmpty { return }
        let names = matchers.map { matcher in
            "\(matcher["san_type"]?.text ?? "") \(matcher["matcher"]?.bare ?? "")"
        }
        add("with one of the names \(names.joined(separator: ", "))", indent: 2)
    }

    private mutating func addVersions(_ common: ConfigurationFact?) {
        if let least = common?["tls_params"]?["tls_minimum_protocol_version"] {
            add("version at least \(least.words)", indent: 2)
        }
        if let protocols = common?["alpn_protocols"] {
            add("protocols: \(protocols.words)", indent: 2)
        }
    }

    /// Where bytes come from, never the bytes themselves: they may be a key.
    private static func source(_ source: ConfigurationFact?) -> String {
        if let name = source?["filename"] { return name.words }
        if let name = source?["environment_variable"] { return "$\(name.text)" }
        return "the configuration"
    }

    private static func secret(_ config: ConfigurationFact) -> String {
        let path = config["sds_config"]?["path_config_source"]?["path"]?.text
        return "secret \(config["name"]?.text ?? "")" + (path.map { " of \($0)" } ?? "")
    }
}

/// The counters of the handshakes of one listener or cluster, with Envoy's names below
/// `listener.<address>.ssl.` and `cluster.<name>.ssl.`.
public enum TLSStat: Int, StatSet {
    case connectionError
    case handshake
    case sessionReused
    case noCertificate
    case failVerifyNoCert
    case failVerifyError
    case failVerifySan
    case failVerifyCertHash
    case ocspStapleFailed
    case ocspStapleOmitted
    case ocspStapleResponses
    case ocspStapleRequests

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .connectionError:
            .counter("connection_error", "Connections that failed for an error of TLS itself.")
        case .handshake:
            .counter("handshake", "Handshakes that succeeded.")
        case .sessionReused:
            .counter("session_reused", "Handshakes that resumed a session.")
        case .noCertificate:
            .counter("no_certificate", "Handshakes whose peer showed no certificate.")
        case .failVerifyNoCert:
            .counter(
                "fail_verify_no_cert",
                "Connections refused because the peer showed no certificate."
            )
        case .failVerifyError:
            .counter(
                "fail_verify_error",
                "Connections refused because the peer's chain could not be verified."
            )
        case .failVerifySan:
            .counter(
                "fail_verify_san",
                "Connections refused because the peer's names are not those demanded."
            )
        case .failVerifyCertHash:
            .counter(
                "fail_verify_cert_hash",
                "Connections refused because the peer's certificate is not one of those demanded."
            )
        case .ocspStapleFailed:
            .counter(
                "ocsp_staple_failed",
                "Handshakes refused because there is no valid OCSP response to staple."
            )
        case .ocspStapleOmitted:
            .counter(
                "ocsp_staple_omitted",
                "Handshakes without an OCSP response that the client asked for."
            )
        case .ocspStapleResponses:
            .counter("ocsp_staple_responses", "Handshakes with an OCSP response.")
        case .ocspStapleRequests:
            .counter("ocsp_staple_requests", "Handshakes whose client asked for an OCSP response.")
        }
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made; a cluster's has another.
    public static let scopeKind = ListenerStat.scopeKind
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

/// How often a handshake chose something: `ssl.ciphers.<name>`, `ssl.versions.<name>`,
/// `ssl.curves.<name>`, `ssl.sigalgs.<name>`.
public enum TLSChoiceStat: Int, StatSet {
    case handshakes

    /// Its name, which the scope's already has, kind and meaning.
    public var description: StatDescription {
        .counter("", "Handshakes that chose it.")
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made; a cluster's has another.
    public static let scopeKind = ListenerStat.scopeKind
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

/// The counters of what handshakes need, below `listener.<address>.server_ssl_socket_factory.` and
/// `cluster.<name>.client_ssl_socket_factory.`.
public enum TLSContextStat: Int, StatSet {
    case downstreamContextSecretsNotReady
    case sslContextUpdateBySds
    case upstreamContextSecretsNotReady

    /// Its name, kind and meaning.
    public var description: StatDescription {
        switch self {
        case .downstreamContextSecretsNotReady:
            .counter(
                "downstream_context_secrets_not_ready",
                "Connections of clients refused because certificates were not there yet."
            )
        case .sslContextUpdateBySds:
            .counter(
                "ssl_context_update_by_sds",
                "Times that the certificates were taken from a provider of secrets or read again."
            )
        case .upstreamContextSecretsNotReady:
            .counter(
                "upstream_context_secrets_not_ready",
                "Connections to endpoints not made because certificates were not there yet."
            )
        }
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made; a cluster's has another.
    public static let scopeKind = ListenerStat.scopeKind
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

/// What is known of one certificate, below `listener.<address>.ssl.certificate.<name>.` and
/// `cluster.<name>.ssl.certificate.<name>.`.
public enum CertificateStat: Int, StatSet {
    case expirationUnixTimeSeconds

    /// Its name, kind and meaning.
    public var description: StatDescription {
        .gauge(
            "expiration_unix_time_seconds",
            "When the certificate expires, in seconds since 1970.",
            merge: .maximum
        )
    }

    /// The scope's histograms.
    public typealias Histogram = NoHistogram
    /// How the scope's names are made; a cluster's has another.
    public static let scopeKind = ListenerStat.scopeKind
    /// Where responses are counted.
    public static let responses: ResponseStats<Self>? = nil
}

extension OperatorName {
    /// The operators of the handshakes; lists have commas between.
    static let ofTLS: [OperatorName] = [
        OperatorName(
            "DOWNSTREAM_TLS_VERSION",
            .tls,
            .none,
            "The version of TLS with the client: `TLSv1.3`."
        ),
        OperatorName("DOWNSTREAM_TLS_CIPHER", .tls, .none, "The cipher suite with the client."),
        OperatorName(
            "DOWNSTREAM_TLS_GROUP",
            .tls,
            .none,
            "The curve of the key exchange with the client: `X25519`."
        ),
        OperatorName(
            "DOWNSTREAM_TLS_SESSION_ID",
            .tls,
            .none,
            "The TLS session with the client, in hexadecimal."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_SUBJECT",
            .tls,
            .none,
            "The subject of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_ISSUER",
            .tls,
            .none,
            "The issuer of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_SERIAL",
            .tls,
            .none,
            "The serial number of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_FINGERPRINT_256",
            .tls,
            .none,
            "SHA-256 of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_FINGERPRINT_1",
            .tls,
            .none,
            "SHA-1 of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_URI_SAN",
            .tls,
            .none,
            "The URIs of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_DNS_SAN",
            .tls,
            .none,
            "The DNS names of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_IP_SAN",
            .tls,
            .none,
            "The IP addresses of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_EMAIL_SAN",
            .tls,
            .none,
            "The e-mail addresses of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256",
            .tls,
            .none,
            "SHA-256 of each certificate of the client's chain, leaf first."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1",
            .tls,
            .none,
            "SHA-1 of each certificate of the client's chain, leaf first."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_CHAIN_SERIALS",
            .tls,
            .none,
            "The serial number of each certificate of the client's chain."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_CERT",
            .tls,
            .none,
            "PEM, percent-encoded, of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_CERT_V_START",
            .tls,
            .optional,
            "The begin of the time of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_PEER_CERT_V_END",
            .tls,
            .optional,
            "The end of the time of the client's certificate."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_SUBJECT",
            .tls,
            .none,
            "The subject of the certificate that the client was shown."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_URI_SAN",
            .tls,
            .none,
            "The URIs of the certificate that the client was shown."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_DNS_SAN",
            .tls,
            .none,
            "The DNS names of the certificate that the client was shown."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_IP_SAN",
            .tls,
            .none,
            "The IP addresses of the certificate that the client was shown."
        ),
        OperatorName(
            "DOWNSTREAM_LOCAL_EMAIL_SAN",
            .tls,
            .none,
            "The e-mail addresses of the certificate that the client was shown."
        ),
        OperatorName(
            "UPSTREAM_TLS_VERSION",
            .tls,
            .none,
            "The version of TLS with the endpoint: `TLSv1.3`."
        ),
        OperatorName("UPSTREAM_TLS_CIPHER", .tls, .none, "The cipher suite with the endpoint."),
        OperatorName(
            "UPSTREAM_TLS_GROUP",
            .tls,
            .none,
            "The curve of the key exchange with the endpoint: `X25519`."
        ),
        OperatorName(
            "UPSTREAM_TLS_SESSION_ID",
            .tls,
            .none,
            "The TLS session with the endpoint, in hexadecimal."
        ),
        OperatorName(
            "UPSTREAM_PEER_SUBJECT",
            .tls,
            .none,
            "The subject of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_ISSUER",
            .tls,
            .none,
            "The issuer of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_URI_SAN",
            .tls,
            .none,
            "The URIs of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_DNS_SAN",
            .tls,
            .none,
            "The DNS names of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_IP_SAN",
            .tls,
            .none,
            "The IP addresses of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_CERT",
            .tls,
            .none,
            "PEM, percent-encoded, of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_CERT_V_START",
            .tls,
            .optional,
            "The begin of the time of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_PEER_CERT_V_END",
            .tls,
            .optional,
            "The end of the time of the endpoint's certificate."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_SUBJECT",
            .tls,
            .none,
            "The subject of the certificate that the endpoint was shown."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_URI_SAN",
            .tls,
            .none,
            "The URIs of the certificate that the endpoint was shown."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_DNS_SAN",
            .tls,
            .none,
            "The DNS names of the certificate that the endpoint was shown."
        ),
        OperatorName(
            "UPSTREAM_LOCAL_IP_SAN",
            .tls,
            .none,
            "The IP addresses of the certificate that the endpoint was shown."
        ),
    ]
}

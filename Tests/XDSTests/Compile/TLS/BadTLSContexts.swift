/// Contexts without what they need, or with what does not exist.
extension BadTLS {
    static let contexts: [BadTLS] = [
        BadTLS(
            "a server needs a certificate",
            "common_tls_context: {}",
            says: """
                common_tls_context: has no certificate: a server needs one: give \
                tls_certificates or tls_certificate_sds_secret_configs
                """
        ),
        BadTLS(
            "a certificate needs a key",
            """
            common_tls_context: {tls_certificates: [{certificate_chain: {inline_string: \
            \(TLSFixture.quote(TestIdentity.certificate))}}]}
            """,
            says: """
                common_tls_context.tls_certificates[0]: has no private_key: give private_key: \
                {filename: …}
                """
        ),
        BadTLS(
            "a file is missing",
            """
            common_tls_context: {tls_certificates: [{certificate_chain: {filename: /no/c.pem}, \
            private_key: {filename: /no/k.pem}}]}
            """,
            says: """
                common_tls_context.tls_certificates[0].certificate_chain.filename: \
                "/no/c.pem": the file can't be opened: no such file or directory
                """,
            """
            common_tls_context.tls_certificates[0].private_key.filename: "/no/k.pem": the file \
            can't be opened: no such file or directory
            """
        ),
        BadTLS(
            "key and certificate are swapped",
            """
            common_tls_context: {tls_certificates: [{certificate_chain: {inline_string: \
            \(TLSFixture.quote(TestIdentity.key))}, private_key: {inline_string: \
            \(TLSFixture.quote(TestIdentity.certificate))}}]}
            """,
            says: """
                common_tls_context.tls_certificates[0].certificate_chain: holds no certificate in \
                PEM: it holds PRIVATE KEY
                """,
            """
            common_tls_context.tls_certificates[0].private_key: holds no private key in PEM: it \
            holds CERTIFICATE
            """
        ),
        BadTLS(
            "a key that does not fit",
            """
            common_tls_context: {tls_certificates: [{certificate_chain: {inline_string: \
            \(TLSFixture.quote(TestIdentity.certificate))}, private_key: {inline_string: \
            \(TLSFixture.quote(TestIdentity.otherKey))}}]}
            """,
            says: """
                common_tls_context.tls_certificates[0].private_key: the key in the configuration \
                does not belong to the certificate in the configuration (subject "CN=app"): \
                replace both files together
                """
        ),
        BadTLS(
            "PKCS #12 beside PEM",
            """
            common_tls_context: {tls_certificates: [{certificate_chain: {inline_string: a}, \
            pkcs12: {inline_string: a}}]}
            """,
            says: """
                common_tls_context.tls_certificates[0].pkcs12: stands beside certificate_chain or \
                private_key: it holds both; leave them out
                """
        ),
        .common(
            "a version range without versions",
            "tls_params: {tls_maximum_protocol_version: TLSv1_1}",
            says: """
                common_tls_context.tls_params.tls_maximum_protocol_version: the highest version is \
                below the lowest: servers and clients begin at TLSv1_2 by default
                """
        ),
        .common(
            "an old version without its cipher suites",
            "tls_params: {tls_minimum_protocol_version: TLSv1_0}",
            says: """
                common_tls_context.tls_params.tls_minimum_protocol_version: has no effect: no \
                cipher suite of the default list fits below TLSv1_2: leave it out, or give \
                cipher_suites
                """
        ),
        .common(
            "a cipher suite with a slip",
            "tls_params: {cipher_suites: [ECDHE-RSA-AES128-GCM-SHA265]}",
            says: """
                common_tls_context.tls_params.cipher_suites[0]: "ECDHE-RSA-AES128-GCM-SHA265" is \
                no cipher suite: did you mean "ECDHE-RSA-AES128-GCM-SHA256"?
                """
        ),
        .common(
            "a cipher suite of TLS 1.3",
            "tls_params: {cipher_suites: [TLS_AES_128_GCM_SHA256]}",
            says: """
                common_tls_context.tls_params.cipher_suites[0]: "TLS_AES_128_GCM_SHA256" belongs \
                to TLS 1.3, whose suites are always on: leave it out
                """
        ),
        .common(
            "a curve with another name",
            "tls_params: {ecdh_curves: [P256]}",
            says: """
                common_tls_context.tls_params.ecdh_curves[0]: "P256" is no curve: did you mean \
                "P-256"?
                """
        ),
        .common(
            "no curve that can be offered",
            "tls_params: {ecdh_curves: [X25519MLKEM768]}",
            says: """
                common_tls_context.tls_params.ecdh_curves: names no curve that can be offered: add \
                X25519
                """
        ),
        .common(
            "a signature algorithm with a slip",
            "tls_params: {signature_algorithms: [rsa_pss_sha256]}",
            says: """
                common_tls_context.tls_params.signature_algorithms[0]: "rsa_pss_sha256" is no \
                signature algorithm: did you mean "rsa_pkcs1_sha256"?
                """
        ),
        .common(
            "an empty name of a protocol",
            "alpn_protocols: [\"\"]",
            says: """
                common_tls_context.alpn_protocols[0]: is empty: the name of a protocol has 1 to \
                255 bytes: h2, http/1.1
                """
        ),
        .common(
            "a protocol that is written otherwise",
            "alpn_protocols: [http2]",
            says: """
                common_tls_context.alpn_protocols[0]: "http2" is not known, and offered as it is: \
                did you mean h2?
                """
        ),
        BadTLS(
            "a ticket key of the wrong length",
            """
            common_tls_context: {\(TLSFixture.certificate)}, \
            session_ticket_keys: {keys: [{inline_string: short}]}
            """,
            says: """
                session_ticket_keys.keys[0]: has 5 bytes: a key has 80: openssl rand -out \
                ticket.key 80
                """
        ),
        BadTLS(
            "an endless session",
            "common_tls_context: {\(TLSFixture.certificate)}, session_timeout: 4294967296s",
            says: "session_timeout: is longer than 4294967295s: a day is 86400s"
        ),
        BadTLS(
            "a staple that must be there and is not",
            "common_tls_context: {\(TLSFixture.certificate)}, ocsp_staple_policy: MUST_STAPLE",
            says: """
                ocsp_staple_policy: MUST_STAPLE, but a certificate has no ocsp_staple: give each \
                certificate its response, or write LENIENT_STAPLING
                """
        ),
        BadTLS(
            "a certificate of clients of which nothing is demanded",
            "common_tls_context: {\(TLSFixture.certificate)}, require_client_certificate: true",
            says: """
                require_client_certificate: no client is asked for a certificate, since nothing is \
                demanded of one: give validation_context with trusted_ca in common_tls_context
                """
        ),
    ]
}

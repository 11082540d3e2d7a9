/// Demands on certificates that can't be met, and secrets that are not there.
extension BadTLS {
    private static let demandsPath = "common_tls_context.validation_context"

    static let demands: [BadTLS] = [
        .common(
            "names without an authority",
            """
            validation_context: {match_typed_subject_alt_names: [{san_type: DNS, \
            matcher: {exact: a}}]}
            """,
            says: """
                \(demandsPath): compares names that no authority vouches for: give trusted_ca
                """
        ),
        .common(
            "a list of revoked certificates without an authority",
            """
            validation_context: {crl: {inline_string: \
            \(TLSFixture.quote(TestIdentity.revocations))}}
            """,
            says: "\(demandsPath).crl: has no effect without authorities: give trusted_ca"
        ),
        .common(
            "expired certificates without an authority",
            "validation_context: {allow_expired_certificate: true}",
            says: """
                \(demandsPath).allow_expired_certificate: has no effect: without authorities no \
                certificate expires: give trusted_ca
                """
        ),
        .common(
            "an authority that is none",
            "validation_context: {trusted_ca: {inline_string: nonsense}}",
            says: """
                \(demandsPath).trusted_ca: holds no certificate in PEM: it begins with \
                -----BEGIN CERTIFICATE-----
                """
        ),
        .common(
            "two places for authorities",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), system_root_certs: {}}
            """,
            says: """
                \(demandsPath).system_root_certs: has no effect beside trusted_ca: give only one of the \
                two
                """,
            """
            require_client_certificate: is not true, so clients without a certificate are let in: \
            write true, unless that is meant
            """
        ),
        .common(
            "both forms of names",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), match_subject_alt_names: \
            [{exact: a}], match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: a}}]}, \
            tls_params: {}
            """,
            says: """
                \(demandsPath).match_subject_alt_names: has no effect beside \
                match_typed_subject_alt_names: leave it out: it is the older form
                """
        ),
        .common(
            "a name without a kind",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), \
            match_typed_subject_alt_names: [{matcher: {exact: a}}]}
            """,
            says: """
                \(demandsPath).match_typed_subject_alt_names[0]: has no san_type: give DNS, URI, \
                EMAIL, IP_ADDRESS or OTHER_NAME
                """
        ),
        .common(
            "a name without a condition",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), \
            match_typed_subject_alt_names: [{san_type: DNS}]}
            """,
            says: """
                \(demandsPath).match_typed_subject_alt_names[0]: has no matcher: say what the name \
                must be: matcher: {exact: …}
                """
        ),
        .common(
            "another name without its identifier",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), \
            match_typed_subject_alt_names: [{san_type: OTHER_NAME, matcher: {exact: a}}]}
            """,
            says: """
                \(demandsPath).match_typed_subject_alt_names[0].oid: is missing: write it with \
                dots: 1.3.6.1.4.1.311.20.2.3
                """
        ),
        .common(
            "a hash that is none",
            "validation_context: {verify_certificate_hash: [abc]}",
            says: """
                \(demandsPath).verify_certificate_hash[0]: "abc" is no SHA-256 in hexadecimal: \
                openssl x509 -in cert.pem -outform DER | openssl dgst -sha256
                """
        ),
        .common(
            "the hash of a key that is none",
            "validation_context: {verify_certificate_spki: [abc]}",
            says: """
                \(demandsPath).verify_certificate_spki[0]: "abc" is no SHA-256 in base64: openssl \
                x509 -in cert.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst \
                -sha256 -binary | openssl base64
                """
        ),
        .common(
            "a depth out of range",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), max_verify_depth: 101}
            """,
            says: "\(demandsPath).max_verify_depth: 101 is out of range: give 0 to 100"
        ),
        .common(
            "a trust domain with a scheme",
            """
            validation_context: {custom_validator_config: {name: spiffe, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.\
            SPIFFECertValidatorConfig, trust_domains: [{name: "spiffe://example.org", \
            trust_bundle: \(TLSFixture.authority)}]}}}
            """,
            says: """
                \(demandsPath).custom_validator_config.typed_config.trust_domains[0].name: \
                "spiffe://example.org" is no trust domain: write "example.org"
                """
        ),
        .common(
            "a trust domain twice",
            """
            validation_context: {custom_validator_config: {name: spiffe, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.\
            SPIFFECertValidatorConfig, trust_domains: [{name: a, trust_bundle: \
            \(TLSFixture.authority)}, {name: a, trust_bundle: \(TLSFixture.authority)}]}}}
            """,
            says: """
                \(demandsPath).custom_validator_config.typed_config.trust_domains[1].name: there \
                is another trust domain "a": put all authorities of a domain in one bundle
                """
        ),
        .common(
            "certificates that are only counted",
            """
            validation_context: {trusted_ca: \(TLSFixture.authority), \
            trust_chain_verification: ACCEPT_UNTRUSTED}
            """,
            says: """
                \(demandsPath).trust_chain_verification: certificates that no authority vouches \
                for are let in: write VERIFY_TRUST_CHAIN, unless that is meant
                """,
            """
            require_client_certificate: is not true, so clients without a certificate are let in: \
            write true, unless that is meant
            """
        ),
        .common(
            "trust domains that are to accept what they do not trust",
            """
            validation_context: {trust_chain_verification: ACCEPT_UNTRUSTED, \
            custom_validator_config: {name: spiffe, typed_config: {"@type": \
            type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.\
            SPIFFECertValidatorConfig, trust_domains: [{name: a, trust_bundle: \
            \(TLSFixture.authority)}]}}}
            """,
            says: """
                \(demandsPath).trust_chain_verification: ACCEPT_UNTRUSTED has no effect on trust \
                domains: leave it out
                """
        ),
        .common(
            "an authority of clients that need no certificate",
            "validation_context: {trusted_ca: \(TLSFixture.authority)}",
            says: """
                require_client_certificate: is not true, so clients without a certificate are let \
                in: write true, unless that is meant
                """
        ),
    ]

    private static let named = """
        common_tls_context: {tls_certificate_sds_secret_configs: [{name: server-cret}]}
        """
    private static let namedPath =
        "common_tls_context.tls_certificate_sds_secret_configs[0]"

    static let secrets: [BadTLS] = [
        BadTLS(
            "a secret with a slip in its name",
            named,
            secrets: "{name: server-cert, tls_certificate: \(TLSFixture.inlineCertificate)}",
            says: """
                \(namedPath).name: there is no secret "server-cret" in static_resources.secrets: \
                did you mean "server-cert"?
                """
        ),
        BadTLS(
            "a secret of another kind",
            named,
            secrets:
                "{name: server-cret, validation_context: {trusted_ca: \(TLSFixture.authority)}}",
            says: """
                \(namedPath).name: secret "server-cret" is a validation context, not a \
                certificate: name a secret that is a certificate
                """
        ),
        BadTLS(
            "a file of secrets that is missing",
            """
            common_tls_context: {tls_certificate_sds_secret_configs: [{name: a, sds_config: \
            {path_config_source: {path: /no/sds.yaml}}}]}
            """,
            says: """
                \(namedPath).sds_config.path_config_source.path: "/no/sds.yaml": the file can't \
                be opened: no such file or directory
                """
        ),
        BadTLS(
            "secrets from a control plane",
            """
            common_tls_context: {tls_certificate_sds_secret_configs: [{name: a, sds_config: \
            {ads: {}}}]}
            """,
            says: """
                read: tls.yaml:6:209: \(namedPath).\
                sds_config.ads: it is not supported yet: secrets come from files or \
                static_resources.secrets for now
                """
        ),
        BadTLS(
            "certificates of both kinds",
            """
            common_tls_context: {\(TLSFixture.certificate), \
            tls_certificate_sds_secret_configs: [{name: a}]}
            """,
            secrets: "{name: a, tls_certificate: \(TLSFixture.inlineCertificate)}",
            says: """
                common_tls_context.tls_certificate_sds_secret_configs: stands beside \
                tls_certificates: give only one of the two
                """
        ),
        BadTLS(
            "two secrets with one name",
            "common_tls_context: {\(TLSFixture.certificate)}",
            secrets: """
                {name: a, validation_context: {trusted_ca: \(TLSFixture.authority)}}, {name: a, \
                validation_context: {trusted_ca: \(TLSFixture.authority)}}
                """,
            says: """
                static_resources.secrets[1].name: there is another secret "a": names of secrets \
                are unique
                """
        ),
        BadTLS(
            "a secret without a content",
            "common_tls_context: {\(TLSFixture.certificate)}",
            secrets: "{name: a}",
            says: """
                static_resources.secrets[0]: holds nothing: give tls_certificate, \
                validation_context or session_ticket_keys
                """
        ),
    ]
}

import Testing

@testable import XDS

/// A context that is refused or taken with a warning, and what is said of it.
struct BadTLS: CustomTestStringConvertible, Sendable {
    let claim: String
    let fields: String
    let secrets: String
    /// `path: what: hint`, the path from the context on.
    let lines: [String]

    var testDescription: String { claim }

    init(_ claim: String, _ fields: String, secrets: String = "", says lines: String...) {
        self.claim = claim
        self.fields = fields
        self.secrets = secrets
        self.lines = lines
    }

    /// Below `common_tls_context`, beside a certificate.
    static func common(
        _ claim: String,
        _ fields: String,
        secrets: String = "",
        says lines: String...
    ) -> BadTLS {
        BadTLS(
            claim,
            "common_tls_context: {\(TLSFixture.certificate), \(fields)}",
            secrets: secrets,
            lines: lines
        )
    }

    private init(_ claim: String, _ fields: String, secrets: String, lines: [String]) {
        self.claim = claim
        self.fields = fields
        self.secrets = secrets
        self.lines = lines
    }
}

struct BadTLSTests {
    @Test(arguments: [BadTLS.contexts, BadTLS.demands, BadTLS.secrets].joined())
    func whatIsWrongInAContextIsSaid(_ bad: BadTLS) {
        let result = TLSFixture.downstream(
            socket: TLSFixture.downstreamSocket(bad.fields),
            secrets: bad.secrets
        )
        let before = TLSFixture.downstream + ".typed_config"
        #expect(
            result.said.map { Self.afterPlace($0).replacing(before + ".", with: "") } == bad.lines
        )
    }

    /// Without the place, `tls.yaml:6:40: `.
    private static func afterPlace(_ line: String) -> String {
        line.split(separator: " ", maxSplits: 1).last.map(String.init) ?? line
    }

    @Test func aProblemStandsWhereItsFieldDoes() {
        let result = TLSFixture.downstream(socket: TLSFixture.downstreamSocket("sni: a"))
        #expect(
            result.said == [
                """
                not read: tls.yaml:6:128: \(TLSFixture.downstream).typed_config.sni: the field is \
                not known: DownstreamTlsContext has common_tls_context, \
                require_client_certificate, session_ticket_keys, \
                session_ticket_keys_sds_secret_config, disable_stateless_session_resumption, \
                session_timeout, ocsp_staple_policy, full_scan_certs_on_sni_mismatch, \
                disable_stateful_session_resumption, prefer_client_ciphers
                """
            ]
        )
    }

    @Test func theContextOfTheOtherDirectionDoesNotBelongThere() {
        let result = TLSFixture.downstream(socket: TLSFixture.upstreamSocket(""))
        #expect(result.said.count == 1)
        #expect(
            result.said.first?.contains(
                "UpstreamTlsContext does not belong here: supported here: "
            ) == true
        )
    }
}

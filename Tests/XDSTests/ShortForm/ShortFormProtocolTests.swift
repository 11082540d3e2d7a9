import Document
import Model
import Testing

@testable import XDS

/// What the short form says of TLS and of what is spoken.
struct ShortFormProtocolTests {
    private static func form(_ spec: String) -> String {
        "apiVersion: pillion.dev/v1\nkind: SidecarConfig\nmetadata: {name: a}\nspec: \(spec)\n"
    }

    private static func tree(_ spec: String) throws -> JSONTree {
        let loaded = try ConfigurationLoader.load(text: form(spec), name: "sidecar.yaml")
        return try #require(MessageTree.tree(loaded.bootstrap)["static_resources"])
    }

    private static func first(_ tree: JSONTree?) -> JSONTree? {
        guard case .list(let elements)? = tree else { return nil }
        return elements.first
    }

    @Test func clientsMaySpeakTLSAndShowWhoTheyAre() throws {
        let statics = try Self.tree(
            """
            {app: {port: 8080}, inbound: {tls: {certificate: /c.pem, key: /k.pem, \
            clientCA: /ca.pem}}}
            """
        )
        let chain = Self.first(Self.first(statics["listeners"])?["filter_chains"])
        let context = try #require(chain?["transport_socket"]?["typed_config"])
        let common = try #require(context["common_tls_context"])
        #expect(context["require_client_certificate"] == .literal("true"))
        let pair = Self.first(common["tls_certificates"])
        #expect(pair?["certificate_chain"]?["filename"]?.text == "/c.pem")
        #expect(pair?["private_key"]?["filename"]?.text == "/k.pem")
        #expect(common["validation_context"]?["trusted_ca"]?["filename"]?.text == "/ca.pem")
        #expect(common["alpn_protocols"] == .list([.text("h2"), .text("http/1.1")]))
        let manager = Self.first(chain?["filters"])?["typed_config"]
        #expect(manager?["forward_client_cert_details"]?.text == "SANITIZE_SET")
    }

    @Test func aServiceOverTLSIsVerifiedByItsName() throws {
        let statics = try Self.tree(
            "{outbound: {pay: {to: pay.shop.svc:443, protocol: grpc, tls: {ca: /ca.pem}}}}"
        )
        let cluster = try #require(Self.first(statics["clusters"]))
        let context = try #require(cluster["transport_socket"]?["typed_config"])
        #expect(context["sni"]?.text == "pay.shop.svc")
        #expect(context["auto_sni_san_validation"] == .literal("true"))
        #expect(context["common_tls_context"]?["alpn_protocols"] == .list([.text("h2")]))
        let options = cluster["typed_extension_protocol_options"]?[
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        ]
        #expect(options?["explicit_http_config"]?["http2_protocol_options"] == .object([]))
        let chain = Self.first(Self.first(statics["listeners"])?["filter_chains"])
        let filters = Self.first(chain?["filters"])?["typed_config"]?["http_filters"]
        #expect(Self.first(filters)?["name"]?.text == "envoy.filters.http.grpc_stats")
    }

    @Test func whatIsNoHTTPIsRelayed() throws {
        let text = Self.form(
            """
            {app: {port: 5432, protocol: tcp}, outbound: {db: {to: {a: 10.0.0.1:5432, \
            b: 10.0.0.2:5432}, split: {a: 90, b: 10}, protocol: tcp, listen: 15020}}}
            """
        )
        let loaded = try ConfigurationLoader.load(text: text, name: "sidecar.yaml")
        let result = try SnapshotCompiler.compile(loaded)
        #expect(result.warnings == [])
        let relays = result.snapshot.listeners.compactMap { listener -> String? in
            guard case .tcp(let relay)? = listener.filterChains.first?.filter else { return nil }
            return relay.statPrefix
        }
        #expect(relays == ["inbound", "outbound-db"])
        let words = ConfigurationSummary.text(of: loaded)
        #expect(words.contains("every byte: to cluster app\n"))
        #expect(words.contains("every byte: 90 to db.a, 10 to db.b\n"))
    }

    @Test func requestsMaySwitchToWebSocket() throws {
        let text = Self.form(
            """
            {app: {port: 8080}, inbound: {websocket: true}, outbound: {chat: {to: 10.0.0.1:80, \
            websocket: true}}}
            """
        )
        let loaded = try ConfigurationLoader.load(text: text, name: "sidecar.yaml")
        let result = try SnapshotCompiler.compile(loaded)
        #expect(result.warnings == [])
        let upgrades = result.snapshot.listeners.compactMap { listener -> ByteString? in
            let route = listener.http.routes.virtualHosts.first?.routes.first
            if case .forward(let action)? = route?.action { return action.upgrades.first?.type }
            return nil
        }
        #expect(upgrades == ["websocket", "websocket"])
    }

    @Test(
        arguments: [
            (
                "{app: {port: 1, protocol: tcp}, inbound: {timeout: 1s}}",
                "spec.inbound.timeout: the application takes no requests: protocol is tcp: "
                    + "leave it out"
            ),
            (
                "{outbound: {db: {to: 10.0.0.1:1, protocol: tcp}}}",
                "spec.outbound[\"db\"]: bytes name no host, so the service needs a port of its "
                    + "own: add listen, such as listen: 15020"
            ),
            (
                "{outbound: {db: {to: 10.0.0.1:1, protocol: tcp, listen: 2, websocket: true}}}",
                "spec.outbound[\"db\"].websocket: the service takes no requests: protocol is "
                    + "tcp: leave it out"
            ),
            (
                "{outbound: {db: {to: 10.0.0.1:1, protocol: tcp, listen: 2, loadBalancing: "
                    + "maglev, hashOn: header:x-user}}}",
                "spec.outbound[\"db\"].hashOn: bytes have no header: write hashOn: source-ip"
            ),
            (
                "{outbound: {pay: {to: 10.0.0.1:443, tls: {ca: /ca.pem}}}}",
                "spec.outbound[\"pay\"].tls: to has addresses only, so there is no name to "
                    + "verify: add serverName"
            ),
            (
                "{outbound: {pay: {to: [a.svc:443, b.svc:443], tls: {ca: /ca.pem}}}}",
                "spec.outbound[\"pay\"].tls: to has 2 names, and certificates are verified for "
                    + "one: add serverName"
            ),
            (
                "{outbound: {pay: {to: a.svc:443, tls: {certificate: /c.pem}}}}",
                "spec.outbound[\"pay\"].tls.certificate: it has no key: add key, the file of its "
                    + "private key"
            ),
            (
                "{outbound: {pay: {to: a.svc:443, protocol: http3}}}",
                "spec.outbound[\"pay\"].protocol: \"http3\" is not a known value: did you mean "
                    + "\"http\"?"
            ),
            (
                "{app: {port: 1}, inbound: {tls: {certificate: /c.pem}}}",
                "spec.inbound.tls: key is missing: the private key, in PEM"
            ),
        ]
    )
    func aSlipIsTold(spec: String, line: String) {
        let lines = ShortFormProblemTests.lines(Self.form(spec)).map { told in
            told.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? ""
        }
        #expect(lines == [line])
    }
}

import Model
import Testing

@testable import XDS

/// Contexts of TLS in both directions, of one line each, compiled by themselves.
enum TLSFixture {
    private static let tls = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3."
    /// A certificate that a server needs.
    static let certificate = "tls_certificates: [\(inlineCertificate)]"
    static let inlineCertificate =
        "{certificate_chain: {inline_string: \(quote(TestIdentity.certificate))}, "
        + "private_key: {inline_string: \(quote(TestIdentity.key))}}"
    static let authority = "{inline_string: \(quote(TestIdentity.authority))}"
    /// What the paths of problems begin with.
    static let downstream = "static_resources.listeners[0].filter_chains[0].transport_socket"

    static let rawBuffer =
        "{name: r, typed_config: {\"@type\": type.googleapis.com/"
        + "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}"

    /// A text between quotes, as JSON and YAML have it.
    static func quote(_ text: String) -> String {
        "\"" + text.replacing("\n", with: "\\n") + "\""
    }

    static func upstreamSocket(_ fields: String) -> String {
        "{name: tls, typed_config: {\"@type\": \(tls)UpstreamTlsContext\(comma(fields))}}"
    }

    static func downstreamSocket(_ fields: String) -> String {
        "{name: tls, typed_config: {\"@type\": \(tls)DownstreamTlsContext\(comma(fields))}}"
    }

    private static func comma(_ fields: String) -> String { fields.isEmpty ? "" : ", " + fields }

    /// A file with a listener and its secrets; the context is line 6.
    private static func text(_ socket: String, _ secrets: String) -> String {
        """
        static_resources:
          secrets: [\(secrets)]
          listeners:
          - filter_chains:
            - transport_socket:
               \(socket)

        """
    }

    /// The compiled context and the problems, or else the warnings, one on each line.
    static func downstream(
        socket: String,
        secrets: String = ""
    ) -> (tls: DownstreamTLSConfiguration?, said: [String], outside: [UInt8]) {
        do {
            let loaded = try ConfigurationLoader.load(text: text(socket, secrets), name: "tls.yaml")
            let compilation = Compilation(loaded, CompileOptions())
            let statics = loaded.bootstrap.staticResources
            _ = compilation.secrets(
                statics.secrets,
                FieldPath("static_resources")["secrets"]
            )
            compilation.outside = []
            let chain = try #require(statics.listeners.first?.filterChains.first)
            let tls = compilation.downstreamTransport(
                chain.transportSocket,
                for: chain.filterChainMatch.serverNames,
                FieldPath(downstream)
            )
            let problems =
                compilation.problems.isEmpty ? compilation.warnings : compilation.problems
            return (tls, problems.map(\.description), compilation.outside)
        } catch {
            let problems = (error as? ConfigurationErrors)?.problems ?? []
            return (nil, problems.map { "not read: \($0.description)" }, [])
        }
    }

    static func downstream(
        _ fields: String,
        secrets: String = ""
    ) throws -> DownstreamTLSConfiguration {
        let result = downstream(socket: downstreamSocket(fields), secrets: secrets)
        #expect(result.said == [])
        return try #require(result.tls)
    }

    static func upstream(_ fields: String) throws -> UpstreamTLSConfiguration {
        let socket = upstreamSocket(fields)
        return try #require(
            ClusterFixture.cluster("transport_socket: \(socket)").transport.tls
        )
    }
}

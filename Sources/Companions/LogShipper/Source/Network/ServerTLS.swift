import CompanionKit
import Identity
import Model
import Telemetry

/// The certificate that a listening source shows, read anew when its files change.
final class ServerTLS {
    private let configuration: DownstreamTLSConfiguration
    private(set) var context: TLSContext
    private var signature: FileSignature
    /// Milliseconds on the monotonic clock.
    private var lookedAt: Int64 = 0
    private static let lookInterval: Int64 = 10_000

    /// - Parameter alpn: protocols that are spoken, the most wanted first.
    init(
        _ options: ListenTLSOptions,
        alpn: [String],
        place: ConfigurationPlace
    ) throws(LogConfigurationFailure) {
        var common = CommonTLSConfiguration()
        common.alpn = alpn.map { Array($0.utf8) }
        common.certificates = [
            .value(
                TLSCertificateSource(
                    chain: .file(options.certificateFile),
                    privateKey: .file(options.keyFile)
                )
            )
        ]
        if let authority = options.clientAuthorityFile {
            var validation = CertificateValidation()
            validation.trustedCA = .file(authority)
            common.validation = .value(validation)
        }
        configuration = DownstreamTLSConfiguration(
            common: common,
            requiresClientCertificate: options.clientAuthorityFile != nil
        )
        do throws(TLSContextFailure) {
            context = try TLSContext(downstream: configuration, secrets: StaticSecrets())
        } catch {
            throw LogConfigurationFailure(place: place, what: "TLS can't be offered: \(error)")
        }
        signature = context.signature
    }

    /// The context for a new connection.
    ///
    /// Files are looked at every ten seconds at most; where they can't be used, the old ones serve on.
    func current(now: Int64) -> TLSContext {
        guard now - lookedAt >= Self.lookInterval else { return context }
        lookedAt = now
        let found = FileSignature(context.files)
        guard found != signature else { return context }
        signature = found
        do throws(TLSContextFailure) {
            context = try TLSContext(downstream: configuration, secrets: StaticSecrets())
            Log.shared.log(.info, "a log source's certificate was read anew")
        } catch {
            Log.shared.log(
                .warning,
                "a log source's certificate can't be used; the one before it serves on: \(error)"
            )
        }
        return context
    }
}

package import Model

/// Puts a new context into a slot when a file or a secret has changed.
package final class TLSRotation: Sendable {
    package enum Configuration: Sendable {
        case downstream(DownstreamTLSConfiguration)
        case upstream(UpstreamTLSConfiguration)
    }

    package let slot: TLSContextSlot
    package let configuration: Configuration
    private let secrets: any SecretProvider

    package init(
        slot: TLSContextSlot,
        configuration: Configuration,
        secrets: any SecretProvider
    ) {
        self.slot = slot
        self.configuration = configuration
        self.secrets = secrets
    }

    /// Reads everything anew.
    ///
    /// A chain and its key are checked as a pair: where only one of two files has been replaced yet
    /// the old context goes on serving, and the next change brings the next try.
    package func reload() -> Result<TLSContext, TLSContextFailure> {
        do throws(TLSContextFailure) {
            let made =
                switch configuration {
                case .downstream(let value): try TLSContext(downstream: value, secrets: secrets)
                case .upstream(let value): try TLSContext(upstream: value, secrets: secrets)
                }
            slot.replace(with: made)
            return .success(made)
        } catch {
            return .failure(error)
        }
    }
}

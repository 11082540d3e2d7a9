package import Model

/// The counters of the handshakes of one listener or cluster at one worker.
///
/// Ask the registry for it where TLS is spoken only: each costs some 300 bytes. Not thread-safe:
/// each worker has its own.
package final class TLSStats {
    /// Which names of a kind are counted at most; the library knows fewer.
    private static let choicesMax = 64

    private enum Group: String {
        case ciphers, versions, curves, sigalgs
    }

    /// What always has a cell.
    package let counters: StatScope<TLSStat>
    private let registry: StatsRegistry
    private let owner: StatsRegistry.Owner
    private let worker: Int
    private var choices: [(group: Group, name: String, stats: StatScope<TLSChoiceStat>)] = []

    init(
        counters: StatScope<TLSStat>,
        registry: StatsRegistry,
        owner: StatsRegistry.Owner,
        worker: Int
    ) {
        self.counters = counters
        self.registry = registry
        self.owner = owner
        self.worker = worker
    }

    /// Adds 1.
    package func increment(_ stat: TLSStat) { counters.increment(stat) }

    /// The value at this worker.
    package func value(_ stat: TLSStat) -> UInt64 { counters.value(stat) }

    /// Counts a handshake that succeeded, and all that it chose.
    ///
    /// - Parameters:
    ///   - curve: `X25519`; empty where none was used.
    ///   - signatureAlgorithm: What the peer signed with, `rsa_pss_rsae_sha256`; empty: unknown.
    package func countHandshake(
        _ facts: TLSFacts,
        curve: String,
        signatureAlgorithm: String = ""
    ) {
        increment(.handshake)
        if facts.wasResumed { increment(.sessionReused) }
        if facts.peer == nil { increment(.noCertificate) }
        countHandshake(
            cipher: facts.cipherSuite,
            version: facts.version.name.description,
            curve: curve,
            signatureAlgorithm: signatureAlgorithm
        )
    }

    /// Counts only what a handshake chose; empty names are not counted.
    ///
    /// - Parameter version: `TLSv1.3`; see `TLSVersion.name`.
    package func countHandshake(
        cipher: String,
        version: String,
        curve: String,
        signatureAlgorithm: String = ""
    ) {
        count(.ciphers, cipher, label: cipherLabel)
        count(.versions, version, label: "envoy_ssl_version")
        count(.curves, curve, label: "envoy_ssl_curve")
        count(.sigalgs, signatureAlgorithm, label: "envoy_ssl_sigalg")
    }

    /// Envoy labels the two sides' ciphers differently.
    private var cipherLabel: String {
        switch owner {
        case .listener: "envoy_ssl_cipher"
        case .cluster: "cipher_suite"
        }
    }

    private func count(_ group: Group, _ name: String, label: String) {
        if name.isEmpty { return }
        for choice in choices where choice.group == group && choice.name == name {
            return choice.stats.increment(.handshakes)
        }
        if choices.count >= Self.choicesMax { return }
        let inner = InnerScope(
            "ssl.\(group.rawValue)",
            label: label,
            value: name,
            endsName: true
        )
        let stats = registry.choiceStats(owner, inner, worker: worker)
        choices.append((group, name, stats))
        stats.increment(.handshakes)
    }
}

@available(*, unavailable)
extension TLSStats: Sendable {}

extension TLSVersion {
    /// As statistics and logs call it.
    package var name: StaticString {
        switch self {
        case .tls10: "TLSv1"
        case .tls11: "TLSv1.1"
        case .tls12: "TLSv1.2"
        case .tls13: "TLSv1.3"
        }
    }
}

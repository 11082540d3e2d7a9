package import Identity
package import Model
import Telemetry

/// One certificate that a listener or a cluster shows or trusts now.
package struct UsedCertificate: Sendable {
    package let facts: CertificateFacts
    package let origin: CertificateOrigin
    /// Peers are verified against it; else this side shows it.
    package let isAuthority: Bool
    /// `listener main` or `cluster app`.
    package let user: String
}

/// The certificates in use, for pages, figures and warnings; from any thread.
extension DataPlane {
    /// The TLS contexts of the listeners, then of the clusters, that serve now.
    package var tlsRotations: [TLSRotation] {
        listeners.flatMap { $0.contexts.compactMap(\.self) }
            + clusters.flatMap { $0.contexts.compactMap(\.self) }
    }

    /// Every certificate of every context, so that one may be there several times.
    package var usedCertificates: [UsedCertificate] {
        tlsRotations.flatMap(\.slot.usedCertificates)
    }

    /// Says in the statistics when the certificates expire; for the main thread only.
    ///
    /// The counters of the handshakes stand at 0 from then on, as in Envoy.
    package func publishCertificateExpiries() {
        for listener in listeners where listener.contexts.contains(where: { $0 != nil }) {
            _ = registry.listenerTLSStats(
                address: listener.configuration.statName,
                worker: Self.mainThreadNumber
            )
            registry.setCertificates(
                listener: listener.configuration.statName,
                Self.expiries(of: listener.contexts)
            )
        }
        for cluster in clusters where cluster.contexts.contains(where: { $0 != nil }) {
            _ = registry.clusterTLSStats(
                name: cluster.configuration.statName,
                worker: Self.mainThreadNumber
            )
            registry.setCertificates(
                cluster: cluster.configuration.statName,
                Self.expiries(of: cluster.contexts)
            )
        }
    }

    /// By name, of those with the same name the one that expires first.
    private static func expiries(
        of contexts: [TLSRotation?]
    ) -> [(name: String, notAfter: Int64)] {
        var ends: [(name: String, notAfter: Int64)] = []
        for certificate in contexts.flatMap({ $0?.slot.usedCertificates ?? [] }) {
            let name = certificate.statName
            guard let known = ends.firstIndex(where: { $0.name == name }) else {
                ends.append((name, certificate.facts.notAfter))
                continue
            }
            ends[known].notAfter = min(ends[known].notAfter, certificate.facts.notAfter)
        }
        return ends
    }
}

extension TLSContextSlot {
    /// What the context shows and trusts that new connections use.
    package var usedCertificates: [UsedCertificate] {
        guard let context = current else { return [] }
        let shown = zip(context.certificates, context.certificateOrigins).map {
            UsedCertificate(facts: $0, origin: $1, isAuthority: false, user: name)
        }
        let trusted = zip(context.authorities, context.authorityOrigins).map {
            UsedCertificate(facts: $0, origin: $1, isAuthority: true, user: name)
        }
        return shown + trusted
    }
}

extension UsedCertificate {
    /// As Envoy calls it in statistics: by the secret's name, or by the digest of no name.
    var statName: String {
        if let name = origin.secretName { return name }
        return isAuthority ? "unnamed_ca_cert_e3b0c442" : "unnamed_cert_e3b0c442"
    }

    /// Whole days until it expires; 0 on its last day, negative afterwards.
    package func daysLeft(at now: Int64) -> Int64 {
        let (left, overflow) = facts.notAfter.subtractingReportingOverflow(now)
        if overflow { return facts.notAfter < 0 ? -1 : Int64(UInt32.max) }
        return left >= 0 ? left / 86_400 : -1 - (-1 - left) / 86_400
    }
}

import Identity
import Model

/// The TLS contexts of listeners and clusters: keys and trust are read when a snapshot is prepared.
extension DataPlane {
    /// By the position of the chains; nil for chains in clear.
    func contexts(
        of listener: ListenerConfiguration,
        _ secrets: StaticSecrets
    ) throws(StartFailure) -> [TLSRotation?] {
        var rotations: [TLSRotation?] = []
        for chain in listener.chains {
            guard let tls = chain.tls else {
                rotations.append(nil)
                continue
            }
            do throws(TLSContextFailure) {
                let context = try TLSContext(downstream: tls, secrets: secrets)
                rotations.append(
                    TLSRotation(
                        slot: TLSContextSlot(name: "listener \(listener.name)", context),
                        configuration: .downstream(tls),
                        secrets: secrets
                    )
                )
            } catch {
                let name = chain.name.isEmpty ? "" : ", filter chain \(chain.name)"
                throw .tls("listener \(listener.name)\(name): \(error)")
            }
        }
        return rotations
    }

    /// Of the matches in their order, then of the cluster's own transport.
    func contexts(
        of cluster: ClusterConfiguration,
        _ secrets: StaticSecrets
    ) throws(StartFailure) -> [TLSRotation?] {
        let transports = cluster.transportMatches.map(\.transport) + [cluster.transport]
        if transports.allSatisfy({ $0.tls == nil }) { return [] }
        var rotations: [TLSRotation?] = []
        for transport in transports {
            guard let tls = transport.tls else {
                rotations.append(nil)
                continue
            }
            do throws(TLSContextFailure) {
                let context = try TLSContext(upstream: tls, secrets: secrets)
                rotations.append(
                    TLSRotation(
                        slot: TLSContextSlot(name: "cluster \(cluster.name)", context),
                        configuration: .upstream(tls),
                        secrets: secrets
                    )
                )
            } catch {
                throw .tls("cluster \(cluster.name): \(error)")
            }
        }
        return rotations
    }
}

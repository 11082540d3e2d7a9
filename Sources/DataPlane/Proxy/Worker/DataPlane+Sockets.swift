import Glibc
import Model
import Telemetry

/// Preparing one listener: its sockets and its logs.
extension DataPlane {
    /// - Parameters:
    ///   - previous: the listener of the same name that runs.
    ///   - known: the sockets that run, whoever's they are.
    ///   - sockets: gets those of this listener.
    func prepare(
        _ listener: ListenerConfiguration,
        _ previous: ListenerShared?,
        known: [SocketKey: SocketAddress],
        _ secrets: StaticSecrets,
        _ sockets: inout [SocketKey: SocketAddress]
    ) throws(StartFailure) -> ListenerChange {
        var changes: [SocketChange] = []
        var addresses: [SocketAddress] = []
        do throws(StartFailure) {
            for (position, address) in listener.addresses.enumerated() {
                if !listener.accepts {
                    // Without a socket: others hand over what was going to this address.
                    addresses.append(address)
                    continue
                }
                let key = SocketKey(address, of: listener, position: position)
                let group = try group(key, of: listener, known)
                for (key, descriptors) in group.members {
                    changes.append(
                        SocketChange(key: key, descriptors: descriptors, backlog: listener.backlog)
                    )
                    sockets[key] = group.bound
                }
                addresses.append(group.bound)
            }
            if let previous, isUnchanged(listener, previous, addresses) {
                return ListenerChange(
                    shared: previous,
                    previous: previous,
                    sockets: changes,
                    logs: [],
                    ownLogs: []
                )
            }
            var logs: [[AccessLogTarget]] = []
            for chain in listener.chains { logs.append(try open(chain.filter.accessLogs)) }
            let ownLogs = try open(listener.accessLogs)
            // More than the descriptors allow would take those of the admin interface and the logs.
            let limit = min(
                listener.connectionsMax.map(Int.init) ?? .max,
                options.connectionsMaxDefault
            )
            let shared = ListenerShared(
                configuration: listener,
                boundAddresses: addresses,
                connectionsMax: limit,
                contexts: try contexts(of: listener, secrets),
                replacing: previous
            )
            return ListenerChange(
                shared: shared,
                previous: previous,
                sockets: changes,
                logs: logs,
                ownLogs: ownLogs
            )
        } catch {
            for descriptor in changes.flatMap(\.descriptors) { _ = Glibc.close(descriptor) }
            throw error
        }
    }

    private func isUnchanged(
        _ listener: ListenerConfiguration,
        _ previous: ListenerShared,
        _ addresses: [SocketAddress]
    ) -> Bool {
        previous.boundAddresses == addresses
            && SnapshotDiff.isSame(previous.configuration.fingerprint, listener.fingerprint)
    }

    /// The sockets of one address, by the keys under which the workers know them.
    private struct Group {
        var members: [(key: SocketKey, descriptors: [Int32])]
        var bound: SocketAddress
    }

    /// Sockets that run, those of a process before this one, or new ones.
    private func group(
        _ key: SocketKey,
        of listener: ListenerConfiguration,
        _ known: [SocketKey: SocketAddress]
    ) throws(StartFailure) -> Group {
        if let bound = known[key] {
            let surplus = known.keys.filter { $0.isSurplus(of: key) }
            return Group(members: ([key] + surplus).map { ($0, []) }, bound: bound)
        }
        do throws(BindFailure) {
            let group = try bind(listener, key)
            let surplus = group.surplus.enumerated().map { number, descriptors in
                (key: SocketKey(surplus: number, of: key), descriptors: descriptors)
            }
            return Group(members: [(key, group.descriptors)] + surplus, bound: group.bound)
        } catch {
            var failure = error
            if let port = key.address.port, port != 0 {
                failure.isOwnPort = known.values.contains { $0.port == port }
            }
            throw .bind(failure)
        }
    }

    private func bind(
        _ listener: ListenerConfiguration,
        _ key: SocketKey
    ) throws(BindFailure) -> ListeningGroup {
        let workers = options.workerCount
        if let inherited = options.inherited {
            let sockets = inherited.take(.listener, key.address, owner: key.owner)
            if !sockets.isEmpty {
                do throws(SystemCallError) {
                    return try ListenSocket.adopt(
                        sockets,
                        listener,
                        workers: workers,
                        from: inherited
                    )
                } catch {
                    throw BindFailure(listener: listener.name, address: key.address, cause: error)
                }
            }
        }
        let (descriptors, bound) = try ListenSocket.bind(listener, key.address, workers: workers)
        return ListeningGroup(descriptors: descriptors, bound: bound)
    }

    private func open(
        _ logs: [AccessLogConfiguration]
    ) throws(StartFailure) -> [AccessLogTarget] {
        var targets: [AccessLogTarget] = []
        for log in logs { targets.append(try open(log)) }
        return targets
    }

    private func open(_ log: AccessLogConfiguration) throws(StartFailure) -> AccessLogTarget {
        let format: AccessLogFormat
        do throws(AccessLogFormatFailure) {
            switch log.format {
            case .standard: format = .standard
            case .text(let text): format = try AccessLogFormat(text: text)
            case .json(let shape): format = try AccessLogFormat(json: shape)
            }
        } catch {
            throw .accessLog("access log format: \(error)")
        }
        do throws(AccessLogOpenFailure) {
            return AccessLogTarget(
                configuration: log,
                format: format,
                sink: try accessLog.open(log.sink)
            )
        } catch {
            throw .accessLog(error.description)
        }
    }
}

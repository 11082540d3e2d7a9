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
        _ sockets: inout [SocketKey: SocketAddress]
    ) throws(StartFailure) -> ListenerChange {
        var changes: [SocketChange] = []
        var addresses: [SocketAddress] = []
        do throws(StartFailure) {
            for (position, address) in listener.addresses.enumerated() {
                let key = SocketKey(address, of: listener, position: position)
                var descriptors: [Int32] = []
                let bound: SocketAddress
                if let kept = known[key] {
                    bound = kept
                } else {
                    (descriptors, bound) = try bind(listener, address, known)
                }
                changes.append(
                    SocketChange(key: key, descriptors: descriptors, backlog: listener.backlog)
                )
                addresses.append(bound)
                sockets[key] = bound
            }
            if let previous, isUnchanged(listener, previous, addresses) {
                return ListenerChange(
                    shared: previous,
                    previous: previous,
                    sockets: changes,
                    logs: []
                )
            }
            var logs: [AccessLogTarget] = []
            for log in listener.http.accessLogs { logs.append(try open(log)) }
            // More than the descriptors allow would take those of the admin interface and the logs.
            let limit = min(
                listener.connectionsMax.map(Int.init) ?? .max,
                options.connectionsMaxDefault
            )
            let shared = ListenerShared(
                configuration: listener,
                boundAddresses: addresses,
                connectionsMax: limit,
                replacing: previous
            )
            return ListenerChange(shared: shared, previous: previous, sockets: changes, logs: logs)
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

    private func bind(
        _ listener: ListenerConfiguration,
        _ address: SocketAddress,
        _ known: [SocketKey: SocketAddress]
    ) throws(StartFailure) -> ([Int32], SocketAddress) {
        do throws(BindFailure) {
            return try ListenSocket.bind(listener, address, workers: options.workerCount)
        } catch {
            var failure = error
            if let port = address.port, port != 0 {
                failure.isOwnPort = known.values.contains { $0.port == port }
            }
            throw .bind(failure)
        }
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

import Glibc
import Model
import Telemetry

/// What a reload changes at a worker: one message, so that no request sees half of it.
struct WorkerChange: Sendable {
    let snapshot: Snapshot
    let clusters: ClusterTable
    /// All listeners of the snapshot that accept, in its order.
    let listeners: [ListenerChange]
    /// Milliseconds that the connections of a listener that is gone have to finish.
    let drainMilliseconds: Int64
}

/// One listener of a new snapshot.
struct ListenerChange: Sendable {
    let shared: ListenerShared
    /// What it takes the place of; the same object where nothing changed, nil where it is new.
    let previous: ListenerShared?
    let sockets: [SocketChange]
    /// Of each chain.
    let logs: [[AccessLogTarget]]
    /// Of the listener itself.
    let ownLogs: [AccessLogTarget]
}

/// One listening address.
struct SocketChange: Sendable {
    let key: SocketKey
    /// One descriptor for each worker; empty where the workers have theirs already.
    let descriptors: [Int32]
    /// Of a socket that is kept: listening again with another number is how Linux changes it.
    let backlog: Int32
}

/// What makes a listening socket the same in two snapshots: the address it was asked to bind.
///
/// The name of the listener does not count, so an address may move from one listener to another
/// without a gap. A port that the system chose belongs to its listener.
struct SocketKey: Hashable, Sendable {
    let address: SocketAddress
    /// Empty unless the system chooses the port.
    let owner: String

    init(_ address: SocketAddress, of listener: ListenerConfiguration, position: Int) {
        self.address = address
        if case .unix = address {
            owner = ""
        } else {
            owner = address.port == 0 ? "\(listener.name)#\(position)" : ""
        }
    }

    static func keys(of listener: ListenerConfiguration) -> [SocketKey] {
        listener.addresses.enumerated().map { SocketKey($1, of: listener, position: $0) }
    }
}

/// Where one access log of a listener goes, formats compiled and files open.
struct AccessLogTarget: Sendable {
    let configuration: AccessLogConfiguration
    let format: AccessLogFormat
    let sink: SinkID
}

/// `TcpProxy`, compiled: connections are relayed byte for byte.
package final class TCPProxyConfiguration: Sendable {
    package enum Destination: Sendable {
        case cluster(String)
        /// Each weight is at least 1.
        case weighted([(name: String, weight: UInt32)])
    }
    /// When a connection has a line in the logs beside the one at its end.
    package struct LogTimes: Sendable, Equatable {
        /// As soon as it is there.
        package var atStart = false
        /// Once its endpoint is connected.
        package var onConnected = false
        /// So often while it lasts; nil: never.
        package var everyMilliseconds: Int64?

        package init() {}
    }

    package let statPrefix: String
    package let destination: Destination
    /// Milliseconds without a byte in either direction; nil: no limit.
    package let idleTimeoutMilliseconds: Int64?
    /// Milliseconds from the acceptance; nil: no limit.
    package let durationMaxMilliseconds: Int64?
    /// Endpoints that are tried.
    package let connectAttemptsMax: UInt32
    package let accessLogs: [AccessLogConfiguration]
    package let accessLogFilters: [ExchangeFilter?]
    package let hashesSourceAddress: Bool
    package let metadataMatch: [String: MetadataValue]
    package let logTimes: LogTimes

    package init(
        statPrefix: String,
        destination: Destination,
        idleTimeoutMilliseconds: Int64? = 3_600_000,
        durationMaxMilliseconds: Int64? = nil,
        connectAttemptsMax: UInt32 = 1,
        accessLogs: [AccessLogConfiguration] = [],
        accessLogFilters: [ExchangeFilter?] = [],
        hashesSourceAddress: Bool = false,
        metadataMatch: [String: MetadataValue] = [:],
        logTimes: LogTimes = LogTimes()
    ) {
        self.statPrefix = statPrefix
        self.destination = destination
        self.idleTimeoutMilliseconds = idleTimeoutMilliseconds
        self.durationMaxMilliseconds = durationMaxMilliseconds
        self.connectAttemptsMax = connectAttemptsMax
        self.accessLogs = accessLogs
        self.accessLogFilters = accessLogFilters
        self.hashesSourceAddress = hashesSourceAddress
        self.metadataMatch = metadataMatch
        self.logTimes = logTimes
    }
}

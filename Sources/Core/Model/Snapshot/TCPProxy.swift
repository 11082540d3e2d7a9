/// `TcpProxy`, compiled: connections are relayed byte for byte.
package final class TCPProxyConfiguration: Sendable {
    package enum Destination: Sendable {
        case cluster(String)
        /// Each weight is at least 1.
        case weighted([(name: String, weight: UInt32)])
    }
    /// `tunneling_config`: the bytes go through CONNECT or an upgrade of an HTTP proxy.
    package struct Tunneling: Sendable {
        /// `HOST:PORT` that the proxy shall connect to.
        package var hostname: String
        package var usesPOST: Bool
        package var headers: HeaderOperations

        package init(
            hostname: String,
            usesPOST: Bool = false,
            headers: HeaderOperations = HeaderOperations()
        ) {
            self.hostname = hostname
            self.usesPOST = usesPOST
            self.headers = headers
        }
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
    package let tunneling: Tunneling?

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
        tunneling: Tunneling? = nil
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
        self.tunneling = tunneling
    }
}

/// What stands between two percent signs of a format.
enum Operator: UInt8, Sendable, CaseIterable {
    case startTime, startTimeCustom
    case requestHeader, responseHeader, trailer, path, queryParameter
    case httpVersion, responseCode, responseCodeDetails, responseFlags, responseFlagsLong
    case connectionTerminationDetails, grpcStatus, grpcStatusNumber
    case bytesReceived, bytesSent, requestHeadBytes, responseHeadBytes
    case upstreamWireBytesSent, upstreamWireBytesReceived
    case downstreamWireBytesSent, downstreamWireBytesReceived
    case duration, requestDuration, requestSentDuration, responseDuration, responseSentDuration
    case commonDuration
    case upstreamHost, upstreamHostName, upstreamHostWithoutPort, upstreamPort, upstreamCluster
    case upstreamClusterRaw, virtualCluster, metadata
    case upstreamLocalAddress, upstreamLocalAddressWithoutPort, upstreamLocalPort
    case upstreamRequestAttemptCount, upstreamTransportFailureReason, upstreamConnectionID
    case upstreamProtocol
    case downstreamRemoteAddress, downstreamRemoteAddressWithoutPort, downstreamRemotePort
    case downstreamDirectAddress, downstreamDirectAddressWithoutPort, downstreamDirectPort
    case downstreamLocalAddress, downstreamLocalAddressWithoutPort, downstreamLocalPort
    case localReplyBody
    case connectionID, routeName, virtualHost, listenerName, uniqueID, reason
    /// The handshakes; the field is the instruction's.
    case tls
    case downstreamTransportFailureReason, requestedServerName, filterChainName
    /// Known when the format is compiled.
    case hostname, environment
    /// True to say of every request, since none is traced.
    case absent
    /// Envoy has it, this proxy does not yet.
    case unsupported
    case literal
}

/// What an operator takes in parentheses, and whether `:Z` may follow.
struct OperatorArguments: OptionSet, Sendable {
    let rawValue: UInt8
    static let none: OperatorArguments = []
    /// `(X)` must be there.
    static let required = OperatorArguments(rawValue: 1)
    /// `(X)` may be there.
    static let optional = OperatorArguments(rawValue: 2)
    /// `:Z` may follow.
    static let length = OperatorArguments(rawValue: 4)
}

/// One operator as people write it and read about it.
struct OperatorName: Sendable {
    let name: String
    let code: Operator
    let arguments: OperatorArguments
    /// One sentence for the reference page.
    let help: String

    init(_ name: String, _ code: Operator, _ arguments: OperatorArguments, _ help: String) {
        self.name = name
        self.code = code
        self.arguments = arguments
        self.help = help
    }
}

/// `UpgradeConfig`: one protocol that requests may switch to.
package struct UpgradeConfiguration: Sendable, Equatable {
    /// As in `upgrade`, lower case: `websocket`, `connect`.
    package var type: ByteString
    package var isEnabled: Bool
    /// For `connect`: the tunnel ends here, and its bytes go on as TCP; nil: CONNECT is forwarded.
    package var connect: ConnectTermination?

    package init(type: ByteString, isEnabled: Bool = true, connect: ConnectTermination? = nil) {
        self.type = type
        self.isEnabled = isEnabled
        self.connect = connect
    }
}

/// `ConnectConfig`.
package struct ConnectTermination: Sendable, Equatable {
    package var proxyProtocol: ProxyProtocolVersion?
    /// POST requests become tunnels, too.
    package var allowsPOST: Bool

    package init(proxyProtocol: ProxyProtocolVersion? = nil, allowsPOST: Bool = false) {
        self.proxyProtocol = proxyProtocol
        self.allowsPOST = allowsPOST
    }
}

/// What is done with `x-forwarded-client-cert` (`ForwardClientCertDetails`).
package struct ClientCertificateForwarding: Sendable, Equatable {
    package enum Mode: Sendable {
        case sanitize, forwardOnly, appendForward, sanitizeSet, alwaysForwardOnly
    }
    package var mode: Mode
    package var setsSubject: Bool
    package var setsCertificate: Bool
    package var setsChain: Bool
    package var setsDNS: Bool
    package var setsURI: Bool

    package init(
        mode: Mode = .sanitize,
        setsSubject: Bool = false,
        setsCertificate: Bool = false,
        setsChain: Bool = false,
        setsDNS: Bool = false,
        setsURI: Bool = false
    ) {
        self.mode = mode
        self.setsSubject = setsSubject
        self.setsCertificate = setsCertificate
        self.setsChain = setsChain
        self.setsDNS = setsDNS
        self.setsURI = setsURI
    }
}

/// `grpc_stats`: what is counted of gRPC requests.
package struct GRPCStatistics: Sendable, Equatable {
    package enum Methods: Sendable, Equatable {
        /// Counted without the names of methods.
        case none
        /// Each method by its name.
        case all
        /// Only these, `package.Service/Method`.
        case listed([String])
    }
    package var methods: Methods
    package var countsUpstreamMessages: Bool

    package init(methods: Methods = .none, countsUpstreamMessages: Bool = false) {
        self.methods = methods
        self.countsUpstreamMessages = countsUpstreamMessages
    }
}

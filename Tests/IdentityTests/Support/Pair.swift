import Model

@testable import Identity

/// A client's and a server's session back to back, in memory.
struct Pair {
    enum Outcome {
        case done
        /// The side that has found a fault, and what the other one made of the alert.
        case failed(server: TLSFailure?, client: TLSFailure?)
    }

    let client: TLSSession
    let server: TLSSession
    let clientIO = TLSIO()
    let serverIO = TLSIO()
    /// Bytes of ciphertext that a side gets at once.
    var chunk = Int.max

    init(
        _ serverContext: TLSContext,
        _ clientContext: TLSContext,
        serverName: String? = "server.test",
        verifyName: String? = nil,
        alpn: [[UInt8]]? = nil
    ) {
        server = TLSSession(server: serverContext, io: serverIO)
        client = TLSSession(
            client: clientContext,
            io: clientIO,
            serverName: serverName,
            verifyName: verifyName,
            alpn: alpn
        )
    }

    /// Runs both sides until they are done or neither says anything any more.
    func handshake() -> Outcome {
        var (serverFailure, clientFailure): (TLSFailure?, TLSFailure?)
        var (isServerDone, isClientDone) = (false, false)
        var toServer: [UInt8] = []
        switch client.handshake() {
        case .failed(let failure): return .failed(server: nil, client: failure)
        case .done, .wantsMore: break
        }
        toServer = Self.take(clientIO)
        var toClient: [UInt8] = []
        while !toServer.isEmpty || !toClient.isEmpty {
            if serverFailure == nil {
                Self.step(server, toServer, chunk, &isServerDone, &serverFailure)
            }
            toClient = Self.take(serverIO)
            if clientFailure == nil {
                Self.step(client, toClient, chunk, &isClientDone, &clientFailure)
            }
            toServer = Self.take(clientIO)
            if toServer.isEmpty { break }
            toClient = []
        }
        if isServerDone, isClientDone, serverFailure == nil, clientFailure == nil { return .done }
        return .failed(server: serverFailure, client: clientFailure)
    }

    private static func step(
        _ session: TLSSession,
        _ bytes: [UInt8],
        _ chunk: Int,
        _ isDone: inout Bool,
        _ failure: inout TLSFailure?
    ) {
        var start = 0
        while start < bytes.count, failure == nil {
            let end = min(bytes.count, start + min(chunk, bytes.count))
            let part = Array(bytes[start..<end])
            unsafe part.withUnsafeBytes { buffer in
                unsafe session.receive(buffer)
                if !isDone {
                    switch session.handshake() {
                    case .done: isDone = true
                    case .wantsMore: return
                    case .failed(let found):
                        failure = found
                        return
                    }
                }
                // Tickets, and alerts that come after the handshake.
                switch read(session) {
                case .failed(let found): failure = found
                default: break
                }
            }
            start = end
        }
    }

    /// What waits to be sent, copied.
    static func take(_ io: TLSIO) -> [UInt8] {
        let span = io.output
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.count)
        for index in span.indices { bytes.append(span[index]) }
        io.clearOut()
        return bytes
    }

    /// One read, whose plaintext is thrown away.
    private static func read(_ session: TLSSession) -> TLSSession.ReadOutcome {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        return unsafe buffer.withUnsafeMutableBytes { unsafe session.read(into: $0) }
    }

    /// Everything that `session` makes of the ciphertext.
    static func decrypt(
        _ session: TLSSession,
        _ ciphertext: [UInt8],
        chunk: Int = .max
    ) -> (plaintext: [UInt8], last: TLSSession.ReadOutcome) {
        var plaintext: [UInt8] = []
        var last = TLSSession.ReadOutcome.wantsMore
        var start = 0
        var buffer = [UInt8](repeating: 0, count: 7000)
        while start < ciphertext.count {
            let end = min(ciphertext.count, start + min(chunk, ciphertext.count))
            let part = Array(ciphertext[start..<end])
            unsafe part.withUnsafeBytes { bytes in
                unsafe session.receive(bytes)
                while true {
                    last = unsafe buffer.withUnsafeMutableBytes { unsafe session.read(into: $0) }
                    guard case .bytes(let count) = last else { break }
                    plaintext += buffer.prefix(count)
                }
            }
            start = end
            if case .wantsMore = last { continue }
            break
        }
        return (plaintext, last)
    }

    func send(_ bytes: [UInt8], fromClient: Bool) -> [UInt8] {
        _ = (fromClient ? client : server).seal(bytes.span)
        return Self.take(fromClient ? clientIO : serverIO)
    }
}

/// Contexts in few words.
enum Make {
    static func server(
        _ names: [String] = ["server"],
        requiresClient: Bool = false,
        _ change: (inout CommonTLSConfiguration) -> Void = { _ in }
    ) throws -> TLSContext {
        try TLSContext(
            downstream: DownstreamTLSConfiguration(
                common: common(names, change),
                requiresClientCertificate: requiresClient
            ),
            secrets: StaticSecrets()
        )
    }

    static func client(
        _ names: [String] = [],
        trusts authority: String? = "root",
        sessionsMax: UInt32 = 1,
        _ change: (inout CommonTLSConfiguration) -> Void = { _ in }
    ) throws -> TLSContext {
        try TLSContext(
            upstream: UpstreamTLSConfiguration(
                common: common(names) { common in
                    if let authority { common.validation = .value(trust(authority)) }
                    change(&common)
                },
                sessionsMax: sessionsMax
            ),
            secrets: StaticSecrets()
        )
    }

    static func trust(
        _ authority: String?,
        _ change: (inout CertificateValidation) -> Void = { _ in }
    ) -> CertificateValidation {
        var validation = CertificateValidation()
        if let authority {
            validation.trustedCA = .file(Certificates.path("\(authority).pem"))
        }
        change(&validation)
        return validation
    }

    private static func common(
        _ names: [String],
        _ change: (inout CommonTLSConfiguration) -> Void
    ) -> CommonTLSConfiguration {
        var common = CommonTLSConfiguration()
        common.certificates = names.map { name in
            if name == "client-deep" {
                return .value(Certificates.source(name, chain: "client-deep-chain.pem"))
            }
            return .value(Certificates.source(name))
        }
        change(&common)
        return common
    }
}

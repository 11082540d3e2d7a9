import CLinux
import Glibc
import Identity
import Model
import Policy
import Telemetry

/// A connection on which an endpoint is checked; subclasses speak a protocol.
class HealthCheckConnection: StreamConnection {
    /// Gone where the endpoint left the cluster.
    weak var session: HealthCheckSession?
    private var isConnected = false

    /// What an endpoint may send for one check: beyond it, it is no answer but a flood.
    static let answerBytesMax = 16 << 20

    init(_ session: HealthCheckSession) throws(SystemCallError) {
        self.session = session
        let address = session.address
        let descriptor = try SystemCall.socket(address)
        super.init(descriptor: descriptor, loop: session.cluster.loop)
        do throws(SystemCallError) {
            if case .unix = address {
            } else {
                try SystemCall.set(descriptor, level: Int32(IPPROTO_TCP), option: TCP_NODELAY, 1)
                try session.cluster.configuration.connection.apply(to: descriptor, for: address)
            }
            _ = try SystemCall.connect(descriptor, to: address)
            // Until the loop tells that the connection is made, what is written waits.
            isWritable = false
            try loop.add(self, interest: .edges)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
    }

    /// Sends the question, now or when the connection is made.
    func ask() {}
    /// The connection has been made.
    func connected() {}
    /// What a handshake offers, where neither the check nor the transport says.
    var offeredProtocols: [[UInt8]] { [] }
    /// Nothing came since the last question: the endpoint may have closed an idle connection.
    var isSilent: Bool { true }

    override final func becameWritable() {
        if isConnected { return }
        if SystemCall.pendingError(descriptor) != 0 {
            giveUp()
            return
        }
        if sawHangup { return }
        isConnected = true
        guard let session, let transport = session.transport else {
            connected()
            return
        }
        if let version = transport.configuration.proxyProtocol, !sendProxyHeader(version) {
            giveUp()
            return
        }
        guard let slot = transport.context else {
            connected()
            return
        }
        guard let context = slot.current else {
            // Its certificates have not been read.
            giveUp()
            return
        }
        let endpoint = session.endpoint.endpoint
        let check = session.plan.configuration
        startHandshake(
            TLSSession(
                client: context,
                io: loop.tls,
                serverName: transport.serverName("", endpoint.hostname),
                verifyName: transport.verifiedName("", endpoint.hostname),
                alpn: check.alpn.isEmpty ? transport.alpn(offeredProtocols) : check.alpn
            )
        )
    }

    /// In clear, before anything else; false where it does not go out at once.
    private func sendProxyHeader(_ version: ProxyProtocolVersion) -> Bool {
        let header = ProxyHeader.bytes(version, nil, nil)
        let sent = unsafe header.withUnsafeBytes {
            unsafe pillion_send(descriptor, $0.baseAddress, $0.count)
        }
        return sent == header.count
    }

    override final func secured() {
        if let tls { session?.cluster.tlsStats.count(tls.session) }
        connected()
    }

    override final func handshakeFailed(_ failure: TLSFailure) {
        session?.cluster.tlsStats.count(failure)
        giveUp()
    }

    /// The connection is of no use any more.
    final func giveUp() {
        let session = session
        closeNow()
        session?.broke(self, wasSilent: isSilent)
    }

    /// An endpoint may answer and break the connection at once: its answer comes first.
    override final var readsBeforeLoss: Bool { true }
    override func receivedEnd() { giveUp() }
    override final func lost(_ code: Int32) {
        if let tls, tls.isHandshaking { session?.cluster.tlsStats.increment(.connectionError) }
        giveUp()
    }
}

/// A check by the bytes that an endpoint sends, or only by its taking the connection.
final class TCPHealthCheckConnection: HealthCheckConnection {
    private let question: [UInt8]
    private let isExpecting: Bool
    private var search: PayloadSearch
    private var isWaiting = false
    private var receivedCount = 0

    init(
        _ session: HealthCheckSession,
        send: [UInt8],
        isExpecting: Bool
    ) throws(SystemCallError) {
        question = send
        self.isExpecting = isExpecting
        search = PayloadSearch(session.plan.expected)
        try super.init(session)
    }

    override func ask() {
        guard isExpecting, let session else { return }
        search = PayloadSearch(session.plan.expected)
        isWaiting = true
        receivedCount = 0
        let bytes = question
        if !bytes.isEmpty { write(bytes.span) }
    }

    override func connected() {
        // As in Envoy: without anything to expect, nothing is sent either.
        if !isExpecting { session?.found(keeps: false) }
    }

    override var isSilent: Bool { receivedCount == 0 }

    override func received(_ bytes: Span<UInt8>) -> Int {
        receivedCount = min(receivedCount, Int.max - bytes.count) + bytes.count
        if isWaiting {
            search.feed(bytes)
            if search.isComplete {
                isWaiting = false
                session?.found(keeps: output.isEmpty && !sawReadHangup && !sawHangup)
                return bytes.count
            }
        }
        if receivedCount > Self.answerBytesMax { giveUp() }
        return bytes.count
    }
}

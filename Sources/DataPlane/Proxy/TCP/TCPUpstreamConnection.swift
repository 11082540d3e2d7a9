import Glibc
import Model
import Telemetry

/// The endpoint's side of a relayed connection.
///
/// It belongs to one client and is used by no other.
final class TCPUpstreamConnection: RawUpstreamSocket {
    private(set) var client: TCPClientConnection?

    init(continuing socket: ConnectingSocket, client: TCPClientConnection) {
        self.client = client
        super.init(continuing: socket)
    }

    override func take(_ bytes: Span<UInt8>) { client?.receivedFromUpstream(bytes) }
    override func receivedEnd() { client?.upstreamEnded() }
    override func lost(_ code: Int32) { client?.upstreamLost(code) }
    override func drained() { client?.upstreamDrained() }

    /// - Parameter local: this side ended the connection.
    func close(local: Bool, abruptly: Bool = false) {
        guard !isDone else { return }
        isDone = true
        client = nil
        countClose(local: local, hadRequest: true)
        closeNow(abruptly: abruptly)
    }
}

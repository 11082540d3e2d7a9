import Glibc
import Model
import Telemetry

/// The endpoint's side of a relayed connection.
///
/// It belongs to one client and is used by no other.
final class TCPUpstreamConnection: UpstreamSocket {
    private(set) var client: TCPClientConnection?
    /// The event that completed the connection may have told of bytes and of an end, too, which no
    /// other event repeats: the first bytes are read on until the kernel has no more.
    private var isFresh = true

    init(continuing socket: ConnectingSocket, client: TCPClientConnection) {
        self.client = client
        super.init(continuing: socket)
    }

    /// A server may have spoken first.
    func begin() {
        isReadable = true
        sawReadHangup = true
        scheduleResume()
    }

    override func received(_ bytes: Span<UInt8>) -> Int {
        if isFresh {
            isFresh = false
            sawReadHangup = false
        }
        client?.receivedFromUpstream(bytes)
        return bytes.count
    }

    override var readsBeforeLoss: Bool { true }
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

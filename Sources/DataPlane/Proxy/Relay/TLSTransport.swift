import Identity
import Telemetry

/// TLS on one connection: its session, and records that the kernel has not taken yet.
final class TLSTransport {
    let session: TLSSession
    var sealed = ByteQueue()
    var isHandshaking = true
    /// Why the connection ended, where the session decided so.
    var failure: TLSFailure?
    /// Where a failure after the handshake is counted.
    var stats: TLSStats?
    /// The peer said that it has finished, while the handshake's last bytes were read.
    var hasPeerFinished = false
    var hasSentCloseNotify = false

    init(_ session: TLSSession) { self.session = session }
}

import Model
import Wire

/// The question of one check on an HTTP/2 connection.
final class HealthCheckStream: HTTP2Stream {
    private unowned let connection: HTTP2HealthCheckConnection
    /// The head of the answer proper has come.
    var hasHead = false

    init(connection: HTTP2HealthCheckConnection) {
        self.connection = connection
        super.init(session: connection.http2)
    }

    override func receivedData(_ bytes: Span<UInt8>) { connection.receivedBody(bytes, of: self) }
    override func receivedEnd(hasTrailers: Bool) { connection.finished(self) }
    override func receivedReset(_ code: HTTP2ErrorCode) { connection.wasReset(self) }
    override func violated(_ violation: HTTP2Violation) { connection.wasReset(self) }
    override func connectionLost(_ reason: HTTP2ConnectionLoss) {}
}

internal import CompanionKit

/// Sends chunks over a stream whose server never answers: JSON lines, and syslog over TCP and TLS.
///
/// A chunk counts as delivered once the server's system has acknowledged its last byte and the server
/// has not ended the connection by then; what fails before is sent again as a whole. At most what the
/// server's program had not yet read from its own socket is lost when that dies.
final class StreamSender: ChunkSender {
    private let connection: StreamConnection

    init(_ target: StreamTarget) throws(SinkFailure) {
        connection = try StreamConnection(target)
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let deadline = connection.deadline()
        do throws(StreamFailure) {
            let stream = try connection.open(deadline, cancellation)
            let bytes = chunk.bytes
            do throws(StreamFailure) {
                try stream.write(bytes.span, deadline: deadline)
                try stream.drain(deadline: deadline)
            } catch {
                connection.fail()
                throw error
            }
            return .delivered(duplicates: 0)
        } catch {
            return .again(why: error.description, after: nil)
        }
    }

    func close() { connection.close() }
}

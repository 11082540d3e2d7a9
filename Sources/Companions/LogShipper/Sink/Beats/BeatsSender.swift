internal import CompanionKit

/// Sends chunks to Logstash's beats input: a window for each, which is done when the last of its
/// documents is acknowledged.
///
/// An acknowledgement of some is believed: when the connection ends after it, only the others are sent
/// again. One of none says that the peer is still at work, so the time for the next begins anew; a peer
/// that says nothing else for ``patienceMax`` times the timeout is given up.
final class BeatsSender: ChunkSender {
    private let connection: StreamConnection
    private let deflater: Deflater?
    /// How often a peer's word that it is at work is believed, in timeouts.
    static let patienceMax: Int64 = 60

    init(_ target: StreamTarget, compression: Bool) throws(SinkFailure) {
        connection = try StreamConnection(target)
        deflater = compression ? Deflater(level: 3, format: .zlib) : nil
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let frames =
            if let deflater, let packed = LumberjackFrame.compressedWindow(chunk, deflater) {
                packed
            } else {
                LumberjackFrame.window(chunk)
            }
        let count = chunk.items.count
        var done = 0
        do throws(StreamFailure) {
            let deadline = connection.deadline()
            let stream = try connection.open(deadline, cancellation)
            do throws(StreamFailure) {
                try stream.write(frames.span, deadline: connection.deadline())
                try awaitAcknowledgements(stream, count, &done, cancellation)
            } catch {
                connection.fail()
                throw error
            }
            return .delivered(duplicates: 0)
        } catch {
            if done == 0 { return .again(why: error.description, after: nil) }
            return .judged(
                again: Array(done..<count),
                refused: [],
                duplicates: 0,
                why: "\(done) of \(count) were acknowledged: \(error)"
            )
        }
    }

    private func awaitAcknowledgements(
        _ stream: ClientStream,
        _ count: Int,
        _ done: inout Int,
        _ cancellation: Cancellation
    ) throws(StreamFailure) {
        let last = Deadline(milliseconds: connection.patience * Self.patienceMax)
        var deadline = connection.deadline()
        var frame: [UInt8] = []
        while done < count {
            var buffer = [UInt8](repeating: 0, count: 6 - frame.count)
            // A peer that floods never makes a read wait, where the cancellation would be seen.
            if cancellation.isCancelled { throw .cancelled }
            if last.isOver { throw .timedOut("the acknowledgement") }
            let got = try stream.read(into: &buffer, deadline: deadline)
            guard got > 0 else { throw .closed }
            frame.append(contentsOf: buffer[..<got])
            guard frame.count == 6 else { continue }
            guard let number = LumberjackFrame.acknowledged(frame) else {
                throw .failed("the peer sends what is no acknowledgement of lumberjack 2")
            }
            frame.removeAll(keepingCapacity: true)
            guard number == 0 || number >= done, number <= count else {
                throw .failed(
                    "the peer acknowledges document \(number) of \(count), after \(done) before"
                )
            }
            done = max(done, number)
            deadline = connection.deadline()
        }
    }

    func close() { connection.close() }
}

internal import CompanionKit

/// Sends syslog messages over UDP, one in each datagram.
///
/// Nothing is acknowledged: what was given to the network counts as delivered. Only where the server's
/// system says that nobody listens, which it says about the datagram before, that one and the rest are
/// sent again.
final class SyslogDatagramSender: ChunkSender {
    private let addresses: [StreamAddress]
    private let timeout: Int64
    private var current = 0
    private var socket: ClientDatagrams?

    init(_ target: StreamTarget) throws(SinkFailure) {
        addresses = try StreamAddress.list(target)
        timeout = target.timeout
    }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let deadline = Deadline(milliseconds: timeout)
        var sent = 0
        var refused: [(position: Int, reason: String)] = []
        do throws(StreamFailure) {
            let socket = try open(deadline, cancellation)
            // What came back since the last chunk was about that one.
            _ = socket.takeFailure()
            while sent < chunk.items.count {
                let item = chunk.items[sent]
                switch try socket.send(chunk.bytes(of: item), deadline: deadline) {
                case .sent: break
                case .tooLarge:
                    refused.append(
                        (sent, "a datagram of \(item.end - item.start) bytes is too large")
                    )
                case .refused(let why):
                    fail()
                    return outcome(chunk.items.count, from: sent - 1, refused, why)
                }
                sent += 1
            }
            if let why = socket.takeFailure() {
                fail()
                return outcome(chunk.items.count, from: sent - 1, refused, why)
            }
        } catch {
            fail()
            return outcome(chunk.items.count, from: sent, refused, error.description)
        }
        if refused.isEmpty { return .delivered(duplicates: 0) }
        return .judged(again: [], refused: refused, duplicates: 0, why: "too large")
    }

    private func outcome(
        _ count: Int,
        from first: Int,
        _ refused: [(position: Int, reason: String)],
        _ why: String
    ) -> SendOutcome {
        let first = max(first, 0)
        if first == 0, refused.isEmpty { return .again(why: why, after: nil) }
        return .judged(again: Array(first..<count), refused: refused, duplicates: 0, why: why)
    }

    /// The socket that was made before, or one to the next server whose name has an address.
    private func open(
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(StreamFailure) -> ClientDatagrams {
        if let socket { return socket }
        var failure = StreamFailure.failed("there is no server")
        for attempt in addresses.indices {
            let address = addresses[current]
            do throws(StreamFailure) {
                let made = try ClientDatagrams.connect(
                    host: address.host,
                    port: address.port,
                    deadline: deadline.share(of: addresses.count - attempt),
                    cancellation: cancellation
                )
                socket = made
                return made
            } catch {
                if error == .cancelled { throw error }
                failure = error
                current = (current + 1) % addresses.count
            }
        }
        throw failure
    }

    /// The next server is used, and names are looked up again.
    private func fail() {
        close()
        current = (current + 1) % addresses.count
    }

    func close() {
        socket?.close()
        socket = nil
    }
}

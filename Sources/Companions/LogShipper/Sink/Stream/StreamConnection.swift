internal import CompanionKit

/// The connection of one sender: to the first of its servers that can be reached, kept from one chunk
/// to the next.
///
/// A server that fails is passed over for the next, which is then the one that is used. Used by one
/// thread.
final class StreamConnection {
    private let addresses: [StreamAddress]
    private let tls: ClientTLSFiles?
    private let timeout: Int64
    private var current = 0
    private var stream: ClientStream?

    init(_ target: StreamTarget) throws(SinkFailure) {
        addresses = try StreamAddress.list(target)
        tls = target.tls.isOn ? try SinkTLS.files(target.tls) : nil
        timeout = target.timeout
    }

    /// A deadline for connecting, or for an answer.
    func deadline() -> Deadline { Deadline(milliseconds: timeout) }

    /// Milliseconds of silence that are too many.
    var patience: Int64 { timeout }

    /// The kept connection where it can still be used, or a new one.
    ///
    /// - Parameter greet: says hello on a new connection; where it throws, the next server is tried.
    func open(
        _ deadline: Deadline,
        _ cancellation: Cancellation,
        greet: (ClientStream, Deadline) throws(StreamFailure) -> Void = { _, _ in }
    ) throws(StreamFailure) -> ClientStream {
        if let tls, tls.refresh() { close() }
        if let kept = stream {
            if kept.discardInput() { return kept }
            close()
        }
        var failure = StreamFailure.failed("there is no server")
        for attempt in addresses.indices {
            let address = addresses[current]
            do throws(StreamFailure) {
                let part = deadline.share(of: addresses.count - attempt)
                let fresh = try ClientStream.connect(
                    host: address.host,
                    port: address.port,
                    tls: tls?.current,
                    deadline: part,
                    cancellation: cancellation
                )
                try greet(fresh, part)
                stream = fresh
                return fresh
            } catch {
                if error == .cancelled { throw error }
                failure = error
                passOver()
                if deadline.isOver { break }
            }
        }
        throw failure
    }

    /// Ends the connection, and begins with the next server the next time.
    func fail() {
        close()
        passOver()
    }

    private func passOver() { current = (current + 1) % addresses.count }

    func close() {
        stream?.close()
        stream = nil
    }
}

internal import CompanionKit
import Glibc

/// Writes lines to the standard output, and waits where nobody reads them.
final class StandardOutputSender: ChunkSender {
    private let descriptor: Int32
    /// What a pipe takes whole once it takes anything.
    private static let pieceMax = 4096

    init(descriptor: Int32 = STDOUT_FILENO) { self.descriptor = descriptor }

    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        let bytes = chunk.bytes
        var offset = 0
        while offset < bytes.count {
            guard wait(cancellation) else { return .again(why: "it is stopped", after: nil) }
            let end = min(offset + Self.pieceMax, bytes.count)
            let written = unsafe bytes.span.extracting(offset..<end).withUnsafeBytes {
                unsafe write(descriptor, $0.baseAddress, $0.count)
            }
            if written >= 0 {
                offset += written
            } else if errno != EINTR, errno != EAGAIN {
                let failure = FileFailure(path: "standard output", call: "write")
                return .again(why: failure.description, after: nil)
            }
        }
        return .delivered(duplicates: 0)
    }

    /// Waits until something can be written; false where it was cancelled.
    private func wait(_ cancellation: Cancellation) -> Bool {
        while !cancellation.isCancelled {
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if unsafe poll(&entries, 2, -1) > 0, entries[0].revents != 0 { return true }
        }
        return false
    }

    func close() {}
}

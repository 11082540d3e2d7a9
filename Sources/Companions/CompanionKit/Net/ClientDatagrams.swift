internal import CLinux
import Glibc

/// Sends datagrams to one server, for a thread that may wait.
///
/// Nobody acknowledges them; a port that nobody listens at is learned of with the next datagram where
/// the peer's system says so. Used by one thread.
package final class ClientDatagrams {
    /// What became of one datagram.
    package enum Outcome: Sendable, Equatable {
        case sent
        /// An earlier one came back: nobody listens. This one was not sent.
        case refused(String)
        /// Too large for the way, as far as this machine knows it.
        case tooLarge
    }

    private let descriptor: Int32
    private let cancellation: Cancellation
    private var isClosed = false

    private init(_ descriptor: Int32, _ cancellation: Cancellation) {
        self.descriptor = descriptor
        self.cancellation = cancellation
    }

    deinit { close() }

    /// Looks the name up, and takes its first address that there is a way to.
    package static func connect(
        host: String,
        port: Int,
        deadline: Deadline,
        cancellation: Cancellation
    ) throws(StreamFailure) -> ClientDatagrams {
        let addresses = try NameLookup.addresses(
            of: host,
            port: port,
            deadline: deadline,
            cancellation: cancellation
        )
        var last = StreamFailure.resolve(host: host, why: "it has no address")
        for address in addresses {
            let descriptor = pillion_datagram_socket(address.family)
            let code = descriptor < 0 ? errno : address.connect(descriptor)
            if code == 0 { return ClientDatagrams(descriptor, cancellation) }
            last = .connect(address: "\(host):\(port)", why: Self.words(code))
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
        }
        throw last
    }

    /// Sends one; waits where this machine's queue is full.
    package func send(
        _ bytes: Span<UInt8>,
        deadline: Deadline
    ) throws(StreamFailure) -> Outcome {
        while true {
            if cancellation.isCancelled { throw .cancelled }
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                unsafe pillion_send(descriptor, buffer.baseAddress, buffer.count)
            }
            if sent >= 0 { return .sent }
            switch errno {
            case EINTR: continue
            case ECONNREFUSED: return .refused("nobody listens there")
            case EHOSTUNREACH, ENETUNREACH: return .refused(Self.words(errno))
            case EMSGSIZE: return .tooLarge
            case EAGAIN, ENOBUFS:
                if deadline.isOver { throw .timedOut("writing") }
                // A queue that is full of other sockets' packets tells nobody when it has room.
                guard cancellation.sleep(milliseconds: 2) else { throw .cancelled }
            default: throw .failed(Self.words(errno))
            }
        }
    }

    /// What came back since the last datagram; nil: nothing.
    package func takeFailure() -> String? {
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
        return failure == 0 ? nil : Self.words(failure)
    }

    /// Closes; more than once does nothing.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        _ = Glibc.close(descriptor)
    }

    private static func words(_ code: Int32) -> String {
        FileFailure(path: "", call: "", code: code).reason
    }
}

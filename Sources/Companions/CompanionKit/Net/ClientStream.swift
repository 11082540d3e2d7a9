internal import CLinux
import Glibc
import Identity
import Model

/// A connection to a server for a thread that may wait: each call ends by its deadline, and soon after
/// a cancellation.
///
/// Used by one thread.
package final class ClientStream {
    private let descriptor: Int32
    private let cancellation: Cancellation
    private var tls: TLSSession?
    private let io: TLSIO?
    /// Ciphertext that was read and not yet given to the session.
    private var ciphertext = [UInt8](repeating: 0, count: 64 << 10)
    private var isClosed = false
    private var isEnded = false

    private init(_ descriptor: Int32, _ io: TLSIO?, _ cancellation: Cancellation) {
        self.descriptor = descriptor
        self.io = io
        self.cancellation = cancellation
    }

    deinit { close() }

    /// Connects, and does the handshake where there is TLS.
    ///
    /// Addresses of the name are tried in their order, and those that are left share the time, so that
    /// one that swallows packets does not take it all.
    package static func connect(
        host: String,
        port: Int,
        tls: ClientTLS?,
        alpn: [String] = [],
        deadline: Deadline,
        cancellation: Cancellation
    ) throws(StreamFailure) -> ClientStream {
        let addresses = try NameLookup.addresses(
            of: host,
            port: port,
            deadline: deadline,
            cancellation: cancellation
        )
        var last = StreamFailure.resolve(host: host, why: "it has no address")
        for (number, address) in addresses.enumerated() {
            do throws(StreamFailure) {
                let descriptor = try open(
                    address,
                    "\(host):\(port)",
                    deadline.share(of: addresses.count - number),
                    cancellation
                )
                let stream = ClientStream(descriptor, tls == nil ? nil : TLSIO(), cancellation)
                if let tls { try stream.secure(tls, host, alpn, deadline) }
                return stream
            } catch {
                if error == .cancelled || deadline.isOver { throw error }
                last = error
            }
        }
        throw last
    }

    // MARK: - Connecting

    private static func open(
        _ address: NetAddress,
        _ name: String,
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(StreamFailure) -> Int32 {
        let descriptor = pillion_socket(address.family)
        guard descriptor >= 0 else { throw .connect(address: name, why: words(errno)) }
        let code = address.connect(descriptor)
        guard code == 0 || code == EINPROGRESS else {
            _ = Glibc.close(descriptor)
            throw .connect(address: name, why: words(code))
        }
        do throws(StreamFailure) {
            try wait(descriptor, Int16(POLLOUT), "connecting to \(name)", deadline, cancellation)
        } catch {
            _ = Glibc.close(descriptor)
            throw error
        }
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
        guard failure == 0 else {
            _ = Glibc.close(descriptor)
            throw .connect(address: name, why: words(failure))
        }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        return descriptor
    }

    private func secure(
        _ tls: ClientTLS,
        _ host: String,
        _ alpn: [String],
        _ deadline: Deadline
    ) throws(StreamFailure) {
        guard let io else { return }
        let name = tls.serverName ?? host
        let session = TLSSession(
            client: tls.context,
            io: io,
            serverName: name,
            verifyName: tls.verifies ? name : nil,
            alpn: alpn.isEmpty ? nil : alpn.map { Array($0.utf8) }
        )
        self.tls = session
        while true {
            let outcome = session.handshake()
            try flushTLS(deadline)
            switch outcome {
            case .done: return
            case .failed(let failure): throw .tls(failure.explanation)
            case .wantsMore:
                let count = try receive(deadline, "the handshake")
                if count == 0 { throw .tls(session.failureOfEnd().explanation) }
            }
        }
    }

    /// The protocol that the handshake agreed on; empty: none.
    package var applicationProtocol: String {
        String(decoding: tls?.applicationProtocol ?? [], as: UTF8.self)
    }

    // MARK: - Writing

    /// Writes all of it.
    package func write(_ bytes: Span<UInt8>, deadline: Deadline) throws(StreamFailure) {
        guard let tls else {
            try writeRaw(bytes, deadline)
            return
        }
        var offset = 0
        while offset < bytes.count {
            let end = min(offset + 64 << 10, bytes.count)
            guard tls.seal(bytes.extracting(offset..<end)) else {
                throw .failed("the TLS session is broken")
            }
            try flushTLS(deadline)
            offset = end
        }
    }

    private func flushTLS(_ deadline: Deadline) throws(StreamFailure) {
        guard let io, io.outputCount > 0 else { return }
        let output = io.output
        var copy: [UInt8] = []
        unsafe output.withUnsafeBufferPointer { unsafe copy.append(contentsOf: $0) }
        io.clearOut()
        let bytes = copy
        try writeRaw(bytes.span, deadline)
    }

    private func writeRaw(_ bytes: Span<UInt8>, _ deadline: Deadline) throws(StreamFailure) {
        var offset = 0
        while offset < bytes.count {
            if cancellation.isCancelled { throw .cancelled }
            let sent = unsafe bytes.extracting(offset...).withUnsafeBytes { buffer in
                unsafe pillion_send(descriptor, buffer.baseAddress, buffer.count)
            }
            if sent >= 0 {
                offset += sent
            } else if errno == EAGAIN {
                try Self.wait(
                    descriptor,
                    Int16(POLLOUT),
                    "writing",
                    deadline,
                    cancellation
                )
            } else if errno == EPIPE || errno == ECONNRESET {
                throw .closed
            } else if errno != EINTR {
                throw .failed(Self.words(errno))
            }
        }
    }

    // MARK: - Reading

    /// Reads some bytes into a buffer; 0 where the peer has ended.
    package func read(into buffer: inout [UInt8], deadline: Deadline) throws(StreamFailure) -> Int {
        guard !buffer.isEmpty else { return 0 }
        guard let tls else {
            return try Self.receive(descriptor, &buffer, deadline, "an answer", cancellation)
        }
        if isEnded { return 0 }
        while true {
            let outcome = unsafe buffer.withUnsafeMutableBytes { unsafe tls.read(into: $0) }
            try flushTLS(deadline)
            switch outcome {
            case .bytes(let count): return count
            case .ended:
                isEnded = true
                return 0
            case .failed(let failure): throw .tls(failure.explanation)
            case .wantsMore:
                if try receive(deadline, "an answer") == 0 {
                    isEnded = true
                    throw .closed
                }
            }
        }
    }

    /// True where the peer has ended the connection, or sent what nobody asked for: it can't be used
    /// for another request.
    package var isStale: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) != 0
    }

    /// Takes what the peer has sent without being asked and drops it; false where the peer has ended,
    /// or where it floods.
    ///
    /// For protocols whose server never speaks: it may still end the connection, or renew keys.
    package func discardInput() -> Bool {
        var rounds = 0
        while rounds < 64 {
            rounds += 1
            // What the session holds must be taken out before its memory gets anything new.
            if tls != nil, !discardDecrypted() { return false }
            let count = unsafe recv(descriptor, &ciphertext, ciphertext.count, 0)
            if count == 0 { return false }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN
            }
            unsafe ciphertext.withUnsafeBytes { bytes in
                let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<count])
                unsafe tls?.receive(part)
            }
        }
        return false
    }

    private func discardDecrypted() -> Bool {
        guard let tls, !isEnded else { return false }
        var plain = [UInt8](repeating: 0, count: 4 << 10)
        while true {
            let outcome = unsafe plain.withUnsafeMutableBytes { unsafe tls.read(into: $0) }
            switch outcome {
            case .bytes: continue
            case .wantsMore:
                do throws(StreamFailure) {
                    try flushTLS(Deadline(milliseconds: 100))
                    return true
                } catch {
                    return false
                }
            case .ended, .failed:
                isEnded = true
                return false
            }
        }
    }

    /// Waits until the peer's system has acknowledged all that was written.
    ///
    /// For protocols without an acknowledgement of their own. What the peer's program has not read yet
    /// is lost where that dies in the moment after; what still lay in this machine's send queue at a
    /// reset is known not to have arrived. A peer that has ended by then counts as one that may not
    /// have taken it.
    package func drain(deadline: Deadline) throws(StreamFailure) {
        var pause: Int64 = 1
        while true {
            if cancellation.isCancelled { throw .cancelled }
            let unacknowledged = pillion_unacknowledged(descriptor)
            guard unacknowledged >= 0 else { throw .failed(Self.words(errno)) }
            guard discardInput() else { throw .closed }
            if unacknowledged == 0 { return }
            let left = deadline.left
            if left == 0 {
                throw .timedOut("the peer's acknowledgement of what was written")
            }
            // There is no event for an empty queue; a peer that ends is one.
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe poll(&entries, 2, Int32(clamping: min(pause, left)))
            pause = min(pause * 2, 20)
        }
    }

    /// Reads ciphertext and gives it to the session; 0 at the end.
    private func receive(_ deadline: Deadline, _ what: String) throws(StreamFailure) -> Int {
        let count = try Self.receive(descriptor, &ciphertext, deadline, what, cancellation)
        // The session reads from this memory until it wants more: it does not move meanwhile.
        unsafe ciphertext.withUnsafeBytes { bytes in
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[..<count])
            unsafe tls?.receive(part)
        }
        return count
    }

    private static func receive(
        _ descriptor: Int32,
        _ buffer: inout [UInt8],
        _ deadline: Deadline,
        _ what: String,
        _ cancellation: Cancellation
    ) throws(StreamFailure) -> Int {
        while true {
            let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
            if count >= 0 { return count }
            switch errno {
            case EAGAIN:
                try wait(descriptor, Int16(POLLIN), "waiting for \(what)", deadline, cancellation)
            case EINTR: continue
            case ECONNRESET: throw .closed
            default: throw .failed(words(errno))
            }
        }
    }

    /// Waits for the descriptor, the deadline or the cancellation.
    private static func wait(
        _ descriptor: Int32,
        _ events: Int16,
        _ what: String,
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(StreamFailure) {
        while true {
            if cancellation.isCancelled { throw .cancelled }
            let left = deadline.left
            if left == 0 { throw .timedOut(what) }
            var entries = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: cancellation.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let count = unsafe poll(&entries, 2, Int32(clamping: left))
            if count > 0, entries[0].revents != 0 { return }
            if count < 0, errno != EINTR { throw .failed(words(errno)) }
        }
    }

    private static func words(_ code: Int32) -> String {
        FileFailure(path: "", call: "", code: code).reason
    }

    // MARK: - The end

    /// Says goodbye where TLS wants it, and closes; more than once does nothing.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        if let tls, let io, tls.isHandshakeDone {
            tls.shutdown()
            let output = io.output
            // Whether it arrives is no matter.
            _ = unsafe output.withUnsafeBytes { bytes in
                unsafe pillion_send(descriptor, bytes.baseAddress, bytes.count)
            }
            io.clearOut()
        }
        _ = Glibc.close(descriptor)
    }
}

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
    /// Addresses of the name are tried in their order.
    package static func connect(
        host: String,
        port: Int,
        tls: ClientTLS?,
        alpn: [String] = [],
        deadline: Deadline,
        cancellation: Cancellation
    ) throws(StreamFailure) -> ClientStream {
        let addresses = try resolve(host, port)
        var last = StreamFailure.resolve(host: host, why: "it has no address")
        for address in addresses {
            do throws(StreamFailure) {
                let descriptor = try open(address, "\(host):\(port)", deadline, cancellation)
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

    private struct Address {
        var storage: sockaddr_storage
        var length: socklen_t
        var family: Int32
    }

    private static func resolve(_ host: String, _ port: Int) throws(StreamFailure) -> [Address] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            throw .resolve(host: host, why: unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [Address] = []
        var next = unsafe list
        while let entry = unsafe next {
            var storage = sockaddr_storage()
            let length = unsafe entry.pointee.ai_addrlen
            if let source = unsafe entry.pointee.ai_addr,
                Int(length) <= MemoryLayout<sockaddr_storage>.size
            {
                unsafe memcpy(&storage, source, Int(length))
                found.append(
                    Address(
                        storage: storage,
                        length: length,
                        family: unsafe entry.pointee.ai_family
                    )
                )
            }
            unsafe next = entry.pointee.ai_next
        }
        return found
    }

    private static func open(
        _ address: Address,
        _ name: String,
        _ deadline: Deadline,
        _ cancellation: Cancellation
    ) throws(StreamFailure) -> Int32 {
        let descriptor = pillion_socket(address.family)
        guard descriptor >= 0 else { throw .connect(address: name, why: words(errno)) }
        var storage = address.storage
        let code = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, address.length)
            }
        }
        guard code == 0 || errno == EINPROGRESS else {
            let why = words(errno)
            _ = Glibc.close(descriptor)
            throw .connect(address: name, why: why)
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

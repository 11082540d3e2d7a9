internal import CLinux
import CompanionKit
import Glibc
import Identity

/// What is done with the bytes of one connection.
///
/// It lives as long as the connection does.
protocol ConnectionHandler: AnyObject {
    /// The connection is there, after the handshake where there is TLS: something may be sent.
    func opened()

    /// Bytes came, decrypted where there is TLS; what is not used at once must be kept by the handler,
    /// also where it has paused the connection.
    func received(_ bytes: Span<UInt8>)

    /// The peer sends no more, the connection failed, or a deadline passed; called once at most, and
    /// not after `close` or `abort`.
    ///
    /// After `.peerEnded` something may still be sent, and the handler closes.
    func ended(_ end: ConnectionEnd)
}

extension ConnectionHandler {
    func opened() {}
}

/// Why a connection brings no more.
enum ConnectionEnd: Equatable {
    /// In order.
    case peerEnded
    /// It is closed already; why, in words.
    case failed(String)
    /// It is closed already: nothing came for longer than it may.
    case idle
}

/// One connection that a peer made, on the engine's loop: bytes in, bytes out, TLS where it is wanted.
final class ServerConnection {
    let peer: PeerAddress
    /// Milliseconds for which nothing may come; nil: for ever.
    ///
    /// A paused connection is not idle.
    var idleTimeout: Int64?
    /// Bytes that may wait to be sent; past it, the connection fails.
    var outputBytesMax = 1 << 20
    /// Milliseconds for which a peer may take nothing of what is sent to it.
    static let stallTimeout: Int64 = 30_000
    static let handshakeTimeout: Int64 = 10_000
    private static let readBytes = 64 << 10

    private let descriptor: Int32
    private let loop: EngineLoop
    private let session: TLSSession?
    private let io: TLSIO
    private unowned let listener: StreamListener
    private var handler: (any ConnectionHandler)?
    private var key: UInt64?
    private var output: [UInt8] = []
    private var outputStart = 0
    private var isPaused = false
    private var hasPeerEnded = false
    private var isClosing = false
    private(set) var isClosed = false
    private let acceptedAt: Int64
    private var receivedAt: Int64
    private var sentAt: Int64

    /// Takes the descriptor over.
    init(
        _ descriptor: Int32,
        peer: PeerAddress,
        loop: EngineLoop,
        tls: TLSContext?,
        io: TLSIO,
        listener: StreamListener
    ) {
        self.descriptor = descriptor
        self.peer = peer
        self.loop = loop
        self.io = io
        self.listener = listener
        session = tls.map { TLSSession(server: $0, io: io) }
        acceptedAt = EngineLoop.now
        receivedAt = acceptedAt
        sentAt = acceptedAt
    }

    deinit { if !isClosed { _ = Glibc.close(descriptor) } }

    /// Begins to read; false where the system has no room for it.
    func start(_ handler: any ConnectionHandler) -> Bool {
        self.handler = handler
        key = loop.watch(descriptor, ready: { [unowned self] in ready($0) })
        if key != nil, session == nil { handler.opened() }
        return key != nil
    }

    /// The protocol that TLS agreed on; empty: none.
    var applicationProtocol: String {
        String(decoding: session?.applicationProtocol ?? [], as: UTF8.self)
    }

    /// Bytes that were given to `send` and that the system has not taken yet.
    var waitingBytes: Int { output.count - outputStart }

    // MARK: - Reading

    /// Reads no more until `resume`; the peer's system then makes the peer wait.
    func pause() {
        isPaused = true
        updateWants()
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        receivedAt = EngineLoop.now
        updateWants()
    }

    private func ready(_ readiness: EngineLoop.Readiness) {
        // It may be closed, and let go, by its handler.
        withExtendedLifetime(self) {
            if readiness.isWritable, waitingBytes > 0 { flush() }
            if readiness.isReadable, !isPaused, !isClosed, !hasPeerEnded { read() }
        }
    }

    /// Takes what has come already, and then counts as ended by the peer; for the end of a source.
    func readRest() {
        var turns = 64
        while turns > 0, !isPaused, !isClosed, !isClosing, !hasPeerEnded, read() { turns -= 1 }
        endOfPeer()
    }

    /// One read; false where there is nothing more for now.
    @discardableResult
    private func read() -> Bool {
        let count = listener.receive(from: descriptor)
        if count > 0 {
            receivedAt = EngineLoop.now
            if let session { decrypt(count, session) } else { deliver(count) }
            return true
        }
        if count == 0 {
            if let session, !session.isHandshakeDone {
                fail("the TLS handshake failed: \(session.failureOfEnd().explanation)")
            } else {
                endOfPeer()
            }
        } else if errno != EAGAIN, errno != EINTR {
            fail(FileFailure(path: "", call: "", code: errno).reason)
        }
        return false
    }

    private func deliver(_ count: Int) {
        if isClosing { return }
        // The buffer is the listener's, and the handler may lead to another read of it.
        let bytes = listener.takeBuffer()
        handler?.received(bytes.span.extracting(0..<count))
        listener.putBack(bytes)
    }

    private func decrypt(_ count: Int, _ session: TLSSession) {
        var plaintext = listener.takePlaintext()
        let wasOpen = session.isHandshakeDone
        let outcome = unsafe listener.withReceived(count) { ciphertext in
            unsafe session.receive(ciphertext)
            return Self.drain(session, &plaintext)
        }
        if io.outputCount > 0 {
            takeSealed()
            flush()
        }
        if session.isHandshakeDone, !wasOpen { handler?.opened() }
        if !plaintext.isEmpty, !isClosed, !isClosing {
            let bytes = plaintext
            handler?.received(bytes.span)
        }
        listener.putBack(plaintext: plaintext)
        switch outcome {
        case .ended: endOfPeer()
        case .failed(let failure): fail("TLS failed: \(failure.explanation)")
        case .wantsMore, .bytes: break
        }
    }

    /// Decrypts until the session wants more or is over; goes through the handshake before.
    private static func drain(
        _ session: TLSSession,
        _ plaintext: inout [UInt8]
    ) -> TLSSession.ReadOutcome {
        if !session.isHandshakeDone {
            switch session.handshake() {
            case .done: break
            case .wantsMore: return .wantsMore
            case .failed(let failure): return .failed(failure)
            }
        }
        while true {
            let start = plaintext.count
            var outcome = TLSSession.ReadOutcome.wantsMore
            plaintext.append(contentsOf: repeatElement(0, count: 16 << 10))
            unsafe plaintext.withUnsafeMutableBytes { bytes in
                unsafe outcome = session.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                )
            }
            guard case .bytes(let count) = outcome else {
                plaintext.removeLast(plaintext.count - start)
                return outcome
            }
            plaintext.removeLast(plaintext.count - start - count)
        }
    }

    private func endOfPeer() {
        guard !hasPeerEnded, !isClosed else { return }
        hasPeerEnded = true
        if isClosing {
            finish()
            return
        }
        updateWants()
        handler?.ended(.peerEnded)
    }

    // MARK: - Writing

    /// Sends the bytes, or keeps them until the peer takes them; false where the connection is over.
    @discardableResult
    func send(_ bytes: Span<UInt8>) -> Bool {
        guard !isClosed, !isClosing else { return false }
        if waitingBytes == 0 { sentAt = EngineLoop.now }
        if let session {
            var offset = 0
            while offset < bytes.count {
                let end = min(offset + 16 << 10, bytes.count)
                guard session.seal(bytes.extracting(offset..<end)) else {
                    fail("the TLS session is broken")
                    return false
                }
                takeSealed()
                offset = end
            }
        } else {
            append(bytes)
        }
        flush()
        guard !isClosed else { return false }
        guard waitingBytes <= outputBytesMax else {
            fail("it takes no answers: \(waitingBytes) bytes wait")
            return false
        }
        return true
    }

    /// ``send(_:)`` for an array.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool { send(bytes.span) }

    /// Takes over what the session has written, before another one of the listener writes.
    private func takeSealed() {
        let io = io
        let sealed = io.output
        unsafe sealed.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
        io.clearOut()
    }

    private func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe output.append(contentsOf: $0) }
    }

    private func flush() {
        guard !isClosed else { return }
        while waitingBytes > 0 {
            let sent = unsafe output.withUnsafeBytes { bytes in
                unsafe pillion_send(
                    descriptor,
                    bytes.baseAddress.map { unsafe $0 + outputStart },
                    waitingBytes
                )
            }
            if sent > 0 {
                outputStart += sent
                sentAt = EngineLoop.now
                continue
            }
            if sent < 0, errno == EINTR { continue }
            if sent < 0, errno == EAGAIN { break }
            fail(FileFailure(path: "", call: "", code: errno).reason)
            return
        }
        if outputStart == output.count {
            output.removeAll(keepingCapacity: output.capacity <= 64 << 10)
            outputStart = 0
            if isClosing {
                finish()
                return
            }
        } else if outputStart > 64 << 10 {
            output.removeFirst(outputStart)
            outputStart = 0
        }
        updateWants()
    }

    private func updateWants() {
        guard let key, !isClosed else { return }
        loop.want(
            key,
            reading: !isPaused && !hasPeerEnded && !isClosing,
            writing: waitingBytes > 0
        )
    }

    // MARK: - The end

    /// Sends what waits, says goodbye and closes; the handler hears nothing more.
    func close() {
        guard !isClosed, !isClosing else { return }
        isClosing = true
        handler = nil
        if let session, session.isHandshakeDone {
            session.shutdown()
            takeSealed()
        }
        if waitingBytes > 0 { flush() } else { finish() }
    }

    /// Closes at once.
    func abort() {
        handler = nil
        finish()
    }

    private func fail(_ why: String) {
        guard !isClosed else { return }
        let told = handler
        finish()
        if let told { told.ended(.failed(why)) }
    }

    private func finish() {
        guard !isClosed else { return }
        isClosed = true
        handler = nil
        output = []
        outputStart = 0
        if let key { loop.unwatch(key) }
        _ = Glibc.close(descriptor)
        listener.remove(self)
    }

    /// Ends it where a deadline passed; called every second or so.
    func check(now: Int64) {
        guard !isClosed else { return }
        if let session, !session.isHandshakeDone, now - acceptedAt > Self.handshakeTimeout {
            fail("the TLS handshake took longer than \(Self.handshakeTimeout / 1000) s")
        } else if waitingBytes > 0, now - sentAt > Self.stallTimeout {
            fail("it took nothing of what was sent to it for \(Self.stallTimeout / 1000) s")
        } else if let idleTimeout, !isPaused, !hasPeerEnded, now - receivedAt > idleTimeout {
            let told = handler
            finish()
            told?.ended(.idle)
        }
    }
}

import CTLS
package import Model

/// One TLS connection over memory: a handshake, then records in both directions.
///
/// Loop-bound. The caller feeds what the socket gave with `receive`, then calls `handshake()` until
/// it is done and `read(into:)` until it wants more; after each call it sends what `TLSIO` has.
/// What was received is taken over by the time a call says `.wantsMore`, never later; until then no
/// other session of the loop may be used, since all share one `TLSIO`.
@safe
package final class TLSSession {
    package enum HandshakeOutcome {
        case done
        case wantsMore
        case failed(TLSFailure)
    }

    package enum ReadOutcome {
        /// So many bytes of plaintext; there may be more.
        case bytes(Int)
        case wantsMore
        /// The peer has ended its direction properly (close_notify).
        case ended
        case failed(TLSFailure)
    }

    private let pointer: OpaquePointer?
    private let io: TLSIO
    package let context: TLSContext
    package private(set) var isHandshakeDone = false

    deinit {
        if let pointer = unsafe pointer { unsafe pillion_tls_session_free(pointer) }
    }

    package init(server context: TLSContext, io: TLSIO) {
        self.context = context
        self.io = io
        unsafe pointer = pillion_tls_session_new(context.pointer, io.pointer, "", "", nil, 0)
    }

    /// - Parameters:
    ///   - serverName: is sent (SNI) where it is not nil; an IP address never is (RFC 6066).
    ///   - verifyName: a DNS name that the certificate must have, whatever other names the
    ///     configuration demands (`auto_sni_san_validation`).
    ///   - alpn: replaces the configuration's protocols where it is not nil.
    package init(
        client context: TLSContext,
        io: TLSIO,
        serverName: String?,
        verifyName: String? = nil,
        alpn: [[UInt8]]? = nil
    ) {
        self.context = context
        self.io = io
        let wire = alpn.flatMap { try? ApplicationProtocols.wire($0) } ?? []
        let name = serverName ?? ""
        unsafe pointer = pillion_tls_session_new(
            context.pointer,
            io.pointer,
            Self.isAddress(name) ? "" : name,
            verifyName ?? "",
            wire,
            wire.count
        )
    }

    private static func isAddress(_ name: String) -> Bool {
        let bytes = name.utf8
        return bytes.contains(UInt8(ascii: ":"))
            || (bytes.last?.isASCIIDigit ?? false)
                && bytes.allSatisfy { $0.isASCIIDigit || $0 == UInt8(ascii: ".") }
    }

    /// Gives the session what the socket has read.
    ///
    /// The memory must stay as it is until a call says `.wantsMore`, `.ended` or `.failed`.
    @unsafe
    package func receive(_ ciphertext: UnsafeRawBufferPointer) {
        unsafe io.pointer.pointee.in = unsafe ciphertext.baseAddress?.assumingMemoryBound(
            to: UInt8.self
        )
        unsafe io.pointer.pointee.in_len = ciphertext.count
    }

    /// Goes on with the handshake; a client's first call begins it.
    package func handshake() -> HandshakeOutcome {
        guard let pointer = unsafe pointer else { return .failed(.unmade) }
        switch unsafe pillion_tls_handshake(pointer) {
        case Int32(PILLION_TLS_DONE):
            isHandshakeDone = true
            return .done
        case Int32(PILLION_TLS_WANTS_MORE): return .wantsMore
        default: return .failed(failure())
        }
    }

    /// Decrypts into `buffer`, which must not be empty; called until it wants more.
    @unsafe
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadOutcome {
        guard let pointer = unsafe pointer else { return .failed(.unmade) }
        let count = unsafe pillion_tls_read(pointer, buffer.baseAddress, buffer.count)
        if count > 0 { return .bytes(count) }
        switch count {
        case PILLION_TLS_WANTS_MORE: return .wantsMore
        case PILLION_TLS_ENDED: return .ended
        default: return .failed(failure())
        }
    }

    /// Appends records with the plaintext to the output; false: the session is broken.
    ///
    /// Records have at most 16 KiB, and the output grows by what one call gives: the caller bounds
    /// it by sending in parts.
    package func seal(_ plaintext: Span<UInt8>) -> Bool {
        guard isHandshakeDone, let pointer = unsafe pointer else { return false }
        return unsafe plaintext.withUnsafeBytes { bytes in
            unsafe pillion_tls_seal(pointer, bytes.baseAddress, bytes.count) == 1
        }
    }

    /// Appends close_notify to the output: nothing more will be sent.
    package func shutdown() {
        guard let pointer = unsafe pointer else { return }
        unsafe pillion_tls_shutdown(pointer)
    }

    /// The failure of a connection whose peer has closed it before the handshake was done.
    package func failureOfEnd() -> TLSFailure {
        guard let pointer = unsafe pointer else { return .unmade }
        return unsafe FailureWords.ended(pointer, context)
    }

    private func failure() -> TLSFailure {
        unsafe io.pointer.pointee.in_len = 0
        guard let pointer = unsafe pointer else { return .unmade }
        return unsafe FailureWords.failure(of: pointer, context, isHandshakeDone)
    }

    // MARK: - After the handshake

    /// The protocol that both agreed on; empty: none.
    package var applicationProtocol: [UInt8] {
        guard let pointer = unsafe pointer else { return [] }
        var name: UnsafePointer<UInt8>?
        let count = unsafe pillion_tls_session_alpn(pointer, &name)
        return unsafe Array(UnsafeBufferPointer(start: name, count: count))
    }

    package var wasResumed: Bool {
        guard let pointer = unsafe pointer else { return false }
        return unsafe pillion_tls_session_resumed(pointer) == 1
    }

    /// The peer's certificate was not trusted, and the configuration let it in all the same.
    package var wasLetInUntrusted: Bool {
        guard let pointer = unsafe pointer else { return false }
        return unsafe pillion_tls_session_verified(pointer) == -1
    }

    /// What became of the OCSP staple that the client asked for.
    package var staple: OCSPStaple {
        guard let pointer = unsafe pointer else { return .unasked }
        return unsafe OCSPStaple(of: pointer)
    }

    /// What the handshake has found out, also one that failed; read from the certificates when it is first asked for.
    package private(set) lazy var facts: TLSFacts = {
        guard let pointer = unsafe pointer else {
            return TLSFacts(version: .tls12, cipherSuite: "")
        }
        return unsafe SessionFacts.read(pointer, context, applicationProtocol)
    }()
}

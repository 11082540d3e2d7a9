import CTLS

/// The ciphertext that goes in and out of the sessions of one event loop.
///
/// Loop-bound. A session appends what is to be sent; whoever called it sends `output` (or copies
/// what the socket does not take) and calls `clearOut()` before any other session is used.
@safe
package final class TLSIO {
    let pointer: UnsafeMutablePointer<pillion_tls_io>

    package init() {
        let made = unsafe pillion_tls_io_new()
        precondition(unsafe made != nil, "there is no memory for a loop's TLS buffers")
        unsafe pointer = unsafe made.unsafelyUnwrapped
    }

    deinit { unsafe pillion_tls_io_free(pointer) }

    /// Bytes that wait to be sent.
    package var outputCount: Int { unsafe pointer.pointee.out_len }

    /// The bytes that wait to be sent; valid until a session of this loop is used.
    package var output: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeBufferPointer(
                start: pointer.pointee.out,
                count: pointer.pointee.out_len
            )
            let span = unsafe Span(_unsafeElements: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Bytes of `receive` that no call has taken yet; 0 once a call has said `.wantsMore`.
    package var unreadCount: Int { unsafe pointer.pointee.in_len }

    /// Forgets the output, which was sent or copied.
    package func clearOut() { unsafe pillion_tls_io_clear(pointer) }
}

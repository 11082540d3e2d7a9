import Model

/// A connection to an endpoint whose bytes mean nothing here.
class RawUpstreamSocket: UpstreamSocket {
    /// The event that completed the connection may have told of bytes and of an end, too, which no
    /// other event repeats: the first bytes are read on until the kernel has no more.
    private final var isFresh = true

    /// A server may have spoken first.
    final func begin() {
        isReadable = true
        sawReadHangup = true
        scheduleResume()
    }

    /// Bytes of the endpoint; all of them are taken.
    func take(_ bytes: Span<UInt8>) {}

    override final func received(_ bytes: Span<UInt8>) -> Int {
        if isFresh {
            isFresh = false
            sawReadHangup = false
        }
        take(bytes)
        return bytes.count
    }

    override final var readsBeforeLoss: Bool { true }
}

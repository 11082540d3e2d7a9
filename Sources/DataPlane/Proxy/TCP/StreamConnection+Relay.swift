import CLinux
import Model

/// Bytes of another connection, passed on as they are.
extension StreamConnection {
    /// Hands the bytes to the kernel at once where nothing waits before them; keeps what it does not
    /// take.
    ///
    /// A relay writes once for each read, so that gathering would only copy. Whoever calls this stops
    /// reading from the other side while `hasBacklog` holds: then no more than one read waits here.
    final func relay(_ bytes: Span<UInt8>) {
        guard isOpen, writeError == 0, !bytes.isEmpty else { return }
        guard isWritable, output.isEmpty else {
            write(bytes)
            return
        }
        if let tls {
            writeSealed(bytes, tls)
            return
        }
        unsafe bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return }
            let sent = unsafe pillion_send(descriptor, base, raw.count)
            if sent < 0 {
                failedToSend()
                if writeError == 0 { unsafe output.append(base, count: raw.count) }
                return
            }
            bytesSent &+= UInt64(sent)
            if sent < raw.count {
                isWritable = false
                unsafe output.append(base + sent, count: raw.count - sent)
            }
        }
    }
}

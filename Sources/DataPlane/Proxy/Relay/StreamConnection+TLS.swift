import CLinux
import Glibc
import Identity

/// Records in both directions.
///
/// The session never sees the socket: ciphertext comes from the loop's scratch buffer, and sealed
/// records are sent from the loop's own; only what the kernel does not take is kept.
extension StreamConnection {
    /// So much is sealed before the kernel is asked to take it.
    private static let sealBytes = 64 * 1024

    /// Begins the client's or the server's side of a handshake; bytes that came before are its first.
    func startHandshake(_ session: TLSSession) {
        let transport = TLSTransport(session)
        tls = transport
        var before = ByteQueue()
        swap(&before, &input)
        if let base = unsafe before.pointer {
            // The session takes all of it during the call.
            unsafe session.receive(UnsafeRawBufferPointer(start: base, count: before.count))
        }
        handshake(transport)
        _ = consume before
    }

    /// `count` bytes of ciphertext are in the loop's scratch buffer.
    func tookRecords(_ count: Int, _ tls: TLSTransport) {
        unsafe tls.session.receive(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
        if tls.isHandshaking {
            handshake(tls)
            return
        }
        let (filled, end) = decrypt(tls)
        sendSealed(tls)
        if filled > 0 {
            bytesReceived &+= UInt64(filled)
            unsafe took(UnsafeRawBufferPointer(rebasing: loop.plaintext[..<filled]))
        }
        guard isOpen else { return }
        switch end {
        case .open: break
        case .finished:
            isReadable = false
            receivedEnd()
        case .failed(let failure):
            isReadable = false
            failed(tls, failure)
        }
    }

    /// The session broke after its handshake.
    private func failed(_ tls: TLSTransport, _ failure: TLSFailure) {
        tls.failure = failure
        tls.stats?.count(failure)
        lost(EPROTO)
    }

    private enum PlaintextEnd {
        case open
        case finished
        case failed(TLSFailure)
    }

    /// Decrypts everything at hand into the loop's buffer, before anything is done with it: what it
    /// sets off may use other sessions of the loop.
    private func decrypt(_ tls: TLSTransport) -> (filled: Int, end: PlaintextEnd) {
        let room = unsafe loop.plaintext
        var filled = 0
        while filled < room.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[filled...])
            switch unsafe tls.session.read(into: rest) {
            case .bytes(let count): filled += count
            case .wantsMore: return (filled, .open)
            case .ended: return (filled, .finished)
            case .failed(let failure): return (filled, .failed(failure))
            }
        }
        return (filled, .open)
    }

    private func handshake(_ tls: TLSTransport) {
        switch tls.session.handshake() {
        case .wantsMore: sendSealed(tls)
        case .failed(let failure):
            sendSealed(tls)
            tls.failure = failure
            handshakeFailed(failure)
        case .done:
            tls.isHandshaking = false
            let (filled, end) = decrypt(tls)
            if filled > 0 {
                bytesReceived &+= UInt64(filled)
                if let base = unsafe loop.plaintext.baseAddress {
                    unsafe input.append(UnsafeRawPointer(base), count: filled)
                }
            }
            sendSealed(tls)
            switch end {
            case .open: break
            case .finished: tls.hasPeerFinished = true
            case .failed(let failure):
                failed(tls, failure)
                return
            }
            secured()
            guard isOpen else { return }
            if !output.isEmpty { scheduleFlush() }
            if !input.isEmpty || tls.hasPeerFinished { scheduleResume() }
        }
    }

    // MARK: - Writing

    /// Sends what the sessions of this loop have sealed, which is this one's.
    func sendSealed(_ tls: TLSTransport) {
        let io = loop.tls
        guard io.outputCount > 0 else { return }
        defer { io.clearOut() }
        guard isOpen, writeError == 0 else { return }
        let records = io.output
        if !isWritable || !tls.sealed.isEmpty {
            tls.sealed.append(records)
            return
        }
        let sent = unsafe records.withUnsafeBytes { bytes in
            unsafe pillion_send(descriptor, bytes.baseAddress, bytes.count)
        }
        if sent < 0 {
            failedToSend()
            if writeError == 0 { tls.sealed.append(records) }
            return
        }
        if sent < records.count {
            isWritable = false
            tls.sealed.append(records.extracting(sent...))
        }
    }

    /// Seals what was gathered and a large body after it, without a copy of either.
    func writeSealed(_ bytes: Span<UInt8>, _ tls: TLSTransport) {
        if tls.isHandshaking {
            output.append(bytes)
            return
        }
        if !output.isEmpty {
            seal(output.span, tls)
            output.removeAll()
        }
        seal(bytes, tls)
        sendSealed(tls)
    }

    private func seal(_ bytes: Span<UInt8>, _ tls: TLSTransport) {
        bytesSent &+= UInt64(bytes.count)
        if !tls.session.seal(bytes), writeError == 0 {
            writeError = EPROTO
            scheduleResume()
        }
    }

    func flushSealed(_ tls: TLSTransport) {
        guard isOpen, !isDrained else { return }
        if let first = unsafe tls.sealed.pointer {
            let waiting = tls.sealed.count
            let sent = unsafe pillion_send(descriptor, first, waiting)
            if sent < 0 {
                failedToSend()
                return
            }
            tls.sealed.removeFirst(sent)
            if sent < waiting {
                isWritable = false
                return
            }
        }
        if tls.isHandshaking { return }
        while !output.isEmpty, isWritable, writeError == 0 {
            let count = min(output.count, Self.sealBytes)
            seal(output.span.extracting(..<count), tls)
            output.removeFirst(count)
            sendSealed(tls)
        }
        if isDrained, writeError == 0 { drained() }
    }

    /// Tells the peer that nothing more comes; best effort.
    func sendCloseNotify(_ tls: TLSTransport) {
        guard !tls.hasSentCloseNotify, !tls.isHandshaking, tls.failure == nil, writeError == 0,
            isDrained
        else { return }
        tls.hasSentCloseNotify = true
        tls.session.shutdown()
        sendSealed(tls)
    }
}

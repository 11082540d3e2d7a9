import CLinux
import Glibc
import Identity
import Model

/// A stream socket on a loop: reads into the loop's scratch buffer, writes through to the kernel,
/// keeps in memory only what the kernel would not take.
///
/// Subclasses say what bytes mean. Reading happens only from the top of the loop (`ready`, `resume`),
/// never inside the handling of another read. Writing may happen any time; small writes of one event
/// leave together at its end.
package class StreamConnection: Pollable {
    package let loop: EventLoop
    /// Bytes that were written and not yet taken by the kernel.
    package final var output = ByteQueue()
    /// Bytes that were read and not yet understood.
    package final var input = ByteQueue()
    /// The kernel may have bytes, an end or an error for us.
    final var isReadable = false
    /// The peer has finished sending: the end comes after the bytes that wait.
    final var sawReadHangup = false
    /// Both directions are gone.
    final var sawHangup = false
    final var isWritable = true
    final var isReadingPaused = false
    private final var isFlushScheduled = false
    private final var isResumeScheduled = false
    final var writeError: Int32 = 0
    /// nil: bytes go in clear.
    final var tls: TLSTransport?
    final var bytesReceived: UInt64 = 0
    final var bytesSent: UInt64 = 0

    /// Small writes are gathered up to here; a larger body goes out at once, without a copy.
    static let gatherBytes = 16 * 1024

    init(descriptor: Int32, loop: EventLoop) {
        self.loop = loop
        super.init(descriptor: descriptor)
    }

    // MARK: - For subclasses

    /// What came; returns how many bytes were understood.
    ///
    /// The others are given again, with more.
    func received(_ bytes: Span<UInt8>) -> Int { bytes.count }
    /// Bytes have been given to `received`, and what it left is in `input`.
    func settled() {}
    /// The peer finished sending.
    ///
    /// Bytes that were not understood are in `input`.
    func receivedEnd() {}
    /// The connection is broken: errno, or 0 for a hang-up in both directions.
    func lost(_ code: Int32) {}
    /// The peer has finished sending, and there may be bytes of it that were not read yet.
    func peerFinished() {}
    /// What was not read yet counts even where the connection is broken: an answer, for instance.
    var readsBeforeLoss: Bool { false }
    /// Everything that waited has been written.
    func drained() {}
    /// The handshake is done; what follows of the peer is in `input`.
    func secured() {}
    /// The handshake has failed, and the peer has been told why.
    func handshakeFailed(_ failure: TLSFailure) { lost(EPROTO) }
    /// For connections that connect: called before anything is read.
    func becameWritable() {}

    // MARK: - Events

    override package final func ready(events: UInt32) {
        let reading =
            UInt32(PILLION_IN) | UInt32(PILLION_READ_HANGUP)
            | UInt32(PILLION_HANGUP) | UInt32(PILLION_ERROR)
        let isFirstHangup = events & UInt32(PILLION_READ_HANGUP) != 0 && !sawReadHangup
        // Set before anything is called: another object may go on from there, and no edge tells it.
        if events & reading != 0 { isReadable = true }
        if isFirstHangup { sawReadHangup = true }
        if events & UInt32(PILLION_OUT) != 0 {
            isWritable = true
            becameWritable()
            guard isOpen else { return }
            if !isDrained { flush() }
        }
        guard events & reading != 0, isOpen else { return }
        if isFirstHangup, isReadingPaused { peerFinished() }
        if events & UInt32(PILLION_HANGUP | PILLION_ERROR) != 0 {
            sawHangup = true
            if isReadingPaused {
                if readsBeforeLoss { return }
                // Nobody will read the error: tell now.
                lost(SystemCall.pendingError(descriptor))
                return
            }
        }
        if !isReadingPaused { readAvailable() }
    }

    override package final func resume() {
        isResumeScheduled = false
        if writeError != 0 {
            if readsBeforeLoss {
                if isReadingPaused { return }
                // No edge may come any more, so read up to the end.
                sawReadHangup = true
                isReadable = true
                if !input.isEmpty { processInput() }
                if isOpen { readAvailable() }
                if isReadable || isReadingPaused { return }
            }
            if isOpen { lost(writeError) }
            return
        }
        guard !isReadingPaused else { return }
        if !input.isEmpty { processInput() }
        if isOpen, isReadable, !isReadingPaused { readAvailable() }
        if let tls, tls.hasPeerFinished, isOpen, !isReadingPaused {
            tls.hasPeerFinished = false
            receivedEnd()
        }
    }

    /// Asks for `resume` from the top of the loop.
    final func resumeReadingLater() {
        isReadingPaused = false
        scheduleResume()
    }

    final func scheduleResume() {
        if isResumeScheduled { return }
        isResumeScheduled = true
        loop.resumeLater(self)
    }

    // MARK: - Reading

    private final func readAvailable() {
        // A connection that always has more must not starve the others.
        var budget = 8
        while isReadable, isOpen, !isReadingPaused {
            if budget == 0 {
                scheduleResume()
                return
            }
            budget -= 1
            let count = unsafe recv(
                descriptor,
                loop.scratch.baseAddress,
                EventLoop.scratchBytes,
                0
            )
            if count > 0 {
                // A short read has emptied the socket; the next bytes make a new edge. The end of
                // the stream makes none once it has been announced, so then we go on to read it.
                if count < EventLoop.scratchBytes, !sawReadHangup { isReadable = false }
                if let tls {
                    tookRecords(count, tls)
                } else {
                    bytesReceived &+= UInt64(count)
                    unsafe took(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
                }
            } else if count == 0 {
                isReadable = false
                receivedEnd()
                return
            } else {
                let code = errno
                if code == EINTR { continue }
                isReadable = false
                if code != EAGAIN { lost(code) }
                return
            }
        }
    }

    /// Bytes came; `bytes` are the loop's, and gone with the next read.
    final func took(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        if input.isEmpty {
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            let understood = received(span)
            if understood < bytes.count, isOpen {
                unsafe input.append(base + understood, count: bytes.count - understood)
            }
            settled()
        } else {
            unsafe input.append(base, count: bytes.count)
            processInput()
        }
    }

    final func processInput() {
        guard let base = unsafe input.pointer else { return }
        // `received` never touches `input`, so the bytes stay where they are meanwhile.
        let bytes = unsafe UnsafeRawBufferPointer(start: base, count: input.count)
        let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
        let understood = received(span)
        if isOpen { input.removeFirst(understood) }
        settled()
    }

    // MARK: - Writing

    /// Writes bytes of a body: small ones are gathered until the end of the event, large ones are
    /// handed to the kernel at once together with what was gathered.
    final func write(_ bytes: Span<UInt8>) {
        guard isOpen, writeError == 0, !bytes.isEmpty else { return }
        if output.count + bytes.count <= Self.gatherBytes || !isWritable {
            output.append(bytes)
            scheduleFlush()
            return
        }
        if let tls {
            writeSealed(bytes, tls)
            return
        }
        unsafe bytes.withUnsafeBytes { second in
            let waiting = output.count
            let sent: Int
            if let first = unsafe output.pointer {
                sent = unsafe pillion_send2(
                    descriptor,
                    first,
                    waiting,
                    second.baseAddress,
                    second.count
                )
            } else {
                sent = unsafe pillion_send(descriptor, second.baseAddress, second.count)
            }
            if sent < 0 {
                failedToSend()
                if writeError == 0 { output.append(bytes) }
                return
            }
            bytesSent &+= UInt64(sent)
            let fromFirst = min(sent, waiting)
            output.removeFirst(fromFirst)
            let fromSecond = sent - fromFirst
            if sent < waiting + second.count {
                isWritable = false
                if let base = second.baseAddress {
                    unsafe output.append(base + fromSecond, count: second.count - fromSecond)
                }
            }
        }
    }

    final func write(_ text: StaticString) {
        guard isOpen, writeError == 0 else { return }
        output.append(text)
        scheduleFlush()
    }

    /// Lets `fill` write up to `count` bytes in place; it returns how many it wrote.
    final func write(
        upTo count: Int,
        _ fill: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        guard isOpen, writeError == 0 else { return }
        let room = unsafe output.reserve(count)
        let written = unsafe fill(UnsafeMutableRawBufferPointer(start: room, count: count))
        precondition(written <= count, "more was written than there was room for")
        output.commit(written)
        scheduleFlush()
    }

    final func scheduleFlush() {
        if isFlushScheduled || !isWritable { return }
        isFlushScheduled = true
        loop.flushLater(self)
    }

    override package final func flush() {
        isFlushScheduled = false
        if let tls {
            flushSealed(tls)
            return
        }
        guard isOpen, let first = unsafe output.pointer else { return }
        let waiting = output.count
        let sent = unsafe pillion_send(descriptor, first, waiting)
        if sent < 0 {
            failedToSend()
            return
        }
        bytesSent &+= UInt64(sent)
        output.removeFirst(sent)
        if sent < waiting {
            isWritable = false
        } else {
            drained()
        }
    }

    final func failedToSend() {
        let code = errno
        if code == EAGAIN || code == EINTR || code == ENOBUFS {
            isWritable = false
            return
        }
        // The owner hears of it from the top of the loop, not in the middle of its own writing.
        writeError = code
        output.removeAll()
        tls?.sealed.removeAll()
        scheduleResume()
    }

    /// Nothing waits for the kernel.
    final var isDrained: Bool { output.isEmpty && tls?.sealed.isEmpty != false }
    /// What was written has not all been taken by the peer.
    final var hasBacklog: Bool { !isWritable && !isDrained }

    /// Another object goes on with the connection, where this one stands.
    ///
    /// Bytes that were not understood become its input.
    final func handOver(to next: StreamConnection) {
        loop.hand(self, to: next)
        swap(&next.input, &input)
        swap(&next.output, &output)
        next.tls = tls
        tls = nil
        // The end of the stream makes no other edge: whoever goes on reads it again.
        next.isReadable = isReadable || sawReadHangup
        next.isWritable = isWritable
        next.sawReadHangup = sawReadHangup
        next.sawHangup = sawHangup
        next.writeError = writeError
        next.bytesReceived = bytesReceived
        next.bytesSent = bytesSent
        if !next.isDrained { next.scheduleFlush() }
        // Whoever took over reads from the top of the loop, also what has arrived before.
        if next.isReadable || !next.input.isEmpty || next.writeError != 0
            || next.tls?.hasPeerFinished == true
        {
            next.scheduleResume()
        }
    }

    /// No more bytes will be written; the peer sees the end after those that wait.
    final func finishWriting() {
        guard isOpen else { return }
        if let tls { sendCloseNotify(tls) }
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Ends the connection now; what waits is dropped.
    final func closeNow(abruptly: Bool = false) {
        guard isOpen else { return }
        if let tls, !abruptly { sendCloseNotify(tls) }
        output.removeAll()
        input.removeAll()
        loop.close(self, abruptly: abruptly)
    }
}

extension ByteQueue {
    /// Shows a part of what waits; it is not to be changed meanwhile.
    borrowing func show(_ range: Range<Int>, to body: (Span<UInt8>) -> Void) {
        let waiting = span
        body(waiting.extracting(range))
    }
}

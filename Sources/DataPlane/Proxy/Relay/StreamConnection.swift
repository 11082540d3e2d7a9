import CLinux
import Glibc
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
    final var bytesReceived: UInt64 = 0
    final var bytesSent: UInt64 = 0

    /// Small writes are gathered up to here; a larger body goes out at once, without a copy.
    private static let gatherBytes = 16 * 1024

    init(descriptor: Int32, loop: EventLoop) {
        self.loop = loop
        super.init(descriptor: descriptor)
    }

    // MARK: - For subclasses

    /// What came; returns how many bytes were understood.
    ///
    /// The others are given again, with more.
    func received(_ bytes: Span<UInt8>) -> Int { bytes.count }
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
    /// For connections that connect: called before anything is read.
    func becameWritable() {}

    // MARK: - Events

    override package final func ready(events: UInt32) {
        if events & UInt32(PILLION_OUT) != 0 {
            isWritable = true
            becameWritable()
            guard isOpen else { return }
            if !output.isEmpty { flush() }
        }
        let reading =
            UInt32(PILLION_IN) | UInt32(PILLION_READ_HANGUP)
            | UInt32(PILLION_HANGUP) | UInt32(PILLION_ERROR)
        guard events & reading != 0, isOpen else { return }
        isReadable = true
        if events & UInt32(PILLION_READ_HANGUP) != 0, !sawReadHangup {
            sawReadHangup = true
            if isReadingPaused { peerFinished() }
        }
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
    }

    /// Asks for `resume` from the top of the loop.
    final func resumeReadingLater() {
        isReadingPaused = false
        scheduleResume()
    }

    private final func scheduleResume() {
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
                bytesReceived &+= UInt64(count)
                took(count)
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

    private final func took(_ count: Int) {
        if input.isEmpty {
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: loop.scratch[..<count])
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            let understood = received(span)
            if understood < count, isOpen {
                unsafe input.append(
                    bytes.baseAddress.unsafelyUnwrapped + understood,
                    count: count - understood
                )
            }
        } else {
            if let base = unsafe loop.scratch.baseAddress {
                unsafe input.append(UnsafeRawPointer(base), count: count)
            }
            processInput()
        }
    }

    private final func processInput() {
        guard let base = unsafe input.pointer else { return }
        // `received` never touches `input`, so the bytes stay where they are meanwhile.
        let bytes = unsafe UnsafeRawBufferPointer(start: base, count: input.count)
        let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
        let understood = received(span)
        if isOpen { input.removeFirst(understood) }
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

    private final func failedToSend() {
        let code = errno
        if code == EAGAIN || code == EINTR || code == ENOBUFS {
            isWritable = false
            return
        }
        // The owner hears of it from the top of the loop, not in the middle of its own writing.
        writeError = code
        output.removeAll()
        scheduleResume()
    }

    /// No more bytes will be written; the peer sees the end after those that wait.
    final func finishWriting() {
        guard isOpen else { return }
        _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Ends the connection now; what waits is dropped.
    final func closeNow(abruptly: Bool = false) {
        guard isOpen else { return }
        output.removeAll()
        input.removeAll()
        loop.close(self, abruptly: abruptly)
    }
}

extension ByteQueue {
    /// Writes what waits, from a position on, and keeps it.
    borrowing func write(from start: Int, to connection: StreamConnection) {
        let waiting = span
        connection.write(waiting.extracting(start..<waiting.count))
    }
}

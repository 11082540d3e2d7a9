import Glibc
import Synchronization

/// The thread of the writer: takes what is queued, writes it, sleeps.
struct AccessLogDrain {
    let writer: AccessLogWriter

    /// Chunks of one `writev` at most; the kernel's own limit is 1024.
    private static let vectorCountMax = 64

    func run() {
        while true {
            let (chunks, wantsReopen, isClosing) = writer.state.withLock { state in
                let taken = (state.queue, state.wantsReopen, state.isClosing)
                state.queue = []
                state.wantsReopen = false
                return taken
            }
            write(chunks)
            if wantsReopen { reopen() }
            if !chunks.isEmpty || wantsReopen { continue }
            if isClosing { break }
            writer.wake.wait()
        }
        writer.state.withLock { state in
            for sink in state.sinks { sink.close() }
        }
    }

    private func reopen() {
        let failures = writer.state.withLock { state -> [AccessLogOpenFailure] in
            var failures: [AccessLogOpenFailure] = []
            for index in state.sinks.indices {
                do throws(AccessLogOpenFailure) {
                    try state.sinks[index].reopen()
                } catch {
                    failures.append(error)
                }
            }
            state.reopenCount += 1
            return failures
        }
        for failure in failures {
            Log.shared.log(.warning, "\(failure); the file that was open stays in use")
        }
    }

    /// Writes chunks in order; neighbours for one sink go out together.
    private func write(_ chunks: [AccessLogWriter.Chunk]) {
        var start = 0
        while start < chunks.count {
            var end = start + 1
            while end < chunks.count, chunks[end].sink == chunks[start].sink,
                end - start < Self.vectorCountMax
            {
                end += 1
            }
            write(chunks[start..<end], to: chunks[start].sink)
            let size = chunks[start..<end].reduce(0) { $0 + $1.bytes.count }
            writer.state.withLock { $0.backlogBytes -= size }
            start = end
        }
    }

    private func write(_ chunks: ArraySlice<AccessLogWriter.Chunk>, to index: Int) {
        var sink = writer.state.withLock { $0.sinks[index] }
        // The bytes of one system call stand together in one buffer: the copy costs less than a
        // table of vectors whose arrays must be pinned one inside of the other.
        var bytes: [UInt8] = sink.isMidLine ? [0x0a] : []
        bytes.reserveCapacity(chunks.reduce(1) { $0 + $1.bytes.count })
        for chunk in chunks { bytes += chunk.bytes }
        let lead = sink.isMidLine ? 1 : 0
        let (written, code) = Self.writeAll(bytes, to: sink.descriptor)
        let lineCount = chunks.reduce(0) { $0 + $1.lineCount }
        let kept =
            written == bytes.count
            ? lineCount : Self.wholeLines(chunks, in: max(0, written - lead))
        writer.linesWrittenCell.wrappingAdd(UInt64(clamping: kept), ordering: .relaxed)
        writer.bytesWrittenCell.wrappingAdd(UInt64(clamping: written), ordering: .relaxed)
        writer.drop(lineCount - kept)
        if written > 0 { sink.isMidLine = bytes[written - 1] != 0x0a && written < bytes.count }
        note(code, &sink)
        let after = sink
        writer.state.withLock { state in
            state.sinks[index].isFailing = after.isFailing
            state.sinks[index].isMidLine = after.isMidLine
        }
    }

    private func note(_ code: Int32?, _ sink: inout AccessLogSink) {
        if let code {
            writer.failedWritesCell.wrappingAdd(1, ordering: .relaxed)
            if sink.isFailing { return }
            sink.isFailing = true
            Log.shared.log(
                .warning,
                "access log cannot be written: lines are dropped until it can",
                ["path": sink.path, "error": SystemError.text(code)]
            )
        } else if sink.isFailing {
            sink.isFailing = false
            Log.shared.log(.info, "access log can be written again", ["path": sink.path])
        }
    }

    /// The lines that are whole in the first `written` bytes of the chunks.
    ///
    /// Exact where each line ends with one newline, as the formats do that people use.
    private static func wholeLines(
        _ chunks: ArraySlice<AccessLogWriter.Chunk>,
        in written: Int
    ) -> Int {
        var rest = written
        var lines = 0
        for chunk in chunks {
            if rest >= chunk.bytes.count {
                lines += chunk.lineCount
                rest -= chunk.bytes.count
                continue
            }
            let newlines = chunk.bytes.prefix(rest).count { $0 == 0x0a }
            return lines + min(newlines, chunk.lineCount)
        }
        return lines
    }

    /// Writes until all is written or the kernel says why not.
    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> (Int, Int32?) {
        var written = 0
        while written < bytes.count {
            let result = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
                return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if result > 0 {
                written += result
                continue
            }
            let code = result == 0 ? ENOSPC : errno
            switch code {
            case EINTR: continue
            case EAGAIN:
                // A pipe whose reader is slow. The backlog bounds what waits meanwhile.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe Glibc.poll(&poll, 1, 1000)
            default: return (written, code)
            }
        }
        return (written, nil)
    }
}

package import Model

/// One access log at one worker: renders lines and hands them to the writer in chunks.
///
/// Owned by the worker's loop, like what it renders.
package final class AccessLogChannel {
    private let format: AccessLogFormat
    private let sink: SinkID
    private let writer: AccessLogWriter
    private let buffer: LineBuffer
    private let chunkBytes: Int

    /// - Parameter chunkBytes: A chunk of this size is handed over at once.
    package init(
        format: AccessLogFormat,
        sink: SinkID,
        writer: AccessLogWriter,
        chunkBytes: Int = 32 << 10
    ) {
        self.format = format
        self.sink = sink
        self.writer = writer
        self.chunkBytes = chunkBytes
        buffer = LineBuffer(capacity: 4096)
    }

    deinit { flush() }

    /// Renders one line, and hands over where the chunk is full.
    package func log(_ record: borrowing ExchangeRecord) {
        format.render(record, into: buffer)
        buffer.endLine()
        if buffer.count >= chunkBytes { flush() }
    }

    /// True where lines wait for the next `flush`.
    package var hasLines: Bool { !buffer.isEmpty }

    /// Hands over what is rendered; the loop calls it at its tick and at its end.
    package func flush() {
        if buffer.isEmpty { return }
        let lineCount = buffer.lineCount
        let bytes = buffer.copy()
        buffer.removeAll()
        writer.submit(sink: sink, bytes: bytes, lineCount: lineCount)
    }
}

@available(*, unavailable)
extension AccessLogChannel: Sendable {}

/// One access log at one worker: renders lines and hands them to the writer in chunks.
package final class AccessLogChannel {
    private let format: AccessLogFormat
    private let sink: SinkID
    private let writer: AccessLogWriter
    private let buffer = LineBuffer(capacity: 4096)
    private let chunkBytes: Int

    package init(
        format: AccessLogFormat, sink: SinkID, writer: AccessLogWriter, chunkBytes: Int = 32 << 10
    ) {
        self.format = format
        self.sink = sink
        self.writer = writer
        self.chunkBytes = chunkBytes
    }

    /// Renders one line; hands over where the chunk is full.
    package func log(_ record: borrowing AccessLogRecord) {
        format.render(record, into: buffer)
        buffer.endLine()
        if buffer.count >= chunkBytes { flush() }
    }

    /// Hands over what is rendered; the loop calls it at its tick.
    package func flush() {
        if buffer.isEmpty { return }
        buffer.removeAll()
    }
}

@available(*, unavailable)
extension AccessLogChannel: Sendable {}

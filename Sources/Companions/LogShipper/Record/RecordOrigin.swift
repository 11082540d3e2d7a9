/// Where a record comes from: a stream and the bytes there that it was made of.
package struct RecordOrigin: Sendable, Hashable {
    /// The number of the ``LogStream`` in the engine's table.
    package var stream: UInt32
    /// The first byte, counted from the begin of the stream; of streams that can't be read again, the
    /// number of the record.
    package var start: UInt64
    /// After the last byte, line end included: where reading goes on once this record is delivered.
    package var end: UInt64

    package init(stream: UInt32 = 0, start: UInt64 = 0, end: UInt64 = 0) {
        self.stream = stream
        self.start = start
        self.end = end
    }
}

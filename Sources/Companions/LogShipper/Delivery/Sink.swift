package import CompanionKit

/// Limits that a backend sets for one request.
package struct ChunkLimits: Sendable, Equatable {
    /// Bytes of all items.
    package var bytesMax: Int
    /// Number of items.
    package var itemsMax: Int
    /// Bytes of one item; a larger record is refused.
    package var itemBytesMax: Int
    /// Bytes that the frame adds for each item.
    package var overheadPerItem: Int

    package init(
        bytesMax: Int = 5 << 20,
        itemsMax: Int = 100_000,
        itemBytesMax: Int = 64 << 20,
        overheadPerItem: Int = 1
    ) {
        self.bytesMax = bytesMax
        self.itemsMax = itemsMax
        self.itemBytesMax = itemBytesMax
        self.overheadPerItem = overheadPerItem
    }
}

/// Turns records into the form of one sink, on the engine's thread.
package protocol RecordEncoder: AnyObject {
    var limits: ChunkLimits { get }

    /// Writes what the records of one chunk have in common; empty for most sinks.
    ///
    /// `key` is empty when it is called.
    func key(of record: borrowing LogRecord, into key: inout [UInt8])

    /// Appends one record to the bytes; false, and nothing appended, where this sink can never take
    /// it: it is then written to the dead letters with `reason`.
    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool

    /// Records that were cut off because the sink takes no longer ones.
    var truncatedRecords: Int { get }
}

extension RecordEncoder {
    package var truncatedRecords: Int { 0 }
}

/// Sends chunks to one backend, on a thread of the sink's own, which it may block.
///
/// It keeps its connection from one chunk to the next. Each call ends within the sink's timeout, and
/// soon after `cancellation` was asked for.
package protocol ChunkSender: AnyObject {
    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome
    /// Ends the connection, after what is buffered was written.
    func close()
}

/// One kind of sink, made ready: how records are written for it, and how they are sent.
package struct Sink {
    package var encoder: any RecordEncoder
    /// Called once for each thread that sends.
    package var makeSender: @Sendable () throws(SinkFailure) -> any ChunkSender

    package init(
        encoder: any RecordEncoder,
        makeSender: @escaping @Sendable () throws(SinkFailure) -> any ChunkSender
    ) {
        self.encoder = encoder
        self.makeSender = makeSender
    }
}

/// Why a sink can't be made ready, in words: a key that doesn't fit, a library that is not there.
package struct SinkFailure: Error, Equatable {
    package var what: String
    package var hint: String?

    package init(_ what: String, hint: String? = nil) {
        self.what = what
        self.hint = hint
    }
}

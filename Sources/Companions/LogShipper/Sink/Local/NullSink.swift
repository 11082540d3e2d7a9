internal import CompanionKit

/// Takes every record and forgets it.
final class NullEncoder: RecordEncoder {
    let limits = ChunkLimits(itemsMax: 10_000, overheadPerItem: 0)

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool { true }
}

/// Says of every chunk that it is delivered.
final class NullSender: ChunkSender {
    func send(_ chunk: borrowing Chunk, cancellation: Cancellation) -> SendOutcome {
        .delivered(duplicates: 0)
    }

    func close() {}
}

import Model

/// Lets a part of the records through; the same record always has the same fate.
final class SampleStage: RecordStage {
    private let path: FieldPath?
    /// Hashes below it pass; nil: all do.
    private let threshold: UInt64?
    private var text: [UInt8] = []

    init(_ options: SampleOptions) {
        path = options.key.map(FieldPath.init)
        if options.rate >= 1 {
            threshold = nil
        } else {
            threshold = options.rate > 0 ? UInt64(options.rate * 0x1p63) << 1 : 0
        }
    }

    func apply(_ record: inout LogRecord) -> StageOutcome {
        guard let threshold else { return .pass }
        text.removeAll(keepingCapacity: true)
        if let path {
            path.appendText(of: record, &text)
        } else {
            let origin = record.origin
            for shift in stride(from: 0, to: 64, by: 8) {
                text.append(UInt8(truncatingIfNeeded: origin.start >> UInt64(shift)))
            }
            text += record.tag.bytes
        }
        return Self.hash(text) < threshold ? .pass : .drop
    }

    /// FNV-1a, mixed so that the high bits depend on all: it must not change from start to start.
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        hash = (hash ^ hash >> 30) &* 0xbf58_476d_1ce4_e5b9
        hash = (hash ^ hash >> 27) &* 0x94d0_49bb_1331_11eb
        return hash ^ hash >> 31
    }
}

internal import Model

/// Writes records as lines of objects; before each stands what names it for ever, for the object's key.
///
/// Used by the engine's thread.
final class S3Encoder: RecordEncoder {
    let limits = ChunkLimits(
        bytesMax: 64 << 20,
        itemsMax: 1_000_000,
        overheadPerItem: 0
    )
    private let writer: RecordFormWriter
    private let key: SinkTemplate
    private var lastIdentity: StreamIdentity?
    private var prefix: [UInt8] = []

    /// 32 digits of the stream's identity and a space.
    static let prefixCount = 33

    init(_ options: S3Options, _ inject: InjectOptions, hostname: String) {
        writer = RecordFormWriter(options.form, DocumentWriter(inject, hostname: hostname))
        key = SinkTemplate(options.objectKey, hostname: hostname)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        let start = key.count
        self.key.append(record, &key)
        Self.clean(&key, from: start)
    }

    /// Control characters, and parts that lead upwards, become underscores: some servers refuse such
    /// keys for ever, and what stands between may make another object's path of them.
    static func clean(_ key: inout [UInt8], from start: Int) {
        var begin = start
        for index in start...key.count {
            guard index == key.count || key[index] == UInt8(ascii: "/") else {
                if key[index] < 0x20 || key[index] == 0x7f { key[index] = UInt8(ascii: "_") }
                continue
            }
            let dots = index - begin
            if dots == 1 || dots == 2, key[begin..<index].allSatisfy({ $0 == 0x2e }) {
                for place in begin..<index { key[place] = UInt8(ascii: "_") }
            }
            begin = index + 1
        }
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        if lastIdentity != stream {
            prefix = Array(stream.description.utf8) + [0x20]
            lastIdentity = stream
        }
        bytes.append(contentsOf: prefix)
        writer.append(record, &bytes)
        bytes.append(0x0a)
        return true
    }
}

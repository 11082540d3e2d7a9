import CompanionKit
import Model
import Testing

@testable import LogShipper

/// Records, chunks and encoders for tests of sinks.
enum SinkFixtures {
    static let identity = StreamIdentity(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210)
    /// 2026-11-21T16:20:00.123456789Z.
    static let time: Int64 = 1_795_278_000_123_456_789

    /// A record; a value that begins with `=` is JSON as it stands after that.
    static func record(
        _ fields: [(String, String)],
        tag: String = "app.web",
        time: Int64 = time,
        offset: UInt64 = 0x1f
    ) -> LogRecord {
        var record = LogRecord()
        record.time = time
        record.tag = ByteString(tag)
        record.origin = RecordOrigin(stream: 0, start: offset, end: offset + 10)
        for (name, value) in fields {
            let isJSON = value.hasPrefix("=")
            let name = Array(name.utf8)
            let bytes = Array((isJSON ? String(value.dropFirst()) : value).utf8)
            record.append(name: name.span, value: bytes.span, kind: isJSON ? .json : .text)
        }
        return record
    }

    /// What an encoder makes of a record; nil and the reason where it refuses.
    static func encode(
        _ encoder: any RecordEncoder,
        _ record: borrowing LogRecord
    ) -> (text: String?, reason: String) {
        var bytes: [UInt8] = []
        var reason = ""
        let isTaken = encoder.encode(record, of: identity, into: &bytes, reason: &reason)
        #expect(isTaken || bytes.isEmpty)
        return (isTaken ? String(decoding: bytes, as: UTF8.self) : nil, reason)
    }

    static func key(_ encoder: any RecordEncoder, _ record: borrowing LogRecord) -> String {
        var key: [UInt8] = []
        encoder.key(of: record, into: &key)
        return String(decoding: key, as: UTF8.self)
    }

    /// A chunk of records, as the engine makes it.
    static func chunk(_ encoder: any RecordEncoder, _ records: [LogRecord]) -> Chunk {
        var key: [UInt8] = []
        if let first = records.first { encoder.key(of: first, into: &key) }
        var chunk = Chunk(number: 1, key: key, began: time)
        for record in records {
            let start = UInt32(chunk.bytes.count)
            var reason = ""
            _ = encoder.encode(record, of: identity, into: &chunk.bytes, reason: &reason)
            chunk.items.append(
                Chunk.Item(
                    start: start,
                    end: UInt32(chunk.bytes.count),
                    origin: record.origin,
                    time: record.time
                )
            )
        }
        return chunk
    }

    static func chunk(_ encoder: any RecordEncoder, _ count: Int) -> Chunk {
        chunk(
            encoder,
            (0..<count).map { record([("n", "=\($0)")], offset: UInt64($0) * 10) }
        )
    }

    static func sink(_ kind: SinkConfiguration.Kind) throws -> (Sink, any ChunkSender) {
        let configuration = SinkConfiguration(
            name: "s",
            kind: kind,
            place: ConfigurationPlace(file: "f", line: 1)
        )
        let sink = try LogSinks.make(configuration, hostname: "box")
        return (sink, try sink.makeSender())
    }
}

/// An outcome as words, to compare with.
func words(_ outcome: SendOutcome) -> String {
    switch outcome {
    case .delivered(let duplicates): "delivered \(duplicates)"
    case .judged(let again, let refused, let duplicates, _):
        "again \(again) refused \(refused.map { "\($0.position): \($0.reason)" }) "
            + "duplicates \(duplicates)"
    case .again(_, let after): "again" + (after.map { " after \($0)" } ?? "")
    case .tooLarge: "too large"
    case .refused: "refused"
    }
}

/// The words of the peer in an outcome.
func why(_ outcome: SendOutcome) -> String {
    switch outcome {
    case .delivered: ""
    case .judged(_, _, _, let why), .again(let why, _), .tooLarge(let why), .refused(let why): why
    }
}

internal import Model

/// Writes records as messages: the value in the form that is asked for, with key and headers before it.
///
/// Records of one topic travel together.
///
/// Used by the engine's thread.
final class KafkaEncoder: RecordEncoder {
    let limits: ChunkLimits
    private let writer: RecordFormWriter
    private let topic: SinkTemplate
    private let standardTopic: [UInt8]
    private let key: SinkTemplate?
    private let standardKey: [UInt8]?
    private let headers: [(name: [UInt8], value: SinkTemplate)]
    private var topicText: [UInt8] = []
    private var headerTexts: [(name: [UInt8], value: [UInt8])]

    /// Bytes that key, headers and sizes may add to a message.
    private static let beginBytesMax = 256 << 10
    static let topicCountMax = 249

    /// - Throws: a topic that can't be.
    init(
        _ options: KafkaOptions,
        _ inject: InjectOptions,
        hostname: String,
        messageBytesMax: Int
    ) throws(SinkFailure) {
        // The library judges the message exactly, key included.
        let itemBytesMax = min(max(messageBytesMax, 1000), 64 << 20) + Self.beginBytesMax
        limits = ChunkLimits(
            bytesMax: max(5 << 20, itemBytesMax),
            itemsMax: 100_000,
            itemBytesMax: itemBytesMax,
            overheadPerItem: 0
        )
        writer = RecordFormWriter(options.form, DocumentWriter(inject, hostname: hostname))
        topic = SinkTemplate(options.topic, hostname: hostname)
        for name in [options.topic.literal, options.standardTopic].compactMap({ $0 }) {
            guard Self.isTopic(Array(name.utf8)) else {
                throw SinkFailure("'\(name)' is no topic", hint: Self.topicHint)
            }
        }
        standardTopic = Array((options.standardTopic ?? "").utf8)
        key = options.key.map { SinkTemplate($0, hostname: hostname) }
        standardKey = options.standardKey.map { Array($0.utf8) }
        guard options.headers.count <= KafkaItem.headersMax else {
            throw SinkFailure("it has more than \(KafkaItem.headersMax) headers")
        }
        headers = options.headers.map { name, value in
            (Array(name.utf8.prefix(0xffff)), SinkTemplate(value, hostname: hostname))
        }
        headerTexts = headers.map { ($0.name, []) }
    }

    private static let topicHint = "letters, digits, '.', '_' and '-', 249 of them at most"

    /// What Kafka takes as a topic's name.
    static func isTopic(_ name: [UInt8]) -> Bool {
        guard !name.isEmpty, name.count <= topicCountMax else { return false }
        if name.allSatisfy({ $0 == UInt8(ascii: ".") }), name.count <= 2 { return false }
        return name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    private func renderTopic(_ record: borrowing LogRecord) -> Bool {
        topicText.removeAll(keepingCapacity: true)
        topic.append(record, &topicText)
        if topicText.isEmpty { topicText.append(contentsOf: standardTopic) }
        return Self.isTopic(topicText)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        if topic.isConstant {
            topic.append(record, &key)
        } else if renderTopic(record) {
            // What has no topic is refused below, and must make no chunk of its own each.
            key.append(contentsOf: topicText)
        }
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        if !topic.isConstant, !renderTopic(record) {
            let shown = String(decoding: topicText.prefix(100), as: UTF8.self)
            reason = "the topic '\(shown)' that it makes is none: \(Self.topicHint)"
            return false
        }
        var keyText = standardKey
        if let key {
            var text: [UInt8] = []
            key.append(record, &text)
            if !text.isEmpty { keyText = text }
        }
        var size = keyText?.count ?? 0
        for index in headers.indices {
            headerTexts[index].value.removeAll(keepingCapacity: true)
            headers[index].value.append(record, &headerTexts[index].value)
            size += headerTexts[index].name.count + headerTexts[index].value.count + 6
        }
        guard size <= Self.beginBytesMax - 16 else {
            reason = "its key and headers take \(size) bytes"
            return false
        }
        KafkaItem.appendBegin(key: keyText, headers: headerTexts, &bytes)
        writer.append(record, &bytes)
        return true
    }
}

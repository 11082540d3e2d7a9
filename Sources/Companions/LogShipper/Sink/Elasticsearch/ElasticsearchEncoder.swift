internal import Model

/// Writes records as they stand in the body of `_bulk`: a line that says what to do, and the document.
///
/// What lines of one second have in common is rendered once. Used by the engine's thread.
final class ElasticsearchEncoder: RecordEncoder {
    let limits = ChunkLimits(overheadPerItem: 0)

    private let document: DocumentWriter
    private let action: [UInt8]
    private let index: SinkTemplate
    private let separator: [UInt8]
    /// The index, or what comes before its date, as it is written; nil where it depends on the record.
    private let constantIndex: [UInt8]?
    private var date: DatedIndex?
    private let idTemplate: SinkTemplate?
    private let routingTemplate: SinkTemplate?
    private let indexTemplate: SinkTemplate?
    private let targetIndexKey: [UInt8]?
    /// What the line has after the index, the pipeline and the type, and its end.
    private let actionEnd: [UInt8]
    private let writesTimestamp: Bool
    private let precision: Int
    private let timeKey: [UInt8]?
    private let timeKeyIsMoved: Bool
    private let timeReader: TimeReader?

    private var scratch: [UInt8] = []
    private var lastIdentity = StreamIdentity(high: 0, low: 0)
    /// `,"_id":"` and the stream of the last record.
    private var idStart: [UInt8] = []
    private var lastSecond: Int64?
    /// `"@timestamp":"2026-11-21T16:20:00.`, or without the point.
    private var secondText: [UInt8] = []

    static let timestamp = Array("@timestamp".utf8)

    init(
        _ options: ElasticsearchOptions,
        _ inject: InjectOptions,
        hostname: String
    ) throws(SinkFailure) {
        let isCreate = options.operation == .create || options.isDataStream
        action = Array(isCreate ? #"{"create":{"_index":""#.utf8 : #"{"index":{"_index":""#.utf8)
        index = SinkTemplate(options.logstash?.prefix ?? options.index, hostname: hostname)
        var separator: [UInt8] = []
        JSONWriter.appendEscaped(Array((options.logstash?.separator ?? "").utf8).span, &separator)
        self.separator = separator
        constantIndex = Self.constant(index, separator)
        date = options.logstash.map(DatedIndex.init)
        func field(_ name: String?) -> SinkTemplate? {
            name.map { SinkTemplate(RecordTemplate([.field($0)]), hostname: hostname) }
        }
        idTemplate = field(options.idKey)
        routingTemplate = field(options.routingKey)
        indexTemplate = field(options.targetIndexKey)
        targetIndexKey = options.targetIndexKey.map { Array($0.utf8) }
        var members: [UInt8] = []
        for (name, value) in [("_type", options.typeName), ("pipeline", options.pipeline)] {
            guard let value else { continue }
            members.append(0x2c)
            members += DocumentWriter.name(name)
            JSONWriter.appendString(value, &members)
        }
        actionEnd = members + Array("}}\n".utf8)
        writesTimestamp =
            options.logstash != nil || options.includesTimestamp || options.isDataStream
        precision = min(max(options.logstash?.timePrecision ?? 9, 0), 9)
        timeKey = options.timeKey.map { Array($0.utf8) }
        timeKeyIsMoved = !options.timeKeyExcludesTimestamp
        document = DocumentWriter(inject, hostname: hostname, removing: options.removeKeys)
        // The index goes by the time that the document has, where it has one of its own.
        if options.logstash != nil {
            do throws(LogConfigurationFailure) {
                timeReader = try TimeReader(
                    TimeOptions(),
                    place: ConfigurationPlace(file: "", line: 0)
                )
            } catch {
                throw SinkFailure(error.what, hint: error.hint)
            }
        } else {
            timeReader = nil
        }
    }

    /// Nil also for a name that is refused, so that each record says so.
    private static func constant(_ index: SinkTemplate, _ separator: [UInt8]) -> [UInt8]? {
        guard index.isConstant else { return nil }
        var name: [UInt8] = []
        index.append(LogRecord(), &name)
        guard !name.isEmpty, name.count <= 255 else { return nil }
        var written: [UInt8] = []
        JSONWriter.appendEscaped(name.span, &written)
        return (written + separator).map(\.asciiLowercased)
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {}

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        let start = bytes.count
        let own = writesTimestamp ? timePlace(record) : .none
        bytes.append(contentsOf: action)
        guard appendIndex(record, own, &bytes) else {
            bytes.removeLast(bytes.count - start)
            reason = "the index that it makes is empty, or longer than 255 bytes"
            return false
        }
        bytes.append(0x22)
        appendID(record, stream, &bytes)
        if let routingTemplate {
            scratch.removeAll(keepingCapacity: true)
            routingTemplate.append(record, &scratch)
            if !scratch.isEmpty { appendMember(#","routing":"#, scratch, &bytes) }
        }
        bytes.append(contentsOf: actionEnd)
        appendDocument(record, own, &bytes)
        bytes.append(0x0a)
        return true
    }

    // MARK: - Time

    /// Where a document has its time.
    private enum TimePlace: Equatable {
        case none
        /// `@timestamp` is a field of it.
        case timestamp(Int)
        /// The field that the configuration names.
        case key(Int)
    }

    private func timePlace(_ record: borrowing LogRecord) -> TimePlace {
        if let index = record.index(of: Self.timestamp.span) { return .timestamp(index) }
        if let timeKey, let index = record.index(of: timeKey.span) { return .key(index) }
        return .none
    }

    /// The time by which the index goes.
    private func moment(_ record: borrowing LogRecord, _ own: TimePlace) -> Int64 {
        let position: Int
        switch own {
        case .none: return record.time
        case .timestamp(let index), .key(let index): position = index
        }
        guard let timeReader else { return record.time }
        scratch.removeAll(keepingCapacity: true)
        let field = record.fields[position]
        switch field.kind {
        case .text: JSONWriter.append(record.value(of: field), &scratch)
        case .json: JSONText.append(meaningOf: record.value(of: field), &scratch)
        }
        let text = scratch
        return timeReader.read(text.span, now: record.time) ?? record.time
    }

    /// The whole member.
    private func appendTimestamp(_ nanoseconds: Int64, _ out: inout [UInt8]) {
        let perSecond: Int64 = 1_000_000_000
        var second = nanoseconds / perSecond
        var rest = nanoseconds % perSecond
        if rest < 0 {
            rest += perSecond
            second -= 1
        }
        if lastSecond != second {
            secondText.removeAll(keepingCapacity: true)
            secondText.append(contentsOf: Self.timestampStart)
            LogTime.appendISO8601(nanoseconds, digits: 0, &secondText)
            secondText.removeLast()
            if precision > 0 { secondText.append(UInt8(ascii: ".")) }
            lastSecond = second
        }
        out.append(contentsOf: secondText)
        if precision > 0 {
            var fraction = Int(rest)
            var left = 9
            while left > precision {
                fraction /= 10
                left -= 1
            }
            LogTime.appendNumber(fraction, width: precision, &out)
        }
        out.append(contentsOf: Self.timestampEnd)
    }

    private static let timestampEnd = Array(#"Z""#.utf8)

    // MARK: - The first line

    private func appendIndex(
        _ record: borrowing LogRecord,
        _ own: TimePlace,
        _ out: inout [UInt8]
    ) -> Bool {
        let start = out.count
        if let indexTemplate {
            scratch.removeAll(keepingCapacity: true)
            indexTemplate.append(record, &scratch)
            if !scratch.isEmpty { return appendName(&out) }
        }
        if let constantIndex {
            out.append(contentsOf: constantIndex)
            date?.append(moment(record, own), &out)
            return out.count - start <= 255
        }
        scratch.removeAll(keepingCapacity: true)
        index.append(record, &scratch)
        guard appendName(&out) else { return false }
        if date != nil {
            out.append(contentsOf: separator)
            date?.append(moment(record, own), &out)
        }
        // Elasticsearch has no index with capitals.
        for position in start..<out.count { out[position] = out[position].asciiLowercased }
        return out.count > start && out.count - start <= 255
    }

    /// What stands in ``scratch``, as the inside of a JSON string.
    private func appendName(_ out: inout [UInt8]) -> Bool {
        guard !scratch.isEmpty, scratch.count <= 255 else { return false }
        for position in scratch.indices { scratch[position] = scratch[position].asciiLowercased }
        let name = scratch
        JSONWriter.appendEscaped(name.span, &out)
        return true
    }

    private func appendID(
        _ record: borrowing LogRecord,
        _ stream: StreamIdentity,
        _ out: inout [UInt8]
    ) {
        if let idTemplate {
            scratch.removeAll(keepingCapacity: true)
            idTemplate.append(record, &scratch)
            // Elasticsearch takes ids of 512 bytes at most.
            if !scratch.isEmpty, scratch.count <= 512 {
                appendMember(#","_id":"#, scratch, &out)
                return
            }
        }
        if stream != lastIdentity || idStart.isEmpty {
            idStart = Array(#","_id":"\#(stream)-"#.utf8)
            lastIdentity = stream
        }
        out.append(contentsOf: idStart)
        JSONWriter.appendHexadecimal(record.origin.start, &out)
        out.append(0x22)
    }

    private func appendMember(_ member: String, _ value: [UInt8], _ out: inout [UInt8]) {
        JSONWriter.append(member, &out)
        JSONWriter.appendString(value.span, &out)
    }

    // MARK: - The document

    private func appendDocument(
        _ record: borrowing LogRecord,
        _ own: TimePlace,
        _ out: inout [UInt8]
    ) {
        out.append(0x7b)
        var isFirst = true
        switch own {
        case .none where writesTimestamp:
            appendTimestamp(record.time, &out)
            isFirst = false
        case .key(let index) where timeKeyIsMoved:
            JSONWriter.append(Self.timestampName.span, &out)
            let field = record.fields[index]
            switch field.kind {
            case .text: JSONWriter.appendString(record.value(of: field), &out)
            case .json: JSONWriter.append(record.value(of: field), &out)
            }
            isFirst = false
        default: break
        }
        document.appendMembers(of: record, isFirst: &isFirst, &out, except: targetIndexKey)
        out.append(0x7d)
    }

    private static let timestampName = Array(#""@timestamp":"#.utf8)
    private static let timestampStart = Array(#""@timestamp":""#.utf8)
}

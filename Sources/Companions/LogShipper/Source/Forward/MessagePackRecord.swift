import Model

/// Turns maps of MessagePack into fields.
///
/// Texts and binary become texts, numbers, booleans and nothing become JSON, and what is nested becomes
/// one JSON value. Used by the engine's thread, again and again.
struct MessagePackRecord {
    private var adder = FieldAdder()
    private var json: [UInt8] = []
    private var name: [UInt8] = []

    /// Adds the pairs of the map that begins at an index; returns what comes after it.
    ///
    /// - Throws: that it is no map, or not whole, or too deep; the record may then hold some fields.
    mutating func fill(
        _ record: inout LogRecord,
        from bytes: Span<UInt8>,
        at index: Int
    ) throws(MessagePackFault) -> Int {
        let map = try MessagePackReader.head(bytes, at: index)
        guard case .map(let count) = map.kind else { throw .unknown }
        // Copied at once: names and texts are parts of it.
        let end = try MessagePackReader.skip(bytes, at: index)
        guard let start = record.load(bytes.extracting(index..<end)) else { throw .deep }
        let shift = start - index
        adder.begin(record)
        var position = map.end
        for _ in 0..<count {
            let key = try MessagePackReader.head(bytes, at: position)
            let value: MessagePackHead
            switch key.kind {
            case .text, .binary:
                value = try MessagePackReader.head(bytes, at: key.end)
            default:
                name.removeAll(keepingCapacity: true)
                let next = try Self.appendName(bytes, key, depth: 1, &name)
                value = try MessagePackReader.head(bytes, at: next)
            }
            let kind: LogRecord.ValueKind
            let place: Range<Int>
            switch value.kind {
            case .text, .binary:
                kind = .text
                place = Self.shifted(value.content, shift)
                position = value.end
            default:
                json.removeAll(keepingCapacity: true)
                position = try Self.appendValue(bytes, value, depth: 1, &json)
                let loaded = json
                guard let loadedAt = record.load(loaded.span) else { throw .deep }
                kind = .json
                place = loadedAt..<loadedAt + loaded.count
            }
            switch key.kind {
            case .text, .binary:
                adder.add(
                    bytes.extracting(key.content),
                    at: Self.shifted(key.content, shift),
                    value: place,
                    kind: kind,
                    to: &record
                )
            default:
                let made = name
                adder.add(made.span, value: place, kind: kind, to: &record)
            }
        }
        return position
    }

    private static func shifted(_ range: Range<Int>, _ shift: Int) -> Range<Int> {
        range.lowerBound + shift..<range.upperBound + shift
    }

    // MARK: - JSON

    /// Appends the value that begins at an index as JSON; returns what comes after it.
    static func append(
        _ bytes: Span<UInt8>,
        at index: Int,
        depth: Int,
        _ out: inout [UInt8]
    ) throws(MessagePackFault) -> Int {
        let head = try MessagePackReader.head(bytes, at: index)
        return try appendValue(bytes, head, depth: depth, &out)
    }

    private static func appendValue(
        _ bytes: Span<UInt8>,
        _ head: MessagePackHead,
        depth: Int,
        _ out: inout [UInt8]
    ) throws(MessagePackFault) -> Int {
        guard depth <= MessagePackReader.depthMax else { throw .deep }
        switch head.kind {
        case .null: JSONWriter.append("null", &out)
        case .boolean(let value): JSONWriter.append(value ? "true" : "false", &out)
        case .unsigned(let value): append(value, isNegative: false, &out)
        case .signed(let value): append(value.magnitude, isNegative: value < 0, &out)
        case .float(let value):
            // JSON has no words for what is no number.
            JSONWriter.append(value.isFinite ? value.description : "null", &out)
        case .text, .binary: JSONWriter.appendString(bytes.extracting(head.content), &out)
        case .extension(let type): appendExtension(bytes.extracting(head.content), type, &out)
        case .array(let count):
            out.append(UInt8(ascii: "["))
            var position = head.end
            for index in 0..<count {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                position = try append(bytes, at: position, depth: depth + 1, &out)
            }
            out.append(UInt8(ascii: "]"))
            return position
        case .map(let count):
            return try appendMap(bytes, head, count, depth: depth, &out)
        }
        return head.end
    }

    private static func appendMap(
        _ bytes: Span<UInt8>,
        _ head: MessagePackHead,
        _ count: Int,
        depth: Int,
        _ out: inout [UInt8]
    ) throws(MessagePackFault) -> Int {
        out.append(UInt8(ascii: "{"))
        var position = head.end
        for index in 0..<count {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            let key = try MessagePackReader.head(bytes, at: position)
            switch key.kind {
            case .text, .binary:
                JSONWriter.appendString(bytes.extracting(key.content), &out)
                position = key.end
            default:
                var name: [UInt8] = []
                position = try appendName(bytes, key, depth: depth, &name)
                JSONWriter.appendString(name.span, &out)
            }
            out.append(UInt8(ascii: ":"))
            position = try append(bytes, at: position, depth: depth + 1, &out)
        }
        out.append(UInt8(ascii: "}"))
        return position
    }

    /// Appends a name that is no text as JSON; JSON's names are texts only.
    ///
    /// Its quotes and backslashes are escaped where it is written: a list or a map in a name of a name
    /// would double with each level, and counts for several.
    private static func appendName(
        _ bytes: Span<UInt8>,
        _ head: MessagePackHead,
        depth: Int,
        _ name: inout [UInt8]
    ) throws(MessagePackFault) -> Int {
        switch head.kind {
        case .array, .map:
            try appendValue(bytes, head, depth: depth + nameDepth, &name)
        default: try appendValue(bytes, head, depth: depth + 1, &name)
        }
    }

    /// Levels that a list or a map in the place of a name counts for.
    private static let nameDepth = MessagePackReader.depthMax / 3

    private static func append(_ value: UInt64, isNegative: Bool, _ out: inout [UInt8]) {
        if isNegative { out.append(UInt8(ascii: "-")) }
        guard value > 9 else {
            out.append(0x30 + UInt8(value))
            return
        }
        var divisor: UInt64 = 1
        while value / divisor > 9 { divisor *= 10 }
        while divisor > 0 {
            out.append(0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// A time becomes seconds with a fraction, and what nobody knows nothing.
    private static func appendExtension(
        _ content: Span<UInt8>,
        _ type: Int8,
        _ out: inout [UInt8]
    ) {
        guard type == 0, let time = EventTime(content) else {
            JSONWriter.append("null", &out)
            return
        }
        append(UInt64(time.seconds), isNegative: false, &out)
        out.append(UInt8(ascii: "."))
        LogTime.appendNumber(Int(time.nanoseconds), width: 9, &out)
    }
}

/// fluentd's time with nanoseconds: extension 0, two numbers of four bytes.
struct EventTime: Equatable {
    var seconds: UInt32
    var nanoseconds: UInt32

    init?(_ content: Span<UInt8>) {
        guard content.count == 8,
            let seconds = try? MessagePackReader.number(content, 0, 4),
            let nanoseconds = try? MessagePackReader.number(content, 4, 4),
            nanoseconds < 1_000_000_000
        else { return nil }
        self.seconds = UInt32(truncatingIfNeeded: seconds)
        self.nanoseconds = UInt32(truncatingIfNeeded: nanoseconds)
    }

    /// Nanoseconds since 1970.
    var time: Int64 { Int64(seconds) * 1_000_000_000 + Int64(nanoseconds) }
}

import Model

/// Why a request can't be read.
enum OTLPReadingFailure: Error, Equatable {
    case protobuf(StaticString, offset: Int)
    case json(StaticString, offset: Int)

    var words: String {
        switch self {
        case .protobuf(let what, let offset):
            "the body is no ExportLogsServiceRequest: \(what), at byte \(offset)"
        case .json(let what, let offset):
            "the body is no ExportLogsServiceRequest in JSON: \(what), at byte \(offset)"
        }
    }

    static func == (left: OTLPReadingFailure, right: OTLPReadingFailure) -> Bool {
        left.words == right.words
    }
}

/// One field of a message in the wire format of protocol buffers.
struct WireField {
    enum Value {
        case number(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
    }

    var number: UInt64
    var value: Value

    /// The range of a field that has bytes.
    var range: Range<Int>? { if case .bytes(let range) = value { range } else { nil } }
}

/// Reads the fields of one message, whose bytes are a part of a larger whole.
struct WireReader {
    private var index: Int
    private let end: Int

    init(_ range: Range<Int>) {
        index = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or nil at the end.
    mutating func next(_ bytes: Span<UInt8>) throws(OTLPReadingFailure) -> WireField? {
        guard index < end else { return nil }
        let start = index
        let key = try number(bytes)
        guard key >> 3 != 0, key <= UInt64(UInt32.max) else {
            throw .protobuf("a field has no valid number", offset: start)
        }
        switch key & 7 {
        case 0: return WireField(number: key >> 3, value: .number(try number(bytes)))
        case 1: return WireField(number: key >> 3, value: .fixed64(try fixed(bytes, 8)))
        case 5:
            let value = UInt32(truncatingIfNeeded: try fixed(bytes, 4))
            return WireField(number: key >> 3, value: .fixed32(value))
        case 2:
            let count = try number(bytes)
            guard count <= UInt64(end - index) else {
                throw .protobuf("a field is longer than its message", offset: start)
            }
            let range = index..<index + Int(count)
            index = range.upperBound
            return WireField(number: key >> 3, value: .bytes(range))
        default: throw .protobuf("a field has no known wire type", offset: start)
        }
    }

    private mutating func number(_ bytes: Span<UInt8>) throws(OTLPReadingFailure) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while index < end, shift < 64 {
            let byte = bytes[index]
            index += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .protobuf("a number does not end", offset: index)
    }

    private mutating func fixed(
        _ bytes: Span<UInt8>,
        _ count: Int
    ) throws(OTLPReadingFailure) -> UInt64 {
        guard end - index >= count else {
            throw .protobuf("a field is longer than its message", offset: index)
        }
        var value: UInt64 = 0
        for place in 0..<count { value |= UInt64(bytes[index + place]) << UInt64(8 * place) }
        index += count
        return value
    }
}

/// Reads an `ExportLogsServiceRequest` (opentelemetry-proto 1.x); fields that it does not know are left out.
struct OTLPProtobufReader {
    /// Lists and objects within each other.
    static let depthMax = 32
    private let builder: OTLPRecordBuilder
    private var scratch: [UInt8] = []

    init(_ builder: OTLPRecordBuilder) { self.builder = builder }

    /// Reads all of it.
    mutating func read(_ bytes: Span<UInt8>) throws(OTLPReadingFailure) {
        var request = WireReader(0..<bytes.count)
        while let field = try request.next(bytes) {
            if field.number == 1, let range = field.range { try readResource(bytes, range) }
        }
    }

    /// `ResourceLogs`: the resource may stand after what it is of.
    private mutating func readResource(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(OTLPReadingFailure) {
        var resource: [UInt8] = []
        var first = WireReader(range)
        while let field = try first.next(bytes) {
            guard field.number == 1, let part = field.range else { continue }
            resource = []
            try appendAttributes(1, of: part, bytes, &resource)
        }
        builder.resource = resource
        var second = WireReader(range)
        while let field = try second.next(bytes) {
            if field.number == 2, let part = field.range { try readScope(bytes, part) }
        }
    }

    private mutating func readScope(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(OTLPReadingFailure) {
        var attributes: [UInt8] = []
        builder.scopeName = []
        builder.scopeVersion = []
        var first = WireReader(range)
        while let field = try first.next(bytes) {
            guard field.number == 1, let part = field.range else { continue }
            attributes = []
            try appendAttributes(3, of: part, bytes, &attributes)
            var scope = WireReader(part)
            while let field = try scope.next(bytes) {
                guard let text = field.range else { continue }
                if field.number == 1 { builder.scopeName = Self.array(bytes, text) }
                if field.number == 2 { builder.scopeVersion = Self.array(bytes, text) }
            }
        }
        builder.scopeAttributes = attributes
        var second = WireReader(range)
        while let field = try second.next(bytes) {
            guard field.number == 2, let part = field.range else { continue }
            if builder.isFull { builder.passOver() } else { try readRecord(bytes, part) }
        }
    }

    private mutating func readRecord(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(OTLPReadingFailure) {
        builder.begin()
        var record = WireReader(range)
        while builder.wantsMore, let field = try record.next(bytes) {
            switch (field.number, field.value) {
            case (1, .fixed64(let value)): builder.time = value
            case (11, .fixed64(let value)): builder.observedTime = value
            case (2, .number(let value)): builder.severityNumber = Int(clamping: value)
            case (8, .fixed32(let value)): builder.traceFlags = value
            case (3, .bytes(let text)): builder.severityText = Self.array(bytes, text)
            case (9, .bytes(let id)): builder.set(traceID: bytes.extracting(id))
            case (10, .bytes(let id)): builder.set(spanID: bytes.extracting(id))
            case (12, .bytes(let text)): builder.set(eventName: bytes.extracting(text))
            case (5, .bytes(let value)):
                try withValue(bytes, value) { value, kind, builder in
                    builder.set(body: value, kind)
                }
            case (6, .bytes(let pair)):
                let (name, value) = try Self.pair(bytes, pair)
                try withValue(bytes, value) { value, kind, builder in
                    builder.add(attribute: bytes.extracting(name), value, kind)
                }
            default: break
            }
        }
        builder.finish()
    }

    private static func array(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        JSONWriter.append(bytes.extracting(range), &out)
        return out
    }

    // MARK: - Values

    /// The key and the value of a `KeyValue`.
    private static func pair(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(OTLPReadingFailure) -> (name: Range<Int>, value: Range<Int>) {
        var name = range.lowerBound..<range.lowerBound
        var value = name
        var reader = WireReader(range)
        while let field = try reader.next(bytes) {
            guard let part = field.range else { continue }
            if field.number == 1 { name = part }
            if field.number == 2 { value = part }
        }
        return (name, value)
    }

    /// The attributes that a message has in a field, as a JSON object; nothing where there are none.
    private func appendAttributes(
        _ number: UInt64,
        of range: Range<Int>,
        _ bytes: Span<UInt8>,
        _ out: inout [UInt8]
    ) throws(OTLPReadingFailure) {
        var isFirst = true
        var reader = WireReader(range)
        // Beyond it no record is taken, so nothing is missing where it stops.
        while out.count <= OTLPRecordBuilder.contextBytesMax,
            let field = try reader.next(bytes)
        {
            guard field.number == number, let part = field.range else { continue }
            try appendMember(bytes, part, isFirst: &isFirst, &out, depth: 1)
        }
        if !isFirst { out.append(0x7d) }
    }

    private func appendMember(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        isFirst: inout Bool,
        _ out: inout [UInt8],
        depth: Int
    ) throws(OTLPReadingFailure) {
        let (name, value) = try Self.pair(bytes, range)
        out.append(isFirst ? 0x7b : 0x2c)
        isFirst = false
        JSONWriter.appendString(bytes.extracting(name), &out)
        out.append(0x3a)
        try append(bytes, value, &out, depth: depth)
    }

    /// Hands on an `AnyValue`: a string as a text, anything else as JSON.
    private mutating func withValue(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ body: (Span<UInt8>, LogRecord.ValueKind, OTLPRecordBuilder) -> Void
    ) throws(OTLPReadingFailure) {
        let field = try Self.kind(bytes, range)
        if let field, field.number == 1, let text = field.range {
            body(bytes.extracting(text), .text, builder)
            return
        }
        var out: [UInt8] = []
        swap(&out, &scratch)
        out.removeAll(keepingCapacity: true)
        try append(bytes, range, &out, depth: 1)
        let value = out
        body(value.span, .json, builder)
        if out.capacity <= 64 << 10 { swap(&out, &scratch) }
    }

    /// The last field of an `AnyValue`, which is the one that counts.
    private static func kind(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) throws(OTLPReadingFailure) -> WireField? {
        var found: WireField?
        var reader = WireReader(range)
        while let field = try reader.next(bytes) {
            if (1...7).contains(field.number) { found = field }
        }
        return found
    }

    /// Appends an `AnyValue` as JSON.
    private func append(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ out: inout [UInt8],
        depth: Int
    ) throws(OTLPReadingFailure) {
        guard depth <= Self.depthMax else {
            builder.reject("a value is nested deeper than \(Self.depthMax) levels")
            JSONWriter.append("null", &out)
            return
        }
        guard let field = try Self.kind(bytes, range) else {
            JSONWriter.append("null", &out)
            return
        }
        switch (field.number, field.value) {
        case (1, .bytes(let text)): JSONWriter.appendString(bytes.extracting(text), &out)
        case (2, .number(let value)): JSONWriter.append(value == 0 ? "false" : "true", &out)
        case (3, .number(let value)): JSONWriter.append("\(Int64(bitPattern: value))", &out)
        case (4, .fixed64(let value)): Self.append(Double(bitPattern: value), &out)
        case (5, .bytes(let list)):
            out.append(0x5b)
            var isFirst = true
            var reader = WireReader(list)
            while let element = try reader.next(bytes) {
                guard element.number == 1, let value = element.range else { continue }
                if !isFirst { out.append(0x2c) }
                isFirst = false
                try append(bytes, value, &out, depth: depth + 1)
            }
            out.append(0x5d)
        case (6, .bytes(let list)):
            var isFirst = true
            var reader = WireReader(list)
            while let member = try reader.next(bytes) {
                guard member.number == 1, let pair = member.range else { continue }
                try appendMember(bytes, pair, isFirst: &isFirst, &out, depth: depth + 1)
            }
            JSONWriter.append(isFirst ? "{}" : "}", &out)
        case (7, .bytes(let data)):
            out.append(0x22)
            JSONWriter.append(Base64.encode(Self.array(bytes, data)), &out)
            out.append(0x22)
        default:
            throw .protobuf("a value has the wrong wire type", offset: range.lowerBound)
        }
    }

    /// Appends a number as JSON; what JSON has no number for becomes a text.
    static func append(_ value: Double, _ out: inout [UInt8]) {
        if value.isFinite {
            JSONWriter.append("\(value)", &out)
        } else {
            JSONWriter.append(
                value.isNaN ? #""NaN""# : value < 0 ? #""-Infinity""# : #""Infinity""#,
                &out
            )
        }
    }
}

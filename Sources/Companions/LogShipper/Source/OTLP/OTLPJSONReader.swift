import Model

/// Reads an `ExportLogsServiceRequest` in OTLP's JSON form: identifiers in hexadecimal, 64-bit numbers
/// as texts or numbers, names in camel case or in snake case.
struct OTLPJSONReader {
    private let builder: OTLPRecordBuilder
    private static let depthMax = OTLPProtobufReader.depthMax

    init(_ builder: OTLPRecordBuilder) { self.builder = builder }

    /// Reads all of it.
    func read(_ bytes: Span<UInt8>) throws(OTLPReadingFailure) {
        var scanner = JSONScanner()
        let start = scanner.skip(bytes, 0)
        let end = scanner.value(bytes, start)
        guard end >= 0 else { throw .json(scanner.problem, offset: scanner.place) }
        guard scanner.skip(bytes, end) == bytes.count else {
            throw .json("something stands after its end", offset: end)
        }
        let document = bytes.extracting(start..<end)
        guard document[0] == 0x7b else { throw .json("it is no object", offset: start) }
        var isWrong = false
        member("resourceLogs", "resource_logs", of: document) { list in
            isWrong = !forEach(list) { readResource($0) }
        }
        if isWrong { throw .json("resourceLogs is no list of objects", offset: start) }
    }

    private func readResource(_ value: Span<UInt8>) -> Bool {
        guard Self.isObject(value) else { return false }
        var resource: [UInt8] = []
        member("resource", "resource", of: value) { resource = attributes(of: $0) }
        builder.resource = resource
        var isRight = true
        member("scopeLogs", "scope_logs", of: value) { isRight = forEach($0) { readScope($0) } }
        return isRight
    }

    private func readScope(_ value: Span<UInt8>) -> Bool {
        guard Self.isObject(value) else { return false }
        var attributes: [UInt8] = []
        var name: [UInt8] = []
        var version: [UInt8] = []
        member("scope", "scope", of: value) { scope in
            attributes = self.attributes(of: scope)
            member("name", "name", of: scope) { JSONText.append(meaningOf: $0, &name) }
            member("version", "version", of: scope) { JSONText.append(meaningOf: $0, &version) }
        }
        builder.scopeName = name
        builder.scopeVersion = version
        builder.scopeAttributes = attributes
        var isRight = true
        member("logRecords", "log_records", of: value) { isRight = forEach($0) { readRecord($0) } }
        return isRight
    }

    private func readRecord(_ value: Span<UInt8>) -> Bool {
        guard Self.isObject(value) else { return false }
        if builder.isFull {
            builder.passOver()
            return true
        }
        builder.begin()
        OTLPValue.forEachMember(value) { name, value in
            guard builder.wantsMore else { return }
            switch Self.text(name) {
            case "timeUnixNano", "time_unix_nano": builder.time = unsigned(value)
            case "observedTimeUnixNano", "observed_time_unix_nano":
                builder.observedTime = unsigned(value)
            case "severityNumber", "severity_number":
                builder.severityNumber = Self.severity(value)
            case "severityText", "severity_text":
                JSONText.append(meaningOf: value, &builder.severityText)
            case "flags": builder.traceFlags = UInt32(truncatingIfNeeded: unsigned(value))
            case "traceId", "trace_id":
                let id = Self.identifier(value)
                builder.set(traceID: id.span)
            case "spanId", "span_id":
                let id = Self.identifier(value)
                builder.set(spanID: id.span)
            case "eventName", "event_name":
                let name = Self.meaning(value)
                builder.set(eventName: name.span)
            case "body":
                let (bytes, kind) = top(value)
                builder.set(body: bytes.span, kind)
            case "attributes":
                let isRight = forEach(value) { pair in
                    if !builder.wantsMore { return true }
                    return forPair(pair) { name, value in
                        let (bytes, kind) = top(value)
                        let name = Self.meaning(name)
                        builder.add(attribute: name.span, bytes.span, kind)
                    }
                }
                if !isRight { builder.reject("attributes is no list of keys and values") }
            default: break
            }
        }
        builder.finish()
        return true
    }

    // MARK: - Parts

    private static func isObject(_ value: Span<UInt8>) -> Bool {
        value.count > 0 && value[0] == 0x7b
    }

    /// A name without its quotes; one with escapes is no known one.
    private static func text(_ name: Span<UInt8>) -> String {
        guard name.count >= 2, name.count <= 64 else { return "" }
        return unsafe name.extracting(1..<name.count - 1).withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    private static func meaning(_ value: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(meaningOf: value, &out)
        return out
    }

    /// Calls back with the member of either name, where the value is an object that has it.
    private func member(
        _ name: String,
        _ other: String,
        of value: Span<UInt8>,
        _ body: (Span<UInt8>) -> Void
    ) {
        guard Self.isObject(value) else { return }
        OTLPValue.forEachMember(value) { key, member in
            let key = Self.text(key)
            if key == name || key == other { body(member) }
        }
    }

    /// False where it is no list, or one of its elements is wrong; `null` is an empty list.
    private func forEach(_ list: Span<UInt8>, _ body: (Span<UInt8>) -> Bool) -> Bool {
        if JSONText.isNull(list) { return true }
        guard list.count > 0, list[0] == 0x5b else { return false }
        var isRight = true
        OTLPValue.forEachElement(list) { if !body($0) { isRight = false } }
        return isRight
    }

    private func forPair(_ pair: Span<UInt8>, _ body: (Span<UInt8>, Span<UInt8>) -> Void) -> Bool {
        guard Self.isObject(pair) else { return false }
        var isRight = false
        var hasKey = false
        member("key", "key", of: pair) { key in
            // The first counts: each is a reason to look for the value, which takes time.
            if hasKey { return }
            hasKey = true
            isRight = key.count >= 2 && key[0] == 0x22
            guard isRight else { return }
            var hasValue = false
            member("value", "value", of: pair) { value in
                if !hasValue { body(key, value) }
                hasValue = true
            }
            if !hasValue {
                let null = Array("null".utf8)
                body(key, null.span)
            }
        }
        return isRight
    }

    /// The attributes of a resource or a scope as a JSON object; nothing where there are none.
    private func attributes(of value: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        member("attributes", "attributes", of: value) { list in
            out = []
            appendMembers(list, &out, depth: 1)
        }
        return out == Array("{}".utf8) ? [] : out
    }

    private func appendMembers(_ list: Span<UInt8>, _ out: inout [UInt8], depth: Int) {
        var made: [UInt8] = [0x7b]
        _ = forEach(list) { pair in
            // No record is as long.
            if made.count > OTLPRecordBuilder.recordBytesMax { return true }
            return forPair(pair) { name, value in
                if made.count > 1 { made.append(0x2c) }
                JSONWriter.append(name, &made)
                made.append(0x3a)
                append(value, &made, depth: depth)
            }
        }
        made.append(0x7d)
        out += made
    }

    // MARK: - Values

    /// A string as a text, anything else as JSON.
    private func top(_ value: Span<UInt8>) -> ([UInt8], LogRecord.ValueKind) {
        var json: [UInt8] = []
        append(value, &json, depth: 1)
        guard json.first == 0x22 else { return (json, .json) }
        return (Self.meaning(json.span), .text)
    }

    /// Appends an `AnyValue` as plain JSON.
    private func append(_ value: Span<UInt8>, _ out: inout [UInt8], depth: Int) {
        guard depth <= Self.depthMax else {
            builder.reject("a value is nested deeper than \(Self.depthMax) levels")
            JSONWriter.append("null", &out)
            return
        }
        guard Self.isObject(value) else {
            if !JSONText.isNull(value) {
                builder.reject("a value is none of OpenTelemetry's kinds")
            }
            JSONWriter.append("null", &out)
            return
        }
        var made: [UInt8] = []
        OTLPValue.forEachMember(value) { name, inner in
            made.removeAll(keepingCapacity: true)
            switch Self.text(name) {
            case "stringValue", "string_value", "bytesValue", "bytes_value":
                if inner[0] == 0x22 {
                    JSONWriter.append(inner, &made)
                } else {
                    builder.reject("a text is none")
                }
            case "boolValue", "bool_value":
                if inner[0] == UInt8(ascii: "t") || inner[0] == UInt8(ascii: "f") {
                    JSONWriter.append(inner, &made)
                } else {
                    builder.reject("a boolean is none")
                }
            case "intValue", "int_value":
                if let number = Int64(Self.number(inner)) {
                    JSONWriter.append("\(number)", &made)
                } else {
                    builder.reject("a number is no 64-bit integer")
                }
            case "doubleValue", "double_value": appendDouble(inner, &made)
            case "arrayValue", "array_value": appendList(inner, &made, depth: depth)
            case "kvlistValue", "kvlist_value":
                member("values", "values", of: inner) { list in
                    // The last counts: two objects one after the other are no JSON.
                    made.removeAll(keepingCapacity: true)
                    appendMembers(list, &made, depth: depth + 1)
                }
                if made.isEmpty { JSONWriter.append("{}", &made) }
            default: break
            }
        }
        if made.isEmpty { JSONWriter.append("null", &made) }
        out += made
    }

    private func appendList(_ value: Span<UInt8>, _ out: inout [UInt8], depth: Int) {
        var made: [UInt8] = [0x5b]
        member("values", "values", of: value) { list in
            made.removeLast(made.count - 1)
            _ = forEach(list) { element in
                if made.count > 1 { made.append(0x2c) }
                append(element, &made, depth: depth + 1)
                return true
            }
        }
        made.append(0x5d)
        out += made
    }

    private func appendDouble(_ value: Span<UInt8>, _ out: inout [UInt8]) {
        let text = Self.number(value)
        switch text {
        case "NaN": OTLPProtobufReader.append(.nan, &out)
        case "Infinity": OTLPProtobufReader.append(.infinity, &out)
        case "-Infinity": OTLPProtobufReader.append(-.infinity, &out)
        default:
            if let number = Double(text), number.isFinite {
                OTLPProtobufReader.append(number, &out)
            } else {
                builder.reject("a number is none")
            }
        }
    }

    /// A number, with quotes around it or without.
    private static func number(_ value: Span<UInt8>) -> String {
        guard value.count <= 64 else { return "" }
        let isQuoted = value.count >= 2 && value[0] == 0x22
        let inside = isQuoted ? value.extracting(1..<value.count - 1) : value
        return unsafe inside.withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    private func unsigned(_ value: Span<UInt8>) -> UInt64 {
        if JSONText.isNull(value) { return 0 }
        guard let number = UInt64(Self.number(value)) else {
            builder.reject("a time or a number is no unsigned integer")
            return 0
        }
        return number
    }

    /// The number of a severity; its name in the schema counts, too.
    private static func severity(_ value: Span<UInt8>) -> Int {
        let text = number(value)
        if let number = Int(text) { return number }
        let name = text.hasPrefix("SEVERITY_NUMBER_") ? text.dropFirst(16) : ""
        let kinds = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]
        for (index, kind) in kinds.enumerated() where name.hasPrefix(kind) {
            let step = name == kind ? 1 : Int(name.dropFirst(kind.count)) ?? 0
            if (1...4).contains(step) { return index * 4 + step }
        }
        return 0
    }

    /// The bytes of an identifier in hexadecimal; empty where it is none.
    private static func identifier(_ value: Span<UInt8>) -> [UInt8] {
        guard value.count >= 2, value.count <= 66, value.count % 2 == 0, value[0] == 0x22 else {
            return []
        }
        var bytes: [UInt8] = []
        var index = 1
        while index + 1 < value.count {
            guard let high = nibble(value[index]),
                let low = nibble(value[index + 1])
            else { return [] }
            bytes.append(high << 4 | low)
            index += 2
        }
        return bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}

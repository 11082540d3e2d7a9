/// Turns a record's JSON values into OpenTelemetry's `AnyValue`, in both of its forms.
///
/// The values were checked when they were read; what is not as expected all the same becomes a text.
enum OTLPValue {
    private static let depthMax = 32

    /// The kinds of numbers that `AnyValue` has.
    enum Number {
        case integer(Int64)
        case decimal(Double)

        init?(_ text: Span<UInt8>) {
            guard text.count <= 64 else { return nil }
            let word = unsafe text.withUnsafeBufferPointer {
                unsafe String(decoding: $0, as: UTF8.self)
            }
            if let whole = Int64(word) {
                self = .integer(whole)
            } else if let value = Double(word), value.isFinite {
                self = .decimal(value)
            } else {
                return nil
            }
        }
    }

    // MARK: - Protobuf

    /// Appends the fields of an `AnyValue` for a text.
    static func append(text: Span<UInt8>, _ out: inout [UInt8]) {
        ProtobufWriter.append(1, text: text, &out)
    }

    /// Appends the fields of an `AnyValue` for a JSON value.
    static func append(json: Span<UInt8>, _ out: inout [UInt8], depth: Int = 0) {
        guard json.count > 0 else { return }
        switch json[0] {
        case 0x22:
            var text: [UInt8] = []
            JSONText.append(meaningOf: json, &text)
            append(text: text.span, &out)
        case UInt8(ascii: "t"): ProtobufWriter.append(2, varint: 1, &out)
        case UInt8(ascii: "f"): ProtobufWriter.append(2, varint: 0, &out)
        case UInt8(ascii: "n"): return
        case 0x5b where depth < depthMax:
            let list = ProtobufWriter.begin(5, &out)
            forEachElement(json) { element in
                let value = ProtobufWriter.begin(1, &out)
                append(json: element, &out, depth: depth + 1)
                ProtobufWriter.end(value, &out)
            }
            ProtobufWriter.end(list, &out)
        case 0x7b where depth < depthMax:
            let list = ProtobufWriter.begin(6, &out)
            forEachMember(json) { name, value in
                var text: [UInt8] = []
                JSONText.append(meaningOf: name, &text)
                let pair = ProtobufWriter.begin(1, &out)
                ProtobufWriter.append(1, text: text.span, &out)
                let any = ProtobufWriter.begin(2, &out)
                append(json: value, &out, depth: depth + 1)
                ProtobufWriter.end(any, &out)
                ProtobufWriter.end(pair, &out)
            }
            ProtobufWriter.end(list, &out)
        default:
            switch Number(json) {
            case .integer(let whole):
                ProtobufWriter.append(3, varint: UInt64(bitPattern: whole), &out)
            case .decimal(let value): ProtobufWriter.append(4, fixed64: value.bitPattern, &out)
            case nil: append(text: json, &out)
            }
        }
    }

    // MARK: - JSON

    /// Appends an `AnyValue` as JSON for a text.
    static func appendJSON(text: Span<UInt8>, _ out: inout [UInt8]) {
        JSONWriter.append(#"{"stringValue":"#, &out)
        JSONWriter.appendString(text, &out)
        out.append(0x7d)
    }

    /// Appends an `AnyValue` as JSON for a JSON value.
    static func appendJSON(json: Span<UInt8>, _ out: inout [UInt8], depth: Int = 0) {
        guard json.count > 0 else {
            JSONWriter.append("{}", &out)
            return
        }
        switch json[0] {
        case 0x22:
            JSONWriter.append(#"{"stringValue":"#, &out)
            JSONWriter.append(json, &out)
            out.append(0x7d)
        case UInt8(ascii: "t"): JSONWriter.append(#"{"boolValue":true}"#, &out)
        case UInt8(ascii: "f"): JSONWriter.append(#"{"boolValue":false}"#, &out)
        case UInt8(ascii: "n"): JSONWriter.append("{}", &out)
        case 0x5b where depth < depthMax:
            JSONWriter.append(#"{"arrayValue":{"values":["#, &out)
            var isFirst = true
            forEachElement(json) { element in
                if !isFirst { out.append(0x2c) }
                isFirst = false
                appendJSON(json: element, &out, depth: depth + 1)
            }
            JSONWriter.append("]}}", &out)
        case 0x7b where depth < depthMax:
            JSONWriter.append(#"{"kvlistValue":{"values":["#, &out)
            var isFirst = true
            forEachMember(json) { name, value in
                if !isFirst { out.append(0x2c) }
                isFirst = false
                JSONWriter.append(#"{"key":"#, &out)
                JSONWriter.append(name, &out)
                JSONWriter.append(#","value":"#, &out)
                appendJSON(json: value, &out, depth: depth + 1)
                out.append(0x7d)
            }
            JSONWriter.append("]}}", &out)
        default:
            switch Number(json) {
            case .integer(let whole): JSONWriter.append(#"{"intValue":"\#(whole)"}"#, &out)
            case .decimal:
                JSONWriter.append(#"{"doubleValue":"#, &out)
                JSONWriter.append(json, &out)
                out.append(0x7d)
            case nil: appendJSON(text: json, &out)
            }
        }
    }

    // MARK: - Taking apart

    /// The end of the value that begins at `start`.
    private static func end(_ json: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        var depth = 0
        while index < json.count {
            switch json[index] {
            case 0x22:
                index += 1
                while index < json.count, json[index] != 0x22 {
                    index += json[index] == 0x5c ? 2 : 1
                }
                if depth == 0 { return min(index + 1, json.count) }
            case 0x5b, 0x7b: depth += 1
            case 0x5d, 0x7d:
                if depth <= 1 { return depth == 1 ? index + 1 : index }
                depth -= 1
            case 0x2c, 0x3a, 0x20, 0x09, 0x0a, 0x0d:
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return json.count
    }

    private static func skip(_ json: Span<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < json.count, json[index] <= 0x20 || json[index] == 0x2c || json[index] == 0x3a
        {
            index += 1
        }
        return index
    }

    static func forEachElement(_ json: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        var index = skip(json, 1)
        while index < json.count, json[index] != 0x5d {
            let end = end(json, index)
            guard end > index else { return }
            body(json.extracting(index..<end))
            index = skip(json, end)
        }
    }

    static func forEachMember(
        _ json: Span<UInt8>,
        _ body: (Span<UInt8>, Span<UInt8>) -> Void
    ) {
        var index = skip(json, 1)
        while index < json.count, json[index] == 0x22 {
            let nameEnd = end(json, index)
            let value = skip(json, nameEnd)
            let valueEnd = end(json, value)
            guard value < valueEnd else { return }
            body(json.extracting(index..<nameEnd), json.extracting(value..<valueEnd))
            index = skip(json, valueEnd)
        }
    }
}

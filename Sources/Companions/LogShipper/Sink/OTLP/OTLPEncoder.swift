internal import Model

/// Writes records as OpenTelemetry's log records; a chunk holds records of one resource.
///
/// In protobuf an item is a field `log_records` of `ScopeLogs`, in JSON an element of `logRecords`. The
/// chunk's key is the resource. Used by the engine's thread.
final class OTLPEncoder: RecordEncoder {
    let limits: ChunkLimits
    private let isJSON: Bool
    private let resource: [(name: [UInt8], value: SinkTemplate)]
    private let bodyKey: [UInt8]
    private let severityKey: [UInt8]
    private let traceKey: [UInt8]
    private let spanKey: [UInt8]
    private let inject: DocumentWriter
    private let tagName: [UInt8]?
    private let hostname: (name: [UInt8], value: [UInt8])?
    private var scratch: [UInt8] = []

    init(_ options: OTLPOptions, _ inject: InjectOptions, hostname: String) {
        isJSON = options.transport == .httpJSON
        // A gRPC server takes 4 MiB unless it is told otherwise.
        limits =
            options.transport == .grpc
            ? ChunkLimits(bytesMax: 3 << 20, itemBytesMax: 3 << 20)
            : ChunkLimits(bytesMax: 15 << 20, itemBytesMax: 15 << 20)
        resource = options.resource.map {
            (Array($0.name.utf8), SinkTemplate($0.value, hostname: hostname))
        }
        bodyKey = Array(options.bodyKey.utf8)
        severityKey = Array(options.severityKey.utf8)
        traceKey = Array(options.traceKey.utf8)
        spanKey = Array(options.spanKey.utf8)
        self.inject = DocumentWriter(inject, hostname: hostname)
        tagName = inject.tagKey.map { Array($0.utf8) }
        self.hostname = inject.hostnameKey.map { (Array($0.utf8), Array(hostname.utf8)) }
    }

    func key(of record: borrowing LogRecord, into key: inout [UInt8]) {
        var isFirst = true
        for (name, value) in resource {
            scratch.removeAll(keepingCapacity: true)
            value.append(record, &scratch)
            if scratch.isEmpty { continue }
            let text = scratch
            appendAttribute(1, name.span, .text, text.span, isFirst: &isFirst, &key)
        }
        guard let index = record.index(ofName: OTLPField.resource) else { return }
        let own = record.value(of: record.fields[index])
        guard own.count > 0, own[0] == 0x7b else { return }
        OTLPValue.forEachMember(own) { name, value in
            var text: [UInt8] = []
            JSONText.append(meaningOf: name, &text)
            // What the configuration says wins.
            if resource.contains(where: { $0.name == text }) { return }
            appendAttribute(1, text.span, .json, value, isFirst: &isFirst, &key)
        }
    }

    func encode(
        _ record: borrowing LogRecord,
        of stream: StreamIdentity,
        into bytes: inout [UInt8],
        reason: inout String
    ) -> Bool {
        let parts = Parts(record, self)
        if isJSON {
            encodeJSON(record, parts, &bytes)
        } else {
            encodeProtobuf(record, parts, &bytes)
        }
        return true
    }

    // MARK: - What stands in fields of its own

    private struct Parts {
        var body: Int?
        var severity: Int?
        var trace: Int?
        var span: Int?
        var severityText: [UInt8] = []
        var severityNumber = 0
        var traceBytes: [UInt8] = []
        var spanBytes: [UInt8] = []
        var observedTime: UInt64?
        var traceFlags: UInt32 = 0
        /// Positions of fields that only this protocol has; see ``OTLPField``.
        private var own: [Int] = []

        init(_ record: borrowing LogRecord, _ encoder: OTLPEncoder) {
            body = record.index(ofName: encoder.bodyKey)
            severity = record.index(ofName: encoder.severityKey)
            if severity != nil {
                _ = record.appendText(of: encoder.severityKey, &severityText)
                severityNumber = OTLPSeverity.number(severityText)
            }
            trace = record.index(ofName: encoder.traceKey)
            if trace != nil {
                traceBytes = Self.hexadecimal(record, encoder.traceKey, 16)
                if traceBytes.isEmpty { trace = nil }
            }
            span = record.index(ofName: encoder.spanKey)
            if span != nil {
                spanBytes = Self.hexadecimal(record, encoder.spanKey, 8)
                if spanBytes.isEmpty { span = nil }
            }
            readOwn(record)
        }

        /// What came by this protocol goes out as it came.
        private mutating func readOwn(_ record: borrowing LogRecord) {
            var index = 0
            while index < record.fields.count {
                let name = record.name(of: record.fields[index])
                if OTLPField.hasPrefix(name) { readOwn(record, index, name) }
                index += 1
            }
        }

        private mutating func readOwn(
            _ record: borrowing LogRecord,
            _ index: Int,
            _ name: Span<UInt8>
        ) {
            let value = record.value(of: record.fields[index])
            if OTLPField.isName(name, of: OTLPField.resource) {
                if value.count > 0, value[0] == 0x7b { own.append(index) }
                return
            }
            guard value.count <= 20 else { return }
            let digits = unsafe value.withUnsafeBufferPointer {
                unsafe String(decoding: $0, as: UTF8.self)
            }
            guard let number = UInt64(digits) else { return }
            if OTLPField.isName(name, of: OTLPField.severityNumber), (1...24).contains(number) {
                severityNumber = Int(number)
            } else if OTLPField.isName(name, of: OTLPField.observedTime) {
                observedTime = number
            } else if OTLPField.isName(name, of: OTLPField.traceFlags), number <= UInt64(UInt32.max)
            {
                traceFlags = UInt32(number)
            } else {
                return
            }
            own.append(index)
        }

        /// Empty for what is no identifier of this length: it stays an attribute then.
        private static func hexadecimal(
            _ record: borrowing LogRecord,
            _ name: [UInt8],
            _ count: Int
        ) -> [UInt8] {
            var text: [UInt8] = []
            guard record.appendText(of: name, &text), text.count == count * 2 else { return [] }
            var bytes: [UInt8] = []
            for index in 0..<count {
                guard let high = nibble(text[2 * index]), let low = nibble(text[2 * index + 1])
                else {
                    return []
                }
                bytes.append(high << 4 | low)
            }
            return bytes.allSatisfy { $0 == 0 } ? [] : bytes
        }

        private static func nibble(_ digit: UInt8) -> UInt8? {
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x41...0x46: digit - 0x37
            case 0x61...0x66: digit - 0x57
            default: nil
            }
        }

        func isTaken(_ index: Int) -> Bool {
            index == body || index == severity || index == trace || index == span
                || (!own.isEmpty && own.contains(index))
        }
    }

    // MARK: - Protobuf

    private func encodeProtobuf(
        _ record: borrowing LogRecord,
        _ parts: Parts,
        _ out: inout [UInt8]
    ) {
        let start = ProtobufWriter.begin(2, &out)
        ProtobufWriter.append(1, fixed64: UInt64(max(record.time, 0)), &out)
        if parts.severityNumber > 0 {
            ProtobufWriter.append(2, varint: UInt64(parts.severityNumber), &out)
        }
        if !parts.severityText.isEmpty {
            ProtobufWriter.append(3, text: parts.severityText.span, &out)
        }
        if let index = parts.body {
            let body = ProtobufWriter.begin(5, &out)
            let field = record.fields[index]
            switch field.kind {
            case .text: OTLPValue.append(text: record.value(of: field), &out)
            case .json: OTLPValue.append(json: record.value(of: field), &out)
            }
            ProtobufWriter.end(body, &out)
        }
        var isFirst = true
        appendAttributes(6, record, parts, isFirst: &isFirst, &out)
        if parts.traceFlags != 0 {
            ProtobufWriter.append(8, fixed32: parts.traceFlags, &out)
        }
        if parts.trace != nil { ProtobufWriter.append(9, bytes: parts.traceBytes.span, &out) }
        if parts.span != nil { ProtobufWriter.append(10, bytes: parts.spanBytes.span, &out) }
        // When it was observed: no later than it is sent, and the same if it is sent again.
        let observed = parts.observedTime ?? UInt64(max(record.time, 0))
        ProtobufWriter.append(11, fixed64: observed, &out)
        ProtobufWriter.end(start, &out)
    }

    private func appendAttributes(
        _ number: Int,
        _ record: borrowing LogRecord,
        _ parts: Parts,
        isFirst: inout Bool,
        _ out: inout [UInt8]
    ) {
        let fields = record.fields
        for index in fields.indices where !parts.isTaken(index) {
            let field = fields[index]
            let name = record.name(of: field)
            if inject.leavesOut(name) { continue }
            appendAttribute(
                number,
                name,
                field.kind,
                record.value(of: field),
                isFirst: &isFirst,
                &out
            )
        }
        if let tagName {
            let tag = record.tag.bytes
            appendAttribute(number, tagName.span, .text, tag.span, isFirst: &isFirst, &out)
        }
        if let hostname {
            appendAttribute(
                number,
                hostname.name.span,
                .text,
                hostname.value.span,
                isFirst: &isFirst,
                &out
            )
        }
    }

    /// A `KeyValue`, in the form of this encoder.
    private func appendAttribute(
        _ number: Int,
        _ name: Span<UInt8>,
        _ kind: LogRecord.ValueKind,
        _ value: Span<UInt8>,
        isFirst: inout Bool,
        _ out: inout [UInt8]
    ) {
        if isJSON {
            if !isFirst { out.append(0x2c) }
            isFirst = false
            JSONWriter.append(#"{"key":"#, &out)
            JSONWriter.appendString(name, &out)
            JSONWriter.append(#","value":"#, &out)
            switch kind {
            case .text: OTLPValue.appendJSON(text: value, &out)
            case .json: OTLPValue.appendJSON(json: value, &out)
            }
            out.append(0x7d)
            return
        }
        let pair = ProtobufWriter.begin(number, &out)
        ProtobufWriter.append(1, text: name, &out)
        let any = ProtobufWriter.begin(2, &out)
        switch kind {
        case .text: OTLPValue.append(text: value, &out)
        case .json: OTLPValue.append(json: value, &out)
        }
        ProtobufWriter.end(any, &out)
        ProtobufWriter.end(pair, &out)
    }

    // MARK: - JSON

    private func encodeJSON(_ record: borrowing LogRecord, _ parts: Parts, _ out: inout [UInt8]) {
        JSONWriter.append(#"{"timeUnixNano":""#, &out)
        LogTime.appendNumber(Int(max(record.time, 0)), width: 1, &out)
        JSONWriter.append(#"","observedTimeUnixNano":""#, &out)
        JSONWriter.append("\(parts.observedTime ?? UInt64(max(record.time, 0)))", &out)
        out.append(0x22)
        if parts.traceFlags != 0 { JSONWriter.append(#","flags":\#(parts.traceFlags)"#, &out) }
        if parts.severityNumber > 0 {
            JSONWriter.append(#","severityNumber":\#(parts.severityNumber)"#, &out)
        }
        if !parts.severityText.isEmpty {
            JSONWriter.append(#","severityText":"#, &out)
            JSONWriter.appendString(parts.severityText.span, &out)
        }
        if let index = parts.body {
            JSONWriter.append(#","body":"#, &out)
            let field = record.fields[index]
            switch field.kind {
            case .text: OTLPValue.appendJSON(text: record.value(of: field), &out)
            case .json: OTLPValue.appendJSON(json: record.value(of: field), &out)
            }
        }
        JSONWriter.append(#","attributes":["#, &out)
        var isFirst = true
        appendAttributes(6, record, parts, isFirst: &isFirst, &out)
        out.append(0x5d)
        // Identifiers are hexadecimal in this form, and not base64 as protobuf's own has it.
        appendIdentifier(#","traceId":""#, parts.traceBytes, &out)
        appendIdentifier(#","spanId":""#, parts.spanBytes, &out)
        out.append(0x7d)
    }

    private func appendIdentifier(_ member: String, _ bytes: [UInt8], _ out: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        JSONWriter.append(member, &out)
        for byte in bytes {
            for nibble in [byte >> 4, byte & 15] {
                out.append(nibble < 10 ? 0x30 + nibble : 0x57 + nibble)
            }
        }
        out.append(0x22)
    }
}

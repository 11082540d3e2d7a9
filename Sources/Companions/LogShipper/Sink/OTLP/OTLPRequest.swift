/// Puts a chunk into the frame of OpenTelemetry's `ExportLogsServiceRequest`, and reads its answer.
enum OTLPRequest {
    private static let scope = Array("pillion".utf8)

    /// The request as protobuf.
    static func protobuf(_ chunk: borrowing Chunk) -> [UInt8] {
        // From the inside out: lengths stand before what they count.
        var scopeLogs: [UInt8] = []
        let scope = ProtobufWriter.begin(1, &scopeLogs)
        ProtobufWriter.append(1, bytes: Self.scope.span, &scopeLogs)
        ProtobufWriter.end(scope, &scopeLogs)
        let bytes = chunk.bytes
        let scopeCount = UInt64(scopeLogs.count + bytes.count)
        var before: [UInt8] = []
        ProtobufWriter.append(1, bytes: chunk.key.span, &before)
        before.append(2 << 3 | 2)
        ProtobufWriter.appendVarint(scopeCount, &before)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + before.count + scopeLogs.count + 16)
        out.append(1 << 3 | 2)
        ProtobufWriter.appendVarint(UInt64(before.count) + scopeCount, &out)
        out += before
        out += scopeLogs
        out += bytes
        return out
    }

    /// The request as JSON.
    static func json(_ chunk: borrowing Chunk) -> [UInt8] {
        BodyFrame.join(
            chunk,
            prefix: Array(#"{"resourceLogs":[{"resource":{"attributes":["#.utf8) + chunk.key
                + Array(#"]},"scopeLogs":[{"scope":{"name":"pillion"},"logRecords":["#.utf8),
            separator: 0x2c,
            suffix: Array("]}]}]}".utf8)
        )
    }

    /// What a peer did not take of a request that it took.
    struct PartialSuccess: Equatable {
        var rejected: Int64 = 0
        var message = ""
    }

    /// Reads `ExportLogsServiceResponse`; nothing in it means all is well, and nil that it is none.
    static func partialSuccess(protobuf bytes: [UInt8]) -> PartialSuccess? {
        var found = PartialSuccess()
        var outer = ProtobufReader(bytes[...])
        while let field = outer.next() {
            guard field.number == 1, let inside = field.bytes else { continue }
            var inner = ProtobufReader(inside)
            while let part = inner.next() {
                if part.number == 1, let value = part.varint {
                    found.rejected = Int64(bitPattern: value)
                }
                if part.number == 2, let text = part.bytes {
                    found.message = String(decoding: text.prefix(300), as: UTF8.self)
                }
            }
            guard inner.isWhole else { return nil }
        }
        return outer.isWhole ? found : nil
    }

    /// The same of its JSON form.
    static func partialSuccess(json bytes: [UInt8]) -> PartialSuccess? {
        guard let fields = AnswerFields.read(bytes) else { return nil }
        return PartialSuccess(
            rejected: fields["partialSuccess.rejectedLogRecords"].flatMap { Int64($0) } ?? 0,
            message: fields["partialSuccess.errorMessage"] ?? ""
        )
    }

    /// What an answer with 200 means for the chunk.
    ///
    /// The peer does not say which records it left out, and it must not be sent them again: all of the
    /// chunk goes to the dead letters then, so that those are among them.
    static func judge(_ partial: PartialSuccess, items: Int) -> SendOutcome {
        guard partial.rejected > 0 else { return .delivered(duplicates: 0) }
        let words = partial.message.isEmpty ? "" : ": \(partial.message)"
        return .refused(
            why:
                "\(partial.rejected) of the \(items) records of its request were left out, and it is "
                + "not said which\(words)"
        )
    }
}

/// Reads fields in the wire format of protocol buffers.
struct ProtobufReader {
    struct Field {
        var number: UInt64
        var varint: UInt64?
        var bytes: ArraySlice<UInt8>?
    }

    private var rest: ArraySlice<UInt8>
    /// False once there was something that is no field.
    private(set) var isWhole = true

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end, and where it is none.
    mutating func next() -> Field? {
        guard !rest.isEmpty else { return nil }
        guard let field = field() else {
            isWhole = false
            return nil
        }
        return field
    }

    private mutating func field() -> Field? {
        guard let key = varint(), key >> 3 > 0 else { return nil }
        switch key & 7 {
        case 0:
            guard let value = varint() else { return nil }
            return Field(number: key >> 3, varint: value)
        case 1: return skip(8) ? Field(number: key >> 3) : nil
        case 5: return skip(4) ? Field(number: key >> 3) : nil
        case 2:
            guard let count = varint(), count <= UInt64(rest.count) else { return nil }
            let bytes = rest.prefix(Int(count))
            rest = rest.dropFirst(Int(count))
            return Field(number: key >> 3, bytes: bytes)
        default: return nil
        }
    }

    private mutating func skip(_ count: Int) -> Bool {
        guard rest.count >= count else { return false }
        rest = rest.dropFirst(count)
        return true
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64, let byte = rest.popFirst() {
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }
}

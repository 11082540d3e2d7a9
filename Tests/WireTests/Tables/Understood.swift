import Model
import Wire

/// A parsed message as values that can be compared: what the tests mean by "the same".
struct Understood: Equatable, Sendable, CustomStringConvertible {
    var method = ""
    var path = ""
    var authority = ""
    var status: UInt16 = 0
    var framing = BodyFraming.none
    /// Names as written and values, without those that the writer decides about.
    var fields: [Field] = []

    struct Field: Equatable, Sendable, CustomStringConvertible {
        var name: String
        var value: String
        var description: String { "\(name): \(value)" }
    }

    var description: String {
        "\(method) \(path) at \(authority) \(status) \(framing) \(fields)"
    }

    init(_ head: Head, framing: BodyFraming) {
        method = Self.text(head, head.methodSlice)
        path = Self.text(head, head.path)
        authority = Self.text(head, head.authority)
        status = head.status
        self.framing = framing
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            if field.isRemoved || Self.decided.contains(field.known) { continue }
            fields.append(
                Field(name: Self.text(head, field.name), value: Self.text(head, field.value))
            )
        }
    }

    private static let decided: Set<KnownField> = [
        .host, .connection, .transferEncoding, .contentLength,
    ]

    /// Bytes as a string of scalars below 256, so that nothing is lost or equated.
    static func text(_ head: Head, _ slice: Head.Slice) -> String { latin1(head.span(slice)) }

    static func latin1(_ bytes: Span<UInt8>) -> String {
        var scalars = String.UnicodeScalarView()
        for index in bytes.indices { scalars.append(Unicode.Scalar(bytes[index])) }
        return String(scalars)
    }
}

/// What a parser says about some bytes.
enum Reading<Parsed: Equatable & Sendable>: Equatable, Sendable {
    case incomplete
    case refused(HeadFailure)
    case message(Parsed, Understood)
}

func readRequest(
    _ bytes: Span<UInt8>,
    into head: Head = Head(),
    limits: HeadLimits = HeadLimits()
) -> Reading<ParsedRequest> {
    do throws(HeadFailure) {
        guard let parsed = try RequestParser.parse(bytes, into: head, limits: limits) else {
            return .incomplete
        }
        return .message(parsed, Understood(head, framing: parsed.framing))
    } catch {
        return .refused(error)
    }
}

func readResponse(
    _ bytes: Span<UInt8>,
    to method: Method = .get,
    into head: Head = Head(),
    limits: HeadLimits = HeadLimits()
) -> Reading<ParsedResponse> {
    do throws(HeadFailure) {
        guard
            let parsed = try ResponseParser.parse(
                bytes,
                into: head,
                requestMethod: method,
                limits: limits
            )
        else { return .incomplete }
        return .message(parsed, Understood(head, framing: parsed.framing))
    } catch {
        return .refused(error)
    }
}

/// The bytes that the writer makes of a request.
func written(request head: Head, framing: BodyFraming) -> [UInt8] {
    let bound = HeadWriter.byteCount(request: head, framing: framing)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
        count = unsafe HeadWriter.write(
            request: head,
            framing: framing,
            into: UnsafeMutableRawBufferPointer(buffer)
        )
    }
}

/// The bytes that the writer makes of a response.
func written(
    response head: Head,
    framing: BodyFraming,
    keepsAlive: Bool = true,
    clientMinorVersion: UInt8 = 1
) -> [UInt8] {
    let bound = HeadWriter.byteCount(response: head, framing: framing)
    return unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
        count = unsafe HeadWriter.write(
            response: head,
            framing: framing,
            keepsAlive: keepsAlive,
            clientMinorVersion: clientMinorVersion,
            into: UnsafeMutableRawBufferPointer(buffer)
        )
    }
}

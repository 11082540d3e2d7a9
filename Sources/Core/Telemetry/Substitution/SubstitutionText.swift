import Glibc
package import Model

/// The value of a header with operators, compiled: `%REQ(:PATH)%-%UPSTREAM_HOST%`.
///
/// The operators are those of access logs (`docs/reference/access-log.md`), with two differences, as
/// in Envoy: what is absent is empty and not `-`, and nothing is escaped. Control characters become
/// spaces, so that a value cannot forge a line.
///
/// Made once per configuration. Rendering goes through one buffer for each thread and allocates
/// nothing once that has its size.
package final class SubstitutionText: SubstitutionFormat {
    package let text: String
    private let format: AccessLogFormat

    /// Compiles a text; throws where an operator is unknown or malformed.
    package init(_ text: String) throws(AccessLogFormatFailure) {
        self.text = text
        format = try AccessLogFormat(headerValue: text)
    }

    private init(_ text: String, _ format: AccessLogFormat) {
        self.text = text
        self.format = format
    }

    /// Compiles the value of a header operation: literal where nothing of it depends on a request.
    package static func value(
        _ text: String
    ) throws(AccessLogFormatFailure) -> HeaderOperations.Value {
        let format = try AccessLogFormat(headerValue: text)
        if let literal = format.literal {
            let line = LineBuffer(capacity: literal.count + 8)
            line.append(headerValue: literal.span)
            return .literal(ByteString(line.copy()))
        }
        return .formatted(SubstitutionText(text, format))
    }

    package func append(_ record: ExchangeRecord, to head: Head) -> Head.Slice {
        // Rendered apart: the record may point into the same head, which moves as it grows.
        let line = Self.buffer
        line.removeAll(keepingCapacity: line.count <= Self.keptBytes)
        format.render(record, into: line)
        return head.append(line.bytes)
    }

    /// A buffer that grew beyond this is not kept for the next value.
    private static let keptBytes = 16 << 10

    /// The buffer of this thread, made at the first use and freed with the thread.
    private static var buffer: LineBuffer {
        if let known = unsafe pthread_getspecific(key) {
            return unsafe Unmanaged<LineBuffer>.fromOpaque(known).takeUnretainedValue()
        }
        let made = LineBuffer(capacity: 256)
        unsafe pthread_setspecific(key, Unmanaged.passRetained(made).toOpaque())
        return made
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key) { known in
            guard let known = unsafe known else { return }
            unsafe Unmanaged<LineBuffer>.fromOpaque(known).release()
        }
        precondition(code == 0, "the process has no thread-specific key left")
        return key
    }()
}

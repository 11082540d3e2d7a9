package import Model

/// What the head of a response says beyond its fields.
package struct ParsedResponse: Equatable, Sendable {
    /// Bytes of the head, the blank line included; the body begins there.
    package var consumed: Int
    package var framing: BodyFraming
    /// Whether the connection may carry another request after this response.
    package var keepsAlive: Bool
    /// A 1xx other than 101: the response proper is still to come.
    package var isInterim: Bool
}

/// Reads the head of an HTTP/1 response (RFC 9112 section 4), as strictly as a request's.
///
/// A missing space after the status is tolerated where the reason is missing too; many servers send
/// it so. Content-Length and Transfer-Encoding are removed from 1xx and 204, which may not have them
/// (RFC 9110 section 8.6), and the connection is then not used again if they announced a body.
package enum ResponseParser {
    /// Parses from the start of `bytes` at each call.
    ///
    /// - Parameter requestMethod: the method of the request that this answers: it decides whether
    ///   there is a body (RFC 9112 section 6.3).
    /// - Returns: nil where the head is not complete; the head is then empty.
    /// - Throws: the first rule that is broken; the head is then empty.
    package static func parse(
        _ bytes: Span<UInt8>,
        into head: Head,
        requestMethod: Method,
        limits: HeadLimits
    ) throws(HeadFailure) -> ParsedResponse? {
        head.reset()
        do throws(HeadFailure) {
            if let parsed = try parseHead(
                bytes,
                into: head,
                requestMethod: requestMethod,
                limits: limits
            ) {
                return parsed
            }
            head.reset()
            if bytes.count >= limits.headBytesMax { throw HeadFailure.headTooLarge }
            return nil
        } catch {
            head.reset()
            throw error
        }
    }

    @inline(__always)
    private static func parseHead(
        _ bytes: Span<UInt8>,
        into head: Head,
        requestMethod: Method,
        limits: HeadLimits
    ) throws(HeadFailure) -> ParsedResponse? {
        let end = min(bytes.count, limits.headBytesMax)
        guard let line = try parseLine(bytes, to: end, into: head) else { return nil }
        var facts = FieldFacts()
        guard
            let consumed = try FieldLines.parse(
                bytes,
                from: line,
                to: end,
                into: head,
                countMax: limits.headerCountMax,
                facts: &facts
            )
        else { return nil }
        head.append(unsafe bytes.extracting(unchecked: 0..<consumed))
        return try conclude(facts, head: head, requestMethod: requestMethod, consumed: consumed)
    }

    /// Reads `version SP 3DIGIT [SP reason] CRLF`; returns the offset after it.
    @inline(__always)
    private static func parseLine(
        _ bytes: Span<UInt8>,
        to end: Int,
        into head: Head
    ) throws(HeadFailure) -> Int? {
        guard
            let versionEnd = try HTTPVersion.parse(
                bytes,
                from: 0,
                to: end,
                minor: &head.minorVersion
            )
        else { return nil }
        var status: UInt16 = 0
        for offset in 0..<4 {
            guard versionEnd &+ offset < end else { return nil }
            let byte = unsafe bytes[unchecked: versionEnd &+ offset]
            if offset == 0 {
                guard byte == 0x20 else { throw .invalidStatusLine }
            } else {
                guard byte.isASCIIDigit else { throw .invalidStatusLine }
                status = status &* 10 &+ UInt16(byte &- 0x30)
            }
        }
        guard status >= 100 else { throw .invalidStatusLine }
        head.status = status
        var position = versionEnd &+ 4
        guard position < end else { return nil }
        if unsafe bytes[unchecked: position] == 0x20 {
            let reasonStart = position &+ 1
            position = bytes.firstControl(from: reasonStart, to: end)
            guard position < end else { return nil }
            head.reason = Head.Slice(reasonStart, position)
        }
        switch unsafe bytes[unchecked: position] {
        case 0x0d: break
        case 0x0a: throw .bareLF
        default: throw .invalidStatusLine
        }
        guard position &+ 1 < end else { return nil }
        guard unsafe bytes[unchecked: position &+ 1] == 0x0a else { throw .bareCR }
        return position &+ 2
    }

    @inline(__always)
    private static func conclude(
        _ facts: FieldFacts,
        head: Head,
        requestMethod: Method,
        consumed: Int
    ) throws(HeadFailure) -> ParsedResponse {
        let isHTTP11 = head.minorVersion > 0
        if facts.transferEncodingCount > 0 {
            guard facts.lengthCount == 0 else { throw .lengthWithTransferEncoding }
            guard isHTTP11 else { throw .transferEncodingInHTTP10 }
        }
        var keepsAlive = !facts.saysClose && (isHTTP11 || facts.saysKeepAlive)
        let status = head.status
        let framing: BodyFraming
        if status < 200 || status == 204 {
            framing = .none
            if facts.transferEncodingCount > 0 || facts.lengthCount > 0 {
                if facts.transferEncodingCount > 0 || facts.length > 0 { keepsAlive = false }
                head.remove(.contentLength)
                head.remove(.transferEncoding)
            }
            // What follows 101 is another protocol.
            if status == 101 { keepsAlive = false }
        } else if status == 304 || requestMethod == .head {
            framing = .none
        } else if requestMethod == .connect, status < 300 {
            // What follows is the tunnel (RFC 9110 section 9.3.6).
            framing = .none
            keepsAlive = false
        } else if facts.transferEncodingCount > 0 {
            framing = .chunked
        } else if facts.lengthCount > 0 {
            framing = .length(facts.length)
        } else {
            framing = .untilClose
            keepsAlive = false
        }
        return ParsedResponse(
            consumed: consumed,
            framing: framing,
            keepsAlive: keepsAlive,
            isInterim: status < 200 && status != 101
        )
    }
}

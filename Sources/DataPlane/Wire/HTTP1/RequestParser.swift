package import Model

/// What the head of a request says beyond its fields.
package struct ParsedRequest: Equatable, Sendable {
    /// Bytes of the head, the blank line included; the body begins there.
    package var consumed: Int
    package var framing: BodyFraming
    /// Whether the client lets the connection live after this exchange.
    package var keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends its body.
    package var expectsContinue: Bool
    /// Whether an Upgrade field is there and nominated in Connection.
    package var requestsUpgrade: Bool

    package init(
        consumed: Int,
        framing: BodyFraming,
        keepsAlive: Bool,
        expectsContinue: Bool,
        requestsUpgrade: Bool
    ) {
        self.consumed = consumed
        self.framing = framing
        self.keepsAlive = keepsAlive
        self.expectsContinue = expectsContinue
        self.requestsUpgrade = requestsUpgrade
    }
}

/// Reads the head of an HTTP/1 request (RFC 9112), strictly.
///
/// Everything that two implementations could read in two ways is refused. After a success the head
/// holds a copy of the bytes: `path` is the target's path with the query, without normalization
/// (`*` for OPTIONS, empty for CONNECT); `authority` is the effective host, empty only where
/// HTTP/1.0, CONNECT's and OPTIONS's forms allow none.
package enum RequestParser {
    /// The longest method in bytes.
    static let methodBytesMax = 32

    /// Parses from the start of `bytes` at each call.
    ///
    /// - Returns: nil where the head is not complete; the head is then empty.
    /// - Throws: the first rule that is broken; the head is then empty.
    package static func parse(
        _ bytes: Span<UInt8>,
        into head: Head,
        limits: HeadLimits
    ) throws(HeadFailure) -> ParsedRequest? {
        head.reset()
        do throws(HeadFailure) {
            if let parsed = try parseHead(bytes, into: head, limits: limits) { return parsed }
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
        limits: HeadLimits
    ) throws(HeadFailure) -> ParsedRequest? {
        let end = min(bytes.count, limits.headBytesMax)
        guard let start = try skipEmptyLine(bytes, to: end) else { return nil }
        var target = Head.Slice.empty
        guard
            let line = try parseLine(bytes, from: start, to: end, into: head, target: &target)
        else { return nil }
        let form = try TargetForm(of: target, in: bytes, method: head.method)

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
        try setTarget(form, target: target, facts: facts, in: head)
        return try conclude(facts, head: head, consumed: consumed)
    }

    /// Skips at most one CRLF before the request line (RFC 9112 section 2.2).
    @inline(__always)
    private static func skipEmptyLine(_ bytes: Span<UInt8>, to end: Int) throws(HeadFailure) -> Int?
    {
        guard end > 0 else { return nil }
        let first = unsafe bytes[unchecked: 0]
        if first > 0x0d { return 0 }
        if first == 0x0a { throw .bareLF }
        if first != 0x0d { throw .invalidMethod }
        guard end > 1 else { return nil }
        guard unsafe bytes[unchecked: 1] == 0x0a else { throw .bareCR }
        return 2
    }

    /// Reads `method SP target SP version CRLF`; returns the offset after it.
    @inline(__always)
    private static func parseLine(
        _ bytes: Span<UInt8>,
        from start: Int,
        to end: Int,
        into head: Head,
        target: inout Head.Slice
    ) throws(HeadFailure) -> Int? {
        var position = start
        var letters: UInt64 = 0
        while position < end {
            let byte = unsafe bytes[unchecked: position]
            if !ByteSet.token.contains(byte) { break }
            letters = letters &<< 8 | UInt64(byte)
            position &+= 1
            if position &- start > methodBytesMax { throw .invalidMethod }
        }
        guard position < end else { return nil }
        guard position > start, unsafe bytes[unchecked: position] == 0x20 else {
            throw .invalidMethod
        }
        head.methodSlice = Head.Slice(start, position)
        head.method = method(letters, count: position &- start)

        let targetStart = position &+ 1
        position = bytes.firstOutsideTarget(from: targetStart, to: end)
        guard position < end else { return nil }
        let stop = unsafe bytes[unchecked: position]
        guard position > targetStart else { throw .invalidTarget }
        if stop != 0x20 { throw stop == 0x0d || stop == 0x0a ? .invalidVersion : .invalidTarget }
        target = Head.Slice(targetStart, position)

        guard
            let after = try HTTPVersion.parse(
                bytes,
                from: position &+ 1,
                to: end,
                minor: &head.minorVersion
            )
        else { return nil }
        guard after < end else { return nil }
        switch unsafe bytes[unchecked: after] {
        case 0x0d: break
        case 0x0a: throw .bareLF
        default: throw .invalidVersion
        }
        guard after &+ 1 < end else { return nil }
        guard unsafe bytes[unchecked: after &+ 1] == 0x0a else { throw .bareCR }
        return after &+ 2
    }

    /// The method whose name is these bytes, the last in the lowest position.
    @inline(__always)
    private static func method(_ letters: UInt64, count: Int) -> Method {
        guard count <= 7 else { return .other }
        return switch letters {
        case 0x47_4554: .get
        case 0x4845_4144: .head
        case 0x504f_5354: .post
        case 0x50_5554: .put
        case 0x4445_4c45_5445: .delete
        case 0x4f_5054_494f_4e53: .options
        case 0x54_5241_4345: .trace
        case 0x50_4154_4348: .patch
        case 0x43_4f4e_4e45_4354: .connect
        default: .other
        }
    }

    /// Sets the effective path and authority (RFC 9112 section 3.3) and checks the host.
    @inline(__always)
    private static func setTarget(
        _ form: TargetForm,
        target: Head.Slice,
        facts: FieldFacts,
        in head: Head
    ) throws(HeadFailure) {
        if facts.hostCount == 0 {
            if head.minorVersion > 0 { throw .missingHost }
        } else if facts.host.isEmpty {
            // RFC 9112 section 3.2: empty where the target has no authority component to copy.
            if form == .origin || form == .absolute { throw .invalidHost }
        } else if !Authority.isValid(head.span(facts.host)) {
            throw .invalidHost
        }
        switch form {
        case .origin, .asterisk:
            head.path = target
            head.authority = facts.host
        case .authority:
            head.authority = target
        case .absolute:
            TargetForm.splitAbsolute(target, in: head)
            if facts.hostCount > 0 { head.set(.host, head.authority) }
        }
    }

    @inline(__always)
    private static func conclude(
        _ facts: FieldFacts,
        head: Head,
        consumed: Int
    ) throws(HeadFailure) -> ParsedRequest {
        let isHTTP11 = head.minorVersion > 0
        var framing = BodyFraming.none
        var hasBody = false
        if facts.transferEncodingCount > 0 {
            guard facts.lengthCount == 0 else { throw .lengthWithTransferEncoding }
            guard isHTTP11 else { throw .transferEncodingInHTTP10 }
            framing = .chunked
            hasBody = true
        } else if facts.lengthCount > 0 {
            framing = .length(facts.length)
            hasBody = facts.length > 0
        }
        if hasBody, case .connect = head.method { throw .bodyWithConnect }
        if facts.expectsOther { throw .unsupportedExpectation }
        return ParsedRequest(
            consumed: consumed,
            framing: framing,
            keepsAlive: !facts.saysClose && (isHTTP11 || facts.saysKeepAlive),
            // HTTP/1.0 knows no interim responses (RFC 9110 section 10.1.1).
            expectsContinue: facts.expectsContinue && isHTTP11 && hasBody,
            requestsUpgrade: facts.hasUpgrade && facts.saysUpgrade && isHTTP11
        )
    }
}

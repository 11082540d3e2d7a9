package import Model

extension HeaderMatcher {
    /// True where the head has what the matcher asks for (`envoy.config.route.v3.HeaderMatcher`).
    ///
    /// - Each line of a field is matched by itself, and one that agrees is enough, as in Envoy; the
    ///   lines of a field that Envoy keeps as one (`InlineFields`) are joined by commas. Inverted,
    ///   none may agree.
    /// - `host` is another name of `:authority`; `:status` is the status of a response.
    /// - A missing field never matches a condition on the value, inverted or not, unless
    ///   `treatsMissingAsEmpty`; only `present` and `absent` speak of it.
    package func matches(_ head: Head) -> Bool {
        let nameBytes = name.bytes
        if let pseudo = PseudoHeader(nameBytes.span) {
            return matches(pseudo, of: head)
        }
        guard let line = head.nextIndex(named: nameBytes.span, from: 0) else {
            return matchesMissing()
        }
        if let byPresence = matchesPresent() { return byPresence }
        if head.nextIndex(named: nameBytes.span, from: line + 1) == nil {
            return matches(value: head.span(head.field(at: line).value))
        }
        if InlineFields.joins(nameBytes.span, head.field(at: line).known) {
            let joined = Self.join(nameBytes.span, of: head, from: line)
            return matches(value: joined.span)
        }
        var next: Int? = line
        while let index = next {
            let agrees = matches(value: head.span(head.field(at: index).value)) != isInverted
            if agrees { return !isInverted }
            next = head.nextIndex(named: nameBytes.span, from: index + 1)
        }
        return isInverted
    }

    private func matches(_ pseudo: PseudoHeader, of head: Head) -> Bool {
        let slice: Head.Slice
        switch pseudo {
        case .method: slice = head.methodSlice
        case .path: slice = head.path
        case .authority: slice = head.authority
        case .scheme:
            if let byPresence = matchesPresent() { return byPresence }
            let scheme: ByteString = head.isSecure ? .https : .http
            let bytes = scheme.bytes
            return matches(value: bytes.span)
        case .status:
            if head.status == 0 { return matchesMissing() }
            if let byPresence = matchesPresent() { return byPresence }
            let digits = Array(String(head.status).utf8)
            return matches(value: digits.span)
        }
        if slice.isEmpty { return matchesMissing() }
        return matchesPresent() ?? matches(value: head.span(slice))
    }

    /// The answer for a field that is there, where the condition is only about that.
    private func matchesPresent() -> Bool? {
        switch condition {
        case .present: !isInverted
        case .absent: isInverted
        case .string, .range: nil
        }
    }

    private func matchesMissing() -> Bool {
        switch condition {
        case .present: treatsMissingAsEmpty != isInverted
        case .absent: treatsMissingAsEmpty == isInverted
        case .string, .range:
            treatsMissingAsEmpty && matches(value: Span<UInt8>())
        }
    }

    private func matches(value: Span<UInt8>) -> Bool {
        switch condition {
        case .present: return !isInverted
        case .absent: return isInverted
        case .string(let matcher): return matcher.matches(value) != isInverted
        case .range(let start, let end):
            guard let number = value.signedDecimal else { return isInverted }
            return (start <= number && number < end) != isInverted
        }
    }

    /// Allocates: a field on several lines that a route asks for is rare.
    private static func join(_ name: Span<UInt8>, of head: Head, from start: Int) -> [UInt8] {
        var joined: [UInt8] = []
        var line: Int? = start
        while let index = line {
            if index != start { joined.append(0x2c) }
            let value = head.span(head.field(at: index).value)
            for position in value.indices { joined.append(value[position]) }
            line = head.nextIndex(named: name, from: index + 1)
        }
        return joined
    }
}

extension [HeaderMatcher] {
    /// True where every matcher agrees, and where there is none.
    package func allMatch(_ head: Head) -> Bool {
        let matchers = span
        for index in 0..<matchers.count where !matchers[index].matches(head) { return false }
        return true
    }

    /// True where at least one matcher agrees.
    package func anyMatches(_ head: Head) -> Bool {
        let matchers = span
        for index in 0..<matchers.count where matchers[index].matches(head) { return true }
        return false
    }
}

/// What a matcher can ask for that is not a field line.
private enum PseudoHeader {
    case method, path, authority, scheme, status

    init?(_ name: Span<UInt8>) {
        // Almost every name fails the first test.
        guard name.count >= 4, name[0] == 0x3a || name[0] == 0x68 else { return nil }
        switch name.count {
        case 4 where name.equals("host"): self = .authority
        case 5 where name.equals(":path"): self = .path
        case 7 where name.equals(":method"): self = .method
        case 7 where name.equals(":scheme"): self = .scheme
        case 7 where name.equals(":status"): self = .status
        case 10 where name.equals(":authority"): self = .authority
        default: return nil
        }
    }
}

extension Head {
    /// Whether the request came over TLS, as far as this proxy believes: what `x-forwarded-proto`
    /// says, which is sanitised before routes are looked at, and otherwise the connection.
    package var isSecure: Bool {
        guard let protocolName = first(.xForwardedProto) else { return isTLS }
        let name = span(protocolName)
        if name.equals("https") { return true }
        if name.equals("http") { return false }
        return isTLS
    }
}

extension ByteString {
    static let http = ByteString("http" as StaticString)
    static let https = ByteString("https" as StaticString)
}

extension ByteString {
    fileprivate init(_ text: StaticString) { self.init(stringLiteral: text) }
}

extension Span<UInt8> {
    /// Byte equality with a text of the program.
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where unsafe self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// Equality with a lower-case text of the program in which ASCII letters match in either case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count
        where unsafe self[index].asciiLowercased != text.utf8Start[index] { return false }
        return true
    }

    /// Without spaces and tabs at both ends.
    @_lifetime(copy self)
    func trimmed() -> Span<UInt8> {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return extracting(start..<end)
    }

    /// Decimal digits with an optional minus; nil when malformed or beyond `Int64`.
    ///
    /// No plus, no spaces inside: field values reach us trimmed.
    var signedDecimal: Int64? {
        guard count > 0, self[0] == 0x2d else {
            return decimal().map(Int64.init)
        }
        return extracting(1..<count).decimal().map { -Int64($0) }
    }
}

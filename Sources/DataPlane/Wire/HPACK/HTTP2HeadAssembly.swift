import Model

/// Puts the fields of a header block into a head and keeps the rules of RFC 9113 section 8.
///
/// The first broken rule is remembered and thrown at the end, so that the block is decoded whole.
/// From then on, and above the limits, nothing is added to the head.
struct HTTP2HeadAssembly {
    let head: Head
    private let kind: HTTP2HeadKind
    private let limits: HeadLimits
    private let allowsConnectProtocol: Bool

    private var fault: HTTP2Fault?
    /// Name, value and 32 bytes of each field so far.
    private var listBytes = 0
    private var fieldCount = 0
    private var hasRegular = false
    /// A bit for each pseudo-header that came.
    private var pseudo: UInt16 = 0
    private var host: Head.Slice?
    private var contentLength: UInt64?
    private var cookies = HTTP2CookieCrumbs()
    private var info = HTTP2HeadInfo()

    init(_ head: Head, kind: HTTP2HeadKind, limits: HeadLimits, allowsConnectProtocol: Bool) {
        self.head = head
        self.kind = kind
        self.limits = limits
        self.allowsConnectProtocol = allowsConnectProtocol
    }

    // MARK: - Fields

    /// Takes a field; `line` is `name: value` CRLF.
    @inline(__always)
    mutating func add(_ entry: HPACKEntry, line: Span<UInt8>) {
        if fault != nil { return }
        listBytes &+= entry.size
        if listBytes > limits.headBytesMax {
            fault = .headerListTooLarge
            return
        }
        do throws(HTTP2Fault) {
            if let broken = entry.nameFault ?? entry.valueFault { throw broken }
            if entry.role.isPseudo {
                try addPseudo(entry, line)
            } else {
                try addRegular(entry, line)
            }
        } catch {
            fault = error
        }
    }

    @inline(__always)
    private mutating func addRegular(
        _ entry: HPACKEntry,
        _ line: Span<UInt8>
    ) throws(HTTP2Fault) {
        hasRegular = true
        if case .cookie = entry.role, kind != .trailers {
            if cookies.isEmpty { try countField() }
            cookies.add(entry, line, to: head)
            return
        }
        try countField()
        cookies.close(in: head)
        if case .regular = entry.role {
            addLine(entry, line)
        } else if try note(entry, line) {
            addLine(entry, line)
        }
    }

    @inline(__always)
    private mutating func countField() throws(HTTP2Fault) {
        fieldCount &+= 1
        if fieldCount > limits.headerCountMax { throw .headerListTooLarge }
    }

    @inline(__always)
    private func addLine(_ entry: HPACKEntry, _ line: Span<UInt8>) {
        let start = Int(head.append(line).start)
        let nameEnd = start &+ Int(entry.nameCount)
        let valueStart = nameEnd &+ 2
        var field = Head.Field(
            name: Head.Slice(start, nameEnd),
            value: Head.Slice(valueStart, valueStart &+ Int(entry.valueCount)),
            known: entry.known
        )
        field.isNeverIndexed = entry.isNeverIndexed
        head.add(field)
    }

    /// Looks at a field that has rules of its own; false where it is no line of the head.
    private mutating func note(
        _ entry: HPACKEntry,
        _ line: Span<UInt8>
    ) throws(HTTP2Fault) -> Bool {
        let value = Self.value(entry, line)
        switch entry.role {
        case .connectionSpecific:
            throw .connectionSpecific
        case .te:
            guard value.equalsIgnoringCase("trailers") else { throw .connectionSpecific }
        case .host:
            // In a response or a trailer section it means nothing.
            guard kind == .request else { return false }
            guard host == nil else { throw .multipleHosts }
            host = head.append(value)
            return false
        case .contentLength:
            // Too late to tell the length.
            if kind == .trailers { return false }
            guard let length = value.decimal() else { throw .invalidContentLength }
            if let known = contentLength {
                guard known == UInt64(length) else { throw .differentContentLengths }
                return false
            }
            contentLength = UInt64(length)
        case .expect:
            if value.equalsIgnoringCase("100-continue") {
                info.expectsContinue = true
            } else {
                info.hasUnsupportedExpectation = true
            }
        default:
            break
        }
        return true
    }

    @inline(__always)
    @_lifetime(copy line)
    private static func value(_ entry: HPACKEntry, _ line: Span<UInt8>) -> Span<UInt8> {
        let start = Int(entry.nameCount) &+ 2
        return line.extracting(start..<(start &+ Int(entry.valueCount)))
    }

    // MARK: - Pseudo-headers

    @inline(__always)
    private mutating func addPseudo(
        _ entry: HPACKEntry,
        _ line: Span<UInt8>
    ) throws(HTTP2Fault) {
        if kind == .trailers { throw .pseudoInTrailers }
        if case .unknownPseudo = entry.role { throw .unknownPseudo }
        let isOfResponse = if case .status = entry.role { true } else { false }
        guard isOfResponse == (kind == .response) else { throw .unknownPseudo }
        if hasRegular { throw .pseudoAfterRegular }
        guard pseudo & Self.bit(entry.role) == 0 else { throw .repeatedPseudo }
        pseudo |= Self.bit(entry.role)
        let value = Self.value(entry, line)
        switch entry.role {
        case .status:
            try setStatus(value)
        case .method:
            guard value.count > 0, value.count <= RequestParser.methodBytesMax,
                value.firstOutsideToken(from: 0, to: value.count) == value.count
            else { throw .invalidMethod }
            head.method = Method(spelled: value)
            head.methodSlice = head.append(value)
        case .path:
            guard value.count > 0, value.firstOutsideTarget(from: 0, to: value.count) == value.count
            else { throw .invalidPath }
            head.path = head.append(value)
            head.isPathNeverIndexed = entry.isNeverIndexed
        case .scheme:
            guard Self.isScheme(value) else { throw .invalidScheme }
            head.scheme = head.append(value)
        case .authority:
            head.authority = head.append(value)
        case .upgradeProtocol:
            guard value.count > 0,
                value.firstOutsideToken(from: 0, to: value.count) == value.count
            else { throw .invalidProtocol }
            head.upgradeProtocol = head.append(value)
        default:
            break
        }
    }

    @inline(__always)
    private static func bit(_ role: HPACKRole) -> UInt16 { 1 &<< UInt16(role.rawValue) }

    @inline(__always)
    private func has(_ role: HPACKRole) -> Bool { pseudo & Self.bit(role) != 0 }

    private func setStatus(_ value: Span<UInt8>) throws(HTTP2Fault) {
        // 101 is of HTTP/1 only (RFC 9113 section 8.6).
        guard value.count == 3, let status = value.decimal(), status >= 100, status != 101 else {
            throw .invalidStatus
        }
        head.status = UInt16(truncatingIfNeeded: status)
    }

    /// A letter, then letters, digits, `+`, `-` and `.` (RFC 3986 section 3.1).
    @inline(__always)
    private static func isScheme(_ value: Span<UInt8>) -> Bool {
        guard !value.isEmpty, value[0].asciiLowercased &- 0x61 < 26 else { return false }
        for index in 1..<value.count {
            let byte = unsafe value[unchecked: index]
            let isOther = byte == 0x2b || byte == 0x2d || byte == 0x2e
            if byte.asciiLowercased &- 0x61 >= 26, !byte.isASCIIDigit, !isOther { return false }
        }
        return true
    }

    // MARK: - The end of the block

    /// Checks what can be told only now.
    ///
    /// - Throws: the first rule that was broken.
    mutating func finish() throws(HTTP2Fault) -> HTTP2HeadInfo {
        if let fault { throw fault }
        cookies.finish(in: head)
        switch kind {
        case .trailers:
            return info
        case .response:
            guard has(.status) else { throw .missingPseudo }
            info.isInterim = head.status < 200
            if info.isInterim || head.status == 204 {
                // There is no body to have a length (RFC 9110 section 8.6).
                head.remove(.contentLength)
                contentLength = nil
            }
        case .request:
            try finishRequest()
        }
        info.contentLength = contentLength
        return info
    }

    private mutating func finishRequest() throws(HTTP2Fault) {
        guard has(.method) else { throw .missingPseudo }
        var isTunnel = false
        if case .connect = head.method {
            isTunnel = !has(.upgradeProtocol)
            // The peer has not been told that it may (RFC 8441 section 3).
            if !isTunnel, !allowsConnectProtocol { throw .unknownPseudo }
            info.hasUpgradeProtocol = !isTunnel
        } else if has(.upgradeProtocol) {
            throw .unexpectedPseudo
        }
        if isTunnel {
            if has(.scheme) || has(.path) { throw .unexpectedPseudo }
            guard has(.authority) else { throw .missingPseudo }
        } else {
            guard has(.scheme), has(.path) else { throw .missingPseudo }
            if info.hasUpgradeProtocol, !has(.authority) { throw .missingPseudo }
            try checkPath()
        }
        try setAuthority(needsPort: isTunnel)
    }

    @inline(__always)
    private func checkPath() throws(HTTP2Fault) {
        let path = head.span(head.path)
        if unsafe path[unchecked: 0] == 0x2f { return }
        guard path.count == 1, path[0] == 0x2a, case .options = head.method else {
            throw .invalidPath
        }
    }

    /// Checks `:authority` and `host`, which must agree (RFC 9113 section 8.3.1).
    @inline(__always)
    private func setAuthority(needsPort: Bool) throws(HTTP2Fault) {
        if has(.authority) {
            let authority = head.span(head.authority)
            guard Authority.isValid(authority, needsPort: needsPort) else {
                throw .invalidAuthority
            }
            guard let host else { return }
            guard authority.matchesIgnoringCase(head.span(host)) else { throw .hostDiffers }
        } else if let host {
            guard Authority.isValid(head.span(host)) else { throw .invalidAuthority }
            head.authority = host
        }
    }
}

extension Method {
    /// The method with this name, which is case-sensitive (RFC 9110 section 9.1).
    init(spelled name: Span<UInt8>) {
        var letters: UInt64 = 0
        guard name.count <= 7 else {
            self = .other
            return
        }
        for index in 0..<name.count {
            letters = unsafe letters &<< 8 | UInt64(name[unchecked: index])
        }
        self =
            switch letters {
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
}

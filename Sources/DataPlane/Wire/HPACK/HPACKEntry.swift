import Model

/// What a field is to the rules of RFC 9113 section 8.
enum HPACKRole: UInt8 {
    case regular
    case method, path, scheme, authority, upgradeProtocol, status, unknownPseudo
    case host, contentLength, connectionSpecific, te, expect, cookie

    @inline(__always)
    var isPseudo: Bool { rawValue &- 1 < 7 }

    /// The role of a field that the data plane knows.
    init(_ known: KnownField) {
        switch known {
        case .host: self = .host
        case .contentLength: self = .contentLength
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade:
            self = .connectionSpecific
        case .te: self = .te
        case .expect: self = .expect
        case .cookie: self = .cookie
        default: self = .regular
        }
    }

    /// The role of a name that begins with a colon.
    init(pseudo name: Span<UInt8>) {
        if name.equalsIgnoringCase(":method") {
            self = .method
        } else if name.equalsIgnoringCase(":path") {
            self = .path
        } else if name.equalsIgnoringCase(":scheme") {
            self = .scheme
        } else if name.equalsIgnoringCase(":authority") {
            self = .authority
        } else if name.equalsIgnoringCase(":status") {
            self = .status
        } else if name.equalsIgnoringCase(":protocol") {
            self = .upgradeProtocol
        } else {
            self = .unknownPseudo
        }
    }
}

/// A field as it stands in a table: as the line `name: value` CRLF.
///
/// A head takes it over in one piece, and HTTP/1 writes it in one. What was found out about it once
/// is kept.
struct HPACKEntry {
    /// Where the line begins, in the numbering of its table.
    var position: UInt32 = 0
    var nameCount: UInt32
    var valueCount: UInt32 = 0
    var known: KnownField
    var role: HPACKRole
    /// What is wrong with the name, or with the value.
    var nameFault: HTTP2Fault?
    var valueFault: HTTP2Fault?
    /// The literal is a secret, which nobody may put into a table (RFC 7541 section 6.2.3).
    var isNeverIndexed = false

    /// The bytes of the line beyond name and value.
    static let lineOverhead = 4

    @inline(__always)
    var lineCount: Int { Int(nameCount) &+ Int(valueCount) &+ Self.lineOverhead }
    /// The size for the table (RFC 7541 section 4.1).
    @inline(__always)
    var size: Int { Int(nameCount) &+ Int(valueCount) &+ 32 }

    init(nameCount: Int, known: KnownField, role: HPACKRole, nameFault: HTTP2Fault? = nil) {
        self.nameCount = UInt32(truncatingIfNeeded: nameCount)
        self.known = known
        self.role = role
        self.nameFault = nameFault
    }

    /// Looks at a name as received (RFC 9113 section 8.2.1).
    init(name: Span<UInt8>) {
        let count = name.count
        if count > 0, unsafe name[unchecked: 0] == 0x3a {
            // Upper case matches the names below too.
            let fault: HTTP2Fault? = name.hasUpperCase ? .invalidHeaderName : nil
            self.init(
                nameCount: count,
                known: .unknown,
                role: HPACKRole(pseudo: name),
                nameFault: fault
            )
        } else if count == 0 || name.firstOutsideToken(from: 0, to: count) != count
            || name.hasUpperCase
        {
            self.init(
                nameCount: count,
                known: .unknown,
                role: .regular,
                nameFault: .invalidHeaderName
            )
        } else {
            let known = KnownFieldIndex.shared.field(named: name)
            self.init(nameCount: count, known: known, role: HPACKRole(known))
        }
    }

    /// Takes note of a value as received (RFC 9113 section 8.2.1).
    @inline(__always)
    mutating func setValue(_ value: Span<UInt8>) {
        let count = value.count
        valueCount = UInt32(truncatingIfNeeded: count)
        valueFault = nil
        if count == 0 { return }
        let first = unsafe value[unchecked: 0]
        let last = unsafe value[unchecked: count &- 1]
        if first == 0x20 || first == 0x09 || last == 0x20 || last == 0x09
            || value.firstControl(from: 0, to: count) != count
        {
            valueFault = .invalidHeaderValue
        }
    }
}

/// The high bit of each byte of `word` that is an ASCII letter in upper case; all are exact.
@inline(__always)
func marksUpperCase(in word: UInt64) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    // Without the high bits no sum carries into the next byte.
    let low = word & (ones &* 0x7f)
    let fromA = low &+ ones &* 0x3f
    let beyondZ = low &+ ones &* 0x25
    return fromA & ~beyondZ & ~word & (ones &* 0x80)
}

extension Span<UInt8> {
    /// Whether any byte is an ASCII letter in upper case.
    @inline(__always)
    var hasUpperCase: Bool {
        var index = 0
        while index &+ 8 <= count {
            if marksUpperCase(in: word(at: index)) != 0 { return true }
            index &+= 8
        }
        while index < count {
            if unsafe self[unchecked: index] &- 0x41 < 26 { return true }
            index &+= 1
        }
        return false
    }
}

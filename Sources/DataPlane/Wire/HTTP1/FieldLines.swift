import Model

/// What the field lines of a head say about framing, routing and the connection.
struct FieldFacts {
    var hostCount = 0
    var host = Head.Slice.empty
    var lengthCount = 0
    var length: UInt64 = 0
    var transferEncodingCount = 0
    var isChunked = false
    var saysClose = false
    var saysKeepAlive = false
    var saysUpgrade = false
    var hasUpgrade = false
    var expectsContinue = false
    var expectsOther = false
    var connectionOptionCount = 0
}

/// The field lines of a head, from the line after the start line to the blank line.
enum FieldLines {
    /// The most options in all Connection lines together: each can cost a walk over the table.
    static let connectionOptionsMax = 64

    /// Reads field lines into the table of `head`, whose slices are offsets into `bytes`.
    ///
    /// - Returns: the offset after the blank line; nil where it is not within `end`.
    /// - Throws: the first rule of RFC 9112 section 5 that a line breaks, so that the verdict does
    ///   not depend on how many bytes have come.
    @inline(__always)
    static func parse(
        _ bytes: Span<UInt8>,
        from start: Int,
        to end: Int,
        into head: Head,
        countMax: Int,
        facts: inout FieldFacts
    ) throws(HeadFailure) -> Int? {
        let index = KnownFieldIndex.shared
        var count = 0
        var position = start
        while true {
            guard position < end else { return nil }
            let nameStart = position
            position = bytes.firstOutsideToken(from: nameStart, to: end)
            if position == nameStart {
                switch unsafe bytes[unchecked: position] {
                case 0x0d:
                    guard position &+ 1 < end else { return nil }
                    guard unsafe bytes[unchecked: position &+ 1] == 0x0a else { throw .bareCR }
                    return position &+ 2
                case 0x0a: throw .bareLF
                case 0x20, 0x09: throw .obsFold
                default: throw .invalidFieldName
                }
            }
            guard count < countMax else { throw .tooManyHeaders }
            count &+= 1
            guard position < end else { return nil }
            let nameEnd = position
            let colon = unsafe bytes[unchecked: position]
            if colon != 0x3a {
                throw colon == 0x20 || colon == 0x09 ? .spaceBeforeColon : .invalidFieldName
            }
            position &+= 1
            while position < end, unsafe isBlank(bytes[unchecked: position]) { position &+= 1 }
            let valueStart = position
            position = bytes.firstControl(from: valueStart, to: end)
            guard position < end else { return nil }
            let lineEnd = unsafe bytes[unchecked: position]
            if lineEnd != 0x0d { throw lineEnd == 0x0a ? .bareLF : .invalidFieldValue }
            guard position &+ 1 < end else { return nil }
            guard unsafe bytes[unchecked: position &+ 1] == 0x0a else { throw .bareCR }
            var valueEnd = position
            while valueEnd > valueStart, unsafe isBlank(bytes[unchecked: valueEnd &- 1]) {
                valueEnd &-= 1
            }
            position &+= 2

            let name = unsafe bytes.extracting(unchecked: nameStart..<nameEnd)
            let known = index.field(named: name)
            head.add(
                Head.Field(
                    name: Head.Slice(nameStart, nameEnd),
                    value: Head.Slice(valueStart, valueEnd),
                    known: known
                )
            )
            // A comparison with == would call across modules.
            if case .unknown = known { continue }
            try note(known, bytes, valueStart, valueEnd, &facts)
        }
    }

    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    @inline(__always)
    private static func note(
        _ known: KnownField,
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int,
        _ facts: inout FieldFacts
    ) throws(HeadFailure) {
        let value = unsafe bytes.extracting(unchecked: start..<end)
        switch known {
        case .host:
            guard facts.hostCount == 0 else { throw .multipleHosts }
            facts.hostCount = 1
            facts.host = Head.Slice(start, end)
        case .contentLength:
            guard facts.lengthCount == 0 else { throw .repeatedContentLength }
            facts.lengthCount = 1
            facts.length = try contentLength(value)
        case .transferEncoding:
            guard facts.transferEncodingCount == 0, value.equalsIgnoringCase("chunked") else {
                throw .unsupportedTransferEncoding
            }
            facts.transferEncodingCount = 1
        case .connection:
            // What nearly every client says, once.
            if facts.connectionOptionCount == 0, value.equalsIgnoringCase("keep-alive") {
                facts.connectionOptionCount = 1
                facts.saysKeepAlive = true
            } else {
                try noteOptions(value, &facts)
            }
        case .upgrade:
            facts.hasUpgrade = true
        case .expect:
            if value.equalsIgnoringCase("100-continue") {
                facts.expectsContinue = true
            } else {
                facts.expectsOther = true
            }
        default:
            break
        }
    }

    /// Digits only, at most 19 of them and below 2^63; a list is a repeated length.
    private static func contentLength(_ value: Span<UInt8>) throws(HeadFailure) -> UInt64 {
        guard let length = value.decimal() else {
            throw value.firstIndex(of: 0x2c) == nil ? .invalidContentLength : .repeatedContentLength
        }
        return UInt64(length)
    }

    /// Reads one Connection value: tokens between commas, empty elements allowed (RFC 9110 5.6.1).
    private static func noteOptions(
        _ value: Span<UInt8>,
        _ facts: inout FieldFacts
    ) throws(HeadFailure) {
        var options = ListElements(value)
        while let range = options.next() {
            let option = value.extracting(range)
            guard option.firstOutsideToken(from: 0, to: option.count) == option.count else {
                throw .invalidConnection
            }
            guard facts.connectionOptionCount < connectionOptionsMax else {
                throw .tooManyConnectionOptions
            }
            facts.connectionOptionCount &+= 1
            switch option.count {
            case 5: if option.equalsIgnoringCase("close") { facts.saysClose = true }
            case 7: if option.equalsIgnoringCase("upgrade") { facts.saysUpgrade = true }
            case 10: if option.equalsIgnoringCase("keep-alive") { facts.saysKeepAlive = true }
            default: break
            }
        }
    }
}

package import Model

/// Takes a chunked body apart as it arrives (RFC 9112 section 7.1), strictly and without buffering.
///
/// The caller feeds each span from an offset until it gets `.more` or `.end`:
///
///     switch try decoder.next(in: span, from: offset, trailers: head) {
///     case .data(let range): relay(range); offset = range.upperBound
///     case .more(let offset): wait for bytes after it
///     case .end(let offset): the next message begins there
///     }
///
/// No white space is accepted anywhere outside a quoted extension value, and lines end with CR LF
/// only: each tolerance there has been a way to smuggle a request past some proxy. Extensions are
/// checked and dropped; sizes are bounded in digits and value, extension bytes per line and in
/// proportion to the data, trailers in bytes and lines.
package struct ChunkedDecoder: Sendable {
    /// What the caller does next.
    package enum Step: Equatable, Sendable {
        /// These bytes of the span are body.
        case data(Range<Int>)
        /// The body ended before this offset.
        case end(at: Int)
        /// Everything was consumed; the offset is the end of the span.
        case more(at: Int)
    }

    static let sizeDigitsMax = 16
    static let sizeMax: UInt64 = 1 << 62
    static let extensionBytesMax = 256
    /// Extension bytes that a body may have before they count against its data.
    static let extensionBytesFree: UInt64 = 4_096
    static let trailerBytesMax = 8_192
    static let trailerLinesMax = 32

    private enum State: UInt8 {
        case size, extensionName, extensionValueStart, extensionToken
        case quoted, quotedEscape, quotedEnd, sizeFeed
        case data, dataReturn, dataFeed
        case trailerStart, trailerName, trailerBlank, trailerValue, trailerFeed, endFeed
        case ended
    }

    private var state = State.size
    private var digits: UInt8 = 0
    private var hasExtensionName = false
    private var lineExtensionBytes: UInt16 = 0
    private var trailerBytes: UInt16 = 0
    private var trailerLines: UInt8 = 0
    /// The size being read, then the bytes of the chunk that are still to come.
    private var remaining: UInt64 = 0
    /// Extension bytes so far, and data bytes so far.
    private var extensionBytes: UInt64 = 0
    private var dataBytes: UInt64 = 0
    /// The trailer line being read, as offsets into the trailers' head.
    private var nameStart: UInt32 = 0
    private var nameEnd: UInt32 = 0
    private var valueStart: UInt32 = 0
    private var valueEnd: UInt32 = 0

    package init() {}

    /// Whether the last chunk and the trailer section have been read.
    package var isEnded: Bool { state == .ended }

    /// Reads on from `offset`.
    ///
    /// - Parameter trailers: gets the trailer lines that may be forwarded (RFC 9110 section 6.5.1);
    ///   nothing else may be appended to it meanwhile. Without one, trailers are checked and dropped.
    /// - Throws: the rule that is broken; the decoder must not be used again.
    package mutating func next(
        in span: Span<UInt8>,
        from offset: Int,
        trailers: Head? = nil
    ) throws(HeadFailure) -> Step {
        precondition(offset >= 0, "an offset before the span")
        var position = offset
        while position < span.count {
            if state == .data {
                let available = UInt64(truncatingIfNeeded: span.count &- position)
                let count = min(available, remaining)
                remaining &-= count
                dataBytes = dataBytes.addingSaturating(count)
                if remaining == 0 { state = .dataReturn }
                return .data(position..<(position &+ Int(truncatingIfNeeded: count)))
            }
            if state == .ended { return .end(at: position) }
            let byte = span[position]
            position &+= 1
            if state.rawValue < State.data.rawValue {
                try readSize(byte)
            } else {
                try readRest(byte, trailers)
            }
        }
        return state == .ended ? .end(at: position) : .more(at: position)
    }

    // MARK: - The line with the size

    private mutating func readSize(_ byte: UInt8) throws(HeadFailure) {
        if state == .sizeFeed {
            guard byte == 0x0a else { throw .bareCR }
            state = remaining == 0 ? .trailerStart : .data
            return
        }
        if state == .size {
            if let digit = byte.hexadecimalDigit {
                guard digits < Self.sizeDigitsMax else { throw .invalidChunkSize }
                digits &+= 1
                // 16 digits are 64 bits: nothing is shifted out.
                remaining = remaining &<< 4 | UInt64(digit)
                return
            }
            guard digits > 0 else { throw byte == 0x0a ? .bareLF : .invalidChunkSize }
            guard remaining <= Self.sizeMax else { throw .chunkTooLarge }
            switch byte {
            case 0x0d:
                state = .sizeFeed
            case 0x3b:
                try countExtension()
                state = .extensionName
                hasExtensionName = false
            case 0x0a: throw .bareLF
            default: throw .invalidChunkSize
            }
            return
        }
        if byte != 0x0d { try countExtension() }
        try readExtension(byte)
    }

    private mutating func readExtension(_ byte: UInt8) throws(HeadFailure) {
        let isToken = ByteSet.token.contains(byte)
        switch state {
        case .extensionName:
            if isToken {
                hasExtensionName = true
            } else if byte == 0x3d, hasExtensionName {
                state = .extensionValueStart
            } else {
                guard hasExtensionName else { throw .invalidChunkExtension }
                try endExtension(byte)
            }
        case .extensionValueStart:
            guard isToken || byte == 0x22 else { throw .invalidChunkExtension }
            state = isToken ? .extensionToken : .quoted
        case .extensionToken:
            if !isToken { try endExtension(byte) }
        case .quoted:
            if byte == 0x22 {
                state = .quotedEnd
            } else if byte == 0x5c {
                state = .quotedEscape
            } else if !byte.isFieldContent {
                throw .invalidChunkExtension
            }
        case .quotedEscape:
            guard byte.isFieldContent else { throw .invalidChunkExtension }
            state = .quoted
        default:
            try endExtension(byte)
        }
    }

    private mutating func endExtension(_ byte: UInt8) throws(HeadFailure) {
        switch byte {
        case 0x3b:
            state = .extensionName
            hasExtensionName = false
        case 0x0d: state = .sizeFeed
        case 0x0a: throw .bareLF
        default: throw .invalidChunkExtension
        }
    }

    private mutating func countExtension() throws(HeadFailure) {
        lineExtensionBytes &+= 1
        extensionBytes = extensionBytes.addingSaturating(1)
        if lineExtensionBytes > Self.extensionBytesMax
            || extensionBytes > dataBytes.addingSaturating(Self.extensionBytesFree)
        {
            throw .chunkExtensionsTooLarge
        }
    }

    // MARK: - After the data, and the trailer section

    private mutating func readRest(_ byte: UInt8, _ trailers: Head?) throws(HeadFailure) {
        switch state {
        case .dataReturn:
            guard byte == 0x0d else { throw .chunkNotTerminated }
            state = .dataFeed
        case .dataFeed:
            guard byte == 0x0a else { throw .chunkNotTerminated }
            state = .size
            digits = 0
            remaining = 0
            lineExtensionBytes = 0
        case .endFeed:
            guard byte == 0x0a else { throw .bareCR }
            state = .ended
        default:
            try readTrailer(byte, trailers)
        }
    }

    private mutating func readTrailer(_ byte: UInt8, _ trailers: Head?) throws(HeadFailure) {
        if state == .trailerStart, byte == 0x0d {
            state = .endFeed
            return
        }
        trailerBytes &+= 1
        guard trailerBytes <= Self.trailerBytesMax else { throw .trailersTooLarge }
        let place = keep(byte, trailers)
        switch state {
        case .trailerStart:
            guard ByteSet.token.contains(byte) else {
                if byte == 0x0a { throw .bareLF }
                throw byte == 0x20 || byte == 0x09 ? .obsFold : .invalidFieldName
            }
            trailerLines &+= 1
            guard trailerLines <= Self.trailerLinesMax else { throw .tooManyTrailers }
            nameStart = place
            state = .trailerName
        case .trailerName:
            if byte == 0x3a {
                nameEnd = place
                valueStart = place &+ 1
                valueEnd = valueStart
                state = .trailerBlank
            } else if !ByteSet.token.contains(byte) {
                throw byte == 0x20 || byte == 0x09 ? .spaceBeforeColon : .invalidFieldName
            }
        case .trailerBlank, .trailerValue:
            if byte == 0x0d {
                state = .trailerFeed
            } else if byte == 0x20 || byte == 0x09 {
                if state == .trailerBlank {
                    valueStart = place &+ 1
                    valueEnd = valueStart
                }
            } else {
                guard byte.isFieldContent else { throw byte == 0x0a ? .bareLF : .invalidFieldValue }
                valueEnd = place &+ 1
                state = .trailerValue
            }
        default:
            guard byte == 0x0a else { throw .bareCR }
            state = .trailerStart
            if let trailers { addLine(to: trailers) }
        }
    }

    /// Keeps a byte in the trailers' head; returns where it stands.
    private func keep(_ byte: UInt8, _ trailers: Head?) -> UInt32 {
        trailers?.append(byte: byte).start ?? 0
    }

    private func addLine(to trailers: Head) {
        let name = Head.Slice(Int(nameStart), Int(nameEnd))
        if TrailerRules.isForbidden(trailers.span(name)) { return }
        trailers.addLine(name: name, value: Head.Slice(Int(valueStart), Int(valueEnd)))
    }
}

extension UInt8 {
    /// What a field value or a quoted string may hold: HTAB, SP, visible ASCII, and obs-text.
    @inline(__always)
    var isFieldContent: Bool { self >= 0x20 && self != 0x7f || self == 0x09 }

    @inline(__always)
    var hexadecimalDigit: UInt8? {
        if isASCIIDigit { return self &- 0x30 }
        let letter = (self | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }
}

extension UInt64 {
    /// The sum, or the largest number where it does not fit.
    @inline(__always)
    fileprivate func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflowed) = addingReportingOverflow(other)
        return overflowed ? .max : sum
    }
}

import Model

/// The four forms of a request target (RFC 9112 section 3.2).
enum TargetForm {
    case origin, absolute, authority, asterisk

    /// Tells the form; refuses what the method may not use.
    @inline(__always)
    init(of target: Head.Slice, in bytes: Span<UInt8>, method: Method) throws(HeadFailure) {
        let start = Int(target.start)
        if unsafe bytes[unchecked: start] == 0x2f {
            // Patterns, since a comparison with == would call across modules.
            if case .connect = method { throw .invalidTarget }
            self = .origin
            return
        }
        let text = unsafe bytes.extracting(unchecked: start..<start &+ Int(target.count))
        self = try Self.other(text, method: method)
    }

    @inline(never)
    private static func other(
        _ target: Span<UInt8>,
        method: Method
    ) throws(HeadFailure) -> TargetForm {
        if method == .connect {
            guard Authority.isValid(target, needsPort: true) else { throw .invalidTarget }
            return .authority
        }
        if target.count == 1, target[0] == 0x2a {
            guard method == .options else { throw .invalidTarget }
            return .asterisk
        }
        guard let authority = authority(inAbsolute: target) else { throw .invalidTarget }
        guard Authority.isValid(target.extracting(authority)) else { throw .invalidHost }
        return .absolute
    }

    /// Where the authority stands in `http://authority/path?query`, nil for any other text.
    private static func authority(inAbsolute target: Span<UInt8>) -> Range<Int>? {
        let start: Int
        if target.hasPrefixIgnoringCase("http://") {
            start = 7
        } else if target.hasPrefixIgnoringCase("https://") {
            start = 8
        } else {
            return nil
        }
        var end = start
        while end < target.count, target[end] != 0x2f, target[end] != 0x3f { end += 1 }
        return start..<end
    }

    /// Sets path and authority of a head from a target in absolute form that stands in it.
    @inline(never)
    static func splitAbsolute(_ target: Head.Slice, in head: Head) {
        guard let range = authority(inAbsolute: head.span(target)) else { return }
        let start = Int(target.start)
        let end = start + Int(target.count)
        head.authority = Head.Slice(start + range.lowerBound, start + range.upperBound)
        let rest = Head.Slice(start + range.upperBound, end)
        if rest.isEmpty {
            // RFC 9112 section 3.2.4: OPTIONS for the server as a whole.
            head.path = head.append(head.method == .options ? "*" : "/")
        } else if head.span(rest)[0] == 0x3f {
            let slash = head.append("/")
            let query = head.append(rest)
            head.path = Head.Slice(start: slash.start, count: 1 + query.count)
        } else {
            head.path = rest
        }
    }
}

import Model

/// Tells which version of HTTP a client speaks from its first bytes, without consuming them.
///
/// What is found is what Envoy's `http_inspector` finds: any method of token characters, a valid
/// target, and a version of HTTP or none. Other protocols are told as soon as a byte says so, where
/// that filter waits for the end of the line.
package enum ProtocolDetection: Sendable, Equatable {
    /// Any version but 1.1, and a request line without one.
    case http10
    case http11
    /// The preface of HTTP/2 (RFC 9113 section 3.4).
    case http2
    /// No request of HTTP.
    case unknown
    /// So far HTTP; more bytes are needed.
    case more
    /// The request line has no end within the limit, and Envoy closes such a connection.
    case tooLong

    /// As many bytes as Envoy looks at.
    package static let maxBytesDefault = 65_536

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The caller gives everything that it received so far, again with each arrival.
    ///
    /// - Parameter maxBytes: of the request line with its end.
    package static func detect(
        _ bytes: Span<UInt8>,
        maxBytes: Int = maxBytesDefault
    ) -> ProtocolDetection {
        let known = min(bytes.count, preface.count)
        if preface.span.extracting(first: known).equals(bytes.extracting(first: known)) {
            return known == preface.count ? .http2 : .more
        }
        let scanned = bytes.extracting(first: min(bytes.count, max(0, maxBytes)))
        guard let end = scanned.firstIndex(of: 0x0a) else {
            if !couldBegin(scanned) { return .unknown }
            return bytes.count >= maxBytes ? .tooLong : .more
        }
        var last = end
        while last > 0, isSpace(bytes[last - 1]) { last -= 1 }
        return version(of: bytes.extracting(0..<last))
    }

    // MARK: - Request lines

    /// Whether a line without its end may become one of a request.
    private static func couldBegin(_ line: Span<UInt8>) -> Bool {
        let methodEnd = line.firstOutsideToken(from: 0, to: line.count)
        if methodEnd == line.count { return true }
        guard methodEnd > 0, endsMethod(line[methodEnd]) else { return false }
        let start = pastSpaces(line, from: methodEnd)
        let end = word(line, from: start)
        if end < line.count {
            guard isSpace(line[end]),
                isTarget(line.extracting(start..<end), isWhole: true, isConnect: isConnect(line))
            else { return false }
            return true
        }
        return isTarget(
            line.extracting(start..<end),
            isWhole: false,
            isConnect: isConnect(line)
        )
    }

    private static func version(of line: Span<UInt8>) -> ProtocolDetection {
        let methodEnd = line.firstOutsideToken(from: 0, to: line.count)
        guard methodEnd > 0, methodEnd < line.count, endsMethod(line[methodEnd]) else {
            return .unknown
        }
        let start = pastSpaces(line, from: methodEnd)
        let end = word(line, from: start)
        let target = line.extracting(start..<end)
        guard isTarget(target, isWhole: true, isConnect: isConnect(line)) else { return .unknown }
        if end == line.count { return .http10 }
        guard isSpace(line[end]) else { return .unknown }
        let version = line.extracting(pastSpaces(line, from: end)..<line.count)
        guard version.count == 8, version.hasPrefix(httpSlash.span), version[5].isASCIIDigit,
            version[6] == UInt8(ascii: "."), version[7].isASCIIDigit
        else { return .unknown }
        let isOneOne = version[5] == UInt8(ascii: "1") && version[7] == UInt8(ascii: "1")
        return isOneOne ? .http11 : .http10
    }

    private static let httpSlash = Array("HTTP/".utf8)
    private static let connect = Array("CONNECT".utf8)

    private static func isConnect(_ line: Span<UInt8>) -> Bool {
        line.count > 7 && line.hasPrefix(connect.span) && isSpace(line[7])
    }

    private static func endsMethod(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0d
    }

    /// What Envoy's parser takes for space between words: the codec refuses the rest of it later.
    private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

    private static func pastSpaces(_ line: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < line.count, isSpace(line[index]) { index += 1 }
        return index
    }

    /// The end of the printable ASCII from `start` on.
    private static func word(_ line: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < line.count, line[index] > 0x20, line[index] < 0x7f { index += 1 }
        return index
    }

    // MARK: - Targets

    /// Whether printable ASCII is a target, or the beginning of one where it is not whole: a path,
    /// an asterisk, a URL with a scheme of letters, or an authority after CONNECT.
    private static func isTarget(
        _ target: Span<UInt8>,
        isWhole: Bool,
        isConnect: Bool
    ) -> Bool {
        if target.isEmpty { return !isWhole }
        if target[0] == UInt8(ascii: "/") || target[0] == UInt8(ascii: "*") { return true }
        var index = 0
        if !isConnect {
            while index < target.count, target[index].asciiLowercased &- 0x61 < 26 { index += 1 }
            if index == 0 { return false }
            for byte in [0x3a, 0x2f, 0x2f] as [UInt8] {
                if index == target.count { return !isWhole }
                if target[index] != byte { return false }
                index += 1
            }
        }
        while index < target.count {
            let byte = target[index]
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") { return true }
            guard isHost(byte) else { return false }
            if byte == 0x40, index > 0, target[index - 1] == 0x40 { return false }
            index += 1
        }
        return true
    }

    private static func isHost(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        // What is neither a letter nor a digit: ! $ % & ' ( ) * + , - .
        case 0x21, 0x24...0x2e: true
        // : ; = @ [ ] _ ~
        case 0x3a, 0x3b, 0x3d, 0x40, 0x5b, 0x5d, 0x5f, 0x7e: true
        default: false
        }
    }
}

import Model

/// Finds messages of syslog in a stream (RFC 6587): each is framed by its length or by a line feed.
///
/// Which of the two is seen at each message's begin: a number, a space and `<` is a length.
struct SyslogFraming {
    enum Step: Equatable {
        /// A message lies there; `isCut`: its end was left out.
        case message(Range<Int>, isCut: Bool)
        case needsMore
        /// A length that no message has.
        case absurd(Int)
    }

    let bytesMax: Int
    /// Where the next step looks.
    private(set) var position = 0
    /// Bytes of a message that was too long, which are still to be left out.
    private var skipped = 0
    private var skipsLine = false
    /// Bytes of an unfinished line that have no line feed.
    private var scanned = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// A length beyond it is a mistake or an attack, not a long message.
    private var lengthMax: Int {
        max(bytesMax.multipliedReportingOverflow(by: 16).partialValue, 16 << 20)
    }

    /// The buffer's begin was taken away, as far as `position`.
    mutating func trimmed() { position = 0 }

    /// The next message of the buffer.
    mutating func next(_ bytes: Span<UInt8>) -> Step {
        while true {
            guard passSkipped(bytes) else { return .needsMore }
            // Some senders end a counted message with a line feed too, or write a zero.
            while position < bytes.count, Self.isFiller(bytes[position]) { position += 1 }
            guard position < bytes.count else { return .needsMore }
            switch Self.length(bytes, position) {
            case .unknown: return .needsMore
            case .none:
                guard let found = line(bytes) else { return .needsMore }
                return found
            case .some(let start, let count):
                guard count <= lengthMax else { return .absurd(count) }
                let taken = min(count, bytesMax)
                guard bytes.count - start >= taken else { return .needsMore }
                position = start + taken
                skipped = count - taken
                return .message(
                    Self.trimmed(bytes, start..<start + taken),
                    isCut: count > taken
                )
            }
        }
    }

    /// What is left where the stream ends; nil where that is nothing.
    mutating func rest(_ bytes: Span<UInt8>) -> (range: Range<Int>, isCut: Bool)? {
        guard skipped == 0, !skipsLine, position < bytes.count else { return nil }
        if case .some(let start, _) = Self.length(bytes, position) {
            return start < bytes.count ? (start..<bytes.count, true) : nil
        }
        let range = Self.trimmed(bytes, position..<bytes.count)
        return range.isEmpty ? nil : (range, false)
    }

    private mutating func passSkipped(_ bytes: Span<UInt8>) -> Bool {
        let count = min(skipped, bytes.count - position)
        position += count
        skipped -= count
        if skipped > 0 { return false }
        guard skipsLine else { return true }
        guard let end = bytes.firstIndex(of: 0x0a, from: position) else {
            position = bytes.count
            return false
        }
        position = end + 1
        skipsLine = false
        return true
    }

    private mutating func line(_ bytes: Span<UInt8>) -> Step? {
        let start = position
        if let end = bytes.firstIndex(of: 0x0a, from: start + scanned), end - start <= bytesMax {
            scanned = 0
            position = end + 1
            return .message(Self.trimmed(bytes, start..<end), isCut: false)
        }
        guard bytes.count - start > bytesMax else {
            scanned = bytes.count - start
            return nil
        }
        scanned = 0
        position = start + bytesMax
        skipsLine = true
        return .message(start..<position, isCut: true)
    }

    private enum Length {
        case unknown
        case none
        case some(start: Int, count: Int)
    }

    private static func length(_ bytes: Span<UInt8>, _ start: Int) -> Length {
        guard bytes[start].isASCIIDigit, bytes[start] != 0x30 else { return .none }
        var index = start
        var count = 0
        while index < bytes.count, bytes[index].isASCIIDigit {
            guard index - start < 15 else { return .none }
            count = count * 10 + Int(bytes[index] - 0x30)
            index += 1
        }
        guard index < bytes.count else { return .unknown }
        guard bytes[index] == 0x20 else { return .none }
        guard index + 1 < bytes.count else { return .unknown }
        return bytes[index + 1] == UInt8(ascii: "<") ? .some(start: index + 1, count: count) : .none
    }

    private static func isFiller(_ byte: UInt8) -> Bool {
        byte == 0x0a || byte == 0x0d || byte == 0
    }

    /// Without line ends and zeros at its end.
    static func trimmed(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound, isFiller(bytes[end - 1]) { end -= 1 }
        return range.lowerBound..<end
    }
}

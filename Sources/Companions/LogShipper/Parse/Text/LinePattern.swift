internal import CRE2

/// A compiled expression for lines and values, with its named groups.
///
/// Time is linear in the input, whatever the expression. It is bytewise unless it names characters
/// beyond ASCII, so that a line which is no UTF-8 matches too. Used by one thread: a match fills the
/// groups of this object.
@safe
final class LinePattern {
    struct Group {
        let name: [UInt8]
        let number: Int
    }

    private static let programSizeMax = 100_000
    private let handle: OpaquePointer
    /// In their order in the expression.
    let groups: [Group]
    private var spans: [Int64]

    /// Compiles; Ruby's `(?<name>…)` is understood too.
    init(_ pattern: String, place: ConfigurationPlace) throws(LogConfigurationFailure) {
        let bytes = try Self.translate(pattern, place)
        var failure = pillion_re2_failure()
        let isBytewise = bytes.allSatisfy { $0 < 0x80 } && !pattern.contains("\\p")
        let made = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pillion_re2_create(
                buffer.baseAddress,
                buffer.count,
                isBytewise,
                8 << 20,
                &failure
            )
        }
        guard let made = unsafe made else {
            let message = unsafe withUnsafeBytes(of: failure.message) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw LogConfigurationFailure(
                place: place,
                what: "the expression \"\(pattern)\" is not valid: \(message)"
            )
        }
        let size = unsafe Int(pillion_re2_program_size(made))
        guard size <= Self.programSizeMax else {
            unsafe pillion_re2_destroy(made)
            throw LogConfigurationFailure(
                place: place,
                what: "the expression \"\(pattern)\" is too large"
            )
        }
        let count = unsafe min(
            Int(pillion_re2_group_count(made)),
            Int(PILLION_RE2_SPANS_MAX) - 1
        )
        var groups: [Group] = []
        var name = [UInt8](repeating: 0, count: 256)
        for number in 0..<count {
            let length = unsafe pillion_re2_group_name(
                made,
                Int32(truncatingIfNeeded: number + 1),
                &name,
                name.count
            )
            if length > 0 {
                groups.append(Group(name: Array(name[..<Int(length)]), number: number + 1))
            }
        }
        self.groups = groups
        spans = Array(repeating: -1, count: 2 * (count + 1))
        unsafe handle = made
    }

    deinit { unsafe pillion_re2_destroy(handle) }

    /// Whether there is a match anywhere.
    func matches(_ input: Span<UInt8>) -> Bool {
        unsafe input.withUnsafeBufferPointer { buffer in
            unsafe pillion_re2_match(handle, buffer.baseAddress, buffer.count, 0, nil, 0)
        }
    }

    /// Finds the leftmost match and keeps where its groups are.
    func find(_ input: Span<UInt8>, from start: Int = 0) -> Bool {
        guard start >= 0, start <= input.count else { return false }
        return unsafe input.withUnsafeBufferPointer { buffer in
            unsafe pillion_re2_match(
                handle,
                buffer.baseAddress,
                buffer.count,
                start,
                &spans,
                spans.count / 2
            )
        }
    }

    /// Where a group of the last match is, 0 for all of it; nil where it took no part.
    func range(_ group: Int) -> Range<Int>? {
        guard 2 * group + 1 < spans.count, spans[2 * group] >= 0 else { return nil }
        return Int(spans[2 * group])..<Int(spans[2 * group + 1])
    }

    // MARK: - Ruby's way to write it

    private static func translate(
        _ pattern: String,
        _ place: ConfigurationPlace
    ) throws(LogConfigurationFailure) -> [UInt8] {
        let bytes = Array(pattern.utf8)
        var out: [UInt8] = []
        var isInClass = false
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
                let next = bytes[index + 1]
                if !isInClass, (0x31...0x39).contains(next) || next == UInt8(ascii: "k") {
                    throw refusal(pattern, "a back-reference", place)
                }
                out += bytes[index...index + 1]
                index += 2
                continue
            }
            if isInClass {
                if bytes[index] == UInt8(ascii: "]") { isInClass = false }
            } else if bytes[index] == UInt8(ascii: "[") {
                isInClass = true
                out.append(bytes[index])
                index += 1
                // A bracket that comes first stands for itself.
                if index < bytes.count, bytes[index] == UInt8(ascii: "^") {
                    out.append(bytes[index])
                    index += 1
                }
                if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
                    out.append(bytes[index])
                    index += 1
                }
                continue
            } else if rest.starts(with: "(?=".utf8) || rest.starts(with: "(?!".utf8) {
                throw refusal(pattern, "look-ahead", place)
            } else if rest.starts(with: "(?<=".utf8) || rest.starts(with: "(?<!".utf8) {
                throw refusal(pattern, "look-behind", place)
            } else if rest.starts(with: "(?>".utf8) {
                throw refusal(pattern, "an atomic group", place)
            } else if rest.starts(with: "(?<".utf8) {
                out += Array("(?P<".utf8)
                index += 3
                continue
            }
            out.append(bytes[index])
            index += 1
        }
        return out
    }

    private static func refusal(
        _ pattern: String,
        _ what: String,
        _ place: ConfigurationPlace
    ) -> LogConfigurationFailure {
        LogConfigurationFailure(
            place: place,
            what: "the expression \"\(pattern)\" uses \(what)",
            hint: "expressions run in linear time here (RE2), which has none of it"
        )
    }
}

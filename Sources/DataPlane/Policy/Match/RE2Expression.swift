import CRE2
package import Model

/// Why an expression was refused.
package struct RegexFailure: Error, Equatable, Sendable {
    /// In RE2's words, with the part of the pattern that is wrong where RE2 names it.
    package let message: String
    /// Where that part starts, in bytes of the pattern; nil where it is not known.
    package let offset: Int?
}

/// A regular expression that RE2 compiled: matching takes time linear in the input, whatever the
/// pattern, so a peer cannot make it slow.
///
/// Bytes and characters: a pattern in plain ASCII is matched byte by byte, so `.` and `[^/]` match
/// every byte and a rule cannot be stepped around with a byte that is not UTF-8 (Envoy's RE2 works
/// on UTF-8, where `.` does not match such a byte). A pattern that names characters beyond ASCII, by
/// themselves, by a class (`\p{Greek}`) or by a code (`\x{3b1}`), is matched in UTF-8 as Envoy does.
@safe
package final class RE2Expression: RegularExpression, @unchecked Sendable {
    // Unchecked, because the compiler cannot see into C++: `handle` is never changed after `init`,
    // and RE2 allows one object to be used from several threads (it guards its caches itself).
    private let handle: OpaquePointer

    package let pattern: String
    /// RE2's measure of how costly the expression is: its number of instructions.
    package let programSize: Int

    /// Compiles a pattern; throws where it is malformed or larger than the limits.
    ///
    /// - Parameters:
    ///   - programSizeMax: the most instructions that are accepted.
    ///   - memoryMax: bytes that the compiled forms and their caches may take.
    package init(
        pattern: String,
        programSizeMax: Int = 100_000,
        memoryMax: Int64 = 8 << 20
    ) throws(RegexFailure) {
        let bytes = Array(pattern.utf8)
        var failure = pillion_re2_failure()
        let isBytewise = !Self.namesCharactersBeyondASCII(bytes)
        let made = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe pillion_re2_create(
                buffer.baseAddress,
                buffer.count,
                isBytewise,
                memoryMax,
                &failure
            )
        }
        guard let made = unsafe made else {
            let fragment = Self.text(failure.fragment)
            throw RegexFailure(
                message: Self.text(failure.message),
                offset: Self.offset(of: Array(fragment.utf8), in: bytes)
            )
        }
        let size = unsafe Int(pillion_re2_program_size(made))
        guard size <= programSizeMax else {
            unsafe pillion_re2_destroy(made)
            throw RegexFailure(
                message: "the expression needs \(size) instructions, more than \(programSizeMax)",
                offset: nil
            )
        }
        unsafe handle = made
        self.pattern = pattern
        programSize = size
    }

    deinit { unsafe pillion_re2_destroy(handle) }

    package func matchesWhole(_ input: Span<UInt8>) -> Bool {
        unsafe input.withUnsafeBufferPointer { buffer in
            unsafe pillion_re2_matches_whole(handle, buffer.baseAddress, buffer.count)
        }
    }

    /// The input with every match replaced; an invalid substitution replaces nothing, which is why
    /// the configuration has it checked with `validate(substitution:)`.
    package func replacingMatches(
        in input: Span<UInt8>,
        with substitution: ByteString
    ) -> [UInt8] {
        let replaced = unsafe input.withUnsafeBufferPointer { buffer in
            unsafe substitution.bytes.withUnsafeBufferPointer { text in
                unsafe pillion_re2_replace_all(
                    handle,
                    buffer.baseAddress,
                    buffer.count,
                    text.baseAddress,
                    text.count
                )
            }
        }
        defer { unsafe pillion_re2_free(replaced) }
        return unsafe Array(UnsafeBufferPointer(start: replaced.bytes, count: replaced.count))
    }

    /// What is wrong with a substitution, or nil: `\0` to `\9` must name groups of the expression,
    /// and any other backslash must be doubled.
    package func validate(substitution: ByteString) -> String? {
        var failure = pillion_re2_failure()
        let isValid = unsafe substitution.bytes.withUnsafeBufferPointer { text in
            unsafe pillion_re2_accepts_substitution(
                handle,
                text.baseAddress,
                text.count,
                &failure
            )
        }
        return isValid ? nil : Self.text(failure.message)
    }

    private static func namesCharactersBeyondASCII(_ pattern: [UInt8]) -> Bool {
        for (index, byte) in pattern.enumerated() {
            if byte >= 0x80 { return true }
            guard byte == 0x5c, index + 1 < pattern.count else { continue }
            switch pattern[index + 1] {
            case UInt8(ascii: "p"), UInt8(ascii: "P"): return true
            case UInt8(ascii: "x"):
                if index + 2 < pattern.count, pattern[index + 2] == UInt8(ascii: "{") {
                    return true
                }
            default: break
            }
        }
        return false
    }

    private static func text<Characters>(_ characters: Characters) -> String {
        unsafe withUnsafeBytes(of: characters) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    private static func offset(of fragment: [UInt8], in pattern: [UInt8]) -> Int? {
        guard !fragment.isEmpty, fragment.count <= pattern.count else { return nil }
        return (0...pattern.count - fragment.count).first {
            pattern[$0..<$0 + fragment.count].elementsEqual(fragment)
        }
    }
}

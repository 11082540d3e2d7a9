import Model
import Policy
import Testing

@Suite("String matchers")
struct StringMatchingTests {
    private static let patterns: [(StringMatcher.Pattern, Bool, String, Bool)] = [
        (.exact("abc"), false, "abc", true), (.exact("abc"), false, "ABC", false),
        (.exact("abc"), true, "aBC", true), (.exact("abc"), true, "abcd", false),
        (.exact(""), false, "", true), (.exact(""), false, "a", false),
        (.prefix("ab"), false, "abc", true), (.prefix("ab"), false, "a", false),
        (.prefix("ab"), false, "Abc", false), (.prefix("ab"), true, "ABc", true),
        (.prefix(""), false, "", true),
        (.suffix("bc"), false, "abc", true), (.suffix("bc"), false, "c", false),
        (.suffix("bc"), false, "aBc", false), (.suffix("bc"), true, "aBC", true),
        (.contains("bc"), false, "abcd", true), (.contains("bc"), false, "abd", false),
        (.contains("bc"), false, "aBCd", false), (.contains("bc"), true, "aBCd", true),
        (.contains("bc"), false, "bc", true), (.contains("abc"), false, "ab", false),
        (.contains(""), false, "", true), (.contains("aab"), false, "aaab", true),
        (.regex(regex("a.*c")), false, "abbc", true), (.regex(regex("a")), false, "ab", false),
        (.regex(regex("a")), false, "A", false), (.regex(regex("(?i)a")), false, "A", true),
    ]

    @Test("every kind, with and without case", arguments: patterns.indices)
    func kinds(index: Int) {
        let (pattern, ignoresCase, value, isMatch) = Self.patterns[index]
        let matcher = StringMatcher(pattern, ignoresCase: ignoresCase)
        #expect(matches(matcher, Array(value.utf8)) == isMatch, "\(pattern) \(value)")
    }

    @Test("texts that Unicode holds equal are different bytes")
    func noCanonicalEquality() {
        let composed = ByteString("caf\u{e9}")
        let decomposed = ByteString("cafe\u{301}")
        #expect(composed.description == decomposed.description)
        for pattern in [
            StringMatcher.Pattern.exact(composed), .prefix(composed), .suffix(composed),
            .contains(composed),
        ] {
            #expect(!matches(StringMatcher(pattern), decomposed.bytes))
            #expect(!matches(StringMatcher(pattern, ignoresCase: true), decomposed.bytes))
        }
    }

    @Test("ignoring case concerns ASCII letters only")
    func asciiOnly() {
        let upper = Array("É[".utf8)
        #expect(!matches(StringMatcher(.exact("é["), ignoresCase: true), upper))
        // `[` and `{` differ in the bit that tells letters apart in case.
        let brace = Array("{".utf8)
        #expect(!matches(StringMatcher(.exact("["), ignoresCase: true), brace))
        let kelvin = Array("\u{212a}".utf8)
        #expect(!matches(StringMatcher(.exact("k"), ignoresCase: true), kelvin))
    }

    @Test("a zero byte ends nothing")
    func zeroBytes() {
        let value: [UInt8] = [0x61, 0x00, 0x62]
        #expect(!matches(StringMatcher(.exact("a")), value))
        #expect(matches(StringMatcher(.suffix("b")), value))
        #expect(!matches(StringMatcher(.regex(regex("a"))), value))
    }
}

import LogShipper
import Testing

@Suite struct TagMatcherTests {
    @Test(arguments: [
        ("a.b", "a.b", true), ("a.b", "a.c", false), ("a.*", "a.b", true), ("a.*", "a.b.c", false),
        ("a.*", "a", false), ("a.**", "a", true), ("a.**", "a.b.c", true), ("a.**", "ab", false),
        ("**", "", true), ("**", "a.b", true), ("**.c", "c", true), ("**.c", "a.b.c", true),
        ("**.c", "a.bc", false), ("a.**.c", "a.c", true), ("a.**.c", "a.x.y.c", true),
        ("a.**.c", "a.xc", false), ("a.{x,y}.c", "a.y.c", true), ("a.{x,y}.c", "a.z.c", false),
        ("{a.b,c.**}", "c.d.e", true), ("{a,{b,c}.d}", "c.d", true), ("x y.z", "y.z", true),
        ("a*c", "abbc", true), ("a*c", "ab.c", false), ("*", "a", true), ("*", "a.b", false),
        ("/^a\\.\\d+$/", "a.12", true), ("/^a\\.\\d+$/", "a.b", false), ("/(/", "a", false),
        ("a.*.*", "a.b.c", true), ("fluent.**", "fluent.warn", true), ("a**", "a.b", true),
        ("{a", "{a", true),
    ])
    func fluentdsPatternsMatch(pattern: String, tag: String, matches: Bool) {
        let bytes = Array(tag.utf8)
        let found = TagMatcher(TagPattern([pattern])).matches(bytes.span)
        #expect(found == matches)
    }

    @Test(arguments: [
        ("*", "a.b", true), ("kube.*", "kube.a.b", true), ("kube.*", "kub", false),
        ("*.log", "a.b.log", true), ("a*c*e", "abcde", true), ("a", "a", true), ("a", "ab", false),
        ("{a}", "a", false),
    ])
    func fluentBitsPatternsMatch(pattern: String, tag: String, matches: Bool) {
        let bytes = Array(tag.utf8)
        let matcher = TagMatcher(TagPattern([pattern], dialect: .fluentBit))
        let found = matcher.matches(bytes.span)
        #expect(found == matches)
    }

    @Test func anyPatternSuffices() {
        let bytes = Array("c".utf8)
        let found = TagMatcher(TagPattern(["a", "b", "c"])).matches(bytes.span)
        let none = TagMatcher(TagPattern([])).matches(bytes.span)
        #expect(found && !none)
    }

    @Test func patternsAreFastWhateverTheyAre() {
        let pattern =
            String(repeating: "*a", count: 50) + "**.b**" + String(repeating: "{a,b}", count: 40)
        let bytes = Array(String(repeating: "a", count: 200).utf8)
        let clock = ContinuousClock()
        var matches = true
        let time = clock.measure { matches = TagMatcher(TagPattern([pattern])).matches(bytes.span) }
        #expect(!matches)
        #expect(time < .seconds(60))
    }
}

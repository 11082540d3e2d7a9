import Model
import Policy
import Testing

@Suite("Query parameter matchers")
struct QueryMatchingTests {
    private static let is1 = QueryParameterMatcher.Condition.string(StringMatcher(.exact("1")))
    private static let isEmpty = QueryParameterMatcher.Condition.string(StringMatcher(.exact("")))

    private static let rows: [(String, QueryParameterMatcher.Condition, Bool)] = [
        ("k=1", .present, true), ("k", .present, true), ("k=", .present, true),
        ("", .present, false), ("kk=1", .present, false), ("K=1", .present, false),
        ("a=k", .present, false), ("a&k&b", .present, true), ("&&k", .present, true),
        ("k=1", .absent, false), ("a=1", .absent, true), ("", .absent, true),
        ("k=1", is1, true), ("a=2&k=1", is1, true), ("k=1&k=2", is1, true),
        ("k=2&k=1", is1, false), ("k", is1, false), ("k=", is1, false), ("k=1=1", is1, false),
        ("k=%31", is1, false), ("%6b=1", is1, false), ("k=+1", is1, false), ("", is1, false),
        ("k", isEmpty, true), ("k=", isEmpty, true), ("a", isEmpty, false),
        ("k=a=b", .string(StringMatcher(.exact("a=b"))), true),
        ("k=1?x", .string(StringMatcher(.suffix("?x"))), true),
        ("k=12", .string(StringMatcher(.regex(regex("[0-9]+")))), true),
    ]

    @Test("the first parameter counts, undecoded", arguments: rows.indices)
    func parameters(index: Int) {
        let (query, condition, isMatch) = Self.rows[index]
        let bytes = Array(query.utf8)
        let matcher = QueryParameterMatcher(name: "k", condition: condition)
        let found = matcher.matches(query: bytes.span)
        #expect(found == isMatch, "\(Self.rows[index])")
    }
}

import Model
import Testing
import Wire

/// One path, the options, and what a route then sees.
struct PathCase: Sendable, CustomTestStringConvertible {
    struct Options: OptionSet, Sendable {
        let rawValue: Int
        static let normalize = Options(rawValue: 1)
        static let merge = Options(rawValue: 2)
    }
    let path: String
    let options: Options
    let slashes: HTTPConnectionManager.EscapedSlashes
    /// Nil where the request is refused.
    let result: String?
    let redirects: Bool
    var testDescription: String { "\(path) \(options.rawValue) \(slashes)" }

    init(
        _ path: String,
        _ result: String?,
        _ options: Options = .normalize,
        _ slashes: HTTPConnectionManager.EscapedSlashes = .keep,
        redirects: Bool = false
    ) {
        self.path = path
        self.result = result
        self.options = options
        self.slashes = slashes
        self.redirects = redirects
    }

    private static let both: Options = [.normalize, .merge]

    static let all: [PathCase] = [
        // Nothing to do
        .init("/", "/"), .init("/a/b", "/a/b"), .init("/a/b/", "/a/b/"),
        .init("/a.b/c..d", "/a.b/c..d"),
        .init("/a/b?c=../d", "/a/b?c=../d"), .init("/a?b//c", "/a?b//c", both),
        .init("/a?%zz", "/a?%zz"),
        .init("/a?\\..", "/a?\\.."), .init("/A/B", "/A/B"),
        .init("/a:b@c!$&'()*+,;=", "/a:b@c!$&'()*+,;="),
        .init("/a|b^c[d]", "/a|b^c[d]"), .init("*", "*", both), .init("", "", both),
        // Dot segments
        .init("/a/./b", "/a/b"), .init("/./a", "/a"), .init("/a/.", "/a/"), .init("/.", "/"),
        .init("/a/../b", "/b"), .init("/a/b/../c", "/a/c"), .init("/a/b/../../c", "/c"),
        .init("/a/..", "/"), .init("/..", "/"), .init("/../a", "/a"), .init("/../../../a", "/a"),
        .init("/a/../../../../c", "/c"), .init("/a/b/..", "/a/"), .init("/a/b/../", "/a/"),
        .init("/...", "/..."), .init("/.../a", "/.../a"), .init("/a/..b", "/a/..b"),
        .init("/a/.b", "/a/.b"),
        .init("/a/b..", "/a/b.."), .init("/a/.../../b", "/a/b"),
        .init("/public/../admin", "/admin"),
        .init("/a/..?q=/../x", "/?q=/../x"), .init("/a/..;/b", "/a/..;/b"),
        .init("/a/.;/b", "/a/.;/b"),
        // Escaped dots
        .init("/a/%2e/b", "/a/b"), .init("/a/%2E%2E/b", "/b"), .init("/a/.%2e/b", "/b"),
        .init("/a/%2e./b", "/b"),
        .init("/%2e%2e", "/"), .init("/%2e%2e/%2e%2e/a", "/a"), .init("/a/%2eb", "/a/.b"),
        .init("/a/b%2ec", "/a/b.c"),
        .init("/a/%2e%2e%2e", "/a/..."), .init("/a/%2e%2e?b", "/?b"),
        .init("/a/%252e%252e/b", "/a/%252e%252e/b"),
        .init("/a/%2e%2e;x/b", "/a/..;x/b"),
        // Slashes
        .init("/a//b", "/a//b"), .init("//a", "//a"), .init("/a//../b", "/a/b"),
        .init("//..//a", "//a"),
        .init("/a//b", "/a/b", both), .init("//a///b//", "/a/b/", both), .init("///", "/", both),
        .init("/a//../b", "/a/b", both), .init("//..//a", "/a", both),
        .init("/a/.//b", "/a/b", both),
        .init("/a//b/../c", "/a/b/../c", .merge), .init("/a//..", "/a/..", .merge),
        .init("/a%2f%2fb", "/a%2f%2fb", both),
        .init("//evil.example/x", "/evil.example/x", both),
        // Backslashes
        .init("/a\\b", "/a/b"), .init("/a\\..\\b", "/b"), .init("\\a", "\\a"), .init("/\\a", "//a"),
        .init("/\\a", "/a", both), .init("/a/..\\c", "/c"), .init("/a\\%2e%2e\\b", "/b"),
        .init("/a\\\\b", "/a/b", both),
        .init("/a\\b", "/a\\b", []), .init("/a\\\\b", "/a\\\\b", .merge),
        // Escapes
        .init("/%61%62", "/ab"), .init("/%7Euser", "/~user"), .init("/%2D%5f%2e", "/-_."),
        .init("/%41", "/A"),
        .init("/%20", "/%20"), .init("/%3f", "/%3f"), .init("/%23", "/%23"), .init("/%25", "/%25"),
        .init("/%3B", "/%3B"),
        .init("/%2525", "/%2525"), .init("/%c0%af", "/%c0%af"), .init("/%C3%A9", "/%C3%A9"),
        .init("/%5c%25", "/%5c%25"),
        .init("/%61%2f%62", "/a%2fb"), .init("/%2F%2f", "/%2F%2f"), .init("/%0d%0a", "/%0d%0a"),
        .init("/%7f", "/%7f"),
        .init("/a%2f..%2fb", "/a%2f..%2fb"), .init("/a/..%2fb", "/a/..%2fb"),
        .init("/%2e%2e%2fa", "/..%2fa"),
        .init("/a/%2e%2e%5cb", "/a/..%5cb"),
        // Bytes that should have been escaped
        .init("/a\"b", "/a%22b"), .init("/<a>", "/%3Ca%3E"), .init("/`{a}", "/%60%7Ba%7D"),
        .init("/a{b", "/a{b", .merge),
        .init("/a?{b}", "/a?{b}"),
        // Refused
        .init("/%00", nil), .init("/a/%00/b", nil), .init("/a/.%00./b", nil), .init("/a%", nil),
        .init("/a%2", nil),
        .init("/%zz", nil), .init("/%2g", nil), .init("/%%32e", nil), .init("/%2%65", nil),
        .init("/a%?b", nil),
        .init("/a%2?b", nil), .init("/%u002e", nil), .init("/%-1", nil), .init("/%+2", nil),
        .init("/% 2", nil),
        .init("/%00", "/%00", []), .init("/%zz", "/%zz", .merge),
        // Escaped slashes
        .init("/a%2fb", "/a%2fb", both, .keep), .init("/a%2fb", nil, both, .reject),
        .init("/a%2Fb", nil, [], .reject),
        .init("/a%5cb", nil, both, .reject), .init("/a%5Cb", nil, [], .reject),
        .init("/a?%2f", "/a?%2f", both, .reject),
        .init("/a/b", "/a/b", both, .reject), .init("/a/%2e", "/a/", both, .reject),
        .init("/a%252fb", "/a%252fb", both, .reject), .init("/a/../b", "/b", both, .reject),
        .init("/a%2fb", "/a/b", both, .unescapeAndForward),
        .init("/a%2F..%2fb", "/b", both, .unescapeAndForward),
        .init("/a%5c..%5Cb", "/b", both, .unescapeAndForward),
        .init("/a%2f/b", "/a/b", both, .unescapeAndForward),
        .init("/a%5cb", "/a\\b", [], .unescapeAndForward),
        .init("/a%252fb", "/a%252fb", both, .unescapeAndForward),
        .init("/a%2fb?c%2fd", "/a/b?c%2fd", both, .unescapeAndForward),
        .init("/%2f%2fa", "/a", both, .unescapeAndForward),
        .init("/a%2f%00", nil, both, .unescapeAndForward),
        .init("/a%2fb", "/a/b", both, .unescapeAndRedirect, redirects: true),
        .init("/a%2f..%2fb?c", "/b?c", both, .unescapeAndRedirect, redirects: true),
        .init("/a/../b", "/b", both, .unescapeAndRedirect),
        .init("/a/b", "/a/b", both, .unescapeAndRedirect),
        .init("/%2e%2e%2fadmin", "/admin", both, .unescapeAndRedirect, redirects: true),
    ]
}

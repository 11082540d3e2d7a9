import Model
import Policy
import Testing

@Suite("Routes")
struct RouteMatchingTests {
    private static let paths: [(RouteMatch.PathCondition, caseSensitive: Bool, String, Bool)] = [
        (.prefix("/"), true, "/", true), (.prefix("/api"), true, "/api", true),
        (.prefix("/api"), true, "/apix", true), (.prefix("/api"), true, "/api/x?y", true),
        (.prefix("/api"), true, "/ap", false), (.prefix("/api"), true, "/API", false),
        (.prefix("/api"), false, "/API/x", true), (.prefix("/a"), true, "/?x=/a", false),
        (.prefix("/a?b"), true, "/a?b", false),
        (.path("/a"), true, "/a", true), (.path("/a"), true, "/a?x=1", true),
        (.path("/a"), true, "/a/", false), (.path("/a"), true, "/ab", false),
        (.path("/a"), true, "/A", false), (.path("/a"), false, "/A", true),
        (.path("/a"), true, "/a#frag", true), (.path("/a"), true, "/%61", false),
        (.path("/caf\u{e9}"), true, "/cafe\u{301}", false),
        (.pathSeparatedPrefix("/a"), true, "/a", true),
        (.pathSeparatedPrefix("/a"), true, "/a/", true),
        (.pathSeparatedPrefix("/a"), true, "/a/b", true),
        (.pathSeparatedPrefix("/a"), true, "/a?b", true),
        (.pathSeparatedPrefix("/a"), true, "/ab", false),
        (.pathSeparatedPrefix("/a"), true, "/A/b", false),
        (.pathSeparatedPrefix("/a"), false, "/A/b", true),
        (.regex(regex("/b.*o")), true, "/bo", true), (.regex(regex("/b.*o")), true, "/boo?x", true),
        (.regex(regex("/b.*o")), true, "/bob", false),
        (.regex(regex("/a")), true, "/b?x=/a", false), (.regex(regex("/a")), false, "/A", false),
    ]

    @Test("path conditions see the path without the query", arguments: paths.indices)
    func pathConditions(index: Int) {
        let (condition, caseSensitive, path, isMatch) = Self.paths[index]
        let routes = table([
            (["*"], [route("r", RouteMatch(path: condition, isCaseSensitive: caseSensitive))])
        ])
        let found = lookup(routes, request("GET", path))
        #expect(found == (isMatch ? "r" : "no route in *"), "\(Self.paths[index])")
    }

    @Test("the first route that matches wins")
    func order() {
        let routes = table([
            (
                ["*"],
                [
                    route("exact", RouteMatch(path: .path("/a"))),
                    route(
                        "header",
                        RouteMatch(
                            path: .prefix("/a"),
                            headers: [HeaderMatcher(name: "x-canary", condition: .present)]
                        )
                    ),
                    route("prefix", RouteMatch(path: .prefix("/a"))),
                    route("any", RouteMatch(path: .prefix("/"))),
                ]
            )
        ])
        #expect(lookup(routes, request("GET", "/a")) == "exact")
        #expect(lookup(routes, request("GET", "/ab")) == "prefix")
        #expect(lookup(routes, request("GET", "/ab", [("X-Canary", "1")])) == "header")
        #expect(lookup(routes, request("GET", "/b")) == "any")
        #expect(lookup(routes, request("OPTIONS", "*")) == "no route in *")
    }

    @Test("every header and every query parameter must agree")
    func conjunction() {
        let match = RouteMatch(
            path: .prefix("/"),
            headers: [
                HeaderMatcher(name: ":method", condition: .string(StringMatcher(.exact("POST")))),
                HeaderMatcher(name: "x-a", condition: .present),
            ],
            queryParameters: [
                QueryParameterMatcher(name: "q", condition: .present),
                QueryParameterMatcher(name: "r", condition: .absent),
            ]
        )
        let routes = table([(["*"], [route("r", match)])])
        func found(_ method: String, _ path: String, _ fields: [(String, String)]) -> Bool {
            lookup(routes, request(method, path, fields)) == "r"
        }
        #expect(found("POST", "/?q=1", [("x-a", "1")]))
        #expect(!found("GET", "/?q=1", [("x-a", "1")]))
        #expect(!found("POST", "/?q=1", []))
        #expect(!found("POST", "/", [("x-a", "1")]))
        #expect(!found("POST", "/?q=1&r", [("x-a", "1")]))
    }

    @Test(
        "a fraction takes the random numbers below its numerator",
        arguments: [
            (0, 100, 0, false), (30, 100, 29, true), (30, 100, 30, false), (30, 100, 129, true),
            (100, 100, 99, true), (1, 1_000_000, 1_000_000, true), (1, 1_000_000, 1, false),
            (1, 0, 5, true), (200, 100, 199, true),
        ] as [(UInt32, UInt32, UInt64, Bool)]
    )
    func fractions(numerator: UInt32, denominator: UInt32, random: UInt64, isMatch: Bool) {
        let routes = table([
            (
                ["*"],
                [route("r", RouteMatch(path: .prefix("/"), fraction: (numerator, denominator)))]
            )
        ])
        #expect((lookup(routes, request(), random: random) == "r") == isMatch)
    }

    @Test("a fraction of 30 % takes 30 % of random requests")
    func fractionShare() {
        let routes = table([
            (["*"], [route("r", RouteMatch(path: .prefix("/"), fraction: (30, 100)))])
        ])
        var random = Xoshiro256(seed: 7)
        let head = request()
        let taken = (0..<10_000).count { _ in lookup(routes, head, random: random.next()) == "r" }
        // One degree of freedom: 10.83 is exceeded once in a thousand seeds.
        #expect(chiSquare([taken, 10_000 - taken], shares: [0.3, 0.7]) < 10.83)
    }

    @Test(
        "gRPC is told by the content type",
        arguments: [
            ("application/grpc", true), ("application/grpc+proto", true),
            ("application/grpc-web", false), ("application/json", false),
            ("application/grp", false),
            ("application/grpcx", false),
        ]
    )
    func grpc(type: String, isMatch: Bool) {
        let routes = table([
            (["*"], [route("r", RouteMatch(path: .prefix("/"), requiresGRPC: true))])
        ])
        #expect((lookup(routes, request("POST", "/", [("content-type", type)])) == "r") == isMatch)
        #expect(lookup(routes, request("POST", "/")) == "no route in *")
    }

    @Test("weights share out the random numbers")
    func weights() {
        func weighted(_ entries: [(String, UInt32)], total: UInt64) -> ForwardAction {
            let entries = entries.map {
                WeightedClusters.Entry(name: .literal($0.0), weight: $0.1)
            }
            return ForwardAction(
                destination: .weighted(WeightedClusters(entries: entries, total: total))
            )
        }
        let head = request("GET", "/")
        let action = weighted([("a", 1), ("b", 2), ("c", 7)], total: 10)
        func name(_ random: UInt64) -> String { action.choose(for: head, random: random).name }
        #expect(name(0) == "a")
        #expect(name(1) == "b")
        #expect(name(2) == "b")
        #expect(name(3) == "c")
        #expect(name(9) == "c")
        #expect(name(10) == "a")
        var random = Xoshiro256(seed: 11)
        var counts = ["a": 0, "b": 0, "c": 0]
        for _ in 0..<20_000 { counts[name(random.next()), default: 0] += 1 }
        let observed = ["a", "b", "c"].map { counts[$0] ?? 0 }
        // Two degrees of freedom: 13.82 is exceeded once in a thousand seeds.
        #expect(chiSquare(observed, shares: [0.1, 0.2, 0.7]) < 13.82)
        #expect(forward(to: "one").choose(for: head, random: .max).name == "one")
        #expect(weighted([], total: 0).choose(for: head, random: 5).name == "")
    }
}

import Model
import Policy
import Testing

@Suite("Index of routes")
struct RouteIndexTests {
    private struct Words {
        var random: Xoshiro256

        mutating func path() -> String {
            let parts = ["a", "b", "A", "api", "Api", "v1", "x.y", ""]
            let count = random.below(4)
            return "/"
                + (0..<count).map { _ in parts[random.below(parts.count)] }
                .joined(separator: "/")
        }

        mutating func match() -> RouteMatch {
            let caseSensitive = random.below(4) > 0
            let text = caseSensitive ? path() : path().lowercased()
            let literal = ByteString(text)
            var match: RouteMatch
            switch random.below(8) {
            case 0, 1, 2:
                match = RouteMatch(path: .prefix(literal), isCaseSensitive: caseSensitive)
            case 3, 4: match = RouteMatch(path: .path(literal), isCaseSensitive: caseSensitive)
            case 5:
                match = RouteMatch(
                    path: .pathSeparatedPrefix(literal),
                    isCaseSensitive: caseSensitive
                )
            case 6:
                let patterns = [
                    "\(text)?.*", "\(text)[^/]*", ".*b", "(/a|/b).*", "/a|/b/.*", "\\/api\\/v1.*",
                    "/a{1,2}", "^/a/?.*$", "\(text)",
                ]
                match = RouteMatch(path: .regex(regex(patterns[random.below(patterns.count)])))
            default: match = RouteMatch(path: .prefix("/"))
            }
            if random.below(3) == 0 {
                match.headers = [HeaderMatcher(name: "x-key", condition: .present)]
            }
            if random.below(8) == 0 { match.fraction = (50, 100) }
            return match
        }
    }

    private func first(_ routes: [Route], _ head: Head, random: UInt64) -> String? {
        var end = 0
        let path = head.span(head.path)
        while end < path.count, path[end] != 0x3f, path[end] != 0x23 { end += 1 }
        return routes.first {
            $0.matches(head, path: path.extracting(0..<end), random: random)
        }?.name
    }

    @Test("it finds what a walk through all routes finds", arguments: 0..<60)
    func sameAsWalk(seed: Int) {
        var words = Words(random: Xoshiro256(seed: UInt64(seed) + 1))
        let count = [9, 20, 100, 400][seed % 4]
        let routes = (0..<count).map { route("\($0)", words.match()) }
        let host = VirtualHost(name: "h", domains: ["*"], routes: routes)
        #expect(host.index != nil)
        var found = 0
        for _ in 0..<300 {
            let query = words.random.below(3) == 0 ? "?a=/b" : ""
            let fields = words.random.below(2) == 0 ? [("x-key", "1")] : []
            let head = request("GET", words.path() + query, fields)
            let random = words.random.next()
            let expected = first(routes, head, random: random)
            #expect(
                host.route(for: head, random: random)?.name == expected,
                "\(text(head.path, of: head))"
            )
            if expected != nil { found += 1 }
        }
        #expect(found > 0)
    }

    @Test("a small virtual host has no index")
    func small() {
        let routes = (0..<8).map { route("\($0)", RouteMatch(path: .prefix("/"))) }
        #expect(VirtualHost(name: "h", domains: ["*"], routes: routes).index == nil)
    }

    @Test("the first of ten thousand and the last are found, and nothing where none matches")
    func many() {
        let routes = (0..<10_000).map {
            route("\($0)", RouteMatch(path: .prefix(ByteString("/service/\($0)/"))))
        }
        let host = VirtualHost(name: "h", domains: ["*"], routes: routes)
        #expect(host.route(for: request("GET", "/service/0/x"), random: 0)?.name == "0")
        #expect(host.route(for: request("GET", "/service/9999/x"), random: 0)?.name == "9999")
        #expect(host.route(for: request("GET", "/service/10000/"), random: 0) == nil)
        #expect(host.route(for: request("GET", "/"), random: 0) == nil)
    }

    @Test("virtual clusters are looked up in their order, and what none takes is another one")
    func virtualClusters() {
        func matcher(_ prefix: ByteString) -> HeaderMatcher {
            HeaderMatcher(name: ":path", condition: .string(StringMatcher(.prefix(prefix))))
        }
        let host = VirtualHost(
            name: "h",
            domains: ["*"],
            routes: [],
            virtualClusters: [
                VirtualCluster(name: "a", headers: [matcher("/a")]),
                VirtualCluster(
                    name: "post",
                    headers: [
                        matcher("/"),
                        HeaderMatcher(
                            name: ":method",
                            condition: .string(StringMatcher(.exact("POST")))
                        ),
                    ]
                ),
            ]
        )
        #expect(host.virtualCluster(for: request("POST", "/a?x")) == 0)
        #expect(host.virtualCluster(for: request("POST", "/b")) == 1)
        #expect(host.virtualCluster(for: request("GET", "/b")) == 2)
        #expect(host.virtualClusterName(at: 1) == "post")
        #expect(host.virtualClusterName(at: 2) == "other")
        let none = VirtualHost(name: "h", domains: ["*"], routes: [])
        #expect(none.virtualCluster(for: request()) == nil)
    }
}

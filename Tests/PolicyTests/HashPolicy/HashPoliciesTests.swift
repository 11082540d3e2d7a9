import Model
import Policy
import Testing

@Suite("Hash policies")
struct HashPoliciesTests {
    private func hash(
        _ policies: [HashPolicy],
        _ head: Head,
        client: String = "1.2.3.4"
    ) -> HashPolicies.Outcome {
        let bytes = Array(client.utf8)
        return HashPolicies.hash(
            policies,
            head: head,
            clientAddress: bytes.span,
            connection: (.ipv4(0x0102_0304, port: 5), .ipv4(0x7f00_0001, port: 80))
        )
    }

    private func xx(_ text: String) -> UInt64 {
        let bytes = Array(text.utf8)
        return XXHash64.hash(bytes.span)
    }

    @Test("each source hashes its value, and none where it is absent")
    func sources() {
        let head = request(
            "GET",
            "/p?a=1&b&a=2",
            [("X-User", "ann"), ("cookie", "x=1; sid=\"abc\""), ("cookie", "sid=later")]
        )
        #expect(hash([HashPolicy(.header("x-user", rewrite: nil))], head).hash == xx("ann"))
        #expect(hash([HashPolicy(.header(":path", rewrite: nil))], head).hash == xx("/p?a=1&b&a=2"))
        #expect(hash([HashPolicy(.header("none", rewrite: nil))], head).hash == nil)
        #expect(hash([HashPolicy(.cookie(.init(name: "sid")))], head).hash == xx("abc"))
        #expect(hash([HashPolicy(.cookie(.init(name: "none")))], head).hash == nil)
        #expect(hash([HashPolicy(.queryParameter("a"))], head).hash == xx("1"))
        #expect(hash([HashPolicy(.queryParameter("b"))], head).hash == xx(""))
        #expect(hash([HashPolicy(.queryParameter("c"))], head).hash == nil)
        #expect(hash([HashPolicy(.sourceIP)], head).hash == xx("1.2.3.4"))
        #expect(hash([HashPolicy(.sourceIP)], head, client: "").hash == nil)
    }

    @Test("the lines of a header hash the same in whatever order they came")
    func severalLines() {
        let policy = [HashPolicy(.header("x-a", rewrite: nil))]
        let one = hash(policy, request("GET", "/", [("x-a", "b"), ("x-a", "a")])).hash
        // The hash of each line is the seed of the next.
        let second = Array("b".utf8)
        #expect(one == XXHash64.hash(second.span, seed: xx("a")))
        #expect(hash(policy, request("GET", "/", [("x-a", "a"), ("x-a", "b")])).hash == one)
    }

    @Test("a header is rewritten before it is hashed")
    func rewrite() {
        let policy = HashPolicy(
            .header("x-a", rewrite: (expression: regex("^/(\\w+)/.*$"), substitution: "\\1"))
        )
        #expect(hash([policy], request("GET", "/", [("x-a", "/foo/bar")])).hash == xx("foo"))
    }

    @Test("policies are combined by turning one bit and XOR, up to a terminal one")
    func combination() {
        let head = request("GET", "/", [("x-a", "1"), ("x-b", "2")])
        let a = HashPolicy(.header("x-a", rewrite: nil))
        let b = HashPolicy(.header("x-b", rewrite: nil))
        let turned = xx("1") << 1 | xx("1") >> 63
        #expect(hash([a, b], head).hash == turned ^ xx("2"))
        #expect(hash([a, a], head).hash == turned ^ xx("1"))
        let last = HashPolicy(.header("x-a", rewrite: nil), isTerminal: true)
        #expect(hash([last, b], head).hash == xx("1"))
        let absent = HashPolicy(.header("none", rewrite: nil), isTerminal: true)
        #expect(hash([absent, b], head).hash == xx("2"))
    }

    @Test("a cookie with a time to live is made where the request has none")
    func newCookie() {
        let policy = HashPolicy(
            .cookie(.init(name: "sid", ttlSeconds: 60, path: "/", attributes: "; SameSite=Strict"))
        )
        let outcome = hash([policy], request())
        var digits = String(xx("1.2.3.4:5127.0.0.1:80"), radix: 16)
        digits = String(repeating: "0", count: 16 - digits.count) + digits
        #expect(
            outcome.newCookies == [
                ByteString(
                    "sid=\"\(digits)\"; Max-Age=60; Path=/; SameSite=Strict; HttpOnly" as String
                )
            ]
        )
        #expect(outcome.hash == xx(digits))
        let session = HashPolicy(.cookie(.init(name: "sid", ttlSeconds: 0)))
        #expect(
            hash([session], request()).newCookies == [ByteString("sid=\"\(digits)\"; HttpOnly")]
        )
        let known = hash([policy], request("GET", "/", [("cookie", "sid=me")]))
        #expect(known.newCookies.isEmpty)
        #expect(known.hash == xx("me"))
        #expect(!hash([policy], request("GET", "/", [("cookie", "sid=")])).newCookies.isEmpty)
    }
}

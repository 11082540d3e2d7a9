import Model
import Policy
import Testing

@Suite("Internal redirects")
struct InternalRedirectTests {
    private func target(
        _ location: String,
        _ head: Head = request("GET", "/old", authority: "a.test"),
        crossScheme: Bool = false,
        followed: UInt32 = 0
    ) -> Result<InternalRedirect.Target, InternalRedirect.Failure> {
        let bytes = Array(location.utf8)
        return Result { () throws(InternalRedirect.Failure) in
            try InternalRedirect.target(
                location: bytes.span,
                request: head,
                policy: InternalRedirectPolicy(allowsCrossScheme: crossScheme),
                followed: followed
            )
        }
    }

    @Test(
        "only whole URLs of http and https are followed",
        arguments: [
            "", "/path", "//host/path", "ftp://a/", "http:/a", "http://", "http:///x",
            "http://:80/",
            "http://user@a/", "http://user:p@a/", "http://a b/", "http://a/x y", "http://a/\u{1}",
            "http://a/\u{e4}", "http://a\r\nx: y/", "javascript:alert(1)", "http://a\\b/",
        ]
    )
    func badLocations(location: String) {
        #expect(target(location) == .failure(.badLocation))
    }

    @Test("the scheme changes only where the policy allows it, and the count is limited")
    func limits() {
        #expect(target("https://b/") == .failure(.unsafeScheme))
        #expect(target("http://b/", request("GET", "/", isTLS: true)) == .failure(.unsafeScheme))
        #expect((try? target("https://b/", crossScheme: true).get())?.isSecure == true)
        #expect(target("http://b/", followed: 1) == .failure(.tooManyRedirects))
    }

    private func follow(
        _ location: String,
        _ old: Head,
        _ answer: Head,
        _ policy: InternalRedirectPolicy = InternalRedirectPolicy(allowsCrossScheme: true)
    ) throws -> (head: Head, dropsBody: Bool) {
        let bytes = Array(location.utf8)
        let target = try InternalRedirect.target(
            location: bytes.span,
            request: old,
            policy: policy,
            followed: 0
        )
        return InternalRedirect.request(
            from: old,
            location: bytes.span,
            target: target,
            response: answer,
            policy: policy
        )
    }

    @Test(
        "the new request has the new authority and path, and the old URL",
        arguments: [
            ("http://b.test:81/new?x=1#frag", "b.test:81", "/new?x=1"),
            ("HTTP://b.test", "b.test", "/"), ("http://b.test?q", "b.test", "/?q"),
            ("https://[::1]:443/x", "[::1]:443", "/x"),
        ]
    )
    func newRequest(location: String, authority: String, path: String) throws {
        let old = request("GET", "/old?y", authority: "a.test", [("Host", "a.test"), ("X-A", "1")])
        let (head, dropsBody) = try follow(location, old, response(302))
        #expect(!dropsBody)
        #expect(text(head.authority, of: head) == authority)
        #expect(values("host", of: head) == authority)
        #expect(text(head.path, of: head) == path)
        #expect(values("x-a", of: head) == "1")
        #expect(values("x-envoy-original-url", of: head) == "http://a.test/old?y")
        // It says how the client came, which a redirect does not change.
        #expect(values("x-forwarded-proto", of: head) == nil)
        #expect(text(old.path, of: old) == "/old?y")
        #expect(values("x-envoy-original-url", of: old) == nil)
    }

    @Test("a 303 makes it a GET without a body")
    func seeOther() throws {
        let old = request("POST", "/", [("content-length", "5")])
        let (head, dropsBody) = try follow("http://b/", old, response(303))
        #expect(dropsBody)
        #expect(head.method == .get)
        #expect(text(head.methodSlice, of: head) == "GET")
        #expect(!head.has(.contentLength))
        let (kept, keeps) = try follow("http://b/", old, response(307))
        #expect(!keeps)
        #expect(kept.method == .post)
        #expect(kept.has(.contentLength))
    }

    @Test("headers of the response are copied where the policy names them, and removed where not")
    func copiedHeaders() throws {
        let old = request("GET", "/", [("x-copied", "old"), ("x-gone", "old"), ("x-kept", "old")])
        let answer = response(302, [("X-Copied", "1"), ("x-copied", "2"), ("x-other", "3")])
        let policy = InternalRedirectPolicy(
            responseHeadersToCopy: ["x-copied", "x-gone", "host"]
        )
        let (head, _) = try follow("http://b/", old, answer, policy)
        #expect(values("x-copied", of: head) == "1|2")
        #expect(values("x-gone", of: head) == nil)
        #expect(values("x-kept", of: head) == "old")
        #expect(values("x-other", of: head) == nil)
    }

    @Test("predicates refuse routes")
    func predicates() {
        let first = route("first", RouteMatch(path: .prefix("/")))
        let second = route("second", RouteMatch(path: .prefix("/")))
        func accepts(
            _ predicate: InternalRedirectPolicy.Predicate,
            _ route: Route,
            was: Bool = false,
            becomes: Bool = false
        ) -> Bool {
            InternalRedirect.accepts(
                InternalRedirectPolicy(predicates: [predicate]),
                route: route,
                visited: [first],
                wasSecure: was,
                isSecure: becomes
            )
        }
        #expect(!accepts(.previousRoutes, first) && accepts(.previousRoutes, second))
        #expect(accepts(.allowedRoutes(["first"]), first))
        #expect(!accepts(.allowedRoutes(["first"]), second))
        #expect(!accepts(.safeCrossScheme, first, was: false, becomes: true))
        #expect(accepts(.safeCrossScheme, first, was: true, becomes: false))
    }
}

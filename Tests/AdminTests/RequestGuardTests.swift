import Admin
import Model
import Proxy
import Testing

/// Requests that a browser was led to make.
struct RequestGuardTests {
    @Test(arguments: [
        ("127.0.0.1:9901", 200), ("127.0.0.1", 200), ("[::1]:9901", 200), ("localhost", 200),
        ("LOCALHOST:9901", 200), ("10.0.0.7:80", 200), ("", 200), ("pod.example", 200),
        ("evil.example:9901", 403), ("evil.example", 403), ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403), ("[::1].evil", 403), ("[::1", 403), ("127.1", 403),
        ("[evil]", 403),
        ("evil.example\u{7f}", 403),
    ])
    func onLoopbackOnlyAddressesAndOwnNamesAreAnswered(host: String, status: Int) throws {
        let fixture = try Fixture()
        fixture.admin.boundNames = ["Pod.example"]
        let response = fixture.get("/ready", headers: [("Host", host)])
        #expect(Int(response.status) == status, "\(host)")
        #expect(
            fixture.get("/nothing", headers: [("Host", host)]).status == (status == 403 ? 403 : 404)
        )
    }

    @Test func otherBindingsAnswerToAnyHost() throws {
        let fixture = try Fixture()
        for address in [SocketAddress.ipv4(0, port: 9901), .unix(path: "/run/admin.sock")] {
            fixture.admin.boundAddress = address
            #expect(fixture.get("/ready", headers: [("Host", "evil.example")]).status == 200)
        }
        fixture.admin.boundAddress = .ipv6(high: 0, low: 1, port: 9901, scope: 0)
        #expect(fixture.get("/ready", headers: [("Host", "evil.example")]).status == 403)
    }

    @Test(arguments: [
        ("http://127.0.0.1:9901", 200), ("HTTP://127.0.0.1:9901", 200),
        ("http://127.0.0.1:8080", 403), ("http://127.0.0.1", 403),
        ("https://127.0.0.1:9901", 403), ("http://evil.example", 403), ("null", 403), ("", 403),
        ("http://127.0.0.1:9901.evil.example", 403),
    ])
    func aFormOfAnotherOriginChangesNothing(origin: String, status: Int) throws {
        let fixture = try Fixture()
        let response = fixture.post("/healthcheck/fail", headers: [("Origin", origin)])
        #expect(Int(response.status) == status)
        #expect(fixture.admin.isReady == (status == 403))
    }

    @Test(arguments: [
        ("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200),
    ])
    func theBrowsersWordOnTheSiteCounts(site: String, status: Int) throws {
        let fixture = try Fixture()
        let response = fixture.post("/healthcheck/fail", headers: [("Sec-Fetch-Site", site)])
        #expect(Int(response.status) == status)
    }

    @Test func settingTheLogLevelIsGuardedToo() throws {
        let headers = [(name: "Origin", value: "http://evil.example")]
        #expect(try Fixture().post("/logging?level=off", headers: headers).status == 403)
    }

    @Test func readingIsNotHinderedByAnOrigin() throws {
        let headers = [(name: "Origin", value: "http://evil.example")]
        let response = try Fixture().get("/ready", headers: headers)
        #expect(response.status == 200)
        // Without this header, the browser keeps the answer from the page.
        #expect(response.header("access-control-allow-origin") == nil)
        #expect(response.header("x-content-type-options") == "nosniff")
    }
}

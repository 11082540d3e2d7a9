import Admin
import Proxy
import Telemetry
import Testing

/// What changes something: by POST, and with its effect.
struct ActionsTests {
    static let actions = [
        "/healthcheck/fail", "/healthcheck/ok", "/drain_listeners", "/reset_counters",
        "/reopen_logs", "/quitquitquit",
    ]

    @Test(arguments: actions, ["GET", "HEAD", "PUT", "DELETE"])
    func anActionByAnotherMethodDoesNothing(path: String, method: String) throws {
        let fixture = try Fixture()
        let response = fixture.send(method, path)
        #expect(response.status == 405)
        #expect(response.header("allow") == "POST")
        #expect(response.text.contains("POST"))
        #expect(fixture.admin.isReady)
        #expect(fixture.quits.value == 0)
    }

    @Test(arguments: actions)
    func anActionByPostSaysOK(path: String) throws {
        let response = try Fixture().post(path)
        #expect(response.status == 200)
        #expect(response.text == "OK\n")
    }

    @Test func aPageTakesNoOtherMethod() throws {
        let response = try Fixture().send("DELETE", "/stats")
        #expect(response.status == 405)
        #expect(response.header("allow") == "GET, HEAD, POST")
    }

    @Test func aHeadRequestIsAnsweredAsAGet() throws {
        let fixture = try Fixture()
        #expect(fixture.send("HEAD", "/ready").text == fixture.get("/ready").text)
    }

    @Test(arguments: ["/nothing", "/Ready", "/ready/", "//ready", "", "/stats/"])
    func anUnknownPathAnswersWithTheHelp(path: String) throws {
        let fixture = try Fixture()
        let response = fixture.send("GET", "\(path)?x")
        // An empty path cannot come over HTTP; it must not be taken for a page, either.
        #expect(response.status == 404)
        #expect(response.text.contains("/quitquitquit (POST)"))
    }

    @Test func readinessFollowsTheHealthCheck() throws {
        let fixture = try Fixture()
        #expect(fixture.get("/ready").text == "LIVE\n")
        _ = fixture.post("/healthcheck/fail")
        #expect(fixture.get("/ready").status == 503)
        #expect(fixture.get("/ready").text == "DRAINING\n")
        #expect(fixture.admin.state == .draining)
        _ = fixture.post("/healthcheck/ok")
        #expect(fixture.get("/ready").status == 200)
    }

    @Test func readinessWaitsForTheStart() throws {
        #expect(try Fixture(starts: false).get("/ready").text == "PRE_INITIALIZING\n")
        let fixture = try Fixture()
        fixture.admin.condition.isInitializing = true
        #expect(fixture.get("/ready").status == 503)
        #expect(fixture.get("/ready").text == "INITIALIZING\n")
        fixture.admin.condition.isInitializing = false
        #expect(fixture.admin.isReady)
    }

    @Test(arguments: ["/drain_listeners", "/drain_listeners?graceful"])
    func drainingTheListenersEndsReadiness(target: String) throws {
        let fixture = try Fixture()
        #expect(fixture.post(target).status == 200)
        #expect(fixture.plane.isDraining == target.hasSuffix("graceful"))
        _ = fixture.post("/healthcheck/ok")
        #expect(fixture.get("/ready").text == "DRAINING\n")
    }

    @Test(arguments: ["inboundonly", "graceful&skip_exit", "inboundonly&graceful"])
    func drainingOnlySomeIsRefused(query: String) throws {
        let fixture = try Fixture()
        #expect(fixture.post("/drain_listeners?\(query)").status == 400)
        #expect(fixture.admin.isReady)
    }

    @Test func quittingAsksOnceAndClosesTheConnection() throws {
        let fixture = try Fixture()
        #expect(fixture.post("/quitquitquit").closes)
        #expect(fixture.quits.value == 1)
    }

    @Test func resettingMakesCountersZero() throws {
        let fixture = try Fixture()
        fixture.registry.clusterStats(name: "app_stats", worker: -1).add(.upstreamRqTotal, 5)
        #expect(fixture.registry.value(cluster: "app_stats", .upstreamRqTotal) == 5)
        _ = fixture.post("/reset_counters")
        #expect(fixture.registry.value(cluster: "app_stats", .upstreamRqTotal) == 0)
    }

    @Test func theLogLevelIsShownAndSet() throws {
        let fixture = try Fixture()
        let before = Log.shared.level
        defer { Log.shared.level = before }
        #expect(fixture.get("/logging").text.contains("  pillion: "))
        #expect(fixture.post("/logging?level=error").text == "active loggers:\n  pillion: error\n")
        #expect(Log.shared.level == .error)
        for (method, target, status) in [
            ("POST", "/logging?level=loud", 400), ("POST", "/logging?level=DEBUG", 400),
            ("POST", "/logging?http=debug", 400), ("POST", "/logging?level=off&http=off", 400),
            ("GET", "/logging?level=debug", 405), ("POST", "/logging", 200),
        ] {
            #expect(fixture.send(method, target).status == status, "\(method) \(target)")
            #expect(Log.shared.level == .error)
        }
        let names = Log.Level.allCases.map(\.name).joined(separator: ", ")
        #expect(fixture.post("/logging?level=loud").text.contains(names))
    }
}

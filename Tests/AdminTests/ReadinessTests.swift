import Model
import Synchronization
import Telemetry
import Testing

@testable import Admin
@testable import Proxy

/// What the readiness port answers.
struct ReadinessTests {
    private func ask(
        _ pages: ReadinessPages,
        _ path: String,
        method: String = "GET",
        headers: [(name: String, value: String)] = [],
        from peer: SocketAddress = .ipv4(0x7f00_0001, port: 40_000)
    ) -> LocalResponse {
        pages.handle(
            LocalRequest(
                method: method,
                path: path,
                query: [],
                headers: headers,
                body: [],
                bodyCount: 0,
                peer: peer,
                minorVersion: 1
            )
        )
    }

    private final class Quits: Sendable {
        let count = Atomic<Int>(0)
    }

    @Test
    func readyIsSaidWhileTheProcessServes() throws {
        let fixture = try Fixture()
        let pages = ReadinessPages(condition: fixture.admin.condition) {}
        let response = ask(pages, "/healthz/ready")
        #expect((response.status, response.text) == (200, "ready\n"))
        #expect(response.header("cache-control") == "no-cache, max-age=0")
        #expect(ask(pages, "/healthz/ready", method: "HEAD").status == 200)
        #expect(ask(pages, "/healthz/ready", method: "POST").status == 405)
        #expect(ask(pages, "/stats").status == 404)
    }

    @Test
    func notReadyIsSaidInWords() throws {
        let starting = try Fixture(starts: false)
        let pages = ReadinessPages(condition: starting.admin.condition) {}
        #expect(ask(pages, "/healthz/ready").text == "not ready: the process is starting\n")
        #expect(ask(pages, "/healthz/ready").status == 503)
        #expect(ask(pages, "/healthz/live").status == 200)
        let fixture = try Fixture()
        let condition = fixture.admin.condition
        let others = ReadinessPages(condition: condition) {}
        condition.hasFailedHealthCheck = true
        #expect(ask(others, "/healthz/ready").text.contains("/healthcheck/fail"))
        condition.hasStoppedListeners = true
        condition.hasFailedHealthCheck = false
        #expect(ask(others, "/healthz/ready").text == "not ready: the listeners are drained\n")
        condition.isEnding = true
        #expect(ask(others, "/healthz/ready").text == "not ready: the process is ending\n")
        #expect(fixture.get("/ready").status == 503)
        condition.hasSuccessor = true
        #expect(ask(others, "/healthz/ready").status == 200)
        #expect(fixture.get("/ready").text == "LIVE\n")
    }

    @Test
    func onlyThisMachineMayEndTheProcess() throws {
        let fixture = try Fixture()
        let quits = Quits()
        let pages = ReadinessPages(condition: fixture.admin.condition) {
            quits.count.add(1, ordering: .relaxed)
        }
        func quit(
            _ peer: SocketAddress,
            _ headers: [(name: String, value: String)] = []
        )
            -> UInt16
        {
            ask(pages, "/quitquitquit", method: "POST", headers: headers, from: peer).status
        }
        #expect(quit(.ipv4(0x0a00_0001, port: 1)) == 403)
        #expect(quit(.ipv6(high: 0x2001_0db8 << 32, low: 1, port: 1, scope: 0)) == 403)
        // 10.0.0.1 as an IPv6 socket shows it.
        #expect(quit(.ipv6(high: 0, low: 0xffff_0a00_0001, port: 1, scope: 0)) == 403)
        // What a sidecar passes on from elsewhere: 127.0.0.6 and ::6.
        #expect(quit(.ipv4(0x7f00_0006, port: 1)) == 403)
        #expect(quit(.ipv6(high: 0, low: 0xffff_7f00_0006, port: 1, scope: 0)) == 403)
        #expect(quit(.ipv6(high: 0, low: 6, port: 1, scope: 0)) == 403)
        #expect(quit(.ipv4(0x7f00_0001, port: 1), [("Origin", "http://a.example")]) == 403)
        #expect(quit(.ipv4(0x7f00_0001, port: 1), [("Sec-Fetch-Site", "same-site")]) == 403)
        #expect(ask(pages, "/quitquitquit").status == 405)
        #expect(quits.count.load(ordering: .relaxed) == 0)
        #expect(quit(.ipv6(high: 0, low: 1, port: 1, scope: 0)) == 200)
        #expect(quit(.ipv4(0x7f00_0001, port: 1)) == 200)
        #expect(quits.count.load(ordering: .relaxed) == 2)
    }

    @Test
    func theEpochIsShown() throws {
        let information = ProcessInformation(
            version: "1.2.3",
            start: .now - .seconds(5),
            epoch: 3,
            earlierSeconds: 100,
            takeoverVersion: 1
        )
        let fixture = try Fixture()
        let admin = AdminInterface(
            plane: fixture.plane,
            registry: fixture.registry,
            process: information
        ) {}
        let text = try #require(
            { () -> String? in
                let request = LocalRequest(
                    method: "GET",
                    path: "/server_info",
                    query: [],
                    headers: [("Host", "localhost")],
                    body: [],
                    bodyCount: 0,
                    peer: .ipv4(0x7f00_0001, port: 1),
                    minorVersion: 1
                )
                return admin.handle(request).text
            }()
        )
        #expect(text.contains("\"restart_epoch\": 3"))
        #expect(text.contains("\"uptime_current_epoch\": \"5s\""))
        #expect(text.contains("\"uptime_all_epochs\": \"105s\""))
        #expect(text.contains("\"hot_restart_version\": \"takeover.1\""))
        #expect(fixture.registry.value(.hotRestartEpoch) == 3)
        #expect(fixture.registry.value(.hotRestartGeneration) == 4)
    }
}

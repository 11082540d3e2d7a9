import Admin
import Proxy
import Telemetry
import Testing

/// `/stats` in its formats, and the stats of the process.
struct StatsPageTests {
    private func names(_ response: LocalResponse) -> [String] {
        response.text.split(separator: "\n").map { line in
            String(line.prefix { $0 != ":" })
        }
    }

    @Test func theFormatsAreThreeViewsOfTheSame() throws {
        let fixture = try Fixture()
        #expect(fixture.get("/stats").text.contains("server.concurrency: 1\n"))
        let json = try JSON(fixture.get("/stats?format=json").text)
        #expect(json["stats"]?.elements.contains { $0["name"]?.string == "server.live" } == true)
        let direct = fixture.get("/stats/prometheus?filter=concurrency")
        #expect(
            direct.text.contains("envoy_server_concurrency{} 1\n")
                || direct.text.contains("envoy_server_concurrency 1\n")
        )
        #expect(direct.contentType.hasPrefix("text/plain; version=0.0.4"))
        #expect(fixture.get("/stats?format=prometheus&filter=concurrency").text == direct.text)
    }

    @Test(arguments: [
        ("^server.concurrency$", ["server.concurrency"]),
        ("server\\.concur", ["server.concurrency"]),
        ("CONCURRENCY", []),
        ("(?i)CONCURRENCY$", ["server.concurrency"]),
        ("r.live|concurr", ["server.concurrency", "server.live"]),
    ])
    func theFilterSearchesAnywhere(filter: String, expected: [String]) throws {
        #expect(names(try Fixture().get("/stats?filter=\(filter)")) == expected)
    }

    @Test(arguments: ["(", "a)|(b", "[z-a]", "\\Qa"])
    func aMalformedFilterIsRefusedWithItsReason(filter: String) throws {
        let response = try Fixture().get("/stats?filter=\(filter)")
        #expect(response.status == 400, "\(response.text)")
        #expect(response.text.hasPrefix("filter '"))
    }

    @Test func aFilterTooLongOrTooCostlyIsRefused() throws {
        let fixture = try Fixture()
        let long = String(repeating: "a", count: 1025)
        #expect(fixture.get("/stats?filter=\(long)").status == 400)
        #expect(fixture.get("/stats?filter=((a{100}){100}){100}").status == 400)
    }

    @Test func usedOnlyLeavesOutZeros() throws {
        let response = try Fixture().get("/stats?usedonly")
        #expect(!response.text.contains(": 0\n"))
        #expect(response.text.contains("server.live: 1\n"))
    }

    @Test func theStatsOfTheProcessFollowIt() throws {
        let fixture = try Fixture()
        func value(_ stat: ServerStat) -> UInt64 { fixture.registry.value(stat) }
        #expect(value(.live) == 1)
        #expect(value(.state) == 0)
        #expect(value(.uptime) == 12)
        #expect(value(.version) == 0x010203)
        #expect(value(.memoryAllocated) > 1 << 20)
        #expect(value(.totalConnections) == 0)
        #expect(value(.listenerManagerTotalListenersActive) == 1)
        #expect(value(.clusterManagerActiveClusters) == 2)
        #expect(value(.daysUntilFirstCertExpiring) == 0xffff_ffff)
        _ = fixture.post("/drain_listeners")
        #expect(value(.live) == 0)
        #expect(value(.state) == 1)
        #expect(value(.listenerManagerTotalListenersActive) == 0)
        #expect(value(.listenerManagerTotalListenersDraining) == 1)
    }

    @Test(arguments: [
        ("1.2.3", 0x010203), ("0.1.0-dev", 0x000100), ("7", 0x070000), ("", 0), ("x", 0),
        ("1.999.0", 0x01ff00),
    ])
    func theVersionIsANumber(version: String, number: UInt64) throws {
        #expect(try Fixture(starts: false, version: version).registry.value(.version) == number)
    }
}

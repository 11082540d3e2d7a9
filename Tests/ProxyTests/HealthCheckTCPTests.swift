import Model
import Policy
import Telemetry
import Testing

@testable import Proxy

/// Checks by bytes over real sockets.
@Suite("TCP health checks")
struct HealthCheckTCPTests {
    @Test("bytes are sent, and what is expected may come in pieces and with more around it")
    func sendAndReceive() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.tcp(send: "PING", receive: ["+PO", "NG"])]
        )
        let peer = try #require(try listener.accept())
        for count in 1...3 {
            #expect(peer.read(count: 4) == Array("PING".utf8))
            peer.send("noise +P")
            peer.send("O and NG, noise")
            #expect(bench.eventually { bench.value(.healthCheckSuccess) == UInt64(count) })
        }
        #expect(bench.flags() == [])
        #expect(bench.value(.healthCheckFailure) == 0)
    }

    @Test("wrong bytes are no answer: the time runs out")
    func wrongBytes() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.tcp(send: "PING", receive: ["PONG"], timeout: 60)]
        )
        let peer = try #require(try listener.accept())
        _ = peer.read(count: 4)
        peer.send("-ERR")
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == [.failedActiveCheck, .activeCheckTimedOut])
    }

    @Test("without anything to expect, a connection is enough, and it is closed")
    func connectOnly() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.tcp(send: "never sent", interval: 60_000)]
        )
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == [])
        let peer = try #require(try listener.accept())
        #expect(peer.readToEnd() == "")
    }

    @Test("an endpoint that goes between two checks has failed then")
    func goesUnasked() throws {
        let listener = try LoopbackListener()
        var check = HealthBench.tcp(send: "A", receive: ["B"], interval: 60_000)
        check.unhealthyThreshold = 1
        let bench = try HealthBench([HealthBench.endpoint(listener.address)], checks: [check])
        let peer = try #require(try listener.accept())
        _ = peer.read(count: 1)
        peer.send("B")
        #expect(bench.eventually { bench.flags() == [] })
        peer.close()
        #expect(bench.eventually { bench.flags() == .failedActiveCheck })
        #expect(bench.value(.healthCheckNetworkFailure) == 1)
    }

    @Test("a flood of bytes is cut")
    func flood() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            // Longer than a busy machine may take: it is the flood that ends the check.
            checks: [
                HealthBench.tcp(
                    send: "A",
                    receive: ["B"],
                    timeout: 50_000,
                    interval: 60_000
                )
            ]
        )
        let peer = try #require(try listener.accept())
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        var blocks = 0
        while blocks < 200, peer.send(block) { blocks += 1 }
        #expect(blocks < 40)
        bench.monitor.waitForFirstChecks(milliseconds: 50_000)
        #expect(bench.flags() == .failedActiveCheck)
    }
}

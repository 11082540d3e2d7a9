import Glibc
import Model
import Policy
import Telemetry
import Testing

@testable import Proxy

private let okay = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

/// Active checks over real sockets.
@Suite("Health checks")
struct HealthCheckTests {
    @Test("one good answer makes an endpoint healthy, and the wait for first checks ends")
    func oneGoodAnswer() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http(interval: 60_000)]
        )
        #expect(bench.flags() == [.failedActiveCheck, .pendingActiveCheck])
        let peer = try #require(try listener.accept())
        let request = peer.read(upTo: "\r\n\r\n")
        #expect(
            request == "GET /healthz HTTP/1.1\r\nhost: app\r\nuser-agent: Envoy/HC\r\n\r\n"
        )
        peer.send(okay)
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == [])
        #expect(bench.value(.healthCheckAttempt) == 1)
        #expect(bench.value(.healthCheckSuccess) == 1)
        #expect(bench.value(.healthCheckHealthy) == 1)
    }

    @Test("the connection is kept for the next check, unless the answer closes it")
    func reuse() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http()]
        )
        let first = try #require(try listener.accept())
        for _ in 0..<3 {
            #expect(first.read(upTo: "\r\n\r\n").hasPrefix("GET"))
            first.send(okay)
        }
        #expect(first.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        first.send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        let second = try #require(try listener.accept())
        #expect(second.read(upTo: "\r\n\r\n").hasPrefix("GET"))
        second.send(okay)
        #expect(bench.eventually { bench.value(.healthCheckSuccess) == 5 })
        #expect(bench.value(.healthCheckFailure) == 0)
    }

    @Test("an endpoint that closed its idle connection is asked again, and has not failed")
    func staleConnection() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http()]
        )
        for count in 1...3 {
            let peer = try #require(try listener.accept())
            #expect(peer.read(upTo: "\r\n\r\n").hasPrefix("GET"))
            peer.send(okay)
            // The next question comes, and only then the connection goes.
            #expect(peer.read(upTo: "\r\n\r\n").hasPrefix("GET"))
            peer.close()
            #expect(bench.eventually { bench.value(.healthCheckSuccess) >= UInt64(count) })
        }
        #expect(bench.value(.healthCheckFailure) == 0)
        #expect(!bench.flags().contains(.failedActiveCheck))
    }

    @Test("endpoints may be checked elsewhere, by another name, or not at all")
    func elsewhere() throws {
        let listener = try LoopbackListener()
        let port = try #require(listener.address.port)
        let nowhere = SocketAddress.ipv4(0x7f00_0001, port: 1)
        let attributes = EndpointAttributes(
            healthCheckPort: port,
            healthCheckHostname: "health.local"
        )
        let unchecked = EndpointAttributes(isHealthCheckDisabled: true)
        let bench = try HealthBench(
            [
                HealthBench.endpoint(nowhere, attributes),
                HealthBench.endpoint(nowhere.with(port: 2), unchecked),
            ],
            checks: [HealthBench.http(interval: 60_000) { $0.host = "ignored" }]
        )
        #expect(bench.flags(1) == [])
        let peer = try #require(try listener.accept())
        #expect(peer.read(upTo: "\r\n\r\n").contains("\r\nhost: health.local\r\n"))
        peer.send(okay)
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags(0) == [])
    }

    @Test("a request may have a body and headers of its own")
    func requestOfItsOwn() throws {
        let listener = try LoopbackListener()
        let check = HealthBench.http(interval: 60_000) {
            $0.host = "check.local"
            $0.method = .post
            $0.sentBody = Array("ping".utf8)
            $0.headersToAdd = HeaderOperations(steps: [
                .add("x-a", nil, .literal("1"), .appendIfExistsOrAdd, keepsEmpty: false),
                .add("x-a", nil, .literal("2"), .appendIfExistsOrAdd, keepsEmpty: false),
                .add("x-b", nil, .literal(""), .appendIfExistsOrAdd, keepsEmpty: false),
                .add("x-c", nil, .literal("3"), .overwriteIfExists, keepsEmpty: false),
                .add(
                    "user-agent",
                    .userAgent,
                    .literal("me"),
                    .overwriteIfExistsOrAdd,
                    keepsEmpty: false
                ),
                .remove("x-c", nil),
            ])
        }
        let bench = try HealthBench([HealthBench.endpoint(listener.address)], checks: [check])
        let peer = try #require(try listener.accept())
        let head = peer.read(upTo: "\r\n\r\n").split(separator: "\r\n").map(String.init)
        #expect(head.first == "POST /healthz HTTP/1.1")
        #expect(
            Set(head.dropFirst()) == [
                "host: check.local", "x-a: 1", "x-a: 2", "user-agent: me", "content-length: 4",
            ]
        )
        #expect(peer.read(count: 4) == Array("ping".utf8))
        peer.send(okay)
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == [])
    }

    // MARK: - Answers

    struct Answer: CustomTestStringConvertible {
        let testDescription: String
        let bytes: String
        let flags: HealthFlags
        /// The failure is one of the network's, not of the answer.
        var isNetwork = false
        var closes = false
        var change: @Sendable (inout HealthCheckConfiguration.HTTP) -> Void = { _ in }
    }

    static let answers = [
        Answer(testDescription: "200", bytes: okay, flags: []),
        Answer(
            testDescription: "503",
            bytes: "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
            flags: .failedActiveCheck
        ),
        Answer(
            testDescription: "degraded",
            bytes: "HTTP/1.1 200 OK\r\nX-Envoy-Degraded: \r\ncontent-length: 0\r\n\r\n",
            flags: .degradedActiveCheck
        ),
        Answer(
            testDescription: "excluded",
            bytes:
                "HTTP/1.1 503 No\r\nx-envoy-immediate-health-check-fail: 1\r\ncontent-length: 0\r\n\r\n",
            flags: [.failedActiveCheck, .excludedByImmediateFailure]
        ),
        Answer(
            testDescription: "interim responses first",
            bytes: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + okay,
            flags: []
        ),
        Answer(
            testDescription: "a chunked body with what is expected across chunks",
            bytes:
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nall\r\n6\r\n good!\r\n0\r\n\r\n",
            flags: [],
            change: { $0.expectedBody = [Array("all go".utf8), Array("od".utf8)] }
        ),
        Answer(
            testDescription: "a body that ends with the connection",
            bytes: "HTTP/1.1 200 OK\r\n\r\nall good",
            flags: [],
            closes: true,
            change: { $0.expectedBody = [Array("good".utf8)] }
        ),
        Answer(
            testDescription: "what is expected lies beyond the buffer",
            bytes: "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nall good",
            flags: .failedActiveCheck,
            change: {
                $0.expectedBody = [Array("good".utf8)]
                $0.responseBufferBytes = 7
            }
        ),
        Answer(
            testDescription: "an answer to HEAD has no body",
            bytes: "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n",
            flags: [],
            change: { $0.method = .head }
        ),
        Answer(
            testDescription: "half a head, then the end",
            bytes: "HTTP/1.1 200 OK\r\nconten",
            flags: .failedActiveCheck,
            isNetwork: true,
            closes: true
        ),
        Answer(
            testDescription: "half a body, then the end",
            bytes: "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
            flags: .failedActiveCheck,
            isNetwork: true,
            closes: true
        ),
        Answer(
            testDescription: "nothing, then the end",
            bytes: "",
            flags: .failedActiveCheck,
            isNetwork: true,
            closes: true
        ),
        Answer(
            testDescription: "garbage",
            bytes: "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            flags: .failedActiveCheck,
            isNetwork: true
        ),
        Answer(
            testDescription: "a head beyond the limit",
            bytes: "HTTP/1.1 200 OK\r\nx: " + String(repeating: "a", count: 5_000),
            flags: .failedActiveCheck,
            isNetwork: true
        ),
        Answer(
            testDescription: "more lines than the limit",
            bytes: "HTTP/1.1 200 OK\r\n" + String(repeating: "x: a\r\n", count: 101) + "\r\n",
            flags: .failedActiveCheck,
            isNetwork: true
        ),
        Answer(
            testDescription: "interim responses without end",
            bytes: String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20),
            flags: .failedActiveCheck,
            isNetwork: true
        ),
        Answer(
            testDescription: "a chunk that is none",
            bytes: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            flags: .failedActiveCheck,
            isNetwork: true
        ),
    ]

    @Test("answers are judged, and what is none fails by the network", arguments: answers)
    func judged(_ answer: Answer) throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http(interval: 60_000, answer.change)]
        )
        let peer = try #require(try listener.accept())
        _ = peer.read(upTo: "\r\n\r\n")
        peer.send(answer.bytes)
        if answer.closes { peer.close() }
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == answer.flags)
        #expect(bench.value(.healthCheckNetworkFailure) == (answer.isNetwork ? 1 : 0))
        let isFailure: UInt64 = answer.flags.contains(.failedActiveCheck) ? 1 : 0
        #expect(bench.value(.healthCheckFailure) == isFailure)
        #expect(bench.value(.healthCheckHealthy) == 1 - isFailure)
    }

    @Test("whoever never answers, or answers drop by drop, fails when the time is over")
    func timeouts() throws {
        for drips in [false, true] {
            let listener = try LoopbackListener()
            let bench = try HealthBench(
                [HealthBench.endpoint(listener.address)],
                checks: [HealthBench.http(timeout: 60, interval: 60_000)]
            )
            let peer = try #require(try listener.accept())
            _ = peer.read(upTo: "\r\n\r\n")
            if drips { peer.send("HTTP/1.1 200 OK\r\n") }
            bench.monitor.waitForFirstChecks(milliseconds: 5_000)
            #expect(bench.flags() == [.failedActiveCheck, .activeCheckTimedOut])
            #expect(bench.value(.healthCheckNetworkFailure) == 1)
            #expect(peer.readToEnd() == "")
        }
    }

    @Test("a body without end is cut")
    func bodyFlood() throws {
        let listener = try LoopbackListener()
        let bench = try HealthBench(
            [HealthBench.endpoint(listener.address)],
            checks: [HealthBench.http(interval: 60_000)]
        )
        let peer = try #require(try listener.accept())
        _ = peer.read(upTo: "\r\n\r\n")
        peer.send("HTTP/1.1 200 OK\r\n\r\n")
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        var blocks = 0
        while blocks < 200, peer.send(block) { blocks += 1 }
        // The limit, and what the buffers of the kernel hold.
        #expect(blocks < 40)
        bench.monitor.waitForFirstChecks(milliseconds: 5_000)
        #expect(bench.flags() == .failedActiveCheck)
    }

    @Test("a refused connection fails at once, and thresholds count what follows")
    func refused() throws {
        var listener: LoopbackListener? = try LoopbackListener()
        let address = try #require(listener?.address)
        let bench = try HealthBench(
            [HealthBench.endpoint(address)],
            checks: [HealthBench.tcp()]
        )
        #expect(bench.eventually { bench.flags() == [] })
        listener = nil
        #expect(bench.eventually { bench.flags() == .failedActiveCheck })
        #expect(bench.value(.healthCheckNetworkFailure) >= 2)
        #expect(bench.value(.healthCheckHealthy) == 0)
        listener = try LoopbackListener(address)
        #expect(bench.eventually { bench.flags() == [] })
        #expect(listener != nil)
    }
}

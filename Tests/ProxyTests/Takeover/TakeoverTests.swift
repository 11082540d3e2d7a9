import Glibc
import Model
import Synchronization
import Telemetry
import Testing

@testable import Proxy

/// Two data planes of one process, one of which takes the other's place.
struct TakeoverTests {
    /// What the old process was asked to do, in order.
    private final class Calls: Sendable {
        let names = Mutex<[String]>([])
        func note(_ name: String) { names.withLock { $0.append(name) } }
        var all: [String] { names.withLock { $0 } }
    }

    private static func path() -> String {
        "@pillion-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    }

    /// Serves takeovers of the plane on a thread of its own, up to the end of the body.
    private func serving(
        _ old: TakeoverPlane,
        at path: String,
        _ calls: Calls,
        refusal: String? = nil,
        _ body: () throws -> Void
    ) throws {
        let plane = old.plane
        let registry = old.registry
        let started = Semaphore()
        let mailbox = Mutex<EventLoop.Mailbox?>(nil)
        let thread = try WorkerThread(name: "old") {
            guard let loop = try? EventLoop(),
                let server = try? TakeoverServer(
                    loop: loop,
                    path: path,
                    parts: TakeoverServer.Parts(
                        hold: {
                            calls.note("hold")
                            $0()
                        },
                        release: { calls.note("release") },
                        offer: { TakeoverOffer(epoch: 4, uptimeSeconds: 60, build: "test") },
                        sockets: { plane.handedSockets() },
                        counters: { registry.counters() },
                        yield: {
                            calls.note("yield")
                            plane.leave(accepts: false)
                        },
                        refusal: { refusal }
                    )
                )
            else {
                started.signal()
                return
            }
            mailbox.withLock { $0 = loop.mailbox }
            started.signal()
            loop.run()
            server.finish()
            server.close()
        }
        started.wait()
        defer {
            mailbox.withLock { $0 }?.post { $0.stop() }
            thread.join()
        }
        try body()
    }

    private func answer(_ address: SocketAddress) throws -> String {
        let client = try LoopbackSocket(connectingTo: address)
        client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        return client.readToEnd() ?? ""
    }

    @Test(arguments: [(1, 1), (1, 3), (3, 1), (2, 2)])
    func theNewPlaneServesOnTheSamePortAndTheOldOneStops(before: Int, after: Int) throws {
        let old = try TakeoverPlane(workers: before)
        let calls = Calls()
        let path = Self.path()
        try serving(old, at: path, calls) {
            let predecessor = try #require(try Predecessor.ask(at: path, build: "test"))
            #expect(predecessor.offer.epoch == 4)
            #expect(predecessor.process == getpid())
            let new = try TakeoverPlane(workers: after, inherited: predecessor.sockets)
            #expect(new.address == old.address)
            #expect(calls.all == ["hold"])
            try predecessor.takeOver()
            #expect(calls.all == ["hold", "yield"])
            for _ in 0..<50 { #expect(try answer(new.address).contains("direct")) }
            // Another takeover finds nobody: this one's socket went along, and is not served here.
            old.plane.stop()
            for _ in 0..<50 { #expect(try answer(new.address).contains("direct")) }
            #expect(new.registry.value(listener: "test", .downstreamCxTotal) >= 50)
        }
    }

    @Test
    func countersComeAtTheYieldAndAtTheEnd() throws {
        let old = try TakeoverPlane(workers: 1)
        for _ in 0..<3 { _ = try answer(old.address) }
        let path = Self.path()
        let loop = try EventLoop()
        let target = StatsRegistry()
        _ = target.listenerStats(address: "test", worker: 0)
        var finished: Bool?
        var keeping: Predecessor?
        try serving(old, at: path, Calls()) {
            let predecessor = try #require(try Predecessor.ask(at: path, build: "test"))
            keeping = predecessor
            try predecessor.takeOver()
            try predecessor.listen(on: loop) {
                target.add($0)
            } finished: {
                finished = $0
            }
            let end = Resolver.now() + 5_000
            while target.value(listener: "test", .downstreamCxTotal) == 0, Resolver.now() < end {
                loop.turn(wait: false)
            }
            #expect(target.value(listener: "test", .downstreamCxTotal) == 3)
            // What the old process counts while it drains.
            old.registry.listenerStats(address: "test", worker: 7).add(.downstreamCxTotal, 2)
        }
        let end = Resolver.now() + 5_000
        while finished == nil, Resolver.now() < end { loop.turn(wait: false) }
        #expect(finished == true)
        #expect(target.value(listener: "test", .downstreamCxTotal) == 5)
        withExtendedLifetime(keeping) {}
    }

    @Test
    func aNewProcessThatGoesAwayLeavesTheOldOneAlone() throws {
        let old = try TakeoverPlane(workers: 2)
        let calls = Calls()
        let path = Self.path()
        try serving(old, at: path, calls) {
            for _ in 0..<3 {
                let predecessor = try #require(try Predecessor.ask(at: path, build: "test"))
                #expect(predecessor.sockets.count == 3)
            }
            // The third asked after the old process had heard of the end of the second.
            #expect(calls.all.prefix(5) == ["hold", "release", "hold", "release", "hold"])
            #expect(try answer(old.address).contains("direct"))
        }
        #expect(!calls.all.contains("yield"))
    }

    @Test
    func aRefusalSaysWhy() throws {
        let old = try TakeoverPlane(workers: 1)
        let path = Self.path()
        try serving(old, at: path, Calls(), refusal: "it is starting") {
            let failure = #expect(throws: TakeoverFailure.self) {
                _ = try Predecessor.ask(at: path, build: "test")
            }
            #expect(failure?.description == "takeover: the running process refuses: it is starting")
        }
    }

    @Test
    func whereNobodyServesThereIsNoPredecessor() throws {
        #expect(try Predecessor.ask(at: Self.path(), build: "test") == nil)
        #expect(try Predecessor.ask(at: "/tmp/nonexistent/\(getpid())", build: "test") == nil)
    }

    @Test
    func whoeverAnswersNothingIsGivenUp() throws {
        let path = Self.path()
        let mute = try TakeoverSocket.listen(path)
        defer { _ = Glibc.close(mute) }
        let failure = #expect(throws: TakeoverFailure.self) {
            _ = try Predecessor.ask(at: path, build: "test", milliseconds: 50)
        }
        #expect(failure?.description == "takeover: the running process does not answer")
    }

    @Test
    func aFileThatIsNoSocketIsNotReplaced() throws {
        let path = "/tmp/pillion-test-\(getpid())-file"
        let file = unsafe open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        _ = Glibc.close(file)
        defer { _ = unsafe unlink(path) }
        #expect(throws: TakeoverFailure.self) { _ = try TakeoverSocket.listen(path) }
        let isThere = unsafe access(path, F_OK) == 0
        #expect(isThere)
    }

    @Test
    func leavingWithoutStoppingToAcceptEndsEachConnectionAfterOneRequest() throws {
        let plane = try TakeoverPlane(workers: 1)
        let client = try LoopbackSocket(connectingTo: plane.address)
        client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        #expect(!client.read(upTo: "direct").contains("connection: close"))
        plane.plane.leave(accepts: true)
        // The idle one is not cut off, and a new one is taken.
        client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        #expect(client.readToEnd()?.contains("connection: close") == true)
        let late = try LoopbackSocket(connectingTo: plane.address)
        late.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        #expect(late.readToEnd()?.contains("connection: close") == true)
    }
}

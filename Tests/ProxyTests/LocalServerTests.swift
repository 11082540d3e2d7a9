import Model
import Testing

@testable import Proxy

/// The server of the process's own pages, turned by the test itself.
struct LocalServerTests {
    @Test
    func aClientThatDoesNotReadGetsNoFurtherAnswersUntilItDoes() throws {
        let loop = try EventLoop()
        let page = String(repeating: "p", count: 100_000)
        let count = 1_000
        var answers = 0
        let server = try LocalServer(
            loop: loop,
            address: .ipv4(0x7f00_0001, port: 0),
            name: "test"
        ) { _ in
            answers += 1
            return LocalResponse(200, page)
        }
        let client = try LoopbackSocket(connectingTo: server.address)
        client.send(String(repeating: "GET / HTTP/1.1\r\nhost: a\r\n\r\n", count: count))
        for _ in 0..<200 { loop.turn(wait: false) }
        // The buffers of the kernel take some; the rest would be in this process's memory.
        #expect(answers < count / 2)
        var received = 0
        let end = Resolver.now() + 20_000
        while received < count * page.utf8.count, Resolver.now() < end {
            loop.turn(wait: false)
            received += client.discardWhatCame()
        }
        #expect(answers == count)
        #expect(received > count * page.utf8.count)
        server.drain {}
    }

    private func serving(
        _ loop: EventLoop,
        _ limits: LocalServer.Limits,
        _ answer: @escaping LocalServer.Handler = { _ in LocalResponse(200, "ready") }
    ) throws -> LocalServer {
        try LocalServer(
            loop: loop,
            address: .ipv4(0x7f00_0001, port: 0),
            name: "test",
            limits: limits,
            handler: answer
        )
    }

    private func turn(_ loop: EventLoop) {
        for _ in 0..<20 { loop.turn(wait: false) }
    }

    @Test
    func whoeverHoldsConnectionsKeepsNobodyOut() throws {
        let loop = try EventLoop()
        let server = try serving(loop, LocalServer.Limits(connections: 8))
        var held: [LoopbackSocket] = []
        for number in 0..<40 {
            let holder = try LoopbackSocket(connectingTo: server.address)
            held.append(holder)
            turn(loop)
            // Some say nothing, some begin a head, some a body, some stay after their answer.
            let words = [
                "", "G", "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nb",
                "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
            ]
            holder.send(words[number % words.count])
            turn(loop)
            let probe = try LoopbackSocket(connectingTo: server.address)
            turn(loop)
            probe.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            turn(loop)
            #expect(probe.readToEnd()?.hasSuffix("ready") == true)
        }
        server.drain {}
    }

    @Test
    func whoIsBeingAnsweredDoesNotMakeRoom() throws {
        let loop = try EventLoop()
        let server = try serving(loop, LocalServer.Limits(connections: 2)) { _ in
            var response = LocalResponse(200, "late")
            response.delayMilliseconds = 50
            return response
        }
        let first = try LoopbackSocket(connectingTo: server.address)
        first.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        turn(loop)
        let others = try (0..<4).map { _ in
            let other = try LoopbackSocket(connectingTo: server.address)
            turn(loop)
            return other
        }
        let end = Resolver.now() + 5_000
        var received = 0
        while received == 0, Resolver.now() < end {
            loop.turn(wait: false)
            received = first.discardWhatCame()
        }
        #expect(received > 0)
        withExtendedLifetime(others) {}
        server.drain {}
    }

    @Test(arguments: ["", "GET / HTTP/1.1\r\nhost: a\r\n\r\n"])
    func aHeadThatComesByteByByteEndsAtItsDeadline(before: String) throws {
        let loop = try EventLoop()
        var limits = LocalServer.Limits()
        limits.headMilliseconds = 100
        let server = try serving(loop, limits)
        let client = try LoopbackSocket(connectingTo: server.address)
        client.send(before)
        let begin = Resolver.now()
        var isGone = false
        var sent: Int64 = 0
        while !isGone, Resolver.now() < begin + 5_000 {
            // A byte every ten milliseconds.
            if Resolver.now() >= begin + 10 * sent {
                isGone = !client.send("G")
                sent += 1
            }
            loop.turn(wait: false)
        }
        #expect(isGone)
        #expect(Resolver.now() >= begin + 100)
        server.drain {}
    }

    @Test
    func aFastReaderOfALongBodyLeavesTheLoopToOthers() throws {
        let loop = try EventLoop()
        var limits = LocalServer.Limits()
        limits.generatedBytes = 64 << 10
        let count = 16 * limits.generatedBytes
        let server = try serving(loop, limits) { _ in
            var response = LocalResponse(200)
            response.body = .generated(UInt64(count))
            return response
        }
        let client = try LoopbackSocket(connectingTo: server.address)
        client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        var received = 0
        var turns = 0
        let end = Resolver.now() + 5_000
        while received < count, Resolver.now() < end {
            loop.turn(wait: false)
            var came = 0
            while true {
                let part = client.discardWhatCame()
                if part == 0 { break }
                came += part
            }
            received += came
            if came > 0 { turns += 1 }
        }
        #expect(received > count)
        #expect(turns >= 16)
        server.drain {}
    }
}

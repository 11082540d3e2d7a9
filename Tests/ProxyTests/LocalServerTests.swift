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
}

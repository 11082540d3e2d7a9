import Glibc
import Model
import Testing

@testable import Proxy

/// The client's address on a connection to an endpoint (`original_src`).
struct ImitatedSourceTests {
    private let client = SocketAddress.ipv4(0x7f00_0009, port: 4242)

    private func source(
        of client: SocketAddress,
        mark: UInt32 = 0,
        bindsPort: Bool = false
    ) -> ImitatedSource? {
        ImitatedSource(
            of: client,
            ListenerFilters.OriginalSource(mark: mark, bindsPort: bindsPort)
        )
    }

    @Test("connections of one client are equal, whatever its port, unless the port is bound, too")
    func equality() throws {
        let other = client.with(port: 4243)
        #expect(source(of: client) == source(of: other))
        #expect(source(of: client, bindsPort: true) != source(of: other, bindsPort: true))
        #expect(source(of: client) != source(of: client, mark: 7))
        #expect(source(of: client) != source(of: .ipv4(0x7f00_000a, port: 4242)))
    }

    @Test("a client of a Unix socket has no address to take")
    func unixClient() {
        #expect(source(of: .unix(path: "/tmp/a")) == nil)
    }

    @Test("an endpoint of the other family is reached from this machine's own address")
    func otherFamily() throws {
        let endpoint = SocketAddress.ipv6(high: 0, low: 1, port: 80, scope: 0)
        let descriptor = try SystemCall.socket(endpoint)
        defer { _ = close(descriptor) }
        try source(of: client, mark: 7)?.apply(to: descriptor, for: endpoint)
        #expect(SystemCall.localAddress(descriptor).isUnspecified)
    }

    @Test("a socket gets the address, and says so where the kernel does not allow it")
    func boundAddress() throws {
        let endpoint = SocketAddress.ipv4(0x7f00_0001, port: 80)
        let descriptor = try SystemCall.socket(endpoint)
        defer { _ = close(descriptor) }
        do {
            try source(of: client, mark: 7)?.apply(to: descriptor, for: endpoint)
            #expect(SystemCall.localAddress(descriptor) == client.with(port: 0))
        } catch {
            #expect(error.code == EPERM)
        }
    }
}

import Glibc
import Model
import Telemetry
import Testing

@testable import Proxy

/// What becomes of listening sockets that came from another process.
struct InheritedSocketsTests {
    private let loopback = SocketAddress.ipv4(0x7f00_0001, port: 0)

    private func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }

    private func listener(_ address: SocketAddress) -> ListenerConfiguration {
        Fixture.listener(address)
    }

    /// So many sockets on one address, as a process with so many workers has them.
    private func group(_ count: Int) throws -> (descriptors: [Int32], bound: SocketAddress) {
        try ListenSocket.bind(listener(loopback), loopback, workers: count)
    }

    @Test
    func socketsAreTakenOnceByPurposeAddressAndOwner() throws {
        let (descriptors, _) = try group(2)
        let sockets = InheritedSockets()
        let own = SocketGroup(purpose: .listener, address: loopback, owner: "a#0", count: 1)
        sockets.add(own, [descriptors[0]])
        sockets.add(own, [descriptors[1]])
        #expect(sockets.take(.admin, loopback, owner: "a#0").isEmpty)
        #expect(sockets.take(.listener, loopback).isEmpty)
        #expect(sockets.take(.listener, loopback, owner: "a#0") == descriptors)
        #expect(sockets.take(.listener, loopback, owner: "a#0").isEmpty)
        for descriptor in descriptors { _ = Glibc.close(descriptor) }
    }

    @Test
    func whatIsNoListeningSocketIsClosedAndLeftOut() throws {
        let (descriptors, _) = try group(1)
        let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        let unconnected = try SystemCall.socket(loopback)
        let sockets = InheritedSockets()
        let group = SocketGroup(purpose: .listener, address: loopback, count: 3)
        sockets.add(group, [file, descriptors[0], unconnected])
        #expect(sockets.take(.listener, loopback) == descriptors)
        #expect(!isOpen(file))
        #expect(!isOpen(unconnected))
        _ = Glibc.close(descriptors[0])
    }

    @Test
    func whatNobodyTakesIsClosed() throws {
        let (descriptors, _) = try group(1)
        let sockets = InheritedSockets()
        sockets.add(
            SocketGroup(purpose: .listener, address: loopback, count: 1),
            descriptors
        )
        sockets.closeUnused()
        #expect(!isOpen(descriptors[0]))
        #expect(sockets.count == 0)
    }

    @Test(arguments: [(1, 2), (2, 5), (3, 3)])
    func moreWorkersGetSocketsOfTheSameGroup(before: Int, workers: Int) throws {
        let (descriptors, bound) = try group(before)
        let sockets = InheritedSockets()
        let adopted = try ListenSocket.adopt(
            descriptors,
            listener(loopback),
            workers: workers,
            from: sockets
        )
        #expect(adopted.bound == bound)
        #expect(adopted.descriptors.count == workers)
        #expect(Array(adopted.descriptors.prefix(before)) == descriptors)
        #expect(adopted.surplus.isEmpty)
        // What joins does not listen before nothing can fail any more.
        try connectAndAccept(60, bound, from: descriptors)
        try sockets.listen()
        try connectAndAccept(60, bound, from: adopted.descriptors)
        for descriptor in adopted.allDescriptors { _ = Glibc.close(descriptor) }
    }

    @Test(arguments: [(2, 1), (5, 2)])
    func fewerWorkersWatchAllSockets(before: Int, workers: Int) throws {
        let (descriptors, bound) = try group(before)
        let adopted = try ListenSocket.adopt(
            descriptors,
            listener(loopback),
            workers: workers,
            from: InheritedSockets()
        )
        #expect(adopted.descriptors == Array(descriptors.prefix(workers)))
        #expect(adopted.surplus.count == before - workers)
        #expect(adopted.surplus.allSatisfy { $0.count == workers })
        // One worker's share reaches every socket.
        let share = adopted.descriptors + adopted.surplus.map { $0[0] }
        try connectAndAccept(60, bound, from: share)
        for descriptor in adopted.allDescriptors { _ = Glibc.close(descriptor) }
    }

    /// Connects so many times, and finds every connection on one of the sockets.
    private func connectAndAccept(
        _ count: Int,
        _ address: SocketAddress,
        from sockets: [Int32]
    ) throws {
        let clients = try (0..<count).map { _ in try LoopbackSocket(connectingTo: address) }
        var accepted = 0
        for socket in sockets {
            while let (descriptor, _) = try SystemCall.accept(socket) {
                _ = Glibc.close(descriptor)
                accepted += 1
            }
        }
        #expect(accepted == clients.count)
    }

    @Test
    func aSurplusKeyLeadsBackToItsGroup() {
        for owner in ["", "in#0", "odd\u{1}7#0", "a surplus 3#1"] {
            let key = SocketKey(surplus: 0, of: Fixture.key(loopback, owner))
            #expect(key.base == Fixture.key(loopback, owner))
            #expect(key.isSurplus(of: Fixture.key(loopback, owner)))
            #expect(!Fixture.key(loopback, owner).isSurplus(of: key))
            #expect(Fixture.key(loopback, owner).base == Fixture.key(loopback, owner))
        }
    }

    private enum Fixture {
        static func listener(_ address: SocketAddress) -> ListenerConfiguration {
            TakeoverPlane.listener(address)
        }

        static func key(_ address: SocketAddress, _ owner: String) -> SocketKey {
            // The owner is the listener's name and the position, where the port is 0.
            guard let mark = owner.lastIndex(of: "#"),
                let position = Int(owner[owner.index(after: mark)...])
            else {
                return SocketKey(
                    address.with(port: 80),
                    of: TakeoverPlane.listener(address),
                    position: 0
                )
            }
            return SocketKey(
                address,
                of: TakeoverPlane.listener(address, name: String(owner[..<mark])),
                position: position
            )
        }
    }
}

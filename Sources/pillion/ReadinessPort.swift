import Admin
import Glibc
import Model
import Proxy

/// The readiness port: a thread of its own, so that no scrape and no reload makes a probe late.
final class ReadinessPort {
    /// The addresses that were asked for, with the sockets that listen there.
    let sockets: [(asked: SocketAddress, bound: SocketAddress, descriptor: Int32)]
    private let mailbox: EventLoop.Mailbox
    private let thread: WorkerThread

    /// `@unchecked Sendable`: made by one thread, and used by the other alone once that runs.
    private final class Servers: @unchecked Sendable {
        let loop: EventLoop
        let all: [LocalServer]
        /// Servers that have nobody any more.
        var left = 0

        init(_ loop: EventLoop, _ all: [LocalServer]) {
            self.loop = loop
            self.all = all
        }
    }

    /// - Parameter addresses: the first must be had; the others may be of a family that this
    ///   machine does not have.
    init(
        addresses: [SocketAddress],
        inherited: InheritedSockets?,
        pages: ReadinessPages
    ) throws {
        let loop = try EventLoop()
        var servers: [LocalServer] = []
        var sockets: [(asked: SocketAddress, bound: SocketAddress, descriptor: Int32)] = []
        for address in addresses {
            // A port that the system chose is the same for all.
            var wanted = address
            if address.port == 0, let port = sockets.first?.bound.port {
                wanted = address.with(port: port)
            }
            do throws(BindFailure) {
                let server = try LocalServer(
                    loop: loop,
                    address: wanted,
                    name: "readiness",
                    inherited: inherited?.take(.readiness, address).first
                ) { pages.handle($0) }
                servers.append(server)
                if let descriptor = server.listeningDescriptor {
                    sockets.append((address, server.address, descriptor))
                }
            } catch {
                let isMissing = [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.cause.code)
                if servers.isEmpty || !isMissing { throw error }
            }
        }
        self.sockets = sockets
        mailbox = loop.mailbox
        let handed = Servers(loop, servers)
        loop.owner = handed
        thread = try WorkerThread(name: "readiness") { handed.loop.run() }
    }

    /// Accepts no more: another process answers.
    func leave() {
        mailbox.post { loop in
            guard let servers = loop.owner as? Servers else { return }
            for server in servers.all { server.leave() }
        }
    }

    /// A probe that was accepted has so long for its request.
    private static let leaveMilliseconds: Int64 = 1000

    /// Answers those who are connected, and ends the thread.
    func stop() {
        mailbox.post { loop in
            guard let servers = loop.owner as? Servers else { return }
            for server in servers.all {
                server.leave(withinMilliseconds: Self.leaveMilliseconds) {
                    servers.left += 1
                    guard servers.left == servers.all.count else { return }
                    loop.owner = nil
                    loop.stop()
                }
            }
        }
        thread.join()
    }
}

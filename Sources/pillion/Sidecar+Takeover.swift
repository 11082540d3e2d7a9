import Model
import Proxy
import Telemetry

/// Taking the place of a running process, and giving one's own.
extension Sidecar {
    /// The sockets of the process that runs, where there is one.
    func askPredecessor() throws -> Predecessor? {
        guard let path = lifecycle.takeoverPath,
            let predecessor = try Predecessor.ask(at: path, build: ProcessVersion.number)
        else { return nil }
        Log.shared.log(
            .info,
            "taking over",
            [
                "process": "\(predecessor.process)", "version": predecessor.offer.build,
                "epoch": "\(predecessor.offer.epoch &+ 1)",
                "sockets": "\(predecessor.sockets.count)",
            ]
        )
        return predecessor
    }

    func makeTakeover(
        _ loop: EventLoop,
        _ inherited: Int32?,
        _ parts: TakeoverServer.Parts
    ) throws -> TakeoverServer? {
        guard let path = lifecycle.takeoverPath else { return nil }
        return try TakeoverServer(loop: loop, path: path, inherited: inherited, parts: parts)
    }

    /// Tells the other process that this one serves, and hears from it what it has counted.
    func takeOver(
        from predecessor: Predecessor,
        _ loop: EventLoop,
        _ plane: DataPlane
    ) throws {
        do throws(TakeoverFailure) {
            try predecessor.takeOver()
        } catch {
            // The other one serves on: both would answer for ever.
            _ = plane.cutConnections()
            plane.stop()
            throw error
        }
        // Counters are added to what is there: clusters that nobody has used, too.
        plane.refreshGauges()
        let registry = plane.registry
        let process = predecessor.process
        try predecessor.listen(on: loop) { counters in
            registry.add(counters)
        } finished: { saidSo in
            Log.shared.log(
                saidSo ? .info : .warning,
                "the process before this one has ended",
                ["process": "\(process)", "counters": saidSo ? "all" : "some may be missing"]
            )
        }
    }

    /// Copies of every listening socket of this process.
    static func sockets(
        of plane: DataPlane,
        _ server: LocalServer?,
        _ readiness: ReadinessPort?,
        _ adminAddress: SocketAddress?
    ) -> [HandedSockets] {
        var all = plane.handedSockets()
        if let adminAddress, let descriptor = server?.listeningDescriptor {
            let group = SocketGroup(purpose: .admin, address: adminAddress, count: 1)
            all.append(HandedSockets(group, copying: [descriptor]))
        }
        for socket in readiness?.sockets ?? [] {
            let group = SocketGroup(purpose: .readiness, address: socket.asked, count: 1)
            all.append(HandedSockets(group, copying: [socket.descriptor]))
        }
        return all
    }
}

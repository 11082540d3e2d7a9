import Admin
import Glibc
import Model
import Proxy
import Telemetry
import XDS

/// The life of `pillion run`: bind, start, serve the admin interface, reload, drain.
///
/// The main thread runs a loop of its own for signals and the admin interface, so that an expensive
/// scrape never delays a request.
struct Sidecar {
    let source: ConfigurationSource
    let reading: ReadConfiguration
    let workers: Int?
    let dnsServers: String?
    let drainMilliseconds: Int64
    let watches: Bool

    /// A page of the admin interface from which its memory is worth giving back.
    private static let largePageBytes = 1 << 20

    /// Returns the exit code.
    func run() -> Int32 {
        do {
            return try serve()
        } catch {
            StandardError.print("pillion: \(error)")
            return 2
        }
    }

    private func serve() throws -> Int32 {
        let begin = ContinuousClock.now
        let descriptors = ResourceBudget.raiseDescriptorLimit()
        let loop = try EventLoop()
        let registry = StatsRegistry()
        let accessLog = AccessLogWriter()
        accessLog.register(in: registry)
        let count = workers ?? ResourceBudget.cpuCount()
        let plane = makePlane(registry, accessLog, workers: count, descriptors: descriptors)
        var ending: Ending?
        var reloader: Reloader?
        // Made before any other thread, so that all of them inherit the mask.
        let signals = try SignalSource(
            loop: loop,
            signals: [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
        ) { signal in
            switch signal {
            case SIGUSR1:
                plane.flushLogs()
                accessLog.reopen()
            case SIGHUP: reloader?.request("SIGHUP")
            default:
                reloader?.stop()
                ending?.begin("signal \(signal)")
            }
        }
        _ = signal(SIGPIPE, SIG_IGN)
        let record = ConfigurationRecord()
        let dump = ConfigurationDumpBox(reading.dump)
        let admin = makeAdmin(plane, registry, workers: count, record, dump) {
            reloader?.stop()
            ending?.begin("POST /quitquitquit")
        }
        var server: LocalServer?
        if let address = reading.snapshot.admin {
            // The memory of a large page goes back once the page is sent.
            let tidying = ClosureTimer(loop: loop) { ResourceBudget.releaseFreeMemory() }
            let bound = try LocalServer(loop: loop, address: address, name: "admin") {
                let response = admin.handle($0)
                if case .bytes(let page) = response.body, page.count > Self.largePageBytes {
                    tidying.schedule(afterMilliseconds: 1_000)
                }
                return response
            }
            admin.boundAddress = bound.address
            server = bound
        }
        let resolver = try Resolver(plane: plane, servers: dnsServers)
        let health = HealthMonitor(plane: plane)
        plane.observeEndpoints { health.endpointsChanged(of: $0) }
        try plane.start(reading.snapshot) { () throws(SystemCallError) in
            try warm(plane, resolver, health)
        }
        ending = Ending(loop: loop, plane: plane, drainMilliseconds: drainMilliseconds)
        let reloads = Reloader(
            loop: loop,
            source: source,
            parts: Reloader.Parts(
                plane: plane,
                resolver: resolver,
                health: health,
                record: record,
                dump: dump
            ),
            watches: watches
        )
        reloads.begin(with: reading)
        reloader = reloads
        sayReady(plane, admin: server?.address, workers: count)
        let took = (ContinuousClock.now - begin) / .milliseconds(1)
        registry.serverStats(worker: StatsRegistry.controlWorker - 1)
            .set(.initializationTimeMs, UInt64(max(0, took)))
        ResourceBudget.releaseFreeMemory()
        ResourceBudget.releaseStartupMemory()
        withExtendedLifetime((signals, server, reloads)) { loop.run() }
        reloads.stop()
        reloads.join()
        plane.stop()
        health.stop()
        resolver.stop()
        _ = accessLog.flushAndClose(deadlineMilliseconds: 2_000)
        Log.shared.log(.info, "stopped", ["connections_cut": "\(ending?.cutCount ?? 0)"])
        return 0
    }

    /// A listener opens when its endpoints are known and checked, or are known to be hard to learn.
    private func warm(
        _ plane: DataPlane,
        _ resolver: Resolver,
        _ health: HealthMonitor
    ) throws(SystemCallError) {
        let begin = ContinuousClock.now
        let clusters = plane.clusters
        try resolver.apply(clusters: clusters)
        health.apply(clusters: clusters)
        try health.start()
        resolver.waitForFirstAnswers(of: clusters, milliseconds: 5_000)
        if clusters.contains(where: { !$0.configuration.healthChecks.isEmpty }) {
            let spent = Int64((ContinuousClock.now - begin) / .milliseconds(1))
            health.waitForFirstChecks(milliseconds: max(1, 5_000 - spent))
        }
    }

    private func makePlane(
        _ registry: StatsRegistry,
        _ accessLog: AccessLogWriter,
        workers: Int,
        descriptors: Int
    ) -> DataPlane {
        DataPlane(
            options: .init(
                workerCount: workers,
                connectionsMaxDefault: ResourceBudget.connectionsMax(descriptors: descriptors),
                drainMilliseconds: drainMilliseconds
            ),
            registry: registry,
            accessLog: accessLog
        ) { event in
            Log.shared.log(
                .warning,
                event.message,
                ["listener": event.listener, "worker": "\(event.worker)"]
            )
        }
    }

    private func sayReady(_ plane: DataPlane, admin: SocketAddress?, workers: Int) {
        for listener in plane.listeners {
            for address in listener.boundAddresses {
                Log.shared.log(
                    .info,
                    "listener bound",
                    ["listener": listener.configuration.name, "address": "\(address)"]
                )
            }
        }
        if let admin { Log.shared.log(.info, "admin bound", ["address": "\(admin)"]) }
        Log.shared.log(
            .info,
            "ready",
            [
                "workers": "\(workers)", "clusters": "\(plane.clusters.count)",
                "version": ProcessVersion.number,
            ]
        )
    }

    private func makeAdmin(
        _ plane: DataPlane,
        _ registry: StatsRegistry,
        workers: Int,
        _ record: ConfigurationRecord,
        _ dump: ConfigurationDumpBox,
        onQuit: @escaping () -> Void
    ) -> AdminInterface {
        AdminInterface(
            plane: plane,
            registry: registry,
            process: ProcessInformation(
                version: ProcessVersion.number,
                workers: workers,
                configurationFiles: source.files,
                configuration: record,
                configDump: { dump.answer($0) }
            ),
            onQuit: onQuit
        )
    }
}

import Admin
import Glibc
import Model
import Proxy
import Telemetry
import XDS

/// The life of `pillion run`: bind, start, serve the admin interface, drain.
///
/// The main thread runs a loop of its own for signals and the admin interface, so that an expensive
/// scrape never delays a request.
struct Sidecar {
    let snapshot: Snapshot
    let files: [String]
    let loaded: LoadedConfiguration
    let workers: Int?
    let dnsServers: String?
    let drainMilliseconds: Int64

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
        let plane = DataPlane(
            options: .init(
                workerCount: count,
                connectionsMaxDefault: ResourceBudget.connectionsMax(descriptors: descriptors)
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
        var ending: Ending?
        // Made before any other thread, so that all of them inherit the mask.
        let signals = try SignalSource(
            loop: loop,
            signals: [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
        ) { signal in
            switch signal {
            case SIGUSR1:
                plane.flushLogs()
                accessLog.reopen()
            case SIGHUP:
                Log.shared.log(.info, "SIGHUP ignored: the configuration is read at the start")
            default: ending?.begin("signal \(signal)")
            }
        }
        _ = signal(SIGPIPE, SIG_IGN)
        let admin = makeAdmin(plane, registry, workers: count) {
            ending?.begin("POST /quitquitquit")
        }
        var server: LocalServer?
        if let address = snapshot.admin {
            let bound = try LocalServer(loop: loop, address: address, name: "admin") {
                admin.handle($0)
            }
            admin.boundAddress = bound.address
            server = bound
        }
        var resolver: Resolver?
        try plane.start(snapshot) { () throws(SystemCallError) in
            resolver = try Resolver.start(for: plane, servers: dnsServers)
            // A listener opens when its endpoints are known, or are known to be hard to learn.
            resolver?.waitForFirstAnswers(milliseconds: 5_000)
        }
        let end = Ending(loop: loop, plane: plane, drainMilliseconds: drainMilliseconds)
        ending = end
        for listener in plane.listeners {
            for address in listener.boundAddresses {
                Log.shared.log(
                    .info,
                    "listener bound",
                    ["listener": listener.configuration.name, "address": "\(address)"]
                )
            }
        }
        if let server { Log.shared.log(.info, "admin bound", ["address": "\(server.address)"]) }
        Log.shared.log(
            .info,
            "ready",
            [
                "workers": "\(count)", "clusters": "\(snapshot.clusters.count)",
                "version": ProcessVersion.number,
            ]
        )
        let took = (ContinuousClock.now - begin) / .milliseconds(1)
        registry.serverStats(worker: StatsRegistry.controlWorker - 1)
            .set(.initializationTimeMs, UInt64(max(0, took)))
        ResourceBudget.releaseStartupMemory()
        withExtendedLifetime((signals, server, resolver)) { loop.run() }
        plane.stop()
        resolver?.stop()
        _ = accessLog.flushAndClose(deadlineMilliseconds: 2_000)
        Log.shared.log(.info, "stopped", ["connections_cut": "\(end.cutCount)"])
        return 0
    }

    private func makeAdmin(
        _ plane: DataPlane,
        _ registry: StatsRegistry,
        workers: Int,
        onQuit: @escaping () -> Void
    ) -> AdminInterface {
        let loaded = loaded
        return AdminInterface(
            plane: plane,
            registry: registry,
            process: ProcessInformation(
                version: ProcessVersion.number,
                workers: workers,
                configurationFiles: files,
                configDump: {
                    "{\"configs\":[{\"@type\":\"type.googleapis.com/envoy.admin.v3.BootstrapConfigDump\","
                        + "\"bootstrap\":" + ConfigurationDump.bootstrapJSON(loaded) + "}]}\n"
                }
            ),
            onQuit: onQuit
        )
    }
}

/// The orderly end: one deadline, whatever asks for it.
private final class Ending {
    private let loop: EventLoop
    private let plane: DataPlane
    private let drainMilliseconds: Int64
    private var deadline: ClosureTimer?
    private var hasBegun = false
    private(set) var cutCount = 0

    init(loop: EventLoop, plane: DataPlane, drainMilliseconds: Int64) {
        self.loop = loop
        self.plane = plane
        self.drainMilliseconds = drainMilliseconds
    }

    func begin(_ cause: String) {
        if hasBegun { return }
        hasBegun = true
        Log.shared.log(
            .info,
            "draining",
            ["cause": cause, "deadline_ms": "\(drainMilliseconds)"]
        )
        let mailbox = loop.mailbox
        plane.drain { mailbox.post { $0.stop() } }
        let timer = ClosureTimer(loop: loop) { [self] in
            cutCount = plane.cutConnections()
            Log.shared.log(.warning, "drain deadline reached", ["connections_cut": "\(cutCount)"])
            loop.stop()
        }
        timer.schedule(afterMilliseconds: drainMilliseconds)
        deadline = timer
    }
}

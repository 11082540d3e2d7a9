import Admin
import Glibc
import LogShipper
import Model
import Proxy
import Synchronization
import Telemetry
import XDS

/// The life of `pillion run`: bind or take over, start, serve the admin interface, reload, drain.
///
/// The main thread runs a loop of its own for signals and the admin interface, so that an expensive
/// scrape never delays a request.
struct Sidecar {
    let source: ConfigurationSource
    let reading: ReadConfiguration
    let workers: Int?
    let dnsServers: String?
    let lifecycle: Lifecycle
    let watches: Bool
    /// The log shipper's configuration; nil: none runs.
    let logs: CompiledLogs?
    /// Reads it again.
    let readLogs: @Sendable () -> LogCompanion.Reading

    /// A page of the admin interface from which its memory is worth giving back.
    private static let largePageBytes = 1 << 20
    /// What the log shipper may take at the end, once everything else has stopped.
    private static let shipperMilliseconds: Int64 = 15_000

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
        var ending: Ending?
        var reloader: Reloader?
        let end = { (cause: String) in
            reloader?.stop()
            ending?.begin(cause)
        }
        var plane: DataPlane?
        var shipper: LogCompanion?
        // Made before any other thread, so that all of them inherit the mask.
        let signals = try SignalSource(
            loop: loop,
            signals: [SIGTERM, SIGINT, SIGHUP, SIGUSR1]
        ) { signal in
            switch signal {
            case SIGUSR1:
                plane?.flushLogs()
                accessLog.reopen()
            case SIGHUP:
                reloader?.request("SIGHUP")
                shipper?.reload("SIGHUP")
            default: end("signal \(signal)")
            }
        }
        _ = signal(SIGPIPE, SIG_IGN)
        let shipperCode = ExitCodeOfShipper()
        if let logs {
            shipper = try LogCompanion(logs, read: readLogs) { [mailbox = loop.mailbox] code in
                shipperCode.value.store(Int(code), ordering: .relaxed)
                mailbox.post {
                    ($0.owner as? Reloader)?.whenAsked?("a source of the log shipper has ended")
                }
            }
        }
        // From here on the running process waits for this one, and serves.
        let predecessor = try askPredecessor()
        let inherited = predecessor?.sockets
        let count = workers ?? ResourceBudget.cpuCount()
        let made = makePlane(
            registry,
            accessLog,
            workers: count,
            descriptors: descriptors,
            inherited: inherited
        )
        plane = made
        let record = ConfigurationRecord()
        let dump = ConfigurationDumpBox(reading.dump)
        let process = information(workers: count, record, dump, predecessor)
        let admin = AdminInterface(plane: made, registry: registry, process: process) {
            end("POST /quitquitquit")
        }
        if let shipper { admin.companions.append(LogPages(shipper)) }
        let server = try makeServer(admin, loop: loop, inherited: inherited)
        let pages = ReadinessPages(condition: admin.condition) { [mailbox = loop.mailbox] in
            mailbox.post { ($0.owner as? Reloader)?.whenAsked?("POST /quitquitquit") }
        }
        // Of the two processes of a takeover, the one that serves answers.
        var readiness: ReadinessPort?
        if predecessor == nil { readiness = try makeReadiness(pages, nil) }
        let resolver = try Resolver(plane: made, servers: dnsServers)
        let health = HealthMonitor(plane: made)
        made.observeEndpoints { health.endpointsChanged(of: $0) }
        let reloads = Reloader(
            loop: loop,
            source: source,
            parts: Reloader.Parts(
                plane: made,
                resolver: resolver,
                health: health,
                record: record,
                dump: dump
            ),
            watches: watches
        )
        reloads.whenAsked = { end($0) }
        let takeover = try makeTakeover(
            loop,
            inherited?.takeOnly(.takeover),
            TakeoverServer.Parts(
                hold: { reloads.hold($0) },
                release: { reloads.release() },
                offer: {
                    TakeoverOffer(
                        epoch: process.epoch,
                        uptimeSeconds: UInt64(clamping: process.uptimeSecondsOfAllEpochs),
                        build: ProcessVersion.number
                    )
                },
                sockets: { Self.sockets(of: made, server, readiness, reading.snapshot.admin) },
                counters: { registry.counters() },
                yield: {
                    reloads.stop()
                    server?.leave()
                    readiness?.leave()
                    shipper?.yield()
                    ending?.yield()
                },
                refusal: { ending == nil ? "it is starting" : nil }
            )
        )
        try made.start(reading.snapshot) { () throws(SystemCallError) in
            try warm(made, resolver, health)
        }
        ending = Ending(
            loop: loop,
            plane: made,
            condition: admin.condition,
            lifecycle: lifecycle
        ) {
            if takeover?.hasYielded == false { takeover?.close() }
        }
        reloads.begin(with: reading)
        reloader = reloads
        if let predecessor {
            readiness = try makeReadiness(pages, inherited)
            // Nothing listens on these addresses any more.
            inherited?.closeUnused()
            try takeOver(from: predecessor, loop, made)
        }
        shipper?.start()
        let logWatch = watches ? shipper.map { LogWatch(loop: loop, companion: $0) } : nil
        sayReady(made, admin: server?.address, readiness, workers: count)
        let took = (ContinuousClock.now - begin) / .milliseconds(1)
        registry.serverStats(worker: StatsRegistry.controlWorker - 1)
            .set(.initializationTimeMs, UInt64(max(0, took)))
        let watch = lifecycle.exitWith.map { watched in
            ProcessWatch(loop: loop, watched) { end("process \(watched) has ended") }
        }
        watch?.start()
        ResourceBudget.releaseFreeMemory()
        ResourceBudget.releaseStartupMemory()
        let memory = MemoryReturn(loop: loop, plane: made)
        memory.start()
        withExtendedLifetime((signals, server, reloads, takeover, predecessor)) { loop.run() }
        logWatch?.stop()
        memory.stop()
        watch?.stop()
        reloads.stop()
        reloads.join()
        made.stop()
        health.stop()
        resolver.stop()
        readiness?.stop()
        _ = accessLog.flushAndClose(deadlineMilliseconds: 2_000)
        // The last, so that what the others still said is shipped too.
        shipper?.stop(deadline: Self.shipperMilliseconds)
        takeover?.finish()
        Log.shared.log(.info, "stopped", ["connections_cut": "\(ending?.cutCount ?? 0)"])
        return Int32(truncatingIfNeeded: shipperCode.value.load(ordering: .relaxed))
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
        descriptors: Int,
        inherited: InheritedSockets?
    ) -> DataPlane {
        DataPlane(
            options: .init(
                workerCount: workers,
                connectionsMaxDefault: ResourceBudget.connectionsMax(descriptors: descriptors),
                drainMilliseconds: lifecycle.drainMilliseconds,
                inherited: inherited
            ),
            registry: registry,
            accessLog: accessLog
        ) { event in
            Log.shared.log(
                .warning,
                event.message,
                event.listener.isEmpty
                    ? ["worker": "\(event.worker)"]
                    : ["listener": event.listener, "worker": "\(event.worker)"]
            )
        }
    }

    private func makeServer(
        _ admin: AdminInterface,
        loop: EventLoop,
        inherited: InheritedSockets?
    ) throws -> LocalServer? {
        guard let address = reading.snapshot.admin else { return nil }
        // The memory of a large page goes back once the page is sent.
        let tidying = ClosureTimer(loop: loop) { ResourceBudget.releaseFreeMemory() }
        let server = try LocalServer(
            loop: loop,
            address: address,
            name: "admin",
            inherited: inherited?.take(.admin, address).first
        ) {
            let response = admin.handle($0)
            if case .bytes(let page) = response.body, page.count > Self.largePageBytes {
                tidying.schedule(afterMilliseconds: 1_000)
            }
            return response
        }
        admin.boundAddress = server.address
        return server
    }

    private func makeReadiness(
        _ pages: ReadinessPages,
        _ inherited: InheritedSockets?
    ) throws -> ReadinessPort? {
        if lifecycle.readiness.isEmpty { return nil }
        return try ReadinessPort(
            addresses: lifecycle.readiness,
            inherited: inherited,
            pages: pages
        )
    }

    private func sayReady(
        _ plane: DataPlane,
        admin: SocketAddress?,
        _ readiness: ReadinessPort?,
        workers: Int
    ) {
        for listener in plane.listeners where listener.configuration.accepts {
            for address in listener.boundAddresses {
                Log.shared.log(
                    .info,
                    "listener bound",
                    ["listener": listener.configuration.name, "address": "\(address)"]
                )
            }
        }
        if let admin { Log.shared.log(.info, "admin bound", ["address": "\(admin)"]) }
        for socket in readiness?.sockets ?? [] {
            Log.shared.log(.info, "readiness bound", ["address": "\(socket.bound)"])
        }
        Log.shared.log(
            .info,
            "ready",
            [
                "workers": "\(workers)", "clusters": "\(plane.clusters.count)",
                "version": ProcessVersion.number,
            ]
        )
    }

    private func information(
        workers: Int,
        _ record: ConfigurationRecord,
        _ dump: ConfigurationDumpBox,
        _ predecessor: Predecessor?
    ) -> ProcessInformation {
        ProcessInformation(
            version: ProcessVersion.number,
            epoch: predecessor.map { $0.offer.epoch &+ 1 } ?? 0,
            earlierSeconds: Int64(clamping: predecessor?.offer.uptimeSeconds ?? 0),
            takeoverVersion: lifecycle.takeoverPath == nil ? nil : TakeoverMessage.version,
            workers: workers,
            configurationFiles: source.files,
            configuration: record,
            configDump: { dump.answer($0) }
        )
    }
}

/// The exit code of the process that the log shipper lives for, once that has ended; 0 otherwise.
private final class ExitCodeOfShipper: Sendable {
    let value = Atomic(0)
}

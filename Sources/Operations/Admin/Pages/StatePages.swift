import Model
import Proxy
import Telemetry

/// What the process is and does, as a whole.
extension AdminInterface {
    func ready() -> LocalResponse {
        let state = condition.hasSuccessor ? ServerState.live : state
        return LocalResponse(state == .live ? 200 : 503, "\(state.name)\n")
    }

    /// `envoy.admin.v3.ServerInfo`.
    func serverInfo() -> LocalResponse {
        let uptime = JSONValue.string("\(process.uptimeSeconds)s")
        var options = process.commandLineOptions
        func add(_ name: String, _ value: JSONValue) {
            if !options.contains(where: { $0.name == name }) { options.append(.init(name, value)) }
        }
        add("concurrency", .integer(Int64(process.workers)))
        add("config_path", .string(process.configurationFiles.joined(separator: ",")))
        add("log_level", .string(Log.shared.level.name))
        add("mode", "Serve")
        add("restart_epoch", .integer(Int64(process.epoch)))
        return Self.json([
            "version": .string(process.version),
            "state": .string(state.name),
            "uptime_current_epoch": uptime,
            "uptime_all_epochs": .string("\(process.uptimeSecondsOfAllEpochs)s"),
            "hot_restart_version": .string(process.takeoverText),
            "command_line_options": .object(options),
            "node": [
                "id": .string(plane.snapshot?.nodeID ?? ""),
                "cluster": .string(plane.snapshot?.nodeCluster ?? ""),
                "user_agent_name": "pillion",
            ],
        ])
    }

    /// `envoy.admin.v3.UnreadyTargetsDumps`: by name what the start still waits for.
    func initDump() -> LocalResponse {
        guard condition.isInitializing else { return Self.json(["unready_targets_dumps": []]) }
        let waiting = plane.clusters.filter { $0.endpoints.version == 0 }
        return Self.json([
            "unready_targets_dumps": [
                [
                    "name": "init manager Server",
                    "target_names": .array(
                        waiting.map { .string("Cluster \($0.configuration.name)") }
                    ),
                ]
            ]
        ])
    }

    /// `envoy.admin.v3.Memory`, as far as the kernel knows it, and the peak.
    static func memory() -> LocalResponse {
        let memory = ProcessMemory.read()
        return json([
            "allocated": .uint64(memory.anonymous),
            "heap_size": .uint64(memory.data),
            "pageheap_unmapped": "0",
            "pageheap_free": "0",
            "total_thread_cache": "0",
            "total_physical_bytes": .uint64(memory.resident),
            "peak_physical_bytes": .uint64(memory.residentPeak),
        ])
    }
}

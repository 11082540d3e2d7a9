import ArgumentParser
import Glibc
import Model
import Telemetry
import XDS

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the sidecar.",
        discussion: """
            With an Envoy v3 bootstrap file, YAML or JSON, or a short form; several, and the files
            of directories, are merged in their order:
              pillion run envoy.yaml
              pillion run base.yaml conf.d --admin 127.0.0.1:15000

            A changed file is taken over without closing connections; a bad one is refused, and the
            one before serves on (see /config_status).

            A configuration of fluentd or fluent-bit, alone or beside the others, ships logs:
              pillion run fluent.conf

            Without a file, everything that comes to a port goes to the application:
              pillion run --app 8080 --listen 15006

            A new process takes the place of a running one without refusing a connection, where both
            are started with --takeover:
              pillion run envoy.yaml --takeover

            Signals: SIGTERM drains and ends; SIGHUP reads the configuration again; SIGUSR1 opens the
            access logs anew.
            Exit codes: 0 after an orderly end, 2 where the configuration or the command line is
            wrong, a port is taken or a takeover is refused; then nothing was started.
            """
    )

    @Argument(
        help: "Configuration files, YAML or JSON, or directories of them.",
        completion: .file(extensions: ["yaml", "yml", "json"])
    )
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "The application's port or HOST:PORT, instead of a file.",
            valueName: "address"
        )
    )
    var app: String?

    @Option(
        help: ArgumentHelp("Where to listen with --app: PORT or HOST:PORT.", valueName: "address")
    )
    var listen: String?

    @Option(help: "Worker threads; default: the CPUs that the cgroup's quota allows.")
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "The admin interface's address; overrides the file.",
            valueName: "host:port"
        )
    )
    var admin: String?

    @Option(help: "Of the process's own log: trace, debug, info, warning, error, critical, off.")
    var logLevel: String = "info"

    @Option(help: "Of the process's own log: text or json.")
    var logFormat: String = "text"

    @Option(help: "Seconds that requests under way may take after SIGTERM.")
    var drainTime: Int = 30

    @Option(
        help: ArgumentHelp(
            "Seconds until it ends in any case once it was taken over; default: 1.5 drain times.",
            valueName: "seconds"
        )
    )
    var parentShutdownTime: Int?

    @Flag(help: "After SIGTERM, accept connections until there are none.")
    var exitOnZeroConnections = false

    @Option(
        help: ArgumentHelp(
            "With --exit-on-zero-connections: seconds for which it accepts at least.",
            valueName: "seconds"
        )
    )
    var minDrainTime: Int = 5

    @Flag(help: "Take over from the process that runs with the same files, and let the next do so.")
    var takeover = false

    @Option(
        help: ArgumentHelp(
            "The takeover's Unix socket, @NAME for an abstract one; implies --takeover.",
            valueName: "path"
        )
    )
    var takeoverSocket: String?

    @Option(
        help: ArgumentHelp(
            "Answer /healthz/ready there, on all addresses: PORT (Istio's is 15021) or HOST:PORT.",
            valueName: "address"
        )
    )
    var readinessPort: String?

    @Option(
        help: ArgumentHelp(
            "End when this process has ended: its number, or the name of its command.",
            valueName: "process"
        )
    )
    var exitWith: String?

    @Option(
        help: ArgumentHelp(
            "Name servers, ADDRESS[:PORT] with commas, instead of those of resolv.conf.",
            valueName: "servers"
        )
    )
    var dnsServers: String?

    @Flag(inversion: .prefixedNo, help: "Take over the configuration when its files change.")
    var watch = true

    @Flag(
        help: "Leave out filters that are named without a configuration, with a warning for each."
    )
    var allowUnconfiguredFilters = false

    @Flag(
        inversion: .prefixedNo,
        help: "Say in local replies what decided: in the body and in x-pillion-reason."
    )
    var explain = true

    @Option(
        help: ArgumentHelp(
            "Where the log shipper keeps its checkpoints, spools and dead letters.",
            valueName: "folder"
        )
    )
    var logState: String?

    func validate() throws {
        if files.isEmpty {
            guard app != nil, listen != nil else {
                throw ValidationError(
                    "name a configuration file, or use --app PORT --listen PORT (see pillion help run)"
                )
            }
        } else if app != nil || listen != nil {
            throw ValidationError("--app and --listen stand instead of a file, not beside it")
        }
        if let workers, !(1...256).contains(workers) {
            throw ValidationError("--workers \(workers): a number from 1 to 256")
        }
        guard (0...86_400).contains(drainTime) else {
            throw ValidationError("--drain-time \(drainTime): seconds, 0 to 86400")
        }
        if let parentShutdownTime, !(drainTime...172_800).contains(parentShutdownTime) {
            throw ValidationError(
                "--parent-shutdown-time \(parentShutdownTime): seconds, not less than --drain-time "
                    + "(\(drainTime)), at most 172800"
            )
        }
        guard (0...86_400).contains(minDrainTime) else {
            throw ValidationError("--min-drain-time \(minDrainTime): seconds, 0 to 86400")
        }
        if let takeoverSocket, !(1...107).contains(takeoverSocket.utf8.count) {
            throw ValidationError("--takeover-socket: a path of 1 to 107 bytes")
        }
        if let exitWith, WatchedProcess(exitWith) == nil {
            throw ValidationError("--exit-with \(exitWith): a process number or a name")
        }
        guard Log.Level(name: logLevel) != nil else {
            throw ValidationError(
                "--log-level \(logLevel): one of "
                    + Log.Level.allCases.map(\.name).joined(separator: ", ")
            )
        }
        guard ["text", "json"].contains(logFormat) else {
            throw ValidationError("--log-format \(logFormat): text or json")
        }
    }

    func run() throws {
        Log.shared.level = Log.Level(name: logLevel) ?? .info
        Log.shared.format = logFormat == "json" ? .json : .text
        let options = CompileOptions(
            allowsUnconfiguredFilters: allowUnconfiguredFilters,
            adminOverride: try admin.map { try address($0, option: "--admin") },
            explainsLocalReplies: explain
        )
        let split = LogFiles.split(files)
        let logs = try LogFiles.compile(split.logs, stateDirectory: logState)
        var source = ConfigurationSource(
            files: split.others,
            app: app,
            listen: listen,
            options: options
        )
        let reading: ReadConfiguration
        do throws(ConfigurationErrors) {
            reading = try source.read(version: 1)
        } catch {
            for problem in error.problems { StandardError.print("\(problem)") }
            throw ExitCode(2)
        }
        // A process that only ships logs has no listeners, and nobody misses them.
        let shipsOnly = split.others.isEmpty && logs != nil
        for warning in reading.warnings where !shipsOnly {
            Log.shared.log(.warning, "configuration", ["problem": "\(warning)"])
        }
        let sidecar = Sidecar(
            source: source,
            reading: reading,
            workers: workers,
            dnsServers: dnsServers,
            lifecycle: try lifecycle(of: source),
            watches: watch,
            logs: logs,
            readLogs: { [logState] in
                LogFiles.reading(split.logs[0], stateDirectory: logState)
            }
        )
        let code = sidecar.run()
        if code != 0 { throw ExitCode(code) }
    }

    private func lifecycle(of source: ConfigurationSource) throws -> Lifecycle {
        var lifecycle = Lifecycle()
        lifecycle.drainMilliseconds = Int64(drainTime) * 1_000
        lifecycle.parentShutdownMilliseconds =
            parentShutdownTime.map { Int64($0) * 1_000 } ?? lifecycle.drainMilliseconds * 3 / 2
        lifecycle.exitsOnZeroConnections = exitOnZeroConnections
        lifecycle.minDrainMilliseconds = Int64(minDrainTime) * 1_000
        lifecycle.exitWith = exitWith.flatMap(WatchedProcess.init)
        if let takeoverSocket {
            lifecycle.takeoverPath = takeoverSocket
        } else if takeover {
            lifecycle.takeoverPath = Lifecycle.takeoverPath(
                of: source,
                directory: Self.workingDirectory(),
                user: geteuid()
            )
        }
        if let readinessPort {
            if let port = UInt16(readinessPort) {
                lifecycle.readiness = [
                    .ipv4(0, port: port), .ipv6(high: 0, low: 0, port: port, scope: 0),
                ]
            } else {
                lifecycle.readiness = [try address(readinessPort, option: "--readiness-port")]
            }
        }
        return lifecycle
    }

    private static func workingDirectory() -> String {
        guard let path = unsafe getcwd(nil, 0) else { return "" }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private func address(_ text: String, option: String) throws -> SocketAddress {
        guard let address = Self.parse(text, host: "127.0.0.1") else {
            throw ValidationError("\(option) \(text): HOST:PORT, for example 127.0.0.1:15000")
        }
        return address
    }

    /// `PORT`, `HOST:PORT` or `[V6]:PORT`; the host is an address or `localhost`.
    static func parse(_ text: String, host: String) -> SocketAddress? {
        var host = host
        var port = Substring(text)
        if let colon = text.lastIndex(of: ":") {
            host = String(text[..<colon])
            port = text[text.index(after: colon)...]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = String(host.dropFirst().dropLast())
            }
            if host == "localhost" { host = "127.0.0.1" }
        }
        let digits = Array(port.utf8)
        guard let number = digits.span.decimal(limit: 65_535) else { return nil }
        return SocketAddress(literal: host, port: UInt16(number))
    }
}

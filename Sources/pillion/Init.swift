import ArgumentParser
import Interception

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Redirect a pod's TCP connections to the sidecar; the app does not notice.",
        discussion: """
            Run it once in the network of the pod, before the app and the sidecar, with the \
            capability NET_ADMIN. The sidecar then runs as user 1337:
              pillion init
              pillion init --inbound-ports 8080,9090 --exclude-outbound-ports 5432
              pillion init --outbound-ranges 10.0.0.0/8 --exclude-outbound-ranges 10.0.0.1/32

            Look at the rules without installing them; try them; remove them:
              pillion init --dry-run
              pillion init --probe
              pillion init --cleanup

            The options have the names, letters and variables of Istio's init too. Exit code 2 \
            where an option is wrong, 1 where nothing could be installed, 126 where the probe fails.
            """,
        aliases: ["istio-iptables"]
    )

    @OptionGroup(title: "Inbound") var inbound: InboundOptions
    @OptionGroup(title: "Outbound") var outbound: OutboundOptions
    @OptionGroup(title: "The sidecar") var proxy: ProxyOptions
    @OptionGroup(title: "How") var how: HowOptions
    @OptionGroup var refused: RefusedOptions

    func run() throws {
        let options = try readOptions()
        let timeout = try how.timeout()
        let probePort = try how.port()
        let installer = Installer(backend: try how.chosenBackend(), ipv6: how.ipv6 ?? .auto)
        var (backend, families) = installer.plan()
        let isCleanup = how.cleanup || isSet("CLEANUP_ONLY")
        if !isCleanup {
            for warning in options.warnings {
                StandardError.print("pillion init: warning: \(warning)")
            }
        }
        if how.dryRun || isSet("DRY_RUN") {
            let text = Installer.preview(options, backend: backend, families: families)
            StandardOutput.print(String(text.dropLast()))
            return
        }
        if isCleanup {
            try reporting(1) { () throws(InterceptionProblem) in
                let names = try installer.cleanUp().map(\.rawValue).joined(separator: ", ")
                StandardOutput.print(names.isEmpty ? "nothing to remove" : "removed: \(names)")
            }
            return
        }
        if !how.skipRuleApply, !isSet("SKIP_RULE_APPLY") {
            try reporting(1) { () throws(InterceptionProblem) in
                (backend, families) = try installer.install(options)
            }
            StandardOutput.print(summary(options, backend, families))
        }
        guard how.probe || isSet("RUN_VALIDATION") else { return }
        try reporting(126) { () throws(InterceptionProblem) in
            let probe = Probe(options, families: families, port: probePort, timeout: timeout)
            for line in try probe.run() { StandardOutput.print(line) }
        }
    }

    private func readOptions() throws -> InterceptionOptions {
        if let problem = refused.problem {
            StandardError.print("pillion init: \(problem)")
            throw ExitCode(2)
        }
        do throws(InterceptionProblems) {
            var values = inbound.values.merging(outbound.values) { $1 }
            values.merge(proxy.values) { $1 }
            var options = try OptionsReader.read(flags: values, environment: variable)
            if proxy.dropInvalid || isSet("DROP_INVALID") || isSet("INVALID_DROP") {
                options.dropsInvalid = true
            }
            return options
        } catch {
            for problem in error.problems { StandardError.print("pillion init: \(problem)") }
            throw ExitCode(2)
        }
    }

    /// Says what is wrong, and ends with the code.
    private func reporting(
        _ code: Int32,
        _ body: () throws(InterceptionProblem) -> Void
    ) throws {
        do throws(InterceptionProblem) {
            try body()
        } catch {
            StandardError.print("pillion init: \(error)")
            throw ExitCode(code)
        }
    }

    private func summary(
        _ options: InterceptionOptions,
        _ backend: Backend,
        _ families: [AddressFamily]
    ) -> String {
        let versions = families.map { $0 == .ipv4 ? "IPv4" : "IPv6" }.joined(separator: " and ")
        return "installed by \(backend.rawValue) for \(versions): inbound to port "
            + "\(options.inboundPort) (\(options.mode.rawValue)), outbound to port "
            + "\(options.outboundPort), but not of user "
            + options.proxyUsers.map { "\($0)" }.joined(separator: ", ")
    }
}

/// True where a variable says yes, as Go reads it.
private func isSet(_ name: String) -> Bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(variable(name) ?? "")
}

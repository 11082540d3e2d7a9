import ArgumentParser
import Glibc

struct Wait: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until the sidecar is ready: a start gate for the application.",
        discussion: """
            Asks the readiness port of `pillion run --readiness-port 15021` until it says yes:
              pillion wait
              pillion wait --timeout 120 --url http://127.0.0.1:15021/healthz/ready

            With a command behind --, becomes that command then:
              pillion wait -- ./server --port 8080

            Exit codes: 0 when it is ready, 1 where it was not in time, 2 where the command line is
            wrong, 126 or 127 where the command cannot be run.
            """
    )

    @Option(help: ArgumentHelp("What to ask.", valueName: "url"))
    var url: String = "http://127.0.0.1:15021/healthz/ready"

    @Option(help: "Seconds after which it is given up; 0: never.")
    var timeout: Int = 60

    @Option(help: "Milliseconds between two requests.")
    var period: Int = 500

    @Option(help: "Milliseconds that one request may take.")
    var requestTimeout: Int = 1_000

    @Flag(help: "Print nothing but what goes wrong.")
    var quiet = false

    @Argument(parsing: .postTerminator, help: "What to run then, with its arguments.")
    var command: [String] = []

    func validate() throws {
        guard ReadinessProbe(url: url) != nil else {
            throw ValidationError(
                "--url \(url): http://HOST[:PORT]/PATH, the host an address or localhost"
            )
        }
        guard (0...86_400).contains(timeout) else {
            throw ValidationError("--timeout \(timeout): seconds, 0 to 86400")
        }
        guard (1...60_000).contains(period) else {
            throw ValidationError("--period \(period): milliseconds, 1 to 60000")
        }
        guard (1...60_000).contains(requestTimeout) else {
            throw ValidationError("--request-timeout \(requestTimeout): milliseconds, 1 to 60000")
        }
    }

    func run() throws {
        guard let probe = ReadinessProbe(url: url) else { throw ExitCode(2) }
        // The first process of a container gets no signal that it has no handler for.
        for number in [SIGTERM, SIGINT] { _ = signal(number) { _exit(128 + $0) } }
        let begin = ReadinessProbe.now()
        let end = timeout == 0 ? Int64.max : begin + Int64(timeout) * 1_000
        var reason = ""
        while true {
            let rest = end - ReadinessProbe.now()
            let answer = probe.ask(milliseconds: min(Int64(requestTimeout), max(1, rest)))
            guard case .notReady(let why) = answer else { break }
            // The last request may have had less time than an answer takes: it says nothing.
            if reason.isEmpty || rest >= Int64(requestTimeout) {
                if why != reason, !quiet { StandardError.print("pillion wait: \(why)") }
                reason = why
            }
            let now = ReadinessProbe.now()
            if now >= end {
                StandardError.print(
                    "pillion wait: \(url) was not ready after \(timeout) s: \(reason)"
                )
                throw ExitCode(1)
            }
            _ = poll(nil, 0, Int32(clamping: min(Int64(period), end - now)))
        }
        if !quiet {
            let took = ReadinessProbe.now() - begin
            StandardError.print("pillion wait: ready after \(took) ms")
        }
        if !command.isEmpty { throw ExitCode(become(command)) }
    }

    /// Replaces this process; returns the exit code where that fails.
    private func become(_ command: [String]) -> Int32 {
        var arguments = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        guard let file = unsafe arguments[0] else { return 126 }
        _ = unsafe execvp(file, &arguments)
        let code = errno
        StandardError.print("pillion wait: \(command[0]): \(String(errno: code))")
        return code == ENOENT ? 127 : 126
    }
}

extension String {
    /// What errno means, in the words of the C library.
    fileprivate init(errno code: Int32) {
        guard let text = unsafe strerror(code) else {
            self = "errno \(code)"
            return
        }
        self = unsafe String(cString: text)
    }
}

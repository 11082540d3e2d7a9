import ArgumentParser
import Glibc
import Model
import Proxy
import SampleApp

struct App: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the sample application: something to put a sidecar in front of.",
        discussion: """
            It answers every request with what it received, as JSON, and misbehaves when asked to:
              /status/503   /delay/100ms   /fail?every=3   /bytes/1m   /slow   /reset

              pillion app --port 8080
              pillion app --port 8080 --instances 3 --label v2
            """
    )

    @Option(help: "The first instance's port; 0: chosen by the system, and printed.")
    var port: UInt16 = 8080

    @Option(help: "The address to listen on.")
    var host: String = "127.0.0.1"

    @Option(help: "A version label, shown in every answer.")
    var label: String = "v1"

    @Option(help: "How many instances run, on ports that follow each other.")
    var instances: Int = 1

    func validate() throws {
        guard (1...64).contains(instances) else {
            throw ValidationError("--instances \(instances): a number from 1 to 64")
        }
        guard port == 0 || Int(port) + instances - 1 <= 65_535 else {
            throw ValidationError("--port \(port): too high for \(instances) instances")
        }
        guard SocketAddress(literal: host, port: 0) != nil else {
            throw ValidationError("--host \(host): an IPv4 or IPv6 address")
        }
    }

    func run() throws {
        do {
            try serve()
        } catch let error as BindFailure {
            StandardError.print("pillion app: \(error)")
            throw ExitCode(2)
        }
    }

    private func serve() throws {
        let loop = try EventLoop()
        var servers: [LocalServer] = []
        for instance in 0..<instances {
            let application = SampleApplication(label: label, instance: instance + 1)
            let wanted = port == 0 ? 0 : port + UInt16(instance)
            guard let address = SocketAddress(literal: host, port: wanted) else { continue }
            let server = try LocalServer(
                loop: loop,
                address: address,
                name: "app",
                limits: LocalServer.Limits(connections: 16_384)
            ) { application.handle($0) }
            StandardOutput.print(
                "listening on \(server.address) (\(label), instance \(instance + 1))"
            )
            servers.append(server)
        }
        let signals = try SignalSource(loop: loop, signals: [SIGTERM, SIGINT]) { _ in
            var rest = servers.count
            for server in servers {
                server.drain {
                    rest -= 1
                    if rest == 0 { loop.stop() }
                }
            }
        }
        withExtendedLifetime((signals, servers)) { loop.run() }
    }
}

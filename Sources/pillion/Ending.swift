import Model
import Proxy
import Telemetry

/// The orderly end: one deadline, whatever asks for it.
final class Ending {
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

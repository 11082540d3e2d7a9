import Admin
import Model
import Proxy
import Telemetry

/// The orderly end: one deadline, whatever asks for it.
final class Ending {
    private let loop: EventLoop
    private let plane: DataPlane
    private let condition: ServerCondition
    private let lifecycle: Lifecycle
    private let onBegin: () -> Void
    private var deadline: ClosureTimer?
    private var drainTimer: ClosureTimer?
    private var lookTimer: ClosureTimer?
    private var beganAt: Int64 = 0
    private var isDraining = false
    private(set) var hasBegun = false
    private(set) var cutCount = 0

    /// How often it is looked whether connections are left; only while the end is near.
    private static let lookMilliseconds: Int64 = 50

    /// - Parameter onBegin: called once, before anything else changes.
    init(
        loop: EventLoop,
        plane: DataPlane,
        condition: ServerCondition,
        lifecycle: Lifecycle,
        onBegin: @escaping () -> Void
    ) {
        self.loop = loop
        self.plane = plane
        self.condition = condition
        self.lifecycle = lifecycle
        self.onBegin = onBegin
    }

    /// Ends the process: at once stops accepting, or first waits until nobody is connected.
    func begin(_ cause: String) {
        guard markBegun() else { return }
        let milliseconds = lifecycle.drainMilliseconds
        Log.shared.log(
            .info,
            "draining",
            [
                "cause": cause, "deadline_ms": "\(milliseconds)",
                "accepting": lifecycle.exitsOnZeroConnections ? "true" : "false",
            ]
        )
        endAtLast(afterMilliseconds: milliseconds)
        if lifecycle.exitsOnZeroConnections {
            plane.leave(accepts: true)
            drainWhenAlone(notBefore: lifecycle.minDrainMilliseconds)
        } else {
            drain()
        }
    }

    /// Another process accepts now: nobody is cut off before the drain time is over.
    func yield() {
        if hasBegun { return }
        condition.hasSuccessor = true
        guard markBegun() else { return }
        Log.shared.log(
            .info,
            "taken over: draining",
            [
                "drain_ms": "\(lifecycle.drainMilliseconds)",
                "deadline_ms": "\(lifecycle.parentShutdownMilliseconds)",
            ]
        )
        endAtLast(afterMilliseconds: lifecycle.parentShutdownMilliseconds)
        plane.leave(accepts: false)
        let timer = ClosureTimer(loop: loop) { [unowned self] in drain() }
        timer.schedule(afterMilliseconds: lifecycle.drainMilliseconds)
        drainTimer = timer
        drainWhenAlone(notBefore: 0)
    }

    private func markBegun() -> Bool {
        if hasBegun { return false }
        hasBegun = true
        condition.isEnding = true
        loop.readClock()
        beganAt = loop.nowMilliseconds
        onBegin()
        return true
    }

    private func drainWhenAlone(notBefore milliseconds: Int64) {
        let timer = ClosureTimer(loop: loop) { [unowned self] in look(notBefore: milliseconds) }
        lookTimer = timer
        timer.schedule(afterMilliseconds: min(Self.lookMilliseconds, max(1, milliseconds)))
    }

    private func look(notBefore milliseconds: Int64) {
        if isDraining { return }
        let isTime = loop.nowMilliseconds - beganAt >= milliseconds
        if isTime, plane.connectionCount == 0 {
            drain()
        } else {
            lookTimer?.schedule(afterMilliseconds: Self.lookMilliseconds)
        }
    }

    private func drain() {
        if isDraining { return }
        isDraining = true
        let mailbox = loop.mailbox
        plane.drain { mailbox.post { $0.stop() } }
    }

    private func endAtLast(afterMilliseconds milliseconds: Int64) {
        let timer = ClosureTimer(loop: loop) { [unowned self] in
            cutCount = plane.cutConnections()
            Log.shared.log(.warning, "drain deadline reached", ["connections_cut": "\(cutCount)"])
            loop.stop()
        }
        timer.schedule(afterMilliseconds: milliseconds)
        deadline = timer
    }
}

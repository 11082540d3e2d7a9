import Model
import Proxy
import Telemetry

/// Gives memory back to the system when many connections have ended and few new ones come; on the
/// main loop.
///
/// The allocator keeps what is free, which after a thousand cut handshakes is tens of megabytes.
/// Giving it back holds the allocator up for milliseconds, so it is done in quiet times only.
final class MemoryReturn {
    private static let intervalMilliseconds: Int64 = 5_000
    /// So many connections must have ended since memory was given back.
    private static let endedMin: UInt64 = 256
    /// Quiet: no more connections than these have come since the last look.
    private static let openedMax: UInt64 = 32

    private let plane: DataPlane
    private var timer: ClosureTimer?
    private var endedBefore: UInt64 = 0
    private var openedBefore: UInt64 = 0

    init(loop: EventLoop, plane: DataPlane) {
        self.plane = plane
        timer = ClosureTimer(loop: loop) { [unowned self] in look() }
    }

    /// Looks now, and again and again.
    func start() { timer?.schedule(afterMilliseconds: Self.intervalMilliseconds) }

    func stop() { timer?.cancel() }

    private func look() {
        var ended: UInt64 = 0
        var opened: UInt64 = 0
        for listener in plane.listeners {
            let name = listener.configuration.statName
            ended &+= plane.registry.value(listener: name, .downstreamCxDestroy)
            opened &+= plane.registry.value(listener: name, .downstreamCxTotal)
        }
        // Counters go back where a listener is gone or somebody sets them to 0.
        if ended < endedBefore { endedBefore = 0 }
        let isQuiet = opened >= openedBefore && opened - openedBefore <= Self.openedMax
        if isQuiet, ended - endedBefore >= Self.endedMin {
            endedBefore = ended
            ResourceBudget.releaseFreeMemory()
        }
        openedBefore = opened
        timer?.schedule(afterMilliseconds: Self.intervalMilliseconds)
    }
}

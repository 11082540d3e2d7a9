import Model

/// Hands access log lines to the writer soon after they were written.
///
/// Armed by the first line, so that an idle worker never wakes.
final class LogTimer: TimerTarget {
    private unowned let worker: Worker
    private var timer = TimerHandle.none
    private static let delayMilliseconds: Int64 = 250

    init(worker: Worker) {
        self.worker = worker
        super.init()
    }

    func arm() {
        worker.loop.timers.arm(
            &timer,
            at: worker.loop.nowMilliseconds + Self.delayMilliseconds,
            target: self,
            kind: 0
        )
    }

    func cancel() { worker.loop.timers.cancel(&timer) }

    override func timerFired(kind: UInt8) {
        timer = .none
        worker.flushLogs()
    }
}

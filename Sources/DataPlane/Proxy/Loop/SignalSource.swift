import CLinux
import Glibc

/// Signals as events of a loop: they are blocked in this thread, and in those that it starts later.
package final class SignalSource: Pollable {
    private let handler: (Int32) -> Void

    package init(
        loop: EventLoop,
        signals: [Int32],
        _ handler: @escaping (Int32) -> Void
    ) throws(SystemCallError) {
        self.handler = handler
        let descriptor = unsafe signals.withUnsafeBufferPointer { list in
            unsafe pillion_signalfd(list.baseAddress, Int32(list.count))
        }
        if descriptor < 0 { throw SystemCallError("signalfd") }
        super.init(descriptor: descriptor)
        try loop.add(self, interest: .level)
    }

    override package func ready(events: UInt32) {
        while true {
            var information = [UInt8](repeating: 0, count: 128)
            let count = unsafe read(descriptor, &information, 128)
            if count != 128 { return }
            // ssi_signo, the first field of signalfd_siginfo.
            let number = information.prefix(4).enumerated().reduce(UInt32(0)) {
                $0 | UInt32($1.element) << UInt32(8 * $1.offset)
            }
            handler(Int32(truncatingIfNeeded: number))
        }
    }
}

/// A timer that calls a closure: for what is not on the data path.
package final class ClosureTimer: TimerTarget {
    private let loop: EventLoop
    private var handle = TimerHandle.none
    private let body: () -> Void

    package init(loop: EventLoop, _ body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
        super.init()
    }

    package func schedule(afterMilliseconds delay: Int64) {
        loop.timers.arm(&handle, at: loop.nowMilliseconds + delay, target: self, kind: 0)
    }

    package func cancel() { loop.timers.cancel(&handle) }

    override package func timerFired(kind: UInt8) {
        handle = .none
        body()
    }
}

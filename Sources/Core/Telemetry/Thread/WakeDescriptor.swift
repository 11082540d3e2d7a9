import Glibc

/// Wakes a thread that waits: a pipe with a byte in it.
final class WakeDescriptor: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let code = unsafe pipe(&ends)
        precondition(code == 0, "the process has no file descriptor left")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        _ = close(readEnd)
        _ = close(writeEnd)
    }

    func signal() {
        var byte: UInt8 = 1
        // It fails only where the pipe is full, and then the reader wakes anyway.
        _ = unsafe write(writeEnd, &byte, 1)
    }

    /// Waits for a signal, and takes all that came; false where the time was over first.
    @discardableResult
    func wait(milliseconds: Int64 = -1) -> Bool {
        let start = ContinuousClock.now
        while true {
            var taken: InlineArray<64, UInt8> = InlineArray(repeating: 0)
            if unsafe read(readEnd, &taken, 64) > 0 { return true }
            var left: Int64 = -1
            if milliseconds >= 0 {
                let gone = start.duration(to: .now).components
                let passed = gone.seconds * 1000 + gone.attoseconds / 1_000_000_000_000_000
                left = milliseconds - passed
                if left <= 0 { return false }
            }
            var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, Int32(clamping: left))
        }
    }
}

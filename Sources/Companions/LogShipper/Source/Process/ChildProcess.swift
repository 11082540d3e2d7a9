internal import CLinux
import Glibc

/// A process that was started for its output, in a process group of its own.
///
/// Belongs to the engine's thread. It is never left a zombie while the shipper runs.
final class ChildProcess {
    /// How a process came to its end.
    struct Status: Equatable {
        var code: Int32 = 0
        /// The signal that ended it, or 0.
        var signal: Int32 = 0
        var isKnown = true

        var isGood: Bool { isKnown && code == 0 && signal == 0 }
        /// As shells say it.
        var exitCode: Int32 { signal > 0 ? 128 + signal : code }

        var words: String {
            if !isKnown { return "it is not known how" }
            return signal > 0 ? "signal \(signal) ended it" : "its exit code is \(code)"
        }
    }

    /// Why a program can't be started.
    struct Failure: Error {
        var code: Int32
        var words: String { unsafe String(cString: strerror(code)) }
        /// As shells say it.
        var exitCode: Int32 { code == ENOENT ? 127 : 126 }
    }

    let process: pid_t
    /// What its standard output is written to, to be read.
    let output: Int32
    /// The same of its standard error, where that is wanted.
    let error: Int32?
    private let loop: EngineLoop
    private var descriptor: Int32 = -1
    private var key: UInt64?
    private var ended: (Status) -> Void = { _ in }
    private(set) var isRunning = true

    /// Milliseconds between two looks where the kernel has no descriptors of processes.
    private static let lookInterval: Int64 = 50

    init(
        _ command: [String],
        readsError: Bool,
        loop: EngineLoop
    ) throws(Failure) {
        self.loop = loop
        var output: Int32 = -1
        var outputEnd: Int32 = -1
        var error: Int32 = -1
        var errorEnd: Int32 = -1
        guard unsafe pillion_output_pipe(&output, &outputEnd) == 0 else {
            throw Failure(code: errno)
        }
        if readsError, unsafe pillion_output_pipe(&error, &errorEnd) != 0 {
            let code = errno
            for end in [output, outputEnd] { _ = close(end) }
            throw Failure(code: code)
        }
        var process: pid_t = 0
        let code = Self.spawn(command, outputEnd, errorEnd, &process)
        for end in [outputEnd, errorEnd] where end >= 0 { _ = close(end) }
        guard code == 0 else {
            for end in [output, error] where end >= 0 { _ = close(end) }
            throw Failure(code: code)
        }
        self.process = process
        self.output = output
        self.error = readsError ? error : nil
    }

    deinit { forget() }

    private func forget() {
        if let key { loop.unwatch(key) }
        key = nil
        if descriptor >= 0 { _ = close(descriptor) }
        descriptor = -1
    }

    private static func spawn(
        _ command: [String],
        _ output: Int32,
        _ error: Int32,
        _ process: inout pid_t
    ) -> Int32 {
        var arguments = unsafe command.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { for index in unsafe arguments.indices { unsafe free(arguments[index]) } }
        return unsafe pillion_spawn(arguments, output, error, &process)
    }

    /// Calls back once, when it has ended.
    func watch(_ ended: @escaping (Status) -> Void) {
        self.ended = ended
        descriptor = pillion_open_process(process)
        if descriptor >= 0 {
            key = loop.watch(descriptor) { [unowned self] in reap() }
        }
        if key == nil { lookLater() }
    }

    private func lookLater() {
        loop.schedule(after: Self.lookInterval) { [weak self] in
            guard let self, isRunning else { return }
            reap()
            if isRunning { lookLater() }
        }
    }

    /// Learns its end where it has ended.
    func reap() {
        guard isRunning else { return }
        var status = Status()
        switch unsafe pillion_reap(process, &status.code, &status.signal) {
        case 0: return
        case 1: break
        default: status.isKnown = false
        }
        isRunning = false
        forget()
        ended(status)
    }

    /// Sends a signal to it and to what it started.
    func signal(_ number: Int32) { _ = kill(-process, number) }

    /// Waits for its end, no longer than that; it was killed.
    func wait(milliseconds: Int32) {
        guard isRunning else { return }
        if descriptor >= 0 {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, milliseconds)
        }
        reap()
    }
}

import Glibc

/// A program of the system, found by its name, that is run with a text as its input.
struct Program: Sendable {
    let path: String

    /// What a program said, and how it ended.
    struct Outcome: Sendable {
        var status: Int32
        var output: String
        var errors: String

        var isSuccess: Bool { status == 0 }

        /// The first lines of what went wrong, for a message.
        var complaint: String {
            let lines = (errors + output).split(separator: "\n").filter { !$0.hasPrefix("# ") }
            if lines.isEmpty { return "exit code \(status)" }
            return lines.prefix(3).joined(separator: "; ")
        }
    }

    /// Where tools for root are, whether PATH says so or not.
    private static let folders = [
        "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
    ]

    /// nil where no such program is to be found.
    init?(_ name: String) {
        let own = variable("PATH")?.split(separator: ":").map { String($0) } ?? []
        let files = (own + Self.folders).map { "\($0)/\(name)" }
        guard let found = files.first(where: { file in unsafe access(file, X_OK) == 0 }) else {
            return nil
        }
        path = found
    }

    /// Runs it to its end; never throws, for whatever prevents it is an outcome too.
    func run(_ arguments: [String], input: String = "") -> Outcome {
        // A program that ends before it has read all is no reason to end.
        _ = signal(SIGPIPE, SIG_IGN)
        guard let stdin = Pipe(), let stdout = Pipe(), let stderr = Pipe() else {
            return Outcome(status: 127, output: "", errors: "\(path): \(errorText(errno))")
        }
        var child: pid_t = 0
        let ends = [stdin.reading, stdout.writing, stderr.writing].map(\.number)
        let failure = spawn(arguments, ends, &child)
        if failure != 0 {
            return Outcome(status: 127, output: "", errors: "\(path): \(errorText(failure))")
        }
        stdin.reading.close()
        stdout.writing.close()
        stderr.writing.close()
        let texts = Self.exchange(Array(input.utf8), stdin.writing, stdout.reading, stderr.reading)
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            if errno != EINTR {
                return Outcome(status: 127, output: "", errors: "\(path): \(errorText(errno))")
            }
        }
        let signal = status & 0x7f
        return Outcome(
            status: signal == 0 ? status >> 8 & 0xff : 128 + signal,
            output: texts.output,
            errors: texts.errors
        )
    }

    /// Writes and reads by turns, so that no pipe fills while nobody reads.
    private static func exchange(
        _ input: [UInt8],
        _ stdin: Descriptor,
        _ stdout: Descriptor,
        _ stderr: Descriptor
    ) -> (output: String, errors: String) {
        var left = input[...]
        var texts: [[UInt8]] = [[], []]
        let sources = [stdout, stderr]
        if left.isEmpty { stdin.close() }
        while stdout.isOpen || stderr.isOpen {
            var waits = [stdin, stdout, stderr].map { descriptor in
                // The kernel passes over negative numbers.
                let events = Int16(descriptor === stdin ? POLLOUT : POLLIN)
                return pollfd(fd: descriptor.number, events: events, revents: 0)
            }
            _ = unsafe poll(&waits, 3, -1)
            if stdin.isOpen, waits[0].revents != 0 {
                let count = stdin.write(left)
                left = left.dropFirst(max(count, 0))
                if left.isEmpty || count < 0 { stdin.close() }
            }
            for (index, source) in sources.enumerated()
            where source.isOpen && waits[index + 1].revents != 0 {
                let piece = source.read()
                if piece.isEmpty { source.close() }
                // No list of rules that we understand is longer.
                if texts[index].count < 1 << 22 { texts[index] += piece }
            }
        }
        return (
            String(decoding: texts[0], as: UTF8.self), String(decoding: texts[1], as: UTF8.self)
        )
    }

    private func spawn(_ arguments: [String], _ streams: [Int32], _ child: inout pid_t) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (target, stream) in streams.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, stream, Int32(target))
        }
        let environment = [
            "PATH=" + Self.folders.joined(separator: ":"), "LC_ALL=C",
            variable("XTABLES_LOCKFILE").map { "XTABLES_LOCKFILE=" + $0 },
        ]
        var argumentPointers = unsafe Self.copies([path] + arguments)
        var environmentPointers = unsafe Self.copies(environment.compactMap { $0 })
        defer {
            unsafe Self.release(argumentPointers)
            unsafe Self.release(environmentPointers)
        }
        return unsafe posix_spawn(
            &child,
            path,
            &actions,
            nil,
            &argumentPointers,
            &environmentPointers
        )
    }

    /// C strings, and nil behind the last.
    private static func copies(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }

    private static func release(_ pointers: [UnsafeMutablePointer<CChar>?]) {
        unsafe pointers.forEach { unsafe free($0) }
    }
}

/// One end of a pipe; closed with the last reference to it, or before.
private final class Descriptor {
    /// -1 once it is closed.
    private(set) var number: Int32

    init(_ number: Int32) {
        self.number = number
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    }

    deinit { close() }

    var isOpen: Bool { number >= 0 }

    func close() {
        if number >= 0 { Glibc.close(number) }
        number = -1
    }

    /// The count that the pipe took; negative where nobody reads any more.
    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        // What the kernel promises to take of a pipe that is ready, without blocking.
        let piece = Array(bytes.prefix(4_096))
        let count = unsafe Glibc.write(number, piece, piece.count)
        return count < 0 && errno == EINTR ? 0 : count
    }

    /// Empty at the end.
    func read() -> [UInt8] {
        var piece = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe Glibc.read(number, &piece, piece.count)
        return count > 0 ? Array(piece[..<count]) : []
    }
}

/// A pipe, whose ends no child inherits but where it is told to.
private struct Pipe {
    let reading: Descriptor
    let writing: Descriptor

    init?() {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        reading = Descriptor(ends[0])
        writing = Descriptor(ends[1])
    }
}

/// What the system calls an error.
func errorText(_ code: Int32) -> String {
    unsafe String(cString: strerror(code))
}

/// A variable of the environment; nil where it is not set.
package func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
}

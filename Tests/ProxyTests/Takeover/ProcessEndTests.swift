import Glibc
import Testing

@testable import Proxy

/// Other processes: who they are, and when they end.
struct ProcessEndTests {
    /// A child that ends when it is killed.
    private func spawn() throws -> pid_t {
        var process: pid_t = 0
        let words = ["sleep", "600"]
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        let result = unsafe posix_spawnp(&process, "sleep", nil, nil, &arguments, environ)
        if result != 0 { throw SystemCallError("posix_spawnp", code: result) }
        return process
    }

    private func reap(_ process: pid_t) {
        let reaped = waitpid(process, nil, 0)
        #expect(reaped == process)
    }

    @Test
    func theEndOfAProcessIsTold() throws {
        let loop = try EventLoop()
        let process = try spawn()
        var ends = 0
        let end = try ProcessEnd(loop: loop, process: process) { ends += 1 }
        loop.turn(wait: false)
        #expect(ends == 0)
        _ = kill(process, SIGKILL)
        let limit = Resolver.now() + 5_000
        while ends == 0, Resolver.now() < limit { loop.turn(wait: false) }
        #expect(ends == 1)
        #expect(!end.isOpen)
        reap(process)
    }

    @Test
    func aProcessThatIsNotThereIsAnError() throws {
        let loop = try EventLoop()
        let process = try spawn()
        _ = kill(process, SIGKILL)
        reap(process)
        #expect(throws: SystemCallError("pidfd_open", code: ESRCH)) {
            _ = try ProcessEnd(loop: loop, process: process) {}
        }
    }

    @Test
    func processesAreFoundByNameAsLongAsTheyRun() throws {
        let process = try spawn()
        let limit = Resolver.now() + 5_000
        // The child is a copy of this process until it becomes the command.
        while !ProcessTable.processes(named: "sleep").contains(process), Resolver.now() < limit {
            _ = sched_yield()
        }
        #expect(ProcessTable.processes(named: "sleep").contains(process))
        #expect(!ProcessTable.processes(named: "slee").contains(process))
        #expect(!ProcessTable.processes(named: "").contains(process))
        _ = kill(process, SIGKILL)
        // Ended, and not waited for.
        while ProcessTable.processes(named: "sleep").contains(process), Resolver.now() < limit {
            _ = sched_yield()
        }
        #expect(!ProcessTable.processes(named: "sleep").contains(process))
        reap(process)
    }
}

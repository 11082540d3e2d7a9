import CLinux
import Glibc
import Model

/// What the machine, or the container, lets this process have.
package enum ResourceBudget {
    /// The CPUs that the scheduler may use, cut down to the cgroup's quota (rounded up), at least 1.
    ///
    /// A thread for each core of the machine in a container with half a core would be throttled.
    package static func cpuCount() -> Int {
        let available = max(1, Int(pillion_cpu_count()))
        guard let quota = cgroupQuota() else { return available }
        return max(1, min(available, Int(quota.rounded(.up))))
    }

    /// CPUs that the cgroup's quota allows, nil where there is none.
    static func cgroupQuota() -> Double? {
        // cgroup v2: "max 100000" or "50000 100000".
        if let text = read("/sys/fs/cgroup/cpu.max") {
            return parseCPUMax(text)
        }
        guard let quota = read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap(number),
            let period = read("/sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap(number),
            quota > 0, period > 0
        else { return nil }
        return Double(quota) / Double(period)
    }

    static func parseCPUMax(_ text: String) -> Double? {
        let parts = text.split { $0 == " " || $0 == "\n" }
        guard parts.count == 2, let quota = number(String(parts[0])),
            let period = number(String(parts[1])), quota > 0, period > 0
        else { return nil }
        return Double(quota) / Double(period)
    }

    private static func number(_ text: String) -> Int? {
        let digits = Array(text.utf8.filter { $0 > 0x20 })
        return digits.span.decimal()
    }

    /// Raises the soft limit of descriptors to the hard one; returns the limit.
    package static func raiseDescriptorLimit() -> Int {
        Int(pillion_raise_descriptor_limit())
    }

    /// Gives back the memory of what was only needed to start: reading files, the command line.
    ///
    /// Two thirds of an idle sidecar's resident memory is code that will not run again; what does
    /// run again comes back from the page cache, a microsecond for each page.
    package static func releaseStartupMemory() { pillion_release_code_pages() }

    /// Gives back the memory that reading a configuration took.
    package static func releaseFreeMemory() { pillion_trim_heap() }

    /// Connections for each listener, unless it says otherwise: half of the descriptors, since each
    /// may need one upstream; some are kept back for files, the admin interface and names.
    package static func connectionsMax(descriptors: Int) -> Int {
        max(16, (descriptors - 64) / 2)
    }

    private static func read(_ path: String) -> String? {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe Glibc.read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

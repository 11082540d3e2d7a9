import Glibc

/// What the kernel says of the process's memory, in bytes (`/proc/self/status`, proc(5)).
struct ProcessMemory: Sendable {
    /// In physical memory now, and at the most so far.
    var resident: UInt64 = 0
    var residentPeak: UInt64 = 0
    /// The part of `resident` that no file backs: heap and stacks.
    var anonymous: UInt64 = 0
    /// Data segments and heap as mapped, whether used or not.
    var data: UInt64 = 0

    /// Reads it now; zeros where there is no such file.
    static func read() -> ProcessMemory { ProcessMemory(status: contents()) }

    init(status: [UInt8]) {
        for line in String(decoding: status, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == ":" }
            guard words.count == 3, words[2] == "kB", let count = UInt64(words[1]) else { continue }
            let bytes = count &* 1024
            switch words[0] {
            case "VmRSS": resident = bytes
            case "VmHWM": residentPeak = bytes
            case "RssAnon": anonymous = bytes
            case "VmData": data = bytes
            default: break
            }
        }
    }

    /// The file is about 1.5 KB; what would be beyond 8 KiB is not needed.
    private static func contents() -> [UInt8] {
        let descriptor = unsafe open("/proc/self/status", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        return unsafe [UInt8](unsafeUninitializedCapacity: 8192) { buffer, count in
            let got = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            count = max(0, got)
        }
    }
}

import Glibc

/// The processes that this one can see, by name (proc(5)).
package enum ProcessTable {
    /// The processes with this name, this one left out, in the order of their numbers.
    ///
    /// The name is that of the command as the kernel keeps it (its first 15 bytes), or the last part
    /// of the path that it was started with.
    package static func processes(named name: String, root: String = "/proc") -> [Int32] {
        guard let directory = unsafe opendir(root) else { return [] }
        defer { _ = unsafe closedir(directory) }
        var found: [Int32] = []
        while let entry = unsafe readdir(directory) {
            let text = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = Int32(text), number > 0, number != getpid() else { continue }
            if matches(number, name, root) { found.append(number) }
        }
        return found.sorted()
    }

    private static func matches(_ process: Int32, _ name: String, _ root: String) -> Bool {
        // What has ended and was not waited for yet has none.
        let first = read("\(root)/\(process)/cmdline").prefix { $0 != 0 }
        if first.isEmpty { return false }
        let command = read("\(root)/\(process)/comm").prefix { $0 != 0x0a }
        if command.elementsEqual(name.utf8.prefix(15)) { return true }
        let last = first.split(separator: UInt8(ascii: "/")).last ?? []
        return !last.isEmpty && last.elementsEqual(name.utf8)
    }

    private static func read(_ path: String) -> [UInt8] {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return [] }
        defer { _ = close(file) }
        return unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(0, unsafe Glibc.read(file, buffer.baseAddress, buffer.count))
        }
    }
}

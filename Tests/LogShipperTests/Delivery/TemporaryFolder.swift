import Glibc

/// A folder for one test, gone with it.
final class TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/pillion-logs-XXXXXX".utf8CString)
        let made = unsafe mkdtemp(&template)
        precondition(unsafe made != nil, "no temporary folder can be made")
        path = String(
            decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    deinit { remove(path) }

    private func remove(_ folder: String) {
        for name in names(in: folder) {
            // A link to a folder is no folder.
            if unsafe unlink(folder + "/" + name) != 0 { remove(folder + "/" + name) }
        }
        _ = unsafe rmdir(folder)
    }

    func names(in directory: String) -> [String] {
        guard let handle = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(handle) }
        var found: [String] = []
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { found.append(name) }
        }
        return found.sorted()
    }
}

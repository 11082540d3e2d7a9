import Glibc
import Testing

/// A directory for one test; ``remove()`` takes it away with what was put into it.
final class TemporaryDirectory {
    let path: String
    private var entries: [String] = []

    init() throws {
        var template = Array("/tmp/pillion-test-XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = "\(path)/\(name)"
        let stream = try unsafe #require(fopen(file, "w"))
        _ = unsafe fputs(text, stream)
        _ = unsafe fclose(stream)
        entries.append(file)
        return file
    }

    func link(_ name: String, to target: String) throws {
        let file = "\(path)/\(name)"
        try #require(unsafe symlink(target, file) == 0)
        entries.append(file)
    }

    func makeDirectory(_ name: String) throws {
        let directory = "\(path)/\(name)"
        try #require(unsafe mkdir(directory, 0o700) == 0)
        entries.append(directory)
    }

    func remove() {
        for entry in entries.reversed() where unsafe unlink(entry) != 0 { unsafe rmdir(entry) }
        unsafe rmdir(path)
    }
}

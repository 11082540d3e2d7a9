import Glibc

/// A file for one test; ``remove()`` takes it away.
struct TemporaryFile {
    let path: String
    let descriptor: Int32

    /// Makes a file that holds `bytes`; nil where the system does not let us.
    init?(_ bytes: [UInt8] = []) {
        var template = Array("/tmp/pillion-test-XXXXXX".utf8CString)
        descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { return nil }
        path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(descriptor, buffer.baseAddress, buffer.count)
        }
        guard written == bytes.count else { return nil }
    }

    func remove() {
        close(descriptor)
        unsafe unlink(path)
    }
}

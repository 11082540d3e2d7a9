import Glibc
import Testing

@Suite("The corpus of the fuzzer")
struct CorpusTests {
    /// The files of `Fuzz/corpus/http1`, by name.
    private static let files: [(name: String, bytes: [UInt8])] = {
        let tests = #filePath.split(separator: "/").dropLast(3)
        let folder = "/" + tests.joined(separator: "/") + "/Fuzz/corpus/http1"
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var files: [(name: String, bytes: [UInt8])] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if !name.hasPrefix(".") { files.append((name, read("\(folder)/\(name)"))) }
        }
        return files.sorted { $0.name < $1.name }
    }()

    private static func read(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }

    @Test("The corpus is there")
    func exists() { #expect(Self.files.count >= 60) }

    @Test("Each file of the corpus keeps the properties", arguments: Self.files.map(\.name))
    func replay(name: String) {
        let bytes = Self.files.first { $0.name == name }?.bytes ?? []
        #expect(!bytes.isEmpty)
        #expect(HTTP1Property.violation(in: bytes.span) == nil)
    }

    @Test("Each message of the tables keeps the properties")
    func tables() {
        for bytes in RequestCase.all.map(\.bytes) + ResponseCase.all.map(\.bytes)
            + ChunkedCase.all.map(\.bytes) + PathCase.all.map({ $0.path.latin1 })
        where bytes.count < 10_000 {
            if let violation = HTTP1Property.violation(in: bytes.span) {
                Issue.record("\(violation): \(Understood.latin1(bytes.span))")
            }
        }
    }
}

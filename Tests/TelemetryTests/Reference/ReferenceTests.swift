import Glibc
import Testing

@testable import Telemetry

@Suite struct ReferenceTests {
    @Test(arguments: [
        ("metrics.md", ReferencePage.metrics), ("access-log.md", ReferencePage.accessLog),
    ])
    func thePageSaysWhatTheCodeSays(name: String, page: String) throws {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(tests)/../../docs/reference/\(name)"
        if unsafe getenv("PILLION_WRITE_REFERENCE") != nil { Self.write(page, path) }
        #expect(
            Self.read(path) == page,
            "run PILLION_WRITE_REFERENCE=1 swift test --filter Reference"
        )
    }

    private static func write(_ text: String, _ path: String) {
        guard let file = unsafe fopen(path, "w") else { return }
        _ = unsafe fputs(text, file)
        _ = unsafe fclose(file)
    }

    private static func read(_ path: String) -> String? {
        guard let file = unsafe fopen(path, "r") else { return nil }
        var bytes: [UInt8] = []
        while true {
            let byte = unsafe getc(file)
            if byte == EOF { break }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        _ = unsafe fclose(file)
        return String(decoding: bytes, as: UTF8.self)
    }
}

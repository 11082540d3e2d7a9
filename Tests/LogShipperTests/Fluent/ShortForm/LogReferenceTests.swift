import Document
import Glibc
import Testing

@testable import LogShipper

struct LogReferenceTests {
    @Test func thePageSaysWhatTheCodeSays() throws {
        let tests = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(tests)/../../docs/reference/logs.md"
        if unsafe getenv("PILLION_WRITE_REFERENCE") != nil {
            let file = try unsafe #require(fopen(path, "w"))
            _ = unsafe fputs(LogReference.page, file)
            _ = unsafe fclose(file)
        }
        let bytes = try FileContents.read(path)
        #expect(
            String(decoding: bytes, as: UTF8.self) == LogReference.page,
            "run PILLION_WRITE_REFERENCE=1 swift test --filter LogReference"
        )
    }

    @Test func everyFieldHasASentence() {
        var count = 0
        func check(_ fields: [LogFieldDescription]) {
            for field in fields {
                count += 1
                #expect(field.summary.hasSuffix("."), "\(field.name) ends its sentence")
                #expect(!field.words.isEmpty && !field.standard.isEmpty, "\(field.name)")
                for table in field.tables { check(table.fields) }
            }
        }
        for shape in LogSourceTables.shapes.all { check(shape.fields) }
        for shape in LogFilterTables.shapes.all { check(shape.fields) }
        for shape in LogSinkTables.shapes.all { check(shape.fields) }
        #expect(count > 200)
    }
}

import Document
import Glibc
import Testing

@testable import XDS

@Suite struct ShortFormReferenceTests {
    @Test(arguments: [
        ("sidecar-config.md", ShortFormReference.page),
        ("sidecar-config.schema.json", ShortFormSchema.json),
    ])
    func theFileSaysWhatTheCodeSays(name: String, content: String) throws {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(tests)/../../docs/reference/\(name)"
        if unsafe getenv("PILLION_WRITE_REFERENCE") != nil {
            let file = try unsafe #require(fopen(path, "w"))
            _ = unsafe fputs(content, file)
            _ = unsafe fclose(file)
        }
        let bytes = try FileContents.read(path)
        #expect(
            String(decoding: bytes, as: UTF8.self) == content,
            "run PILLION_WRITE_REFERENCE=1 swift test --filter ShortFormReference"
        )
    }

    @Test func everyFieldHasASentenceAndADefaultThatFits() {
        var count = 0
        check(ShortForm.root, "", &count)
        #expect(count > 50)
    }

    private func check(_ fields: [ShortFormField], _ path: String, _ count: inout Int) {
        for field in fields {
            count += 1
            let name = "\(path).\(field.name)"
            #expect(field.summary.hasSuffix("."), "\(name) ends its sentence")
            if let standard = field.standard {
                let position = Node.Position(line: 1, column: 1)
                let decoding = Decoding(file: "default", sources: SourceMap())
                let node = ShortFormDefault.node(standard, position)
                let value = node.flatMap {
                    ShortFormReader(decoding: decoding).read(
                        $0,
                        as: field.kind,
                        at: .root,
                        position
                    )
                }
                #expect(value != nil, "\(name): \(decoding.problems)")
            }
            switch field.kind {
            case .object(let inner), .map(_, .object(let inner), _): check(inner, name, &count)
            default: break
            }
        }
    }
}

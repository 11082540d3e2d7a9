import Testing

/// The dependency rules of the architecture page, checked against every import of every source.
@Suite struct ImportTests {
    @Test(arguments: LayerRule.all.map(\.target))
    func everyImportIsAllowed(target: String) throws {
        let rule = try #require(LayerRule.all.first { $0.target == target })
        let files = SourceTree.files(in: rule.folder, endings: [".swift"])
        #expect(!files.isEmpty, "no source in \(rule.folder): has the target moved?")
        for file in files {
            for found in ImportScan.imports(in: file.text) {
                if let violation = rule.violation(of: found.module) {
                    Issue.record("\(file.path):\(found.line): \(violation)")
                }
            }
        }
    }

    @Test func everySourceBelongsToATargetWithARule() {
        for file in SourceTree.files(in: "Sources", endings: [".swift"]) {
            #expect(
                LayerRule.all.contains { file.path.hasPrefix($0.folder + "/") },
                "\(file.path) has no layer: add its target to LayerRule"
            )
        }
    }

    @Test func theRulesPointDownwards() {
        // No target is reached by one that it imports.
        let rules = Dictionary(
            uniqueKeysWithValues: LayerRule.all.map { ($0.target, $0.mayImport) }
        )
        func reaches(_ from: String, _ to: String, _ depth: Int = 0) -> Bool {
            guard depth < rules.count, let next = rules[from] else { return false }
            return next.contains(to) || next.contains { reaches($0, to, depth + 1) }
        }
        for target in rules.keys {
            #expect(!reaches(target, target), "\(target) depends on itself")
        }
    }

    @Test func everySpellingOfAnImportIsFound() {
        let text = """
            import Model
            package import Wire
            @testable internal import struct Policy.RouteMatch
            @_exported import Telemetry
            // import Foundation
            let important = "import Foundation"
            #if canImport(FoundationEssentials)
            import FoundationEssentials
            #else
            import Foundation
            #endif
            private import func Glibc.write
            """
        #expect(
            ImportScan.imports(in: text).map(\.module) == [
                "Model", "Wire", "Policy", "Telemetry", "FoundationEssentials", "Glibc",
            ]
        )
        #expect(ImportScan.imports(in: text).last?.line == 12)
    }

    @Test func aBrokenRuleIsNamedWithItsReason() throws {
        let wire = try #require(LayerRule.all.first { $0.target == "Wire" })
        #expect(wire.violation(of: "Model") == nil)
        #expect(wire.violation(of: "Glibc")?.contains("without I/O") == true)
        #expect(wire.violation(of: "Foundation")?.contains("34 MB") == true)
    }
}

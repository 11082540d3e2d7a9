import Testing

/// What the manifest declares must not be more than what the rules allow.
@Suite struct ManifestTests {
    @Test(arguments: LayerRule.all.map(\.target))
    func declaredDependenciesFollowTheRules(target: String) throws {
        let rule = try #require(LayerRule.all.first { $0.target == target })
        let manifest = ManifestScan(text: SourceTree.text(of: "Package.swift"))
        let dependencies = try #require(
            manifest.dependencies[target],
            "Package.swift declares no target \(target)"
        )
        for dependency in dependencies {
            if let violation = rule.violation(of: dependency) {
                Issue.record("Package.swift: \(violation)")
            }
        }
    }

    @Test func testsAloneMayDependOnNIO() {
        let manifest = ManifestScan(text: SourceTree.text(of: "Package.swift"))
        for (target, dependencies) in manifest.dependencies where !target.hasSuffix("Tests") {
            #expect(!dependencies.contains { $0.hasPrefix("NIO") }, "\(target) depends on NIO")
        }
    }

    @Test func everyTargetIsBuiltStrictly() {
        let text = SourceTree.text(of: "Package.swift")
        for setting in [
            ".swiftLanguageMode(.v6)", ".strictMemorySafety()", ".treatAllWarnings(as: .error)",
        ] {
            #expect(text.contains(setting), "Package.swift lost \(setting)")
        }
        #expect(!text.contains("-Ounchecked"), "an overflow would become request smuggling")
    }

    @Test func dependenciesAreReadFromTheManifest() {
        let manifest = ManifestScan(
            text: """
                .target(name: "One", path: "Sources/One"),
                .target(
                    name: "Two",
                    dependencies: ["One", .product(name: "Three", package: "three-package")],
                    path: "Sources/Two"
                ),
                """
        )
        #expect(manifest.dependencies == ["One": [], "Two": ["One", "Three"]])
    }
}

/// Reads target declarations from the text of a manifest.
struct ManifestScan {
    private(set) var dependencies: [String: [String]] = [:]

    init(text: String) {
        for kind in [".target(", ".executableTarget(", ".testTarget("] {
            var rest = Substring(text)
            while let range = rest.firstRange(of: kind) {
                rest = rest[range.upperBound...]
                let block = Self.untilClosed(rest, open: "(", close: ")")
                guard let name = Self.quoted(after: "name:", in: block).first else { continue }
                dependencies[name] = Self.dependencyNames(in: block)
            }
        }
    }

    private static func dependencyNames(in block: Substring) -> [String] {
        guard let start = block.firstRange(of: "dependencies: [") else { return [] }
        let list = untilClosed(block[start.upperBound...], open: "[", close: "]")
        var names: [String] = []
        var rest = list
        while let product = rest.firstRange(of: ".product(") {
            names += strings(in: rest[..<product.lowerBound])
            let inner = untilClosed(rest[product.upperBound...], open: "(", close: ")")
            names += quoted(after: "name:", in: inner).prefix(1)
            rest = rest[inner.endIndex...]
        }
        return names + strings(in: rest)
    }

    /// The text up to the bracket that closes what is open at its start.
    private static func untilClosed(
        _ text: Substring,
        open: Character,
        close: Character
    ) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == open { depth += 1 }
            if text[index] == close { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    private static func quoted(after label: String, in text: Substring) -> [String] {
        guard let range = text.firstRange(of: label) else { return [] }
        return strings(in: text[range.upperBound...])
    }

    private static func strings(in text: Substring) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }
}
